// Groups of the trace in which each row meets the matrix that its index picks, as experts of a
// decoder are written down: no matrix is gathered.
#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/multiply_grouped.h"

enum { READ_WEIGHTS, READ_INDICES, READ_ROWS, N_READS };

typedef struct grouped_params {
  gcut__cuda_grouped grouped;
  gcut__cuda_grouped_multiply multiply;
  uint32_t node;
} grouped_params;

static gcut_status launch_grouped(const gcut__cuda_run *r, gcut_error *err) {
  const grouped_params *p = r->step->params;
  gcut__cuda_grouped_operands at = {.a = r->inputs[READ_ROWS],
                                    .indices = r->inputs[READ_INDICES],
                                    .b = r->inputs[READ_WEIGHTS],
                                    .c = r->outputs[0],
                                    .scratch = r->scratch,
                                    .fault = r->cuda->fault_device,
                                    .node = p->node};
  return gcut__cuda_grouped_launch(r->cuda, &p->multiply, &p->grouped, &at, r->stream, err);
}

static gcut_status compile_grouped(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                   gcut_error *err) {
  grouped_params *p = GCUT_NEW(c->arena, grouped_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->grouped = *(const gcut__cuda_grouped *)fused->params;
  p->node = c->number;
  GCUT_TRY(gcut__cuda_grouped_load(c->cuda, &p->grouped, &p->multiply, err));
  c->step->params = p;
  c->step->scratch_bytes = p->multiply.scratch_bytes;
  c->step->launch = launch_grouped;
  return GCUT_OK;
}

// Indices that follow one another and share a row of x [.., k]; 0 where they do not come out even.
static int64_t count_repeats(const gcut_type *indices, const gcut_type *x, int64_t k) {
  uint64_t n = gcut__cuda_count(indices), given = k > 0 ? gcut__cuda_count(x) / (uint64_t)k : 0;
  bool even = given > 0 && n % given == 0 && gcut__cuda_count(x) == given * (uint64_t)k;
  return even ? (int64_t)(n / given) : 0;
}

bool gcut__cuda_fill_experts(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  const gcut_type *w = gcut__match_type(m, group->reads[READ_WEIGHTS]),
                  *indices = gcut__match_type(m, group->reads[READ_INDICES]),
                  *x = gcut__match_type(m, group->reads[READ_ROWS]);
  if (!w || !indices || !x || w->rank != 3 || w->type != x->type) return false;
  int64_t k = w->dims[group->turned ? 1 : 2];
  const gcut__cuda_grouped g = {.type = (gcut_dtype)w->type,
                                .rows = (int64_t)gcut__cuda_count(indices),
                                .choices = w->dims[0],
                                .n = w->dims[group->turned ? 2 : 1],
                                .k = k,
                                .repeat = count_repeats(indices, x, k),
                                .transpose_b = !group->turned,
                                .index_type = (gcut_dtype)indices->type};
  if (!gcut__cuda_grouped_fits(&g)) return false;
  f->params = gcut_arena_copy(m->arena, &g, sizeof g);
  f->base.reads = gcut_arena_copy(m->arena, group->reads, N_READS * sizeof *group->reads);
  f->base.n_reads = N_READS;
  f->compile = compile_grouped;
  return f->params && f->base.reads;
}
