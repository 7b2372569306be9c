// Groups of the trace in which each row meets the matrix that its index picks, as experts of a
// decoder are written down: no matrix is gathered. Where halves of what comes of it are SwiGLU's,
// and the card has a kernel that computes it, too, it is one step.
#include <string.h>

#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/multiply_grouped.h"
#include "exec/cuda/ops/nbits.h"
#include "tracer/fuse/fuse.h"
#include "tracer/ops/microsoft_matmul.h"

enum { READ_WEIGHTS, READ_INDICES, READ_ROWS, READ_SCALES, READ_ZEROS, N_READS };
enum { EXPANDED_BYTES = 256 << 20 }; // of matrices at a time

// The product of a group. nbits: of all its matrices, below one another, where they are `packed`.
typedef struct product {
  gcut__cuda_grouped grouped;
  bool packed;
  gcut__cuda_nbits nbits;
  uint32_t n_reads;
} product;

typedef struct grouped_params {
  product product;
  gcut__cuda_grouped_multiply multiply, all; // all: where every matrix is there
  int64_t at_once;                           // matrices that are met in one launch
  uint64_t expanded;                         // where they are in scratch
  uint32_t node;
} grouped_params;

// Rows that picked matrices `first` to `first` + n.
static gcut_status launch_some(const gcut__cuda_run *r, const gcut__cuda_grouped_multiply *multiply,
                               int64_t first, int64_t n, CUdeviceptr b, gcut_error *err) {
  const grouped_params *p = r->step->params;
  gcut__cuda_grouped g = p->product.grouped;
  gcut__cuda_grouped_operands at = {.a = r->inputs[READ_ROWS],
                                    .indices = r->inputs[READ_INDICES],
                                    .b = b,
                                    .c = r->outputs[0],
                                    .scratch = r->scratch,
                                    .fault = r->cuda->fault_device,
                                    .node = p->node,
                                    .first = first,
                                    .all = g.choices};
  g.choices = n;
  return gcut__cuda_grouped_launch(r->cuda, multiply, &g, &at, r->stream, err);
}

static gcut_status launch_grouped(const gcut__cuda_run *r, gcut_error *err) {
  const grouped_params *p = r->step->params;
  return launch_some(r, &p->multiply, 0, p->product.grouped.choices, r->inputs[READ_WEIGHTS], err);
}

static gcut_status expand(const gcut__cuda_run *r, int64_t first, int64_t n, CUdeviceptr b,
                          gcut_error *err) {
  const grouped_params *p = r->step->params;
  const int64_t rows = p->product.grouped.n;
  const CUdeviceptr zeros = p->product.n_reads > READ_ZEROS ? r->inputs[READ_ZEROS] : 0,
                    inputs[GCUT_CUDA_NBITS_INPUTS] = {0, r->inputs[READ_WEIGHTS],
                                                      r->inputs[READ_SCALES], zeros};
  return gcut__cuda_nbits_expand(r, &p->product.nbits, first * rows, n * rows, inputs, b, err);
}

static gcut_status prepare_packed(const gcut__cuda_run *r, gcut_error *err) {
  const grouped_params *p = r->step->params;
  return expand(r, 0, p->product.grouped.choices, r->prepared, err);
}

static gcut_status launch_packed(const gcut__cuda_run *r, gcut_error *err) {
  const grouped_params *p = r->step->params;
  const gcut__cuda_grouped *g = &p->product.grouped;
  const CUdeviceptr b = r->scratch + p->expanded;
  if (r->prepared) return launch_some(r, &p->all, 0, g->choices, r->prepared, err);
  for (int64_t first = 0; first < g->choices; first += p->at_once) {
    const int64_t n = g->choices - first < p->at_once ? g->choices - first : p->at_once;
    GCUT_TRY(expand(r, first, n, b, err));
    GCUT_TRY(launch_some(r, &p->multiply, first, n, b, err));
  }
  return GCUT_OK;
}

