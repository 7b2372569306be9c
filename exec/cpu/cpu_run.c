// Running a part on a batch: node by node (a group that is one step at its last), every value where
// the layout and the schedule have it.
#include <stdlib.h>
#include <string.h>

#include "exec/cpu/cpu_device.h"
#include "exec/cpu/order.h"
#include "tracer/base/error.h"

typedef struct running {
  gcut__cpu_device *device;
  const gcut__cpu_program *program;
  const gcut__run_args *args;
  const gcut__layout_step *step;
} running;

static const gcut__operand *find_operand(const running *r, uint32_t value) {
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (r->args->operands[i].value == value) return &r->args->operands[i];
  return NULL;
}

static bool is_kept(const running *r, const gcut__home *home) {
  return r->args->prepared != GCUT_NOT_PREPARED && home->prepared != GCUT_NOT_PREPARED;
}

static uint8_t *kept_place(const running *r, const gcut__home *home) {
  return r->device->slab + r->args->prepared + home->prepared;
}

// Where a value of the part belongs, or NULL: the heap, or a view of something.
static uint8_t *place_of(const running *r, const gcut__home *home) {
  if (home->kind == GCUT__HOME_WORKSPACE)
    return is_kept(r, home) ? kept_place(r, home)
                            : r->device->slab + r->args->workspace + home->offset;
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

static bool lies_in_slab(const gcut__cpu_device *d, const void *data) {
  return (uintptr_t)data - (uintptr_t)d->slab < d->slab_bytes;
}

// A tensor that does not depend on the slab: itself, or a copy.
static gcut_status detach(const gcut__cpu_device *d, gcut_tensor *t, gcut_tensor **out,
                          gcut_error *err);

// Of a sequence, or of a map.
static gcut_status detach_items(const gcut__cpu_device *d, gcut_tensor *t, gcut_tensor **out,
                                gcut_error *err) {
  gcut_tensor **items = calloc(t->n_items + 1, sizeof *items);
  gcut_status status = items ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < t->n_items && status == GCUT_OK; i++)
    status = detach(d, t->items[i], &items[i], err);
  if (status == GCUT_OK)
    status = t->kind == GCUT_KIND_MAP ? gcut_tensor_map(items[0], items[1], out, err)
                                      : gcut_tensor_sequence(t->type, items, t->n_items, out, err);
  for (size_t i = 0; items && i < t->n_items; i++) gcut_tensor_unref(items[i]);
  free(items);
  return status;
}

static gcut_status detach(const gcut__cpu_device *d, gcut_tensor *t, gcut_tensor **out,
                          gcut_error *err) {
  if (t->n_items > 0) return detach_items(d, t, out, err);
  if (t->kind != GCUT_KIND_TENSOR || !t->data || !lies_in_slab(d, t->data)) {
    *out = gcut_tensor_ref(t);
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_create_uninitialized(t->type, t->rank, t->dims, out, err));
  if (t->bytes > 0) memcpy((*out)->data, t->data, t->bytes);
  return GCUT_OK;
}

// Replaces a value by a tensor at its place: kernels may hand an input on, or make a view.
static gcut_status move_home(const running *r, const gcut__home *home, uint8_t *target,
                             gcut_error *err) {
  gcut__cpu_env *env = &r->device->env;
  gcut_tensor *t = env->values[home->value], *moved;
  if (t->kind != GCUT_KIND_TENSOR || t->bytes != home->bytes)
    return GCUT_FAIL(err, GCUT_DEVICE, "value '%.200s' has %llu bytes, expected %llu",
                     env->graph->values[home->value].name, (unsigned long long)t->bytes,
                     (unsigned long long)home->bytes);
  if (t->bytes == 0 || t->data == target) return GCUT_OK;
  memmove(target, t->data, t->bytes);
  GCUT_TRY(gcut_tensor_wrap(t->type, t->rank, t->dims, target, &moved, err));
  bool turned = env->turned[home->value];
  gcut__cpu_env_set(env, home->value, moved);
  env->turned[home->value] = turned;
  gcut_tensor_unref(moved);
  return GCUT_OK;
}

