// Compiling a part: where every operand of every node lies, and which kernel computes it.
#include "exec/cuda/program.h"

#include <stdlib.h>

#include "exec/cuda/kernels.h"
#include "exec/cuda/program_private.h"
#include "exec/problem.h"

enum { CONSTANT_ALIGN = 256 };

// ---- where values lie -------------------------------------------------------------------------

static const gcut__home *home_of(const gcut__cuda_program *p, uint32_t value) {
  uint32_t i = gcut_map_get(&p->homes, value);
  return i == UINT32_MAX ? NULL : &p->layout.homes[i];
}

// The value whose memory a view shares; the value itself where it is none.
static uint32_t base_of(const gcut__cuda_program *p, uint32_t value) {
  const gcut_graph *g = p->base.trace->graph;
  for (const gcut__home *h; (h = home_of(p, value)) && h->kind == GCUT__HOME_VIEW;)
    value = gcut_node_inputs(g, &g->nodes[g->values[value].producer])[0];
  return value;
}

bool gcut__cuda_on_device(const gcut__cuda_program *p, uint32_t value) {
  uint64_t bytes;
  value = base_of(p, value);
  const gcut__home *h = home_of(p, value);
  if (h) return h->kind != GCUT__HOME_HEAP;
  const gcut_constant *k = p->base.trace->facts[value].constant;
  if (k) // one of no bytes needs no place
    return k->bytes == 0 || gcut_map_get(&p->weights, value) != UINT32_MAX ||
           gcut_map_get(&p->constants, value) != UINT32_MAX;
  return gcut__static_bytes(p->base.trace, value, &bytes);
}

gcut__cuda_place gcut__cuda_place_of(const gcut__cuda_program *p, uint32_t value) {
  gcut__cuda_place place = {.where = GCUT_CUDA_NOWHERE};
  if (value == GCUT_NONE || !gcut__cuda_on_device(p, value)) return place;
  value = base_of(p, value);
  const gcut__home *h = home_of(p, value);
  uint32_t weight = gcut_map_get(&p->weights, value), constant = gcut_map_get(&p->constants, value);
  if (h && h->kind == GCUT__HOME_WORKSPACE) {
    if (h->prepared == GCUT_NOT_PREPARED)
      return (gcut__cuda_place){.where = GCUT_CUDA_WORKSPACE, .at = h->offset};
    return (gcut__cuda_place){
        .where = GCUT_CUDA_PREPARED, .at = h->offset, .prepared = h->prepared, .of_weights = true};
  }
  if (!h && weight != UINT32_MAX)
    return (gcut__cuda_place){.where = GCUT_CUDA_WEIGHT, .at = weight, .of_weights = true};
  if (!h && constant != UINT32_MAX)
    return (gcut__cuda_place){
        .where = GCUT_CUDA_WORKSPACE, .at = p->constants_at + constant, .of_weights = true};
  return (gcut__cuda_place){.where = GCUT_CUDA_OPERAND,
                            .at = value,
                            .of_weights = p->fixed && gcut_map_get(p->fixed, value) != UINT32_MAX};
}

// ---- constants --------------------------------------------------------------------------------