static int64_t at_once(const product *p) {
  if (!p->packed) return p->grouped.choices;
  const int64_t most = (int64_t)(EXPANDED_BYTES / gcut__cuda_nbits_bytes(&p->nbits, p->grouped.n));
  return most < 1 ? 1 : most < p->grouped.choices ? most : p->grouped.choices;
}

static bool is_of_weights(const gcut__cuda_step *step) {
  return gcut__cuda_is_of_weights(step, READ_WEIGHTS) &&
         gcut__cuda_is_of_weights(step, READ_SCALES) && gcut__cuda_is_of_weights(step, READ_ZEROS);
}

// Scratch is what the products need, then matrices.
static gcut_status compile_packed(const gcut__cuda_compile *c, grouped_params *p, gcut_error *err) {
  const gcut__cuda_grouped *g = &p->product.grouped;
  uint64_t scratch = p->multiply.scratch_bytes;
  c->step->launch = launch_packed;
  if (is_of_weights(c->step)) {
    GCUT_TRY(gcut__cuda_grouped_load(c->cuda, g, &p->all, err));
    if (p->all.scratch_bytes > scratch) scratch = p->all.scratch_bytes;
    c->step->prepare = prepare_packed;
    c->step->prepared_bytes = gcut__cuda_nbits_bytes(&p->product.nbits, g->choices * g->n);
  }
  p->expanded = gcut_range_bytes(scratch);
  c->step->scratch_bytes =
      p->expanded + gcut__cuda_nbits_bytes(&p->product.nbits, p->at_once * g->n);
  return gcut__cuda_nbits_load(c->cuda, &p->product.nbits, err);
}

static gcut_status compile_grouped(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                   gcut_error *err) {
  grouped_params *p = GCUT_NEW(c->arena, grouped_params);
  if (!p) return GCUT_NO_MEMORY(err);
  *p = (grouped_params){.product = *(const product *)fused->params, .node = c->number};
  p->at_once = at_once(&p->product);
  gcut__cuda_grouped some = p->product.grouped;
  some.choices = p->at_once;
  GCUT_TRY(gcut__cuda_grouped_load(c->cuda, &some, &p->multiply, err));
  c->step->params = p;
  if (p->product.packed) return compile_packed(c, p, err);
  c->step->scratch_bytes = p->multiply.scratch_bytes;
  c->step->launch = launch_grouped;
  return GCUT_OK;
}

// The product of a group in *g; false where there is no kernel for it.
static bool read_group(const gcut__cuda_matcher *m, const gcut_fused *group,
                       gcut__cuda_grouped *g) {
  const gcut_type *w = gcut__match_type(m, group->reads[READ_WEIGHTS]),
                  *indices = gcut__match_type(m, group->reads[READ_INDICES]),
                  *x = gcut__match_type(m, group->reads[READ_ROWS]);
  if (!w || !indices || !x || w->rank != 3 || w->type != x->type) return false;
  int64_t k = w->dims[group->turned ? 1 : 2];
  *g = (gcut__cuda_grouped){
      .type = (gcut_dtype)w->type,
      .rows = (int64_t)gcut__cuda_count(indices),
      .choices = w->dims[0],
      .n = w->dims[group->turned ? 2 : 1],
      .k = k,
      .repeat = gcut__fuse_shared_rows(gcut__cuda_count(indices), gcut__cuda_count(x), k),
      .transpose_b = !group->turned,
      .index_type = (gcut_dtype)indices->type};
  return gcut__cuda_grouped_fits(g);
}

// How often an Expand repeats rows [.., 1, k]; 0 where it does something else.
static int64_t repeats_of(const gcut_type *from, const gcut_type *to, int64_t k) {
  int rank = to ? to->rank : 0;
  if (!from || rank < 2 || from->rank != rank || from->dims[rank - 2] != 1) return 0;
  for (int d = 0; d < rank - 2; d++)
    if (from->dims[d] != to->dims[d]) return 0;
  return from->dims[rank - 1] == k && to->dims[rank - 1] == k ? to->dims[rank - 2] : 0;
}

