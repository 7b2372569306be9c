// From an arrangement to commands: the one loop behind all strategies.
//
//   for each step (a part on some batches): issue the loads whose slots are free;
//     for each batch: bring its inputs, run, take its outputs away, drop what nobody reads again.
//
// Commands of different queues run at the same time, as far as waits allow, and waits come from the
// ranges alone (exec/schedule.c); so nothing here needs to look ahead: the push of the next batch
// is issued after this batch's run and still overlaps it.
//
// Values have up to three homes: the device, the host, the spill file. When one is full, the value
// whose next use is farthest leaves: the best there is when the future is known (Belady, 1966), and
// here it is.
#include <stdlib.h>
#include <string.h>

#include "exec/offload/offload.h"
#include "tracer/base/spans.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

#define NEVER UINT64_MAX

// Values that stay in a space of limited size.
typedef struct shelf {
  gcut__pool pool;
  uint32_t *items; // [n] instances
  uint32_t *index; // [n_instances] place in items, or GCUT_NONE
  uint32_t n;
} shelf;

// Host memory that was given up a moment ago. Handing it out at once would make what fills it wait
// for what still drains it; so, where host memory is not short, it rests for some runs.
typedef struct resting {
  uint64_t offset, bytes, until; // runs
} resting;

typedef struct weaver {
  const gcut_problem *problem;
  const gcut__policy *policy;
  const gcut__arrangement *plan;
  gcut__builder *builder;
  gcut_arena *arena;
  gcut_error *err;
  uint32_t *handles[GCUT_N_SPACES]; // [n_activations * n_batches] allocation, or GCUT_NONE
  shelf parked, host, file;
  resting *resting; // from first_resting to n_resting
  uint32_t n_resting, first_resting, resting_capacity;
  uint32_t *weights;   // [n_parts] allocation, or GCUT_NONE
  uint32_t *unloaded;  // [n_parts] DROP of its weights, or GCUT_NONE
  uint32_t *freed;     // [n_activations * n_batches] DROP from the heap, or GCUT_NONE
  bool *read;          // [n_batches] in this pass
  bool *written;       // [n_batches]
  uint32_t first_read; // the first part that reads inputs of the graph, or GCUT_NONE
  uint32_t last_fetch; // part after which all outputs of a batch are there
  uint32_t n_loaded;   // streamed loads issued
  uint32_t next_step;  // whose loads were not looked at yet
  uint32_t n_runs;
  const gcut__step *step; // current
  uint32_t batch;
  uint64_t cursor; // next free byte of the current batch's buffer
} weaver;

// ---- instances: a value of a batch ------------------------------------------------------------

static uint32_t instance_of(const weaver *w, uint32_t activation, uint32_t batch) {
  return activation * w->problem->n_batches + batch;
}
static uint32_t activation_of(const weaver *w, uint32_t instance) {
  return instance / w->problem->n_batches;
}
static uint32_t batch_of(const weaver *w, uint32_t instance) {
  return instance % w->problem->n_batches;
}
static const gcut_activation *value_of(const weaver *w, uint32_t instance) {
  return &w->problem->activations[activation_of(w, instance)];
}
static gcut_form form_of(const weaver *w, uint32_t instance) {
  return (gcut_form)value_of(w, instance)->forms[w->problem->classes[batch_of(w, instance)]];
}
static uint64_t bytes_of(const weaver *w, uint32_t instance) {
  return value_of(w, instance)->bytes[w->problem->classes[batch_of(w, instance)]];
}
static bool is_in(const weaver *w, gcut_space space, uint32_t instance) {
  return w->handles[space][instance] != GCUT_NONE;
}
static bool is_wanted(const weaver *w, const gcut_activation *a) { // as an output of this pass
  return a->fetched && w->step->pass == w->problem->n_passes - 1;
}

// When a value is read next after (`part`, `batch`), in an order that all values share; NEVER.
static uint64_t next_use(const weaver *w, uint32_t instance, uint32_t part, uint32_t batch) {
  const gcut_activation *a = value_of(w, instance);
  uint32_t b = batch_of(w, instance), after = b > batch ? part : part + 1;
  uint64_t n = w->problem->n_batches;
  for (uint32_t i = 0; i < a->n_readers; i++)
    if (a->readers[i] >= after) return a->readers[i] * n + b;
  if (is_wanted(w, a) && !w->written[b]) return w->last_fetch * n + b;
  return NEVER;
}