static gcut_status number_weights(gcut__cuda_program *p, gcut_error *err) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->base.part->n_constants; i++) {
    uint32_t v = p->base.part->constants[i];
    if (!gcut__is_weight(gcut__constant_of(p->base.trace, v))) continue;
    if (!gcut_map_set(&p->weights, v, n++)) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

// Gives a constant that is no weight its place in the block; false where it needs none.
static gcut_status add_constant(gcut__cuda_program *p, uint32_t value, gcut_error *err) {
  const gcut_constant *k = p->base.trace->facts[value].constant;
  if (!gcut__is_weight(k) || !k->data || gcut_map_get(&p->weights, value) != UINT32_MAX ||
      gcut_map_get(&p->constants, value) != UINT32_MAX)
    return GCUT_OK;
  uint64_t at = (p->constant_bytes + CONSTANT_ALIGN - 1) / CONSTANT_ALIGN * CONSTANT_ALIGN;
  uint8_t *larger = at + k->bytes > UINT32_MAX ? NULL : realloc(p->constant_data, at + k->bytes);
  if (!larger) return GCUT_NO_MEMORY(err);
  p->constant_data = larger;
  if (!gcut_map_set(&p->constants, value, (uint32_t)at)) return GCUT_NO_MEMORY(err);
  memcpy(larger + at, k->data, k->bytes);
  p->constant_bytes = at + k->bytes;
  return GCUT_OK;
}

// Into pinned memory, from where a kernel fetches them: a copy would queue behind the weights.
static gcut_status pin_constants(gcut__cuda *cuda, gcut__cuda_program *p, gcut_error *err) {
  if (p->constant_bytes == 0) return GCUT_OK;
  const uint64_t unit = sizeof(uint64_t); // what the copying kernel counts in
  uint64_t bytes = (p->constant_bytes + unit - 1) / unit * unit;
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostAlloc, &p->pinned, bytes, CU_MEMHOSTALLOC_DEVICEMAP);
  GCUT_CUDA_TRY(&cuda->driver, cuMemHostGetDevicePointer, &p->pinned_address, p->pinned, 0);
  GCUT_TRY(gcut__cuda_kernel(cuda, "gcut_copy", &p->copy, err));
  memcpy(p->pinned, p->constant_data, p->constant_bytes);
  p->constant_bytes = bytes;
  free(p->constant_data);
  p->constant_data = NULL;
  return GCUT_OK;
}

static const gcut__cuda_fused *fusion_of(const gcut__cuda_program *p, uint32_t step) {
  uint32_t f = p->layout.steps[step].fusion;
  return f == GCUT_NONE ? NULL : &p->fusions.items[f];
}

// What a step reads.
static const uint32_t *reads_of(const gcut__cuda_program *p, uint32_t step, uint32_t *out_n) {
  const gcut_node *node = &p->base.trace->graph->nodes[p->layout.steps[step].node];
  const gcut__cuda_fused *f = fusion_of(p, step);
  *out_n = f ? f->base.n_reads : node->n_inputs;
  return f ? f->base.reads : gcut_node_inputs(p->base.trace->graph, node);
}

// What it makes.
static const uint32_t *writes_of(const gcut__cuda_program *p, uint32_t step, uint32_t *out_n) {
  const gcut_node *node = &p->base.trace->graph->nodes[p->layout.steps[step].node];
  const gcut__cuda_fused *f = fusion_of(p, step);
  *out_n = f ? f->base.n_writes : node->n_outputs;
  return f ? f->base.writes : gcut_node_outputs(p->base.trace->graph, node);
}

static gcut_status gather_constants(gcut__cuda *cuda, gcut__cuda_program *p, gcut_error *err) {
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    uint32_t n;
    const uint32_t *reads = reads_of(p, s, &n);
    for (uint32_t i = 0; i < n; i++)
      if (reads[i] != GCUT_NONE && p->base.trace->facts[reads[i]].constant)
        GCUT_TRY(add_constant(p, reads[i], err));
  }
  GCUT_TRY(pin_constants(cuda, p, err));
  p->constants_at = (p->layout.bytes + CONSTANT_ALIGN - 1) / CONSTANT_ALIGN * CONSTANT_ALIGN;
  return GCUT_OK;
}

// ---- steps ------------------------------------------------------------------------------------

const gcut_type *gcut__cuda_input_type(const gcut__cuda_compile *c, uint32_t i) {
  if (i >= c->node->n_inputs || gcut_node_inputs(c->trace->graph, c->node)[i] == GCUT_NONE)
    return NULL;
  return &c->trace->facts[gcut_node_inputs(c->trace->graph, c->node)[i]].type;
}

const gcut_type *gcut__cuda_output_type(const gcut__cuda_compile *c, uint32_t i) {
  if (i >= c->node->n_outputs || gcut_node_outputs(c->trace->graph, c->node)[i] == GCUT_NONE)
    return NULL;
  return &c->trace->facts[gcut_node_outputs(c->trace->graph, c->node)[i]].type;
}

uint64_t gcut__cuda_count(const gcut_type *type) {
  uint64_t count = 1;
  for (int d = 0; d < type->rank; d++) count *= (uint64_t)type->dims[d];
  return count;
}

bool gcut__cuda_is_of_weights(const gcut__cuda_step *step, uint32_t i) {
  return i >= step->n_inputs || step->inputs[i].where == GCUT_CUDA_NOWHERE ||
         step->inputs[i].of_weights;
}

