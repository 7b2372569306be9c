// The CPU as a device: the reference, and the default where there is no card.
//
// Its slab is memory like any other, so a schedule for a card runs here unchanged, byte for byte in
// the same places. Weights are the exception: where they are aligned they are used in place, from
// the mapping of the model's file; their range in the slab stays untouched and takes no memory.
// Those that are not aligned to their element are copied into it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec/cpu/call.h"
#include "exec/cpu/measure.h"
#include "exec/cpu/pages.h"
#include "exec/device.h"
#include "exec/problem.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

typedef struct cpu_device {
  gcut__device base;
  uint8_t *slab;
  uint64_t slab_bytes;
  bool adopted; // the slab is another's
  void *host;
  uint64_t host_bytes;
  gcut_cpu_runner *runner;
  gcut_cpu_env env;
  bool has_env;
} cpu_device;

typedef struct folded { // a constant that exists only since shapes are known
  uint32_t value;
  gcut_tensor *tensor;
} folded;

typedef struct cpu_program {
  gcut__program base;
  gcut__layout layout;
  folded *constants;
  uint32_t n_constants;
  gcut_arena *arena;
} cpu_program;

// ---- programs ---------------------------------------------------------------------------------

// Constants that the part's nodes read and that are none of its weights, each once.
static gcut_status find_folded(cpu_program *p, gcut_map *seen, gcut_error *err) {
  const gcut_graph *g = p->base.trace->graph;
  for (uint32_t i = 0; i < p->base.part->n_constants; i++) {
    uint32_t v = p->base.part->constants[i];
    if (gcut__is_weight(gcut__constant_of(p->base.trace, v)) && !gcut_map_set(seen, v, 1))
      return GCUT_NO_MEMORY(err);
  }
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    const gcut_node *node = &g->nodes[p->layout.steps[s].node];
    for (uint32_t i = 0; i < node->n_inputs + node->n_captures; i++) {
      uint32_t v = i < node->n_inputs ? gcut_node_inputs(g, node)[i]
                                      : gcut_node_captures(g, node)[i - node->n_inputs];
      if (v == GCUT_NONE || !p->base.trace->facts[v].constant) continue;
      if (gcut_map_get(seen, v) != UINT32_MAX) continue;
      if (!gcut_map_set(seen, v, 1)) return GCUT_NO_MEMORY(err);
      folded *f = &p->constants[p->n_constants];
      GCUT_TRY(gcut_cpu_constant_tensor(g, p->base.trace->facts[v].constant, &f->tensor, err));
      f->value = v;
      p->n_constants++;
    }
  }
  return GCUT_OK;
}

static uint32_t count_reads(const cpu_program *p) {
  uint32_t n = 0;
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    const gcut_node *node = &p->base.trace->graph->nodes[p->layout.steps[s].node];
    n += node->n_inputs + node->n_captures;
  }
  return n;
}

static gcut_status build_program(cpu_program *p, gcut_error *err) {
  GCUT_TRY(gcut__layout_create(p->base.trace, p->base.part, p->arena, &p->layout, err));
  p->constants = GCUT_NEW_ARRAY(p->arena, folded, count_reads(p));
  if (!p->constants) return GCUT_NO_MEMORY(err);
  p->base.work = gcut__layout_work(&p->layout);
  gcut_map seen = {0};
  gcut_status status = find_folded(p, &seen, err);
  gcut_map_free(&seen);
  return status;
}

static void cpu_program_destroy(gcut__program *program) {
  cpu_program *p = (cpu_program *)program;
  if (!p) return;
  for (uint32_t i = 0; i < p->n_constants; i++) gcut_tensor_unref(p->constants[i].tensor);
  gcut_arena_destroy(p->arena);
}

static gcut_status cpu_compile(gcut__device *device, const gcut_trace *trace, const gcut_part *part,
                               gcut__program **out_program, gcut_error *err) {
  (void)device;
  gcut_arena *arena = gcut_arena_create();
  cpu_program *p = GCUT_NEW(arena, cpu_program);
  *out_program = NULL;
  if (!p) {
    gcut_arena_destroy(arena);
    return GCUT_NO_MEMORY(err);
  }
  *p = (cpu_program){.base = {.trace = trace, .part = part}, .arena = arena};
  gcut_status status = build_program(p, err);
  if (status == GCUT_OK)
    *out_program = &p->base;
  else
    cpu_program_destroy(&p->base);
  return status;
}