// Takes in what repeats each row of x for the choices of a token, which then share the row.
static uint32_t behind_repeats(gcut__cuda_matcher *m, uint32_t x, gcut__cuda_grouped *g) {
  uint32_t kept = m->n_hidden;
  const gcut_node *flat = gcut__match_inner(m, x, "Reshape", 1);
  const uint32_t value = flat ? gcut__match_input(m, flat, 0) : x;
  const gcut_node *expand = gcut__match_inner(m, value, "Expand", 1);
  const uint32_t from = expand ? gcut__match_input(m, expand, 0) : GCUT_NONE;
  const int64_t repeats = repeats_of(gcut__match_type(m, from), gcut__match_type(m, value), g->k);
  if (repeats > 0) {
    g->repeat *= repeats;
    return from;
  }
  m->n_hidden = kept;
  return x;
}

// Whether a constant is 0, 1, .. n - 1.
static bool counts_up(const gcut_constant *k, int64_t n) {
  if (!k || k->type != GCUT_INT64 || !k->data || k->bytes != (uint64_t)n * sizeof(int64_t))
    return false;
  for (int64_t i = 0; i < n; i++)
    if (((const int64_t *)k->data)[i] != i) return false;
  return true;
}

// GatherBlockQuantized of all matrices as weights of a few bits; false where it is something else.
static bool read_packed(const gcut__cuda_matcher *m, const gcut_node *gather,
                        const gcut__cuda_grouped *g, gcut__cuda_nbits *out) {
  const gcut__gather_blocks_attrs *attrs = gather->attrs;
  const gcut_type *data = gcut__match_type(m, gcut__match_input(m, gather, 0)),
                  *scales = gcut__match_type(m, gcut__match_input(m, gather, 2)),
                  *zeros = gcut__match_type(m, gcut__match_input(m, gather, 3));
  const uint32_t which = gcut__match_input(m, gather, 1);
  if (!data || data->type != GCUT_UINT8 || data->rank != 3 || !scales || attrs->gather_axis != 0 ||
      (attrs->quantize_axis != 2 && attrs->quantize_axis != -1) ||
      !counts_up(m->trace->facts[which].constant, g->choices))
    return false;
  const int64_t block = attrs->block_size ? attrs->block_size : g->k;
  gcut__cuda_nbits_job job = {.n = g->choices * g->n,
                              .k = g->k,
                              .blocks = (g->k + block - 1) / block,
                              .block = block,
                              .bits = (int32_t)attrs->bits,
                              .type = (int32_t)g->type,
                              .scale_type = scales->type,
                              .zero_type = zeros ? zeros->type : 0};
  return gcut__cuda_nbits_describe(&job, out) && out->by_eights;
}

// Takes in what expands the matrices.
static void behind_bits(gcut__cuda_matcher *m, product *p, uint32_t *reads) {
  const gcut_node *gather = gcut__match_maker(m, reads[READ_WEIGHTS]);
  if (!gather || strcmp(gather->domain, "com.microsoft") != 0 ||
      strcmp(gather->op_type, "GatherBlockQuantized") != 0 || !p->grouped.transpose_b ||
      gcut_map_get(&m->uses, reads[READ_WEIGHTS]) != 1 || m->n_hidden == GCUT_CUDA_GROUP_NODES ||
      !read_packed(m, gather, &p->grouped, &p->nbits))
    return;
  p->packed = true;
  reads[READ_WEIGHTS] = gcut__match_input(m, gather, 0);
  reads[READ_SCALES] = gcut__match_input(m, gather, 2);
  reads[READ_ZEROS] = gcut__match_input(m, gather, 3);
  p->n_reads = reads[READ_ZEROS] == GCUT_NONE ? READ_ZEROS : N_READS;
  m->hidden[m->n_hidden++] = (uint32_t)(gather - m->graph->nodes);
}

