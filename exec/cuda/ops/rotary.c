// RotaryEmbedding of ai.onnx and com.microsoft, and as exporters spell it out: one kernel.
#include "exec/cuda/ops/rotary.h"

#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/shape.h"
#include "tracer/ops/rotary.h"

// Pairs a thread: those whose angles are 16 bytes, or fewer: they divide what a row consists of,
// and where rows begin.
static int32_t lanes_of(const gcut__cuda_rotary_job *job) {
  int64_t all = job->size | job->first | job->half;
  for (int d = 0; d < 3; d++) all |= job->x_strides[d] | job->y_strides[d] | job->table_strides[d];
  int32_t most = job->table_type == GCUT_FLOAT ? 4 : 8;
  return all % most == 0 ? most : all % 2 == 0 ? 2 : 1;
}

static gcut_status compile_job(const gcut__cuda_compile *c, gcut__cuda_rotary_job *job,
                               const gcut__cuda_pointer *pointers, size_t n, gcut_error *err) {
  job->lanes = lanes_of(job);
  int64_t units = (job->size - job->half) / job->lanes;
  bool plain = job->lanes > 2 && job->full && job->table_type == job->type && !job->neighbours &&
               !job->neighbours_out;
  return gcut__cuda_plain(c, plain ? "gcut_rotary_plain" : "gcut_rotary", job, sizeof *job,
                          (uint64_t)(job->dims[0] * job->dims[1] * job->dims[2] * units), 0,
                          pointers, n, err);
}

// ---- the operators ------------------------------------------------------------------------------

// Heads as they lie: [batch, heads, length, size] or [batch, length, heads * size].
static bool fill_heads(gcut__cuda_rotary_job *job, const gcut_type *in, int64_t num_heads) {
  bool apart = in->rank == 4;
  if ((in->rank != 3 && !apart) || job->half == 0) return false;
  int64_t length = in->dims[in->rank - 2], heads = apart           ? in->dims[1]
                                                   : num_heads > 0 ? num_heads
                                                                   : in->dims[2] / (2 * job->half);
  if (heads == 0) return false;
  job->size = apart ? in->dims[3] : in->dims[2] / heads;
  int64_t dims[] = {in->dims[0], heads, length};
  int64_t strides[] = {heads * length * job->size, apart ? length * job->size : job->size,
                       apart ? job->size : heads * job->size};
  memcpy(job->dims, dims, sizeof dims);
  memcpy(job->x_strides, strides, sizeof strides);
  memcpy(job->y_strides, strides, sizeof strides);
  return true;
}

// Tables [positions, half], a row a token of all batches or one of all, or picked by ids.
static void fill_rows(gcut__cuda_rotary_job *job, const gcut_type *table) {
  job->positions = (int64_t)gcut__cuda_count(table) / job->half;
  job->table_strides[0] = job->positions == job->dims[2] ? 0 : job->dims[2] * job->half;
  job->table_strides[2] = job->half;
}

// Inputs by their places: they differ between the domains.
static gcut_status compile_operator(const gcut__cuda_compile *c, uint32_t cosine, uint32_t sine,
                                    uint32_t ids, gcut_error *err) {
  const gcut__rotary_attrs *attrs = c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(c, 0), *table = gcut__cuda_input_type(c, cosine),
                  *other = gcut__cuda_input_type(c, sine), *where = gcut__cuda_input_type(c, ids);
  const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_rotary_job, x, 0),
                                         GCUT_CUDA_IN(gcut__cuda_rotary_job, cosine, cosine),
                                         GCUT_CUDA_IN(gcut__cuda_rotary_job, sine, sine),
                                         GCUT_CUDA_IN(gcut__cuda_rotary_job, ids, ids),
                                         GCUT_CUDA_OUT(gcut__cuda_rotary_job, y, 0),
                                         {GCUT_CUDA_FAULT, offsetof(gcut__cuda_rotary_job, fault)}};
  gcut__cuda_rotary_job job = {.half = table->dims[table->rank - 1],
                               .type = in->type,
                               .table_type = in->type,
                               .wide = true,
                               .neighbours = attrs->interleaved != 0,
                               .neighbours_out = attrs->interleaved != 0,
                               .from_first = where && where->rank == 1,
                               .node = c->number};
  if (!gcut__cuda_is_float(in) || table->type != in->type || other->type != in->type ||
      (where && where->type != GCUT_INT64) || !fill_heads(&job, in, attrs->num_heads))
    return GCUT_OK;
  fill_rows(&job, table);
  return compile_job(c, &job, pointers, sizeof pointers / sizeof *pointers, err);
}

