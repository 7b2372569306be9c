// Where values are, and who leaves when a home is full.
//
// Values have up to three homes: the device, the host, the spill file. When one is full, the value
// whose next use is farthest leaves: the best there is when the future is known (Belady, 1966), and
// here it is.
#include "exec/offload/weaver.h"

#include <string.h>

#include "tracer/base/error.h"
#include "tracer/base/vector.h"

// The first reader from part `from` on; n_readers: there is none.
static uint32_t find_reader(const gcut_activation *a, uint32_t from) {
  uint32_t low = 0, high = a->n_readers;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (a->readers[middle] < from)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// When a value is read next after (`part`, `batch`), in an order that all values share;
// GCUT__NEVER.
uint64_t gcut__next_use(const gcut__weaver *w, uint32_t instance, uint32_t part, uint32_t batch) {
  const gcut_activation *a = gcut__value_of(w, instance);
  uint32_t b = gcut__batch_of(w, instance), after = b > batch ? part : part + 1;
  uint64_t n = w->problem->n_batches;
  uint32_t next = find_reader(a, after);
  if (next < a->n_readers) return a->readers[next] * n + b;
  if (gcut__is_wanted(w, a) && !w->written[instance]) return gcut__writer_of(w, a) * n + b;
  return GCUT__NEVER;
}

// ---- shelves ----------------------------------------------------------------------------------

// What lies there already is only added again where memory is out, which the builder tells later.
void gcut__shelf_add(gcut__shelf *s, uint32_t instance) {
  if (s->index[instance] != GCUT_NONE) return;
  s->index[instance] = s->n;
  s->uses[s->n] = 0;
  s->items[s->n++] = instance;
}

void gcut__shelf_forget(gcut__shelf *s) {
  memset(s->uses, 0, s->n * sizeof *s->uses);
  s->latest = GCUT__NEVER;
}

static void expect(gcut__shelf *s, uint64_t use) {
  if (use > s->latest) s->latest = use;
}

static void shelf_remove(gcut__shelf *s, uint32_t instance) {
  uint32_t at = s->index[instance];
  if (at == GCUT_NONE) return;
  s->items[at] = s->items[--s->n];
  s->uses[at] = s->uses[s->n];
  s->index[s->items[at]] = at;
  s->index[instance] = GCUT_NONE;
}

static gcut__shelf *shelf_of(gcut__weaver *w, gcut_space space) {
  return space == GCUT_SPACE_DEVICE  ? &w->parked
         : space == GCUT_SPACE_HOST  ? &w->host
         : space == GCUT_SPACE_SPILL ? &w->file
                                     : NULL;
}

// ---- drops ------------------------------------------------------------------------------------

enum { REST = 2 }; // runs

gcut_status gcut__give_host(gcut__weaver *w, uint64_t offset, uint64_t bytes) {
  if (w->problem->host_budget) return gcut__pool_give(&w->host.pool, offset, bytes);
  if (!gcut_vector_reserve((void **)&w->resting, &w->resting_capacity, w->n_resting, 1,
                           sizeof *w->resting))
    return GCUT_NOMEM;
  w->resting[w->n_resting++] = (gcut__resting){offset, bytes, w->n_runs + REST};
  return GCUT_OK;
}

// Hands out again what has rested.
gcut_status gcut__wake_host(gcut__weaver *w) {
  for (; w->first_resting < w->n_resting; w->first_resting++) {
    const gcut__resting *r = &w->resting[w->first_resting];
    if (r->until > w->n_runs) return GCUT_OK;
    GCUT_TRY(gcut__pool_give(&w->host.pool, r->offset, r->bytes));
  }
  w->first_resting = w->n_resting = 0;
  return GCUT_OK;
}

gcut_status gcut__drop_value(gcut__weaver *w, gcut_space space, uint32_t instance) {
  gcut__shelf *s = shelf_of(w, space);
  uint32_t handle = w->handles[space][instance];
  if (handle == GCUT_NONE) return GCUT_OK;
  uint32_t command = gcut__drop(w->builder, space, handle, GCUT_NONE,
                                gcut__activation_of(w, instance), gcut__batch_of(w, instance));
  if (space == GCUT_SPACE_HEAP) w->freed[instance] = command;
  w->handles[space][instance] = GCUT_NONE;
  if (!s || s->index[instance] == GCUT_NONE) return GCUT_OK;
  shelf_remove(s, instance);
  if (space == GCUT_SPACE_HOST)
    return gcut__give_host(w, gcut__offset(w->builder, handle), gcut__bytes_of(w, instance));
  uint64_t base = space == GCUT_SPACE_DEVICE ? w->plan->parked_at : 0;
  return gcut__pool_give(&s->pool, gcut__offset(w->builder, handle) - base,
                         gcut__bytes_of(w, instance));
}

// Drops a value everywhere once nothing will read it.
gcut_status gcut__release(gcut__weaver *w, uint32_t instance) {
  uint64_t use = gcut__next_use(w, instance, w->step->part, w->batch);
  if (use != GCUT__NEVER) {
    if (w->parked.index[instance] != GCUT_NONE) expect(&w->parked, use);
    return GCUT_OK;
  }
  for (int space = 0; space < GCUT_N_SPACES; space++)
    GCUT_TRY(gcut__drop_value(w, (gcut_space)space, instance));
  return GCUT_OK;
}

// ---- moves ------------------------------------------------------------------------------------

static uint64_t range_of(const gcut__weaver *w, gcut_space space, uint32_t instance) {
  return gcut__offset(w->builder, w->handles[space][instance]);
}

// One command that copies a value to a range of another space.
void gcut__move_value(gcut__weaver *w, gcut_command_kind kind, gcut_queue queue, gcut_space from,
                      gcut_space to, uint32_t instance, uint64_t offset) {
  gcut_command *c = gcut__begin(w->builder, kind, queue);
  c->activation = gcut__activation_of(w, instance);
  c->batch = gcut__batch_of(w, instance);
  c->bytes = gcut__bytes_of(w, instance);
  c->from = range_of(w, from, instance);
  c->to = offset;
  gcut__use(w->builder, w->handles[from][instance]);
  w->handles[to][instance] = gcut__claim(w->builder, to, offset, c->bytes);
  gcut__commit(w->builder);
}

static gcut_status spill(gcut__weaver *w, uint32_t instance) {
  bool parked = w->parked.index[instance] != GCUT_NONE;
  if (!gcut__is_in(w, GCUT_SPACE_SPILL, instance) && !parked) {
    uint64_t offset;
    GCUT_TRY(gcut__pool_take(&w->file.pool, gcut__bytes_of(w, instance), &offset));
    gcut__move_value(w, GCUT_SPILL, GCUT_QUEUE_DISK, GCUT_SPACE_HOST, GCUT_SPACE_SPILL, instance,
                     offset);
    gcut__shelf_add(&w->file, instance);
  }
  return gcut__drop_value(w, GCUT_SPACE_HOST, instance);
}

// What the command being made needs must not leave.
static bool is_pinned(uint32_t instance, const uint32_t *pins, uint32_t n_pins) {
  for (uint32_t i = 0; i < n_pins; i++)
    if (pins[i] == instance) return true;
  return false;
}

static uint32_t farthest(const gcut__weaver *w, gcut__shelf *s, const uint32_t *pins,
                         uint32_t n_pins, uint64_t *out_use) {
  uint64_t now = (uint64_t)w->step->part * w->problem->n_batches + w->batch;
  uint32_t victim = GCUT_NONE;
  *out_use = s->latest = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    if (s->uses[i] <= now) s->uses[i] = gcut__next_use(w, s->items[i], w->step->part, w->batch);
    uint64_t use = s->uses[i];
    expect(s, use);
    if (use < *out_use || (use == *out_use && victim != GCUT_NONE)) continue;
    if (is_pinned(s->items[i], pins, n_pins)) continue;
    victim = s->items[i];
    *out_use = use;
  }
  return victim;
}