// ---- memory -----------------------------------------------------------------------------------

// Address space that takes memory only where it is touched.
static void *map_memory(uint64_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static gcut_status cpu_reserve(gcut__device *device, uint64_t slab_bytes, uint64_t host_bytes,
                               void **out_host, gcut_error *err) {
  cpu_device *d = (cpu_device *)device;
  *out_host = NULL;
  if (slab_bytes && !(d->slab = map_memory(slab_bytes)))
    return GCUT_FAIL(err, GCUT_NOMEM, "no memory for a slab of %llu bytes",
                     (unsigned long long)slab_bytes);
  d->slab_bytes = slab_bytes;
  if (host_bytes && !(d->host = map_memory(host_bytes)))
    return GCUT_FAIL(err, GCUT_NOMEM, "no memory for %llu bytes of activations",
                     (unsigned long long)host_bytes);
  d->host_bytes = host_bytes;
  *out_host = d->host;
  return GCUT_OK;
}

void gcut__cpu_device_adopt(gcut__device *device, void *memory, uint64_t bytes) {
  cpu_device *d = (cpu_device *)device;
  d->slab = memory;
  d->slab_bytes = bytes;
  d->adopted = true;
}

static gcut_status cpu_push(gcut__device *device, const void *host, uint64_t offset, uint64_t bytes,
                            gcut_error *err) {
  (void)err;
  memcpy(((cpu_device *)device)->slab + offset, host, bytes);
  return GCUT_OK;
}

static gcut_status cpu_pull(gcut__device *device, uint64_t offset, void *host, uint64_t bytes,
                            gcut_error *err) {
  (void)err;
  memcpy(host, ((cpu_device *)device)->slab + offset, bytes);
  return GCUT_OK;
}

// ---- weights ----------------------------------------------------------------------------------

typedef struct weights_state {
  uint32_t n;
  gcut_tensor *tensors[]; // [n]
} weights_state;

static bool is_aligned(const gcut_constant *k) {
  unsigned bits = gcut_dtype_bits(k->type);
  return bits <= 8 || (uintptr_t)k->data % (bits / 8) == 0;
}

// The tensor of one weight: in place, in the slab, or (read in place but not aligned) on the heap.
static gcut_status weight_tensor(const cpu_device *d, const gcut__part_weights *w, uint32_t i,
                                 uint64_t range, gcut_tensor **out, gcut_error *err) {
  const gcut_constant *k = w->constants[i];
  if (is_aligned(k) || range == GCUT_ON_HEAP || w->offsets[i] == GCUT_ON_HEAP)
    return gcut_cpu_constant_tensor(w->graph, k, out, err);
  uint8_t *copy = d->slab + range + w->offsets[i];
  memcpy(copy, k->data, k->bytes);
  return gcut_tensor_wrap(k->type, k->rank, k->dims, copy, out, err);
}

static gcut_status read_pages(const gcut__part_weights *w, uint32_t i, gcut_error *err) {
  const gcut_constant *k = w->constants[i];
  if (k->file == GCUT_NONE || k->bytes == 0) return GCUT_OK;
  return gcut__pages_read(k->data, k->bytes, w->graph->files[k->file].path, err);
}

static void cpu_unload(gcut__device *device, gcut__part_weights *w) {
  (void)device;
  weights_state *s = w->state;
  for (uint32_t i = 0; s && i < s->n; i++) {
    gcut_tensor_unref(s->tensors[i]);
    if (w->constants[i]->file != GCUT_NONE)
      gcut__pages_drop(w->constants[i]->data, w->constants[i]->bytes);
  }
  free(s);
  w->state = NULL;
}

static gcut_status load_weights(cpu_device *d, gcut__part_weights *w, uint64_t range,
                                gcut_error *err) {
  weights_state *s = w->state = calloc(1, sizeof *s + w->n * sizeof *s->tensors);
  if (!s) return GCUT_NO_MEMORY(err);
  s->n = w->n;
  for (uint32_t i = 0; i < w->n; i++) {
    if (range != GCUT_ON_HEAP && w->offsets[i] != GCUT_ON_HEAP) GCUT_TRY(read_pages(w, i, err));
    GCUT_TRY(weight_tensor(d, w, i, range, &s->tensors[i], err));
  }
  return GCUT_OK;
}

static gcut_status cpu_load(gcut__device *device, gcut__part_weights *w, uint64_t offset,
                            gcut_error *err) {
  return load_weights((cpu_device *)device, w, offset, err);
}

// ---- running a part ---------------------------------------------------------------------------

typedef struct running {
  cpu_device *device;
  const cpu_program *program;
  const gcut__run_args *args;
  const gcut__layout_step *step;
} running;

static const gcut__operand *find_operand(const running *r, uint32_t value) {
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (r->args->operands[i].value == value) return &r->args->operands[i];
  return NULL;
}

// Where a value of the part belongs, or NULL: the heap, or a view of something.
static uint8_t *place_of(const running *r, const gcut__home *home) {
  if (home->kind == GCUT__HOME_WORKSPACE)
    return r->device->slab + r->args->workspace + home->offset;
  if (home->kind != GCUT__HOME_OUTPUT) return NULL;
  const gcut__operand *o = find_operand(r, home->value);
  return o && o->offset != GCUT_ON_HEAP ? r->device->slab + o->offset : NULL;
}

static void *place(void *context, uint32_t value, uint64_t bytes) {
  const running *r = context;
  for (uint32_t i = 0; i < r->step->n_homes; i++) {
    const gcut__home *home = &r->program->layout.homes[r->step->first_home + i];
    if (home->value == value) return home->bytes == bytes ? place_of(r, home) : NULL;
  }
  return NULL;
}

static bool lies_in_slab(const cpu_device *d, const void *data) {
  return (uintptr_t)data - (uintptr_t)d->slab < d->slab_bytes;
}

// A tensor that does not depend on the slab: itself, or a copy.
static gcut_status detach(const cpu_device *d, gcut_tensor *t, gcut_tensor **out, gcut_error *err);

static gcut_status detach_sequence(const cpu_device *d, gcut_tensor *t, gcut_tensor **out,
                                   gcut_error *err) {
  gcut_tensor **items = calloc(t->n_items + 1, sizeof *items);
  gcut_status status = items ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < t->n_items && status == GCUT_OK; i++)
    status = detach(d, t->items[i], &items[i], err);
  if (status == GCUT_OK) status = gcut_tensor_sequence(t->type, items, t->n_items, out, err);
  for (size_t i = 0; items && i < t->n_items; i++) gcut_tensor_unref(items[i]);
  free(items);
  return status;
}