static gcut_status settle_heap(const running *r, const gcut__home *home, gcut_error *err) {
  gcut__cpu_env *env = &r->device->env;
  gcut_tensor *own;
  GCUT_TRY(detach(r->device, env->values[home->value], &own, err));
  gcut__cpu_env_set(env, home->value, own);
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
    if (home->kind != GCUT__HOME_WORKSPACE || is_kept(r, home))
      GCUT_TRY(gcut__cpu_straighten(&r->device->env, home->value, err));
    if (target)
      GCUT_TRY(move_home(r, home, target, err));
    else if (home->kind == GCUT__HOME_HEAP)
      GCUT_TRY(settle_heap(r, home, err));
  }
  return GCUT_OK;
}

static gcut_status run_nodes(running *r, gcut_error *err) {
  const gcut_trace *trace = r->program->base.trace;
  gcut__cpu_device *d = r->device;
  if (r->step->fusion == GCUT_NONE)
    return gcut__cpu_run_node(d->runner, &d->env, r->step->node, err);
  const gcut_fused *group = &trace->fused[trace->fused_of[r->step->node]];
  return gcut__cpu_run_group(d->runner, &d->env, trace, group, err);
}

static void drop_values(const running *r) {
  for (uint32_t i = 0; i < r->step->n_drops; i++)
    gcut__cpu_env_set(&r->device->env, r->program->layout.drops[r->step->first_drop + i], NULL);
}

static gcut_status run_step(running *r, gcut_error *err) {
  GCUT_TRY(run_nodes(r, err));
  GCUT_TRY(settle(r, err));
  for (uint32_t i = 0; r->step->of_weights && i < r->step->n_homes; i++)
    r->device->env.fixed[r->program->layout.homes[r->step->first_home + i].value] = true;
  drop_values(r);
  return GCUT_OK;
}

static gcut_status set_input(const running *r, const gcut__operand *o, gcut_error *err) {
  gcut__cpu_env *env = &r->device->env;
  const gcut_type *type = &r->program->base.trace->facts[o->value].type;
  gcut_tensor *t;
  if (o->offset == GCUT_ON_HEAP) {
    gcut__cpu_env_set(env, o->value, *o->heap);
    return GCUT_OK;
  }
  GCUT_TRY(gcut_tensor_wrap((gcut_dtype)type->type, type->rank, type->dims,
                            r->device->slab + o->offset, &t, err));
  gcut__cpu_env_set(env, o->value, t);
  gcut_tensor_unref(t);
  return GCUT_OK;
}

static gcut_status set_kept(const running *r, const gcut__home *home, gcut_error *err) {
  const gcut_type *type = &r->program->base.trace->facts[home->value].type;
  gcut_tensor *t;
  GCUT_TRY(gcut_tensor_wrap((gcut_dtype)type->type, type->rank, type->dims, kept_place(r, home), &t,
                            err));
  gcut__cpu_env_set(&r->device->env, home->value, t);
  r->device->env.fixed[home->value] = true;
  gcut_tensor_unref(t);
  return GCUT_OK;
}

// What was prepared is there from the start.
static gcut_status bind_kept(const running *r, gcut_error *err) {
  const gcut__layout *l = &r->program->layout;
  for (uint32_t i = 0; i < l->n_homes; i++)
    if (is_kept(r, &l->homes[i])) GCUT_TRY(set_kept(r, &l->homes[i], err));
  return GCUT_OK;
}

static gcut_status bind(const running *r, gcut_error *err) {
  gcut__part_weights *w = r->args->weights;
  gcut__cpu_env *env = &r->device->env;
  if (!w->state) GCUT_TRY(gcut__cpu_load_weights(r->device, w, GCUT_ON_HEAP, err));
  env->shelf = &((gcut__cpu_weights *)w->state)->shelf;
  // What a constant of another class of shapes was made into may differ.
  if (env->shelf->owner != r->program) gcut__cpu_shelf_clear(env->shelf);
  env->shelf->owner = r->program;
  for (uint32_t i = 0; i < w->n; i++)
    gcut__cpu_env_set(env, w->weights[i].value, ((gcut__cpu_weights *)w->state)->tensors[i]);
  for (uint32_t i = 0; i < r->program->n_constants; i++)
    gcut__cpu_env_set(env, r->program->constants[i].value, r->program->constants[i].tensor);
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (!r->args->operands[i].output) GCUT_TRY(set_input(r, &r->args->operands[i], err));
  return GCUT_OK;
}