// Every operand in device memory: then the node may run there.
static bool all_on_device(const gcut__cuda_program *p, uint32_t step) {
  uint32_t n, n_writes;
  const uint32_t *reads = reads_of(p, step, &n), *writes = writes_of(p, step, &n_writes);
  for (uint32_t i = 0; i < n + n_writes; i++) {
    uint32_t v = i < n ? reads[i] : writes[i - n];
    if (v != GCUT_NONE && !gcut__cuda_on_device(p, v)) return false;
  }
  return p->base.trace->graph->nodes[p->layout.steps[step].node].n_captures == 0;
}

static gcut_status place_operands(gcut__cuda_program *p, uint32_t s, gcut_error *err) {
  gcut__cuda_step *step = &p->steps[s];
  const uint32_t *reads = reads_of(p, s, &step->n_inputs);
  const uint32_t *writes = writes_of(p, s, &step->n_outputs);
  step->inputs = GCUT_NEW_ARRAY(p->arena, gcut__cuda_place, step->n_inputs);
  step->outputs = GCUT_NEW_ARRAY(p->arena, gcut__cuda_place, step->n_outputs);
  if (!step->inputs || !step->outputs) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < step->n_inputs; i++) step->inputs[i] = gcut__cuda_place_of(p, reads[i]);
  for (uint32_t i = 0; i < step->n_outputs; i++)
    step->outputs[i] = gcut__cuda_place_of(p, writes[i]);
  return GCUT_OK;
}

// A view in the workspace is nothing to do; one that leaves the part is a copy.
static gcut_status launch_view(const gcut__cuda_run *r, gcut_error *err) {
  const uint64_t *bytes = r->step->params;
  if (r->inputs[0] != r->outputs[0] && *bytes > 0)
    GCUT_CUDA_TRY(&r->cuda->driver, cuMemcpyDtoDAsync, r->outputs[0], r->inputs[0], *bytes,
                  r->stream);
  return GCUT_OK;
}

static gcut_status compile_view(const gcut__cuda_compile *c, gcut_error *err) {
  uint64_t *bytes = GCUT_NEW(c->arena, uint64_t);
  const gcut_type *type = gcut__cuda_output_type(c, 0);
  if (!bytes) return GCUT_NO_MEMORY(err);
  if (!type || !gcut_dtype_bytes((gcut_dtype)type->type, gcut__cuda_count(type), bytes))
    return GCUT_OK;
  c->step->params = bytes;
  c->step->launch = launch_view;
  return GCUT_OK;
}

static gcut_status compile_step(gcut__cuda *cuda, gcut__cuda_program *p, uint32_t s,
                                gcut_error *err) {
  gcut__cuda_step *step = &p->steps[s];
  const gcut_node *node = &p->base.trace->graph->nodes[p->layout.steps[s].node];
  step->node = p->layout.steps[s].node;
  GCUT_TRY(place_operands(p, s, err));
  gcut__cuda_compile c = {.cuda = cuda,
                          .trace = p->base.trace,
                          .node = node,
                          .arena = p->arena,
                          .step = step,
                          .number = p->stands_for == GCUT_NONE ? step->node : p->stands_for,
                          .depth = p->depth,
                          .lowered = &p->lowered};
  const gcut__cuda_fused *fused = fusion_of(p, s);
  if (fused) {
    GCUT_TRY(fused->compile(&c, fused, err));
  } else if (node->op && all_on_device(p, s)) {
    GCUT_TRY(node->op->flags & GCUT_OP_VIEW ? compile_view(&c, err)
                                            : gcut__cuda_compile_op(&c, err));
  }
  if (!step->launch) p->host_nodes[p->base.n_host_nodes++] = step->node;
  return GCUT_OK;
}

// Scratch of the steps lies behind the values and the constants; steps follow one another, so one
// range serves all.
static void place_scratch(gcut__cuda_program *p) {
  uint64_t at = (p->constants_at + p->constant_bytes + CONSTANT_ALIGN - 1) / CONSTANT_ALIGN *
                CONSTANT_ALIGN,
           most = 0;
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    p->steps[s].scratch = at;
    if (p->steps[s].scratch_bytes > most) most = p->steps[s].scratch_bytes;
  }
  p->base.work.workspace = at + most;
}