static gcut_status detach(const cpu_device *d, gcut_tensor *t, gcut_tensor **out, gcut_error *err) {
  if (t->kind == GCUT_KIND_SEQUENCE) return detach_sequence(d, t, out, err);
  if (t->kind != GCUT_KIND_TENSOR || !t->data || !lies_in_slab(d, t->data)) {
    *out = gcut_tensor_ref(t);
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_create_uninitialized(t->type, t->rank, t->dims, out, err));
  memcpy((*out)->data, t->data, t->bytes);
  return GCUT_OK;
}

// Replaces a value by a tensor at its place: kernels may hand an input on, or make a view.
static gcut_status move_home(const running *r, const gcut__home *home, uint8_t *target,
                             gcut_error *err) {
  gcut_cpu_env *env = &r->device->env;
  gcut_tensor *t = env->values[home->value], *moved;
  if (t->kind != GCUT_KIND_TENSOR || t->bytes != home->bytes)
    return GCUT_FAIL(err, GCUT_DEVICE, "value '%.200s' has %llu bytes, expected %llu",
                     env->graph->values[home->value].name, (unsigned long long)t->bytes,
                     (unsigned long long)home->bytes);
  if (t->bytes == 0 || t->data == target) return GCUT_OK;
  memmove(target, t->data, t->bytes);
  GCUT_TRY(gcut_tensor_wrap(t->type, t->rank, t->dims, target, &moved, err));
  gcut_cpu_env_set(env, home->value, moved);
  gcut_tensor_unref(moved);
  return GCUT_OK;
}