// What the device's one environment borrows of a part for the time that it runs.
static void lend(running *r) {
  gcut__cpu_env *env = &r->device->env;
  env->place = place;
  env->place_context = r;
  env->trace = r->program->base.trace;
}

static void take_back(gcut__cpu_env *env) {
  env->place = NULL;
  env->place_context = NULL;
  env->trace = NULL;
  env->shelf = NULL;
}

static void unbind(const running *r) {
  gcut__cpu_env *env = &r->device->env;
  for (uint32_t i = 0; i < r->args->weights->n; i++)
    gcut__cpu_env_set(env, r->args->weights->weights[i].value, NULL);
  for (uint32_t i = 0; i < r->program->n_constants; i++)
    gcut__cpu_env_set(env, r->program->constants[i].value, NULL);
  for (uint32_t i = 0; i < r->args->n_operands; i++)
    if (!r->args->operands[i].output) gcut__cpu_env_set(env, r->args->operands[i].value, NULL);
  for (uint32_t i = 0; i < r->program->layout.n_homes; i++)
    if (is_kept(r, &r->program->layout.homes[i]))
      gcut__cpu_env_set(env, r->program->layout.homes[i].value, NULL);
}

// Whether PREPARE has done the step. A view of a weight is yet to be made.
static bool is_prepared(const running *r, const gcut__layout_step *step) {
  const gcut__home *home = &r->program->layout.homes[step->first_home];
  return step->of_weights && r->args->prepared != GCUT_NOT_PREPARED &&
         (home->kind != GCUT__HOME_VIEW || is_kept(r, home));
}

static gcut_status run_steps(running *r, gcut_error *err) {
  GCUT_TRY(bind(r, err));
  GCUT_TRY(bind_kept(r, err));
  for (uint32_t s = 0; s < r->program->layout.n_steps; s++) {
    r->step = &r->program->layout.steps[s];
    if (is_prepared(r, r->step))
      drop_values(r);
    else
      GCUT_TRY(run_step(r, err));
  }
  unbind(r);
  return GCUT_OK;
}

static gcut_status prepare_steps(running *r, gcut_error *err) {
  GCUT_TRY(bind(r, err));
  for (uint32_t s = 0; s < r->program->layout.n_steps; s++) {
    r->step = &r->program->layout.steps[s];
    if (r->step->of_weights) GCUT_TRY(run_step(r, err));
  }
  unbind(r);
  return GCUT_OK;
}

static gcut_status make_env(gcut__cpu_device *d, const gcut_graph *graph, gcut_error *err) {
  if (d->has_env) return GCUT_OK;
  size_t n = (size_t)graph->n_values + 1;
  bool *marks = calloc(2 * n, sizeof *marks);
  if (!marks) return GCUT_NO_MEMORY(err);
  gcut_status status = gcut__cpu_env_create(graph, &d->env, err);
  d->env.turned = marks;
  d->env.fixed = marks + n;
  d->has_env = status == GCUT_OK;
  return status;
}

static gcut_status run(gcut__device *device, const gcut__run_args *args,
                       gcut_status (*steps)(running *, gcut_error *), gcut_error *err) {
  gcut__cpu_device *d = (gcut__cpu_device *)device;
  running r = {.device = d, .program = (const gcut__cpu_program *)args->program, .args = args};
  GCUT_TRY(make_env(d, args->program->trace->graph, err));
  lend(&r);
  gcut_status status = steps(&r, err);
  take_back(&d->env);
  return status;
}

gcut_status gcut__cpu_prepare(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  return run(device, args, prepare_steps, err);
}

gcut_status gcut__cpu_run(gcut__device *device, const gcut__run_args *args, gcut_error *err) {
  return run(device, args, run_steps, err);
}