static bool set_step(gcut__cuda_matcher *m, const gcut_fused *group, const gcut__cuda_grouped *g,
                     gcut__cuda_fused *f) {
  product p = {.grouped = *g, .n_reads = READ_SCALES};
  uint32_t reads[N_READS];
  memcpy(reads, group->reads, READ_SCALES * sizeof *reads);
  reads[READ_ROWS] = behind_repeats(m, reads[READ_ROWS], &p.grouped);
  behind_bits(m, &p, reads);
  f->params = gcut_arena_copy(m->arena, &p, sizeof p);
  f->base.reads = gcut_arena_copy(m->arena, reads, p.n_reads * sizeof *reads);
  f->base.n_reads = p.n_reads;
  f->compile = compile_grouped;
  return f->params && f->base.reads;
}

bool gcut__cuda_fill_experts(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  gcut__cuda_grouped g;
  return read_group(m, group, &g) && set_step(m, group, &g, f);
}

// ---- SwiGLU of what rows picked

// Takes in the Split whose halves of the last dimension are gates and their other sides: what it
// splits, or GCUT_NONE.
static uint32_t behind_halves(gcut__cuda_matcher *m, uint32_t gates, uint32_t others) {
  const gcut_node *split = gcut__match_producer(m, gates, "Split");
  if (!split || split->n_outputs != 2 || gcut__match_producer(m, others, "Split") != split ||
      gcut__match_output(m, split) != gates || gcut_map_get(&m->uses, gates) != 2 ||
      gcut_map_get(&m->uses, others) != 1 || m->n_hidden == GCUT_CUDA_GROUP_NODES)
    return GCUT_NONE;
  uint32_t value = gcut__match_input(m, split, 0);
  const gcut_type *whole = gcut__match_type(m, value), *half = gcut__match_type(m, gates);
  if (!whole || !half || whole->rank == 0 || gcut_map_get(&m->uses, value) != 1 ||
      2 * half->dims[half->rank - 1] != whole->dims[whole->rank - 1])
    return GCUT_NONE;
  m->hidden[m->n_hidden++] = (uint32_t)(split - m->graph->nodes);
  return value;
}

// The group whose product makes a value, its nodes taken in; or NULL.
static const gcut_fused *behind_product(gcut__cuda_matcher *m, uint32_t value) {
  const uint32_t maker = m->graph->values[value].producer,
                 number = maker == GCUT_NONE ? GCUT_NONE : m->trace->fused_of[maker];
  const gcut_fused *group = number == GCUT_NONE ? NULL : &m->trace->fused[number];
  if (!group || group->kind != GCUT_FUSED_EXPERTS || group->nodes[group->n_nodes - 1] != maker ||
      gcut_map_get(&m->uses, value) != 1 || !gcut__match_whole(m, group) ||
      m->n_hidden == GCUT_CUDA_GROUP_NODES)
    return NULL;
  m->hidden[m->n_hidden++] = maker;
  return group;
}

static bool fill_gated(gcut__cuda_matcher *m, const gcut_fused *swiglu, gcut__cuda_fused *f) {
  gcut__cuda_grouped_multiply multiply;
  gcut__cuda_grouped g;
  uint32_t value = behind_halves(m, swiglu->reads[0], swiglu->reads[1]);
  if (value == GCUT_NONE || !m->cuda) return false;
  const gcut_type *t = gcut__match_type(m, value);
  const gcut_node *flat = gcut__match_inner(m, value, "Squeeze", 1);
  if (!flat) flat = gcut__match_inner(m, value, "Reshape", 1);
  const gcut_fused *group = behind_product(m, flat ? gcut__match_input(m, flat, 0) : value);
  if (!group || !read_group(m, group, &g) || t->dims[t->rank - 1] != g.n) return false;
  g.swiglu = true;
  return gcut__cuda_grouped_load(m->cuda, &g, &multiply, NULL) == GCUT_OK &&
         set_step(m, group, &g, f);
}

bool gcut__cuda_fill_gated_experts(gcut__cuda_matcher *m, const gcut_fused *group,
                                   gcut__cuda_fused *f) {
  uint32_t kept = m->n_hidden;
  if (fill_gated(m, group, f)) return true;
  m->n_hidden = kept;
  return false;
}
