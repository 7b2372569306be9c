// A node without a kernel here runs on the CPU within the same schedule: its operands come down,
// its results go up. That waits for the compute stream, which is why plans and runs list such
// nodes.
#include "exec/cuda/program_private.h"

static gcut_status fetch_constant(gcut__cuda_program *p, uint32_t value, gcut_error *err) {
  gcut_tensor *t;
  if (p->env.values[value]) return GCUT_OK;
  GCUT_TRY(gcut__cpu_constant_tensor(p->base.trace->graph, p->base.trace->facts[value].constant, &t,
                                     err));
  gcut__cpu_env_set(&p->env, value, t);
  gcut_tensor_unref(t);
  return GCUT_OK;
}

static gcut_status bring_down(gcut__cuda *cuda, gcut__cuda_program *p, uint32_t value,
                              CUdeviceptr from, gcut_error *err) {
  const gcut_type *type = &p->base.trace->facts[value].type;
  gcut_tensor *t;
  GCUT_TRY(
      gcut_tensor_create_uninitialized((gcut_dtype)type->type, type->rank, type->dims, &t, err));
  CUstream stream = cuda->streams[GCUT_QUEUE_COMPUTE];
  gcut_status status = GCUT_OK;
  if (t->bytes > 0)
    status = gcut__cuda_check(&cuda->driver,
                              cuda->driver.cuMemcpyDtoHAsync(t->data, from, t->bytes, stream),
                              "cuMemcpyDtoHAsync", err);
  if (status == GCUT_OK)
    status = gcut__cuda_check(&cuda->driver, cuda->driver.cuStreamSynchronize(stream),
                              "cuStreamSynchronize", err);
  if (status == GCUT_OK) gcut__cpu_env_set(&p->env, value, t);
  gcut_tensor_unref(t);
  return status;
}

// Puts what the node reads into the env.
static gcut_status fetch(gcut__cuda *cuda, gcut__cuda_program *p, const gcut__run_args *args,
                         uint32_t value, const gcut__cuda_place *place, gcut_error *err) {
  if (value == GCUT_NONE) return GCUT_OK;
  if (p->base.trace->facts[value].constant) return fetch_constant(p, value, err);
  CUdeviceptr from = place ? gcut__cuda_address(cuda, args, place) : 0;
  if (from) return bring_down(cuda, p, value, from, err);
  const gcut__operand *operand = gcut__cuda_operand(args, value);
  if (operand && !operand->output && operand->offset == GCUT_ON_HEAP)
    gcut__cpu_env_set(&p->env, value, *operand->heap);
  return GCUT_OK;
}

// A captured value has no place in the step.
static gcut_status fetch_capture(gcut__cuda *cuda, gcut__cuda_program *p,
                                 const gcut__run_args *args, uint32_t value, gcut_error *err) {
  gcut__cuda_place place = gcut__cuda_place_of(p, value);
  return fetch(cuda, p, args, value, &place, err);
}

static gcut_status bring_up(gcut__cuda *cuda, const gcut_tensor *t, CUdeviceptr to,
                            gcut_error *err) {
  CUstream stream = cuda->streams[GCUT_QUEUE_COMPUTE];
  if (t->bytes == 0) return GCUT_OK;
  GCUT_CUDA_TRY(&cuda->driver, cuMemcpyHtoDAsync, to, t->data, t->bytes, stream);
  GCUT_CUDA_TRY(&cuda->driver, cuStreamSynchronize, stream); // the tensor may go
  return GCUT_OK;
}

static gcut_status settle(gcut__cuda *cuda, gcut__cuda_program *p, const gcut__run_args *args,
                          uint32_t value, const gcut__cuda_place *place, gcut_error *err) {
  if (value == GCUT_NONE) return GCUT_OK;
  CUdeviceptr to = gcut__cuda_address(cuda, args, place);
  gcut_tensor *t = p->env.values[value];
  const char *name = p->env.graph->values[value].name;
  uint64_t expected;
  if (!t) return GCUT_FAIL(err, GCUT_DEVICE, "value '%.200s' was never made", name);
  if (to && gcut__static_bytes(p->base.trace, value, &expected) && t->bytes != expected)
    return GCUT_FAIL(err, GCUT_DEVICE, "value '%.200s' has %llu bytes, expected %llu", name,
                     (unsigned long long)t->bytes, (unsigned long long)expected);
  const gcut__operand *operand = gcut__cuda_operand(args, value);
  if (to)
    GCUT_TRY(bring_up(cuda, t, to, err));
  else if (operand && operand->output && operand->offset == GCUT_ON_HEAP)
    *operand->heap = gcut_tensor_ref(t);
  return GCUT_OK;
}

static gcut_status run(gcut__cuda *cuda, gcut__cuda_program *p, const gcut__run_args *args,
                       const gcut__cuda_step *step, gcut_error *err) {
  const gcut_graph *g = p->base.trace->graph;
  const gcut_node *node = &g->nodes[step->node];
  for (uint32_t i = 0; i < node->n_inputs; i++)
    GCUT_TRY(fetch(cuda, p, args, gcut_node_inputs(g, node)[i], &step->inputs[i], err));
  for (uint32_t i = 0; i < node->n_captures; i++)
    GCUT_TRY(fetch_capture(cuda, p, args, gcut_node_captures(g, node)[i], err));
  GCUT_TRY(gcut__cpu_run_node(p->runner, &p->env, step->node, err));
  for (uint32_t i = 0; i < node->n_outputs; i++)
    GCUT_TRY(settle(cuda, p, args, gcut_node_outputs(g, node)[i], &step->outputs[i], err));
  return GCUT_OK;
}

// Keeps of the step's operands in the env only what lives on the heap.
static void forget(gcut__cuda_program *p, const gcut__layout_step *layout, const gcut_node *node) {
  const gcut_graph *g = p->base.trace->graph;
  for (uint32_t i = 0; i < node->n_inputs + node->n_outputs; i++) {
    uint32_t v = i < node->n_inputs ? gcut_node_inputs(g, node)[i]
                                    : gcut_node_outputs(g, node)[i - node->n_inputs];
    if (v != GCUT_NONE && gcut__cuda_on_device(p, v)) gcut__cpu_env_set(&p->env, v, NULL);
  }
  for (uint32_t i = 0; i < layout->n_drops; i++)
    gcut__cpu_env_set(&p->env, p->layout.drops[layout->first_drop + i], NULL);
}

gcut_status gcut__cuda_run_on_host(gcut__cuda *cuda, gcut__cuda_program *p,
                                   const gcut__run_args *args, const gcut__layout_step *layout,
                                   const gcut__cuda_step *step, gcut_error *err) {
  gcut_status status = run(cuda, p, args, step, err);
  forget(p, layout, &p->base.trace->graph->nodes[step->node]);
  return status;
}