void gcut__need_host(gcut__weaver *w, uint64_t bytes, const char *what, const char *who) {
  if (bytes <= w->host_least) return;
  w->host_least = bytes;
  w->host_what = what;
  w->host_who = who;
}

uint64_t gcut__sum_ranges(const gcut__weaver *w, const uint32_t *instances, uint32_t n) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < n; i++) bytes += gcut_range_bytes(gcut__bytes_of(w, instances[i]));
  return bytes;
}

gcut_status gcut__take_host(gcut__weaver *w, uint64_t bytes, const uint32_t *pins, uint32_t n_pins,
                            uint64_t *out_offset) {
  for (;;) {
    gcut_status status = gcut__pool_take(&w->host.pool, bytes, out_offset);
    if (status != GCUT_BUDGET) return status;
    uint64_t use;
    uint32_t victim = farthest(w, &w->host, pins, n_pins, &use);
    if (victim == GCUT_NONE) return GCUT_BUDGET;
    GCUT_TRY(spill(w, victim));
  }
}

gcut_status gcut__clear_host(gcut__weaver *w) {
  gcut__shelf *s = &w->host;
  while (s->n > 0) {
    uint32_t instance = s->items[s->n - 1];
    if (gcut__is_in(w, GCUT_SPACE_HOST, instance))
      GCUT_TRY(spill(w, instance));
    else // has a range, but no command has filled it
      shelf_remove(s, instance);
  }
  s->pool.n = 0;
  s->pool.top = 0;
  return GCUT_OK;
}

