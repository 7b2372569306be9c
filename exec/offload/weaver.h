// The state of weaving (weave.c), and what its files share: where values are (homes.c), how batches
// come in and go out (feed.c), how a part computes on one (run_batch.c).
#ifndef GCUT_EXEC_OFFLOAD_WEAVER_H
#define GCUT_EXEC_OFFLOAD_WEAVER_H

#include "exec/offload/offload.h"
#include "tracer/base/spans.h"

#define GCUT__NEVER UINT64_MAX

// Values that stay in a space of limited size.
typedef struct gcut__shelf {
  gcut__pool pool;
  uint32_t *items; // [n] instances
  uint64_t *uses;  // [n] when each is read next; what is past was read since and is found anew
  uint32_t *index; // [n_instances] place in items, or GCUT_NONE
  uint32_t n;
  uint64_t latest; // of what is parked: nothing is read later than then
} gcut__shelf;

// Host memory that was given up a moment ago. Handing it out at once would make what fills it wait
// for what still drains it; so, where host memory is not short, it rests for some runs.
typedef struct gcut__resting {
  uint64_t offset, bytes, until; // runs
} gcut__resting;

typedef struct gcut__weaver {
  const gcut_problem *problem;
  const gcut__policy *policy;
  const gcut__arrangement *plan;
  gcut__builder *builder;
  gcut_arena *arena;
  gcut_error *err;
  uint32_t *handles[GCUT_N_SPACES]; // [n_activations * n_batches] allocation, or GCUT_NONE
  gcut__shelf parked, host, file;
  uint64_t host_least;              // most host memory that any command needs at once,
  const char *host_what, *host_who; // and which
  gcut__resting *resting;           // from first_resting to n_resting
  uint32_t n_resting, first_resting, resting_capacity;
  uint32_t *weights;        // [n_parts] allocation, or GCUT_NONE
  uint32_t *prepared;       // [n_parts] allocation of what it made of weights alone, or GCUT_NONE
  uint32_t *prepared_class; // [n_parts] for batches of that class
  uint32_t *unloaded;       // [n_parts] DROP of its weights, or GCUT_NONE
  uint32_t *freed;          // [n_activations * n_batches] DROP from the heap, or GCUT_NONE
  bool *read;               // [n_batches] in this pass
  bool *written;            // [n_activations * n_batches]
  uint32_t first_read;      // the first part that reads inputs of the graph, or GCUT_NONE
  uint32_t last_fetch;      // part after which all outputs of a batch are there
  uint32_t n_loaded;        // streamed loads issued
  uint32_t next_step;       // whose loads were not looked at yet
  uint32_t n_runs;
  const gcut__step *step; // current
  uint32_t batch;
  uint64_t cursor; // next free byte of the current batch's buffer
} gcut__weaver;

// ---- instances: a value of a batch ------------------------------------------------------------

static inline uint32_t gcut__instance_of(const gcut__weaver *w, uint32_t activation,
                                         uint32_t batch) {
  return activation * w->problem->n_batches + batch;
}
static inline uint32_t gcut__activation_of(const gcut__weaver *w, uint32_t instance) {
  return instance / w->problem->n_batches;
}
static inline uint32_t gcut__batch_of(const gcut__weaver *w, uint32_t instance) {
  return instance % w->problem->n_batches;
}
static inline const gcut_activation *gcut__value_of(const gcut__weaver *w, uint32_t instance) {
  return &w->problem->activations[gcut__activation_of(w, instance)];
}
static inline gcut_form gcut__form_of(const gcut__weaver *w, uint32_t instance) {
  return (gcut_form)gcut__value_of(w, instance)
      ->forms[w->problem->classes[gcut__batch_of(w, instance)]];
}
static inline uint64_t gcut__bytes_of(const gcut__weaver *w, uint32_t instance) {
  return gcut__value_of(w, instance)->bytes[w->problem->classes[gcut__batch_of(w, instance)]];
}
static inline bool gcut__is_in(const gcut__weaver *w, gcut_space space, uint32_t instance) {
  return w->handles[space][instance] != GCUT_NONE;
}
static inline bool gcut__is_wanted(const gcut__weaver *w,
                                   const gcut_activation *a) { // as an output of this pass
  return a->fetched && w->step->pass == w->problem->n_passes - 1;
}
// The part after which an output is written.
static inline uint32_t gcut__writer_of(const gcut__weaver *w, const gcut_activation *a) {
  if (!w->problem->early) return w->last_fetch;
  return a->producer == GCUT_NONE ? 0 : a->producer;
}