// ---- shelves ----------------------------------------------------------------------------------

static void shelf_add(shelf *s, uint32_t instance) {
  s->index[instance] = s->n;
  s->items[s->n++] = instance;
}

static void shelf_remove(shelf *s, uint32_t instance) {
  uint32_t at = s->index[instance];
  if (at == GCUT_NONE) return;
  s->items[at] = s->items[--s->n];
  s->index[s->items[at]] = at;
  s->index[instance] = GCUT_NONE;
}

static uint64_t range_of(const weaver *w, gcut_space space, uint32_t instance) {
  return gcut__offset(w->builder, w->handles[space][instance]);
}

static shelf *shelf_of(weaver *w, gcut_space space) {
  return space == GCUT_SPACE_DEVICE  ? &w->parked
         : space == GCUT_SPACE_HOST  ? &w->host
         : space == GCUT_SPACE_SPILL ? &w->file
                                     : NULL;
}

// ---- drops ------------------------------------------------------------------------------------

enum { REST = 2 }; // runs

static gcut_status give_host(weaver *w, uint64_t offset, uint64_t bytes) {
  if (w->problem->host_budget) return gcut__pool_give(&w->host.pool, offset, bytes);
  if (!gcut_vector_reserve((void **)&w->resting, &w->resting_capacity, w->n_resting, 1,
                           sizeof *w->resting))
    return GCUT_NOMEM;
  w->resting[w->n_resting++] = (resting){offset, bytes, w->n_runs + REST};
  return GCUT_OK;
}

// Hands out again what has rested.
static gcut_status wake_host(weaver *w) {
  for (; w->first_resting < w->n_resting; w->first_resting++) {
    const resting *r = &w->resting[w->first_resting];
    if (r->until > w->n_runs) return GCUT_OK;
    GCUT_TRY(gcut__pool_give(&w->host.pool, r->offset, r->bytes));
  }
  w->first_resting = w->n_resting = 0;
  return GCUT_OK;
}

static gcut_status drop(weaver *w, gcut_space space, uint32_t instance) {
  shelf *s = shelf_of(w, space);
  uint32_t handle = w->handles[space][instance];
  if (handle == GCUT_NONE) return GCUT_OK;
  uint32_t command = gcut__drop(w->builder, space, handle, GCUT_NONE, activation_of(w, instance),
                                batch_of(w, instance));
  if (space == GCUT_SPACE_HEAP) w->freed[instance] = command;
  w->handles[space][instance] = GCUT_NONE;
  if (!s || s->index[instance] == GCUT_NONE) return GCUT_OK;
  shelf_remove(s, instance);
  if (space == GCUT_SPACE_HOST)
    return give_host(w, gcut__offset(w->builder, handle), bytes_of(w, instance));
  uint64_t base = space == GCUT_SPACE_DEVICE ? w->plan->parked_at : 0;
  return gcut__pool_give(&s->pool, gcut__offset(w->builder, handle) - base, bytes_of(w, instance));
}

// Drops a value everywhere once nothing will read it.
static gcut_status release(weaver *w, uint32_t instance) {
  if (next_use(w, instance, w->step->part, w->batch) != NEVER) return GCUT_OK;
  for (int space = 0; space < GCUT_N_SPACES; space++)
    GCUT_TRY(drop(w, (gcut_space)space, instance));
  return GCUT_OK;
}

// ---- moves ------------------------------------------------------------------------------------

// One command that copies a value to a range of another space.
static void move(weaver *w, gcut_command_kind kind, gcut_queue queue, gcut_space from,
                 gcut_space to, uint32_t instance, uint64_t offset) {
  gcut_command *c = gcut__begin(w->builder, kind, queue);
  c->activation = activation_of(w, instance);
  c->batch = batch_of(w, instance);
  c->bytes = bytes_of(w, instance);
  c->from = range_of(w, from, instance);
  c->to = offset;
  gcut__use(w->builder, w->handles[from][instance]);
  w->handles[to][instance] = gcut__claim(w->builder, to, offset, c->bytes);
  gcut__commit(w->builder);
}