// What steps make of weights alone for themselves lies behind what is made by steps of its own.
// Where nothing is kept each run writes and reads it.
static void place_prepared(gcut__cuda_program *p) {
  gcut_work *work = &p->base.work;
  work->prepared = p->layout.prepared;
  work->prepared_traffic = p->layout.prepared_traffic;
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    gcut__cuda_step *step = &p->steps[s];
    step->prepared = work->prepared;
    work->prepared += gcut_range_bytes(step->prepared_bytes);
    work->prepared_traffic += step->prepared_bytes;
    work->traffic += 2 * step->prepared_bytes;
  }
}

static gcut_status build(gcut__cuda *cuda, gcut__cuda_program *p, gcut_error *err) {
  GCUT_TRY(gcut__cuda_fuse(cuda, p->base.trace, p->base.part, p->arena, &p->fusions, err));
  GCUT_TRY(gcut__layout_create_fused(p->base.trace, p->base.part, p->fusions.bases, p->fusions.n,
                                     p->arena, &p->layout, err));
  for (uint32_t i = 0; i < p->layout.n_homes; i++)
    if (!gcut_map_set(&p->homes, p->layout.homes[i].value, i)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(number_weights(p, err));
  GCUT_TRY(gather_constants(cuda, p, err));
  p->steps = GCUT_NEW_ARRAY(p->arena, gcut__cuda_step, p->layout.n_steps);
  p->base.host_nodes = p->host_nodes = GCUT_NEW_ARRAY(p->arena, uint32_t, p->layout.n_steps);
  if (!p->steps || !p->host_nodes) return GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < p->layout.n_steps; s++) GCUT_TRY(compile_step(cuda, p, s, err));
  p->base.work = gcut__layout_work(&p->layout);
  place_scratch(p);
  place_prepared(p);
  if (p->base.n_host_nodes == 0) return GCUT_OK;
  GCUT_TRY(gcut__cpu_env_create(p->base.trace->graph, &p->env, err));
  return gcut__cpu_runner_create(&p->runner, err);
}

static gcut_status create(gcut__cuda *cuda, const gcut_trace *trace, const gcut_part *part,
                          const gcut_map *fixed, uint32_t number, uint32_t depth,
                          gcut__program **out_program, gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  gcut__cuda_program *p = GCUT_NEW(arena, gcut__cuda_program);
  *out_program = NULL;
  if (!p) {
    gcut_arena_destroy(arena);
    return GCUT_NO_MEMORY(err);
  }
  *p = (gcut__cuda_program){.base = {.trace = trace, .part = part},
                            .arena = arena,
                            .cuda = cuda,
                            .fixed = fixed,
                            .stands_for = number,
                            .depth = depth};
  gcut_status status = gcut__cuda_enter(cuda, err);
  if (status == GCUT_OK) status = build(cuda, p, err);
  p->fixed = NULL;
  if (status == GCUT_OK)
    *out_program = &p->base;
  else
    gcut__cuda_program_destroy(&p->base);
  return status;
}

gcut_status gcut__cuda_program_create(gcut__cuda *cuda, const gcut_trace *trace,
                                      const gcut_part *part, gcut__program **out_program,
                                      gcut_error *err) {
  return create(cuda, trace, part, NULL, GCUT_NONE, 0, out_program, err);
}

gcut_status gcut__cuda_program_create_within(const gcut__cuda_compile *c, const gcut_trace *trace,
                                             const gcut_part *part, const gcut_map *fixed,
                                             gcut__program **out_program, gcut_error *err) {
  return create(c->cuda, trace, part, fixed, c->number, c->depth + 1, out_program, err);
}

void gcut__cuda_program_destroy(gcut__program *program) {
  gcut__cuda_program *p = (gcut__cuda_program *)program;
  if (!p) return;
  gcut__cuda_lowered_destroy(p->lowered);
  if (p->env.values) gcut__cpu_env_free(&p->env);
  gcut__cpu_runner_destroy(p->runner);
  gcut_map_free(&p->homes);
  gcut_map_free(&p->weights);
  gcut_map_free(&p->constants);
  free(p->constant_data);
  if (p->pinned && p->cuda->driver.cuCtxSetCurrent(p->cuda->context) == CUDA_SUCCESS)
    p->cuda->driver.cuMemFreeHost(p->pinned);
  gcut_arena_destroy(p->arena);
}