// ---- homes.c

// When a value is read next after (`part`, `batch`), in an order that all values share;
// GCUT__NEVER.
uint64_t gcut__next_use(const gcut__weaver *w, uint32_t instance, uint32_t part, uint32_t batch);
void gcut__shelf_add(gcut__shelf *s, uint32_t instance);
// Time goes back to the first part: what is known of next uses holds no more.
void gcut__shelf_forget(gcut__shelf *s);
// Drops a value from one space.
gcut_status gcut__drop_value(gcut__weaver *w, gcut_space space, uint32_t instance);
// Drops a value everywhere once nothing will read it.
gcut_status gcut__release(gcut__weaver *w, uint32_t instance);
// One command that copies a value to a range of another space.
void gcut__move_value(gcut__weaver *w, gcut_command_kind kind, gcut_queue queue, gcut_space from,
                      gcut_space to, uint32_t instance, uint64_t offset);
// A host range; others than `pins` leave for the spill file until it fits. GCUT_BUDGET, without a
// message, where that is not enough.
gcut_status gcut__take_host(gcut__weaver *w, uint64_t bytes, const uint32_t *pins, uint32_t n_pins,
                            uint64_t *out_offset);
// One command needs that much of host memory: `what` ("value") and its name, for who asks why.
void gcut__need_host(gcut__weaver *w, uint64_t bytes, const char *what, const char *who);
// Bytes of the values' ranges together.
uint64_t gcut__sum_ranges(const gcut__weaver *w, const uint32_t *instances, uint32_t n);
// Room for one value.
gcut_status gcut__take_for(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                           uint32_t n_pins, uint64_t *out_offset);
// Everything leaves for the spill file, so that what one command needs finds room without gaps.
gcut_status gcut__clear_host(gcut__weaver *w);
gcut_status gcut__give_host(gcut__weaver *w, uint64_t offset, uint64_t bytes);
// Hands out again what has rested.
gcut_status gcut__wake_host(gcut__weaver *w);
// The value is on the host, too.
gcut_status gcut__pull(gcut__weaver *w, uint32_t instance);
// A range among the parked activations for a value read again later; false where others are more
// urgent.
gcut_status gcut__park(gcut__weaver *w, uint32_t instance, const uint32_t *pins, uint32_t n_pins,
                       bool *out_parked, uint64_t *out_offset);
// The command being built fills the value in `home` at `offset`, or on the heap.
void gcut__claim_operand(gcut__weaver *w, uint32_t instance, gcut_space home, uint64_t offset,
                         bool output);
// The command being built reads the value in `home`, or on the heap.
void gcut__use_operand(gcut__weaver *w, uint32_t instance, gcut_space home);

// ---- run_batch.c

// The current step's part on the current batch.
gcut_status gcut__run_batch(gcut__weaver *w);

// ---- feed.c

// Reads a batch's inputs, once a pass.
gcut_status gcut__read_batch(gcut__weaver *w, uint32_t batch);
// All of these values are in host memory afterwards.
gcut_status gcut__bring_all(gcut__weaver *w, const uint32_t *instances, uint32_t n);
// Writes those of the current batch's outputs whose turn it is after the current part.
gcut_status gcut__write_outputs(gcut__weaver *w);
// The value is in host memory afterwards; on the device, where parts read it.
gcut_status gcut__bring_host(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                             uint32_t n_pins);
gcut_status gcut__bring_device(gcut__weaver *w, uint32_t instance, const uint32_t *pins,
                               uint32_t n_pins);
// Room in the buffer of the batch in flight.
uint64_t gcut__take_buffer(gcut__weaver *w, uint64_t bytes);

#endif