static gcut_status spill(weaver *w, uint32_t instance) {
  bool parked = w->parked.index[instance] != GCUT_NONE;
  if (!is_in(w, GCUT_SPACE_SPILL, instance) && !parked) {
    uint64_t offset;
    GCUT_TRY(gcut__pool_take(&w->file.pool, bytes_of(w, instance), &offset));
    move(w, GCUT_SPILL, GCUT_QUEUE_DISK, GCUT_SPACE_HOST, GCUT_SPACE_SPILL, instance, offset);
    shelf_add(&w->file, instance);
  }
  return drop(w, GCUT_SPACE_HOST, instance);
}

// What the command being made needs must not leave.
static bool is_pinned(uint32_t instance, const uint32_t *pins, uint32_t n_pins) {
  for (uint32_t i = 0; i < n_pins; i++)
    if (pins[i] == instance) return true;
  return false;
}

static uint32_t farthest(const weaver *w, const shelf *s, const uint32_t *pins, uint32_t n_pins,
                         uint64_t *out_use) {
  uint32_t victim = GCUT_NONE;
  *out_use = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    uint64_t use = next_use(w, s->items[i], w->step->part, w->batch);
    if (use < *out_use || (use == *out_use && victim != GCUT_NONE)) continue;
    if (is_pinned(s->items[i], pins, n_pins)) continue;
    victim = s->items[i];
    *out_use = use;
  }
  return victim;
}

// A host range; others leave for the spill file until it fits.
static gcut_status take_host(weaver *w, uint64_t bytes, const uint32_t *pins, uint32_t n_pins,
                             const char *what, uint64_t *out_offset) {
  for (;;) {
    gcut_status status = gcut__pool_take(&w->host.pool, bytes, out_offset);
    if (status != GCUT_BUDGET) return status;
    uint64_t use;
    uint32_t victim = farthest(w, &w->host, pins, n_pins, &use);
    if (victim == GCUT_NONE)
      return GCUT_FAIL(w->err, GCUT_BUDGET,
                       "host budget of %llu bytes: '%s' needs %llu bytes of host memory beside "
                       "what is in use with it",
                       (unsigned long long)w->problem->host_budget, what,
                       (unsigned long long)bytes);
    GCUT_TRY(spill(w, victim));
  }
}

static gcut_status pull(weaver *w, uint32_t instance) {
  uint64_t offset;
  if (is_in(w, GCUT_SPACE_HOST, instance)) return GCUT_OK;
  GCUT_TRY(take_host(w, bytes_of(w, instance), &instance, 1, value_of(w, instance)->name, &offset));
  move(w, GCUT_PULL, GCUT_QUEUE_DOWN, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST, instance, offset);
  shelf_add(&w->host, instance);
  return GCUT_OK;
}

// ---- operands of commands ---------------------------------------------------------------------

// The command fills the value in `home` at `offset`, or on the heap.
static void claim_operand(weaver *w, uint32_t instance, gcut_space home, uint64_t offset,
                          bool output) {
  bool heap = form_of(w, instance) == GCUT_FORM_HEAP;
  gcut_space space = heap ? GCUT_SPACE_HEAP : home;
  if (heap) offset = GCUT_ON_HEAP;
  if (heap) gcut__after_command(w->builder, w->freed[instance]);
  w->handles[space][instance] =
      gcut__claim(w->builder, space, offset, heap ? 0 : bytes_of(w, instance));
  gcut__add_place(w->builder, activation_of(w, instance), output, offset);
}

// The command reads the value in `home`, or on the heap.
static void use_operand(weaver *w, uint32_t instance, gcut_space home) {
  bool heap = form_of(w, instance) == GCUT_FORM_HEAP;
  gcut_space space = heap ? GCUT_SPACE_HEAP : home;
  gcut__use(w->builder, w->handles[space][instance]);
  gcut__add_place(w->builder, activation_of(w, instance), false,
                  heap ? GCUT_ON_HEAP : range_of(w, space, instance));
}

// ---- batches in -------------------------------------------------------------------------------