gcut_status gcut__take_for(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                           uint32_t n_pins, uint64_t *out_offset) {
  uint64_t bytes = gcut__bytes_of(w, instance);
  gcut__need_host(w, gcut_range_bytes(bytes), "value", gcut__value_of(w, instance)->name);
  return gcut__take_host(w, bytes, pins, n_pins, out_offset);
}

gcut_status gcut__pull(gcut__weaver *w, uint32_t instance) {
  uint64_t offset;
  if (gcut__is_in(w, GCUT_SPACE_HOST, instance)) return GCUT_OK;
  GCUT_TRY(gcut__take_for(w, instance, &instance, 1, &offset));
  gcut__move_value(w, GCUT_PULL, GCUT_QUEUE_DOWN, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST, instance,
                   offset);
  gcut__shelf_add(&w->host, instance);
  return GCUT_OK;
}

// ---- parking

static gcut_status unpark(gcut__weaver *w, uint32_t instance) {
  if (!gcut__is_in(w, GCUT_SPACE_SPILL, instance)) GCUT_TRY(gcut__pull(w, instance));
  return gcut__drop_value(w, GCUT_SPACE_DEVICE, instance);
}

// A range among the parked activations for a value read again later; false where others are more
// urgent.
gcut_status gcut__park(gcut__weaver *w, uint32_t instance, const uint32_t *pins, uint32_t n_pins,
                       bool *out_parked, uint64_t *out_offset) {
  const gcut_activation *a = gcut__value_of(w, instance);
  *out_parked = false;
  uint32_t last_reader = a->n_readers ? a->readers[a->n_readers - 1] : 0;
  if (!w->policy->park || a->n_readers == 0 || last_reader <= w->step->part) return GCUT_OK;
  uint64_t use = gcut__next_use(w, instance, w->step->part, w->batch);
  if (gcut__bytes_of(w, instance) > w->plan->parked_limit) return GCUT_OK;
  for (;;) {
    gcut_status status = gcut__pool_take(&w->parked.pool, gcut__bytes_of(w, instance), out_offset);
    if (status == GCUT_OK) break;
    if (status != GCUT_BUDGET) return status;
    uint64_t victim_use;
    if (w->parked.latest <= use) return GCUT_OK;
    uint32_t victim = farthest(w, &w->parked, pins, n_pins, &victim_use);
    if (victim == GCUT_NONE || victim_use <= use) return GCUT_OK;
    GCUT_TRY(unpark(w, victim));
  }
  *out_offset += w->plan->parked_at;
  *out_parked = true;
  expect(&w->parked, use);
  return GCUT_OK;
}

// ---- operands of commands ---------------------------------------------------------------------

// The command fills the value in `home` at `offset`, or on the heap.
void gcut__claim_operand(gcut__weaver *w, uint32_t instance, gcut_space home, uint64_t offset,
                         bool output) {
  bool heap = gcut__form_of(w, instance) == GCUT_FORM_HEAP;
  gcut_space space = heap ? GCUT_SPACE_HEAP : home;
  if (heap) offset = GCUT_ON_HEAP;
  if (heap) gcut__after_command(w->builder, w->freed[instance]);
  w->handles[space][instance] =
      gcut__claim(w->builder, space, offset, heap ? 0 : gcut__bytes_of(w, instance));
  gcut__add_place(w->builder, gcut__activation_of(w, instance), output, offset);
}

// The command reads the value in `home`, or on the heap.
void gcut__use_operand(gcut__weaver *w, uint32_t instance, gcut_space home) {
  bool heap = gcut__form_of(w, instance) == GCUT_FORM_HEAP;
  gcut_space space = heap ? GCUT_SPACE_HEAP : home;
  gcut__use(w->builder, w->handles[space][instance]);
  gcut__add_place(w->builder, gcut__activation_of(w, instance), false,
                  heap ? GCUT_ON_HEAP : range_of(w, space, instance));
}
