// Helpers of data propagation.
#include "tracer/ops/carry.h"

bool gcut__at_run_time(const gcut_infer *c) {
  for (uint32_t i = 0; i < c->n_inputs; i++)
    if (c->inputs[i] && c->inputs[i]->tensor) return true;
  return false;
}

bool gcut__content(gcut_infer *c, uint32_t i, const gcut_dim **out_values, uint32_t *out_n) {
  if (!gcut_infer_has(c, i) || c->inputs[i]->tensor) return false;
  const gcut_fact *fact = c->inputs[i];
  if (!fact->content) { // a constant: look at its size before reading it
    double count = gcut_fact_count(fact);
    if (fact->type.kind != GCUT_KIND_TENSOR || fact->type.rank < 0 || count > GCUT__CONTENT_MAX)
      return false;
  }
  return gcut_infer_content(c, i, out_values, out_n) && *out_n <= GCUT__CONTENT_MAX;
}

gcut_status gcut__keep_content(gcut_infer *c, uint32_t i, const gcut_dim *values, uint32_t n,
                               gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  const gcut_type *type = &c->outputs[i].type;
  if (type->rank < 0 || type->rank > 1) return GCUT_OK;
  if (type->rank == 0 ? n != 1 : type->dims[0] != n) return GCUT_OK;
  return gcut_infer_set_content(c, i, values, n, err);
}

gcut_dim *gcut__new_content(gcut_infer *c, uint32_t i, uint32_t *out_n) {
  if (i >= c->n_outputs || gcut__at_run_time(c)) return NULL;
  const gcut_type *type = &c->outputs[i].type;
  if (type->rank < 0 || type->rank > 1) return NULL;
  gcut_dim n = type->rank == 0 ? 1 : type->dims[0];
  if (!gcut_dim_known(n) || n > GCUT__CONTENT_MAX) return NULL;
  *out_n = (uint32_t)n;
  return GCUT_NEW_ARRAY(c->arena, gcut_dim, (size_t)n);
}

gcut_dim gcut__or_fresh(gcut_infer *c, gcut_dim dim) {
  return dim == GCUT_DIM_INVALID ? gcut_dim_fresh(c->dims) : dim;
}

int64_t gcut__static_length(const gcut_infer *c, uint32_t i) {
  if (!gcut_infer_has(c, i)) return -1;
  const gcut_type *type = &c->inputs[i]->type;
  return type->rank == 1 && gcut_dim_known(type->dims[0]) ? type->dims[0] : -1;
}

double gcut__no_flops(const gcut_infer *c) {
  (void)c;
  return 0;
}

const gcut_dim *gcut__ints_as_dims(gcut_infer *c, gcut_ints ints) {
  gcut_dim *dims = gcut_arena_copy(c->arena, ints.data, ints.n * sizeof *dims);
  for (size_t k = 0; dims && k < ints.n; k++)
    if (!gcut_dim_known(dims[k])) dims[k] = GCUT_DIM_EXPRESSION_LIMIT;
  return dims;
}

int gcut__find_text(gcut_string s, const char *const *texts, int n) {
  int i = 0;
  while (i < n && !gcut__is_text(s, texts[i])) i++;
  return i;
}