static bool is_batch_input(const weaver *w, uint32_t activation, uint32_t batch) {
  uint32_t instance = instance_of(w, activation, batch);
  return w->problem->activations[activation].producer == GCUT_NONE &&
         form_of(w, instance) != GCUT_FORM_CONSTANT;
}

static uint32_t *collect(const weaver *w, bool (*wanted)(const weaver *, uint32_t, uint32_t),
                         uint32_t batch, uint32_t *out_n) {
  uint32_t *list = GCUT_NEW_ARRAY(w->arena, uint32_t, w->problem->n_activations);
  *out_n = 0;
  for (uint32_t i = 0; list && i < w->problem->n_activations; i++)
    if (wanted(w, i, batch)) list[(*out_n)++] = instance_of(w, i, batch);
  return list;
}

static gcut_status read_batch(weaver *w, uint32_t batch) {
  uint32_t n;
  if (w->read[batch]) return GCUT_OK;
  w->read[batch] = true;
  uint32_t *list = collect(w, is_batch_input, batch, &n);
  uint64_t *offsets = GCUT_NEW_ARRAY(w->arena, uint64_t, n);
  if (!list || !offsets) return GCUT_NO_MEMORY(w->err);
  if (n == 0) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    if (form_of(w, list[i]) == GCUT_FORM_RANGE) {
      GCUT_TRY(
          take_host(w, bytes_of(w, list[i]), list, i, value_of(w, list[i])->name, &offsets[i]));
      shelf_add(&w->host, list[i]);
    }
  gcut_command *c = gcut__begin(w->builder, GCUT_READ, GCUT_QUEUE_DISK);
  c->batch = batch;
  for (uint32_t i = 0; i < n; i++) {
    claim_operand(w, list[i], GCUT_SPACE_HOST, offsets[i], false);
    c->bytes += bytes_of(w, list[i]);
  }
  gcut__commit(w->builder);
  for (uint32_t i = 0; i < n; i++)
    if (value_of(w, list[i])->n_readers == 0) GCUT_TRY(release(w, list[i]));
  return GCUT_OK;
}

// The value is in host memory afterwards.
static gcut_status bring_host(weaver *w, uint32_t instance, const uint32_t *pins, uint32_t n_pins) {
  uint64_t offset;
  if (value_of(w, instance)->producer == GCUT_NONE) GCUT_TRY(read_batch(w, batch_of(w, instance)));
  if (form_of(w, instance) != GCUT_FORM_RANGE || is_in(w, GCUT_SPACE_HOST, instance))
    return GCUT_OK;
  GCUT_TRY(take_host(w, bytes_of(w, instance), pins, n_pins, value_of(w, instance)->name, &offset));
  if (is_in(w, GCUT_SPACE_SPILL, instance))
    move(w, GCUT_UNSPILL, GCUT_QUEUE_DISK, GCUT_SPACE_SPILL, GCUT_SPACE_HOST, instance, offset);
  else
    move(w, GCUT_PULL, GCUT_QUEUE_DOWN, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST, instance, offset);
  shelf_add(&w->host, instance);
  return GCUT_OK;
}

// ---- batches out ------------------------------------------------------------------------------

static bool is_batch_output(const weaver *w, uint32_t activation, uint32_t batch) {
  return w->problem->activations[activation].fetched &&
         form_of(w, instance_of(w, activation, batch)) != GCUT_FORM_CONSTANT;
}

static gcut_status write_batch(weaver *w) {
  uint32_t n;
  uint32_t *list = collect(w, is_batch_output, w->batch, &n);
  if (!list) return GCUT_NO_MEMORY(w->err);
  for (uint32_t i = 0; i < n; i++)
    if (value_of(w, list[i])->producer == GCUT_NONE) GCUT_TRY(read_batch(w, w->batch));
  for (uint32_t i = 0; i < n; i++) GCUT_TRY(bring_host(w, list[i], list, n));
  if (n == 0) return GCUT_OK;
  gcut_command *c = gcut__begin(w->builder, GCUT_WRITE, GCUT_QUEUE_DISK);
  c->batch = w->batch;
  for (uint32_t i = 0; i < n; i++) {
    use_operand(w, list[i], GCUT_SPACE_HOST);
    c->bytes += bytes_of(w, list[i]);
  }
  gcut__commit(w->builder);
  w->written[w->batch] = true;
  for (uint32_t i = 0; i < n; i++) GCUT_TRY(release(w, list[i]));
  return GCUT_OK;
}