static gcut_status settle_heap(const running *r, const gcut__home *home, gcut_error *err) {
  gcut_cpu_env *env = &r->device->env;
  gcut_tensor *own;
  GCUT_TRY(detach(r->device, env->values[home->value], &own, err));
  gcut_cpu_env_set(env, home->value, own);
  const gcut__operand *o = find_operand(r, home->value);
  if (o && o->output && o->heap)
    *o->heap = own;
  else
    gcut_tensor_unref(own);
  return GCUT_OK;
}

// After a node: every output where the layout has it.
static gcut_status settle(const running *r, gcut_error *err) {
  for (uint32_t i = 0; i < r->step->n_homes; i++) {
    const gcut__home *home = &r->program->layout.homes[r->step->first_home + i];
    uint8_t *target = place_of(r, home);
    if (!r->device->env.values[home->value]) continue;
    if (target)
      GCUT_TRY(move_home(r, home, target, err));
    else if (home->kind == GCUT__HOME_HEAP)
      GCUT_TRY(settle_heap(r, home, err));
  }
  return GCUT_OK;
}

static gcut_status run_step(running *r, gcut_error *err) {
  GCUT_TRY(gcut_cpu_run_node(r->device->runner, &r->device->env, r->step->node, err));
  GCUT_TRY(settle(r, err));
  for (uint32_t i = 0; i < r->step->n_drops; i++)
    gcut_cpu_env_set(&r->device->env, r->program->layout.drops[r->step->first_drop + i], NULL);
  return GCUT_OK;
}

static gcut_status set_input(const running *r, const gcut__operand *o, gcut_error *err) {
  gcut_cpu_env *env = &r->device->env;
  const gcut_type *type = &r->program->base.trace->facts[o->value].type;
  gcut_tensor *t;
  if (o->offset == GCUT_ON_HEAP) {
    gcut_cpu_env_set(env, o->value, *o->heap);
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_wrap((gcut_dtype)type->type, type->rank, type->dims,
                            r->device->slab + o->offset, &t, err));
  gcut_cpu_env_set(env, o->value, t);
  gcut_tensor_unref(t);
  return GCUT_OK;
}

static gcut_status bind(const running *r, gcut_error *err) {
  gcut__part_weights *w = r->args->weights;
  gcut_cpu_env *env = &r->device->env;
  if (!w->state) GCUT_TRY(load_weights(r->device, w, GCUT_ON_HEAP, err));
  for (uint32_t i = 0; i < w->n; i++)
    gcut_cpu_env_set(env, w->weights[i].value, ((weights_state *)w->state)->tensors[i]);
  for (uint32_t i = 0; i < r->program->n_constants; i++)
    gcut_cpu_env_set(env, r->program->constants[i].value, r->program->constants[i].tensor);
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (!r->args->operands[i].output) GCUT_TRY(set_input(r, &r->args->operands[i], err));
  return GCUT_OK;
}

static void unbind(const running *r) {
  gcut_cpu_env *env = &r->device->env;
  for (uint32_t i = 0; i < r->args->weights->n; i++)
    gcut_cpu_env_set(env, r->args->weights->weights[i].value, NULL);
  for (uint32_t i = 0; i < r->program->n_constants; i++)
    gcut_cpu_env_set(env, r->program->constants[i].value, NULL);
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (!r->args->operands[i].output) gcut_cpu_env_set(env, r->args->operands[i].value, NULL);
}

static gcut_status run_steps(running *r, gcut_error *err) {
  GCUT_TRY(bind(r, err));
  for (uint32_t s = 0; s < r->program->layout.n_steps; s++) {
    r->step = &r->program->layout.steps[s];
    GCUT_TRY(run_step(r, err));
  }
  unbind(r);
  return GCUT_OK;
}