gcut_status gcut__cuda_compile_rotary(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_operator(c, 1, 2, 3, err);
}
gcut_status gcut__cuda_compile_microsoft_rotary(const gcut__cuda_compile *c, gcut_error *err) {
  return compile_operator(c, 2, 3, 1, err);
}

// ---- spelled out --------------------------------------------------------------------------------

static gcut_status compile_group(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_rotary_job, x, 0), GCUT_CUDA_IN(gcut__cuda_rotary_job, cosine, 1),
      GCUT_CUDA_IN(gcut__cuda_rotary_job, sine, 2), GCUT_CUDA_OUT(gcut__cuda_rotary_job, y, 0)};
  gcut__cuda_rotary_job job = *(const gcut__cuda_rotary_job *)fused->params;
  return compile_job(c, &job, pointers, sizeof pointers / sizeof *pointers, err);
}

// Strides of a table that is broadcast to rows of x; false where its rows are not of `width`.
static bool walk_table(const gcut_type *table, const gcut_type *x, int64_t width,
                       int64_t strides[3]) {
  int64_t stride = width;
  if (!table || table->rank < 1 || table->rank > x->rank || table->dims[table->rank - 1] != width)
    return false;
  strides[0] = strides[1] = strides[2] = 0;
  for (int back = 2; back <= table->rank; back++) {
    int64_t dim = table->dims[table->rank - back];
    if (dim != 1 && dim != x->dims[x->rank - back]) return false;
    strides[4 - back] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
  return true;
}

static bool fill_tables(gcut__cuda_rotary_job *job, const gcut_type *x, const gcut_type *cosine,
                        const gcut_type *sine) {
  int64_t other[3];
  if (!cosine || !sine || cosine->rank < 1 || cosine->type != sine->type ||
      cosine->type != (job->wide ? GCUT_FLOAT : x->type))
    return false;
  int64_t width = cosine->dims[cosine->rank - 1];
  job->table_type = cosine->type;
  job->full = width != job->half;
  return (width == job->half || width == 2 * job->half) &&
         walk_table(cosine, x, width, job->table_strides) && walk_table(sine, x, width, other) &&
         memcmp(other, job->table_strides, sizeof other) == 0;
}

// How x lies: as y does, or with heads and rows swapped; the value that holds it.
static uint32_t fill_x(gcut__cuda_matcher *m, const gcut_fused *group, const gcut_type *x,
                       gcut__cuda_rotary_job *job) {
  int64_t stride = job->size;
  for (int d = 2; d >= 0; d--) {
    job->dims[d] = d < 4 - x->rank ? 1 : x->dims[d - (4 - x->rank)];
    job->x_strides[d] = job->y_strides[d] = stride;
    stride *= job->dims[d];
  }
  if (x->rank < 4) return group->reads[0];
  gcut__cuda_heads heads;
  uint32_t uses = gcut__match_reads(m, group, group->reads[0]);
  uint32_t value = gcut__cuda_match_heads(m, group->reads[0], uses, &heads);
  memcpy(job->x_strides, (int64_t[]){heads.batch, heads.head, heads.row}, sizeof job->x_strides);
  return value;
}

bool gcut__cuda_fill_rotary(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  const gcut_type *x = gcut__match_type(m, group->reads[0]);
  if (!gcut__cuda_is_float(x) || x->rank < 2 || x->rank > 4) return false;
  gcut__cuda_rotary_job job = {.size = x->dims[x->rank - 1],
                               .first = group->first,
                               .half = group->size / 2,
                               .type = x->type,
                               .wide = group->casts,
                               .neighbours = group->neighbours,
                               .neighbours_out = group->neighbours_out};
  if (!fill_tables(&job, x, gcut__match_type(m, group->reads[1]),
                   gcut__match_type(m, group->reads[2])))
    return false;
  uint32_t reads[] = {fill_x(m, group, x, &job), group->reads[1], group->reads[2]};
  f->params = gcut_arena_copy(m->arena, &job, sizeof job);
  f->compile = compile_group;
  f->base.reads = gcut_arena_copy(m->arena, reads, sizeof reads);
  f->base.n_reads = 3;
  return f->params && f->base.reads;
}