// ---- operands on the device -------------------------------------------------------------------

static gcut_status unpark(weaver *w, uint32_t instance) {
  if (!is_in(w, GCUT_SPACE_SPILL, instance)) GCUT_TRY(pull(w, instance));
  return drop(w, GCUT_SPACE_DEVICE, instance);
}

// A range among the parked activations for a value read again later; false where others are more
// urgent.
static gcut_status park(weaver *w, uint32_t instance, const uint32_t *pins, uint32_t n_pins,
                        bool *out_parked, uint64_t *out_offset) {
  const gcut_activation *a = value_of(w, instance);
  *out_parked = false;
  uint32_t last_reader = a->n_readers ? a->readers[a->n_readers - 1] : 0;
  if (!w->policy->park || a->n_readers == 0 || last_reader <= w->step->part) return GCUT_OK;
  uint64_t use = next_use(w, instance, w->step->part, w->batch);
  if (bytes_of(w, instance) > w->plan->parked_limit) return GCUT_OK;
  for (;;) {
    gcut_status status = gcut__pool_take(&w->parked.pool, bytes_of(w, instance), out_offset);
    if (status == GCUT_OK) break;
    if (status != GCUT_BUDGET) return status;
    uint64_t victim_use;
    uint32_t victim = farthest(w, &w->parked, pins, n_pins, &victim_use);
    if (victim == GCUT_NONE || victim_use <= use) return GCUT_OK;
    GCUT_TRY(unpark(w, victim));
  }
  *out_offset += w->plan->parked_at;
  *out_parked = true;
  return GCUT_OK;
}

static uint64_t take_buffer(weaver *w, uint64_t bytes) {
  uint64_t at = w->cursor;
  w->cursor += gcut_range_bytes(bytes);
  return at;
}

static gcut_status bring_device(weaver *w, uint32_t instance, const uint32_t *pins,
                                uint32_t n_pins) {
  if (form_of(w, instance) != GCUT_FORM_RANGE) return bring_host(w, instance, pins, n_pins);
  if (is_in(w, GCUT_SPACE_DEVICE, instance)) return GCUT_OK;
  GCUT_TRY(bring_host(w, instance, &instance, 1));
  bool parked;
  uint64_t offset;
  GCUT_TRY(park(w, instance, pins, n_pins, &parked, &offset));
  if (!parked) offset = take_buffer(w, bytes_of(w, instance));
  // Parking may have pulled others into host memory and this one out of it.
  GCUT_TRY(bring_host(w, instance, &instance, 1));
  move(w, GCUT_PUSH, GCUT_QUEUE_UP, GCUT_SPACE_HOST, GCUT_SPACE_DEVICE, instance, offset);
  if (parked) shelf_add(&w->parked, instance);
  return GCUT_OK;
}

// ---- a part on a batch ------------------------------------------------------------------------

typedef struct operands {
  uint32_t *instances; // inputs, then outputs; constants left out
  uint64_t *offsets;   // of outputs
  uint32_t n_inputs, n;
} operands;

static bool list_operands(const weaver *w, const gcut_stage *part, operands *o) {
  uint32_t n = part->n_inputs + part->n_outputs;
  *o = (operands){.instances = GCUT_NEW_ARRAY(w->arena, uint32_t, n),
                  .offsets = GCUT_NEW_ARRAY(w->arena, uint64_t, n)};
  if (!o->instances || !o->offsets) return false;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t id = i < part->n_inputs ? part->inputs[i] : part->outputs[i - part->n_inputs];
    uint32_t instance = instance_of(w, id, w->batch);
    if (form_of(w, instance) == GCUT_FORM_CONSTANT) continue;
    o->instances[o->n++] = instance;
    if (i < part->n_inputs) o->n_inputs++;
  }
  return true;
}