static gcut_status cpu_run(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  cpu_device *d = (cpu_device *)device;
  running r = {.device = d, .program = (const cpu_program *)args->program, .args = args};
  if (!d->has_env) GCUT_TRY(gcut_cpu_env_create(args->program->trace->graph, &d->env, err));
  d->has_env = true;
  d->env.place = place;
  d->env.place_context = &r;
  gcut_status status = run_steps(&r, err);
  d->env.place = NULL;
  d->env.place_context = NULL;
  return status;
}

// ---- the device -------------------------------------------------------------------------------

static void cpu_destroy(gcut__device *device) {
  cpu_device *d = (cpu_device *)device;
  if (d->has_env) gcut_cpu_env_free(&d->env);
  gcut_cpu_runner_destroy(d->runner);
  if (d->slab && !d->adopted) munmap(d->slab, d->slab_bytes);
  if (d->host) munmap(d->host, d->host_bytes);
  free(d);
}

// "AMD EPYC 9R14, 2 cores"
static void describe(char *text, size_t size) {
  char line[256], *colon;
  FILE *file = fopen("/proc/cpuinfo", "r");
  snprintf(text, size, "CPU, %ld cores", sysconf(_SC_NPROCESSORS_ONLN));
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, "model name", 10) || !(colon = strchr(line, ':'))) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(text, size, "%s, %ld cores", colon + 2, sysconf(_SC_NPROCESSORS_ONLN));
    break;
  }
  if (file) fclose(file);
}

// Without measuring: what cores like today's do. The host is the same machine; it counts as a
// little slower, so that nothing prefers it to the device that it is.
static gcut_status cpu_profile(gcut__device *device, gcut_profile *out, gcut_error *err) {
  (void)device, (void)err;
  double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
  gcut_engine engine = {.memory_bytes =
                            (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE),
                        .memory_rate = 20e9,
                        .flops_f32 = 30e9 * cores,
                        .flops_f16 = 25e9 * cores,
                        .flops_bf16 = 20e9 * cores,
                        .node_seconds = 1e-6};
  gcut_wire wire = {.rate = 10e9, .both_rate = 8e9};
  *out = (gcut_profile){.name = "cpu",
                        .device = engine,
                        .host = engine,
                        .up = wire,
                        .down = wire,
                        .mapped_rate = 10e9,
                        .copy_seconds = 1e-6,
                        .disk_read_rate = 1.5e9,
                        .disk_write_rate = 0.5e9};
  out->host.flops_f32 *= 0.9, out->host.flops_f16 *= 0.9, out->host.flops_bf16 *= 0.9;
  out->host.memory_rate *= 0.9;
  return GCUT_OK;
}

static gcut_status cpu_measure(gcut__device *device, gcut_profile *out, char *description,
                               size_t size, gcut_error *err) {
  (void)device;
  *out = (gcut_profile){.name = "cpu"};
  describe(description, size);
  GCUT_TRY(gcut__measure_host(out, err));
  GCUT_TRY(gcut__measure_copies(out, err));
  out->device = out->host;
  return GCUT_OK;
}

static const gcut__device_ops cpu_ops = {
    .name = "cpu",
    .destroy = cpu_destroy,
    .compile = cpu_compile,
    .program_destroy = cpu_program_destroy,
    .profile = cpu_profile,
    .measure = cpu_measure,
    .reserve = cpu_reserve,
    .load = cpu_load,
    .unload = cpu_unload,
    .push = cpu_push,
    .pull = cpu_pull,
    .run = cpu_run,
};

gcut_status gcut__cpu_device_create(gcut__device **out_device, gcut_error *err) {
  cpu_device *d = calloc(1, sizeof *d);
  *out_device = NULL;
  if (!d) return GCUT_NO_MEMORY(err);
  d->base.ops = &cpu_ops;
  gcut_status status = gcut_cpu_runner_create(&d->runner, err);
  if (status == GCUT_OK)
    *out_device = &d->base;
  else
    cpu_destroy(&d->base);
  return status;
}
