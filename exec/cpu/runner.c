// Runners, environments, and what kernels call.
#include "exec/cpu/runner.h"

#include <stdarg.h>
#include <stdlib.h>

#include "exec/cpu/kernel.h"
#include "tracer/base/pages.h"

// ---- runner and env ---------------------------------------------------------------------------

gcut_status gcut__cpu_runner_create(gcut__cpu_runner **out_runner, gcut_error *err) {
  gcut__cpu_runner *r = *out_runner = calloc(1, sizeof *r);
  return r ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__cpu_runner_destroy(gcut__cpu_runner *r) {
  if (!r) return;
  for (int i = 0; i < GCUT__CPU_MAX_DEPTH; i++) gcut_arena_destroy(r->scratch[i]);
  gcut_dims_destroy(r->dims);
  free(r->spare);
  free(r);
}

gcut_status gcut__cpu_env_create(const gcut_graph *graph, gcut__cpu_env *out_env, gcut_error *err) {
  *out_env = (gcut__cpu_env){.graph = graph};
  out_env->values = calloc((size_t)graph->n_values + 1, sizeof *out_env->values);
  return out_env->values ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__cpu_env_free(gcut__cpu_env *env) {
  for (uint32_t v = 0; env->values && v < env->graph->n_values; v++)
    gcut_tensor_unref(env->values[v]);
  free(env->values);
  env->values = NULL;
}

void gcut__cpu_env_set(gcut__cpu_env *env, uint32_t value, gcut_tensor *tensor) {
  gcut_tensor *old = env->values[value];
  env->values[value] = gcut_tensor_ref(tensor);
  gcut_tensor_unref(old);
  if (env->turned) env->turned[value] = false;
  if (env->fixed) env->fixed[value] = false;
}

static bool aligned(const gcut_constant *k) {
  unsigned bits = gcut_dtype_bits(k->type);
  return k->type == GCUT_STRING || bits <= 8 || (uintptr_t)k->data % (bits / 8) == 0;
}

gcut_status gcut__cpu_constant_tensor(const gcut_graph *graph, const gcut_constant *k,
                                      gcut_tensor **out_tensor, gcut_error *err) {
  *out_tensor = NULL;
  if (!k->data && k->bytes > 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "constant '%.200s' lies in '%.500s', which is not there",
                     k->name, k->file < graph->n_files ? graph->files[k->file].path : "");
  if (aligned(k)) return gcut_tensor_wrap(k->type, k->rank, k->dims, k->data, out_tensor, err);
  GCUT_TRY(gcut_tensor_create_uninitialized(k->type, k->rank, k->dims, out_tensor, err));
  if (k->bytes > 0) memcpy((*out_tensor)->data, k->data, k->bytes);
  return GCUT_OK;
}

// ---- what kernels call ------------------------------------------------------------------------

gcut_status gcut__cpu_fail(const gcut__cpu_call *c, gcut_status status, gcut_error *err,
                           const char *format, ...) {
  va_list args;
  va_start(args, format);
  status = gcut_node_failed(c->node, status, err, format, args);
  va_end(args);
  return status;
}

gcut_status gcut__cpu_type_unsupported(const gcut__cpu_call *c, gcut_dtype type, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "no CPU kernel for %s", gcut_dtype_name(type));
}

bool gcut__cpu_is_constant(const gcut__cpu_call *c, uint32_t i) {
  uint32_t value = i < c->n_inputs ? c->values[i] : GCUT_NONE;
  return value != GCUT_NONE && c->env && gcut__cpu_is_fixed(c->env, value);
}

static uint32_t node_of(const gcut__cpu_call *c) {
  return (uint32_t)(c->node - c->graph->nodes);
}

bool gcut__cpu_can_keep(const gcut__cpu_call *c) {
  return c->env && c->env->shelf;
}

gcut__cpu_kept *gcut__cpu_recall(const gcut__cpu_call *c) {
  return gcut__cpu_can_keep(c) ? gcut__cpu_shelf_find(c->env->shelf, node_of(c)) : NULL;
}

bool gcut__cpu_keep(const gcut__cpu_call *c, gcut__cpu_kept *kept) {
  return gcut__cpu_can_keep(c) && gcut__cpu_shelf_put(c->env->shelf, node_of(c), kept);
}

void *gcut__cpu_spare(gcut__cpu_call *c, size_t bytes) {
  gcut__cpu_runner *r = c->private_state;
  if (bytes <= r->spare_bytes) return r->spare;
  free(r->spare);
  r->spare_bytes = 0;
  r->spare = bytes < SIZE_MAX / 2 ? aligned_alloc(64, (bytes + 63) & ~(size_t)63) : NULL;
  if (!r->spare) return NULL;
  r->spare_bytes = bytes;
  gcut_huge_pages(r->spare, bytes);
  return r->spare;
}

gcut_status gcut__cpu_output(gcut__cpu_call *c, uint32_t i, gcut_dtype type, int rank,
                             const int64_t *dims, gcut_error *err) {
  if (i >= c->n_outputs) return GCUT_OK;
  gcut_tensor_unref(c->outputs[i]);
  gcut_error cause = {{0}};
  gcut_status status = gcut_tensor_create_uninitialized(type, rank, dims, &c->outputs[i], &cause);
  if (status == GCUT_OK) return GCUT_OK;
  return gcut__cpu_fail(c, status == GCUT_ARGUMENT ? GCUT_FORMAT : status, err, "output %u: %s", i,
                        cause.message);
}

void gcut__cpu_output_tensor(gcut__cpu_call *c, uint32_t i, gcut_tensor *tensor) {
  if (i >= c->n_outputs) return;
  gcut_tensor *old = c->outputs[i];
  c->outputs[i] = gcut_tensor_ref(tensor);
  gcut_tensor_unref(old);
}