static void emit_run(weaver *w, const operands *o, gcut_queue queue, uint64_t workspace) {
  gcut_space home = queue == GCUT_QUEUE_COMPUTE ? GCUT_SPACE_DEVICE : GCUT_SPACE_HOST;
  uint32_t part = w->step->part;
  gcut_command *c = gcut__begin(w->builder, GCUT_RUN, queue);
  c->part = part;
  c->batch = w->batch;
  c->bytes = w->problem->parts[part].work[w->problem->classes[w->batch]].workspace;
  c->to = workspace;
  if (home == GCUT_SPACE_DEVICE && w->plan->weight_bytes[part] > 0) {
    c->from = gcut__offset(w->builder, w->weights[part]);
    gcut__use(w->builder, w->weights[part]);
  }
  for (uint32_t i = 0; i < o->n_inputs; i++) use_operand(w, o->instances[i], home);
  for (uint32_t i = o->n_inputs; i < o->n; i++)
    claim_operand(w, o->instances[i], home, o->offsets[i], true);
  if (c->bytes) gcut__claim(w->builder, home, workspace, c->bytes);
  gcut__commit(w->builder);
}

static gcut_status run_on_device(weaver *w, const operands *o) {
  gcut__buffer_sizes need = gcut__buffer_need(w->plan, w->step->part);
  uint64_t base = gcut__buffer_offset(w->plan, w->step);
  w->cursor = base + (w->n_runs % w->plan->buffers) * need.operands;
  if (w->plan->buffers == 1) w->cursor = base;
  for (uint32_t i = 0; i < o->n_inputs; i++)
    GCUT_TRY(bring_device(w, o->instances[i], o->instances, o->n));
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    if (form_of(w, o->instances[i]) != GCUT_FORM_RANGE) continue;
    bool parked;
    GCUT_TRY(park(w, o->instances[i], o->instances, o->n, &parked, &o->offsets[i]));
    if (parked)
      shelf_add(&w->parked, o->instances[i]);
    else
      o->offsets[i] = take_buffer(w, bytes_of(w, o->instances[i]));
  }
  uint64_t workspace = w->plan->buffers == 1 ? w->cursor : base + w->plan->buffers * need.operands;
  emit_run(w, o, GCUT_QUEUE_COMPUTE, workspace);
  return GCUT_OK;
}

// Outputs that do not stay on the device go to the host; those that the run gives away go in any
// case.
static gcut_status take_outputs(weaver *w, const operands *o) {
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    uint32_t instance = o->instances[i];
    if (form_of(w, instance) != GCUT_FORM_RANGE) continue;
    bool parked = w->parked.index[instance] != GCUT_NONE;
    bool later = next_use(w, instance, w->step->part, w->batch) != NEVER;
    if (is_wanted(w, value_of(w, instance)) || (later && !parked)) GCUT_TRY(pull(w, instance));
    if (!parked) GCUT_TRY(drop(w, GCUT_SPACE_DEVICE, instance));
  }
  return GCUT_OK;
}

static gcut_status run_on_host(weaver *w, const operands *o) {
  for (uint32_t i = 0; i < o->n_inputs; i++)
    GCUT_TRY(bring_host(w, o->instances[i], o->instances, o->n));
  for (uint32_t i = o->n_inputs; i < o->n; i++) {
    if (form_of(w, o->instances[i]) != GCUT_FORM_RANGE) continue;
    GCUT_TRY(take_host(w, bytes_of(w, o->instances[i]), o->instances, o->n,
                       value_of(w, o->instances[i])->name, &o->offsets[i]));
    shelf_add(&w->host, o->instances[i]);
  }
  const gcut_stage *part = &w->problem->parts[w->step->part];
  uint64_t bytes = part->work[w->problem->classes[w->batch]].workspace, workspace = 0;
  if (bytes) GCUT_TRY(take_host(w, bytes, o->instances, o->n, part->name, &workspace));
  emit_run(w, o, GCUT_QUEUE_HOST, workspace);
  return bytes ? give_host(w, workspace, bytes) : GCUT_OK;
}

static gcut_status drop_inputs(weaver *w, const operands *o) {
  for (uint32_t i = 0; i < o->n_inputs; i++) {
    uint32_t instance = o->instances[i];
    GCUT_TRY(release(w, instance));
    if (w->parked.index[instance] == GCUT_NONE) GCUT_TRY(drop(w, GCUT_SPACE_DEVICE, instance));
  }
  return GCUT_OK;
}

static gcut_status run_batch(weaver *w) {
  const gcut_stage *part = &w->problem->parts[w->step->part];
  operands o;
  gcut_arena_reset(w->arena);
  GCUT_TRY(wake_host(w));
  if (!list_operands(w, part, &o)) return GCUT_NO_MEMORY(w->err);
  // While this batch computes the next is read, unless host memory is short.
  if (w->step->part == w->first_read && !w->problem->host_budget) {
    GCUT_TRY(read_batch(w, w->batch));
    if (w->batch + 1 < w->problem->n_batches) GCUT_TRY(read_batch(w, w->batch + 1));
  }
  bool on_host = w->policy->host[w->step->part];
  GCUT_TRY(on_host ? run_on_host(w, &o) : run_on_device(w, &o));
  w->n_runs++;
  GCUT_TRY(drop_inputs(w, &o));
  if (!on_host) GCUT_TRY(take_outputs(w, &o));
  if (w->step->pass == w->problem->n_passes - 1 && w->step->part == w->last_fetch)
    GCUT_TRY(write_batch(w));
  for (uint32_t i = o.n_inputs; i < o.n; i++) GCUT_TRY(release(w, o.instances[i]));
  return GCUT_OK;
}

// ---- weights ----------------------------------------------------------------------------------

static void load(weaver *w, uint32_t part, uint64_t offset) {
  gcut_command *c = gcut__begin(w->builder, GCUT_LOAD, GCUT_QUEUE_WEIGHTS);
  c->part = part;
  c->bytes = w->plan->weight_bytes[part];
  c->to = offset;
  if (w->unloaded[part] != GCUT_NONE) gcut__after_command(w->builder, w->unloaded[part]);
  w->weights[part] = gcut__claim(w->builder, GCUT_SPACE_DEVICE, offset, c->bytes);
  gcut__commit(w->builder);
}

static void unload(weaver *w, uint32_t part) {
  w->unloaded[part] =
      gcut__drop(w->builder, GCUT_SPACE_DEVICE, w->weights[part], part, GCUT_NONE, GCUT_NONE);
  w->weights[part] = GCUT_NONE;
}

// Issues loads in the order in which they are needed, up to the first whose slot is still taken.
static void load_ahead(weaver *w) {
  const gcut__arrangement *a = w->plan;
  for (; w->next_step < a->n_steps; w->next_step++) {
    const gcut__step *s = &a->steps[w->next_step];
    uint32_t pass = s->pass;
    if (a->weight_bytes[s->part] == 0 || w->policy->host[s->part]) continue;
    gcut__set_pass(w->builder, pass);
    if (w->policy->keep[s->part]) {
      if (w->weights[s->part] == GCUT_NONE) load(w, s->part, a->resident_at[s->part]);
      continue;
    }
    if (s->load < w->n_loaded) continue;
    if (s->load >= gcut__loads_allowed(a, w->step)) break;
    load(w, s->part, gcut__load_offset(a, w->n_loaded++));
  }
  gcut__set_pass(w->builder, w->step->pass);
}

// A streamed load is over after the last step that uses it.
static void unload_after(weaver *w, uint32_t step) {
  const gcut__step *s = &w->plan->steps[step];
  if (s->load >= w->plan->n_loads || w->plan->last_steps[s->load] != step) return;
  unload(w, s->part);
}

// ---- the loop ---------------------------------------------------------------------------------

static gcut_status begin_pass(weaver *w, const gcut__step *s) {
  gcut__set_pass(w->builder, s->pass);
  if (s->part == 0 && s->first_batch == 0) memset(w->read, 0, w->problem->n_batches);
  return GCUT_OK;
}

static gcut_status emit(weaver *w) {
  for (uint32_t i = 0; i < w->plan->n_steps; i++) {
    w->step = &w->plan->steps[i];
    GCUT_TRY(begin_pass(w, w->step));
    load_ahead(w);
    for (uint32_t b = 0; b < w->step->n_batches; b++) {
      w->batch = w->step->first_batch + b;
      GCUT_TRY(run_batch(w));
    }
    unload_after(w, i);
  }
  for (uint32_t i = 0; i < w->problem->n_parts; i++)
    if (w->weights[i] != GCUT_NONE) unload(w, i);
  return GCUT_OK;
}

// ---- set up -----------------------------------------------------------------------------------

static uint32_t *none_array(gcut_arena *arena, size_t n) {
  uint32_t *array = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (array) memset(array, 0xff, n * sizeof *array);
  return array;
}

static bool shelf_init(shelf *s, gcut_arena *arena, size_t n, uint64_t limit) {
  s->pool.limit = limit;
  s->items = GCUT_NEW_ARRAY(arena, uint32_t, n);
  s->index = none_array(arena, n);
  return s->items && s->index;
}

static uint32_t find_last_fetch(const gcut_problem *p) {
  uint32_t last = 0;
  for (uint32_t i = 0; i < p->n_activations; i++) {
    const gcut_activation *a = &p->activations[i];
    if (a->fetched && a->producer != GCUT_NONE && a->producer > last) last = a->producer;
  }
  return last;
}

static uint32_t find_first_read(const gcut_problem *p) {
  uint32_t first = GCUT_NONE;
  for (uint32_t i = 0; i < p->n_activations; i++) {
    const gcut_activation *a = &p->activations[i];
    if (a->producer == GCUT_NONE && a->n_readers && a->readers[0] < first) first = a->readers[0];
  }
  return first;
}

static bool set_up(weaver *w, gcut_arena *arena) {
  const gcut_problem *p = w->problem;
  size_t n = (size_t)p->n_activations * p->n_batches;
  bool ok = n < UINT32_MAX;
  for (int s = 0; ok && s < GCUT_N_SPACES; s++) ok = (w->handles[s] = none_array(arena, n)) != NULL;
  ok = ok && shelf_init(&w->parked, arena, n, w->plan->parked_limit) &&
       shelf_init(&w->host, arena, n, p->host_budget ? p->host_budget : UINT64_MAX / 2) &&
       shelf_init(&w->file, arena, n, UINT64_MAX / 2);
  w->weights = none_array(arena, p->n_parts);
  w->unloaded = none_array(arena, p->n_parts);
  w->freed = none_array(arena, n);
  w->read = GCUT_NEW_ARRAY(arena, bool, p->n_batches);
  w->written = GCUT_NEW_ARRAY(arena, bool, p->n_batches);
  w->first_read = find_first_read(p);
  w->last_fetch = find_last_fetch(p);
  w->builder = gcut__builder_create(p);
  if (!ok || !w->freed || !w->weights || !w->unloaded || !w->read || !w->written || !w->builder)
    return false;
  memcpy(gcut__mapped(w->builder), w->policy->mapped, p->n_weights * sizeof(bool));
  return true;
}

static void tear_down(weaver *w) {
  gcut__builder_destroy(w->builder);
  gcut__pool_free(&w->parked.pool);
  gcut__pool_free(&w->host.pool);
  gcut__pool_free(&w->file.pool);
  free(w->resting);
  gcut_arena_destroy(w->arena);
}

gcut_status gcut__weave(const gcut__arrangement *arrangement, const char *offload, const char *note,
                        gcut_schedule **out_schedule, gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  weaver w = {.problem = arrangement->problem,
              .policy = arrangement->policy,
              .plan = arrangement,
              .arena = gcut_arena_create(),
              .err = err};
  *out_schedule = NULL;
  gcut_status status = arena && w.arena && set_up(&w, arena) ? GCUT_OK : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = emit(&w);
  if (status == GCUT_OK) status = gcut__builder_finish(w.builder, offload, note, out_schedule, err);
  if (status == GCUT_NOMEM) (void)GCUT_NO_MEMORY(err);
  tear_down(&w);
  gcut_arena_destroy(arena);
  return status;
}

gcut_status gcut__schedule_policy(const gcut_problem *problem, const gcut__policy *policy,
                                  const char *offload, const char *note,
                                  gcut_schedule **out_schedule, gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  gcut__arrangement a;
  *out_schedule = NULL;
  if (!arena) return GCUT_NO_MEMORY(err);
  gcut_status status = gcut__arrange(problem, policy, offload, arena, &a, err);
  if (status == GCUT_OK) status = gcut__weave(&a, offload, note, out_schedule, err);
  gcut_arena_destroy(arena);
  return status;
}
