// The state of the verifier (verify.c), and what its files share: ranges and who holds them
// (verify_ranges.c), what each kind of command does (verify_commands.c).
#ifndef GCUT_EXEC_VERIFIER_H
#define GCUT_EXEC_VERIFIER_H

#include "exec/schedule.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/spans.h"

typedef struct gcut__holder { // of a range, from the command that fills it to its DROP
  uint64_t begin, end;
  gcut__clock touched; // number of the last command of each queue that touched it
  uint32_t writer, pass;
  bool dropped;
} gcut__holder;

typedef struct gcut__verifier {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  gcut_error *err;
  gcut_arena *arena;
  gcut__clock *clocks;          // [n_commands] complete when the command starts
  uint32_t *numbers;            // [n_commands] place in its queue, from 1
  uint32_t last[GCUT_N_QUEUES]; // last command of each queue so far, or GCUT_NONE
  uint64_t *weight_bytes;       // [n_parts] of the range that LOAD fills
  uint32_t *weights;            // [n_parts] holder, or GCUT_NONE
  uint32_t *unloaded;           // [n_parts] last DROP, or GCUT_NONE
  uint32_t *prepared;           // [n_parts] holder of what PREPARE made last, or GCUT_NONE
  uint32_t *prepared_class;     // [n_parts] for batches of that class
  uint32_t *freed;              // [n_activations * n_batches] last DROP from the heap, or GCUT_NONE
  uint32_t *at[GCUT_N_SPACES];  // [n_activations * n_batches] holder, or GCUT_NONE
  uint32_t *runs;               // [n_parts * n_batches] passes done
  bool *written;                // [n_activations * n_batches]
  uint32_t *stamps;             // [n_activations] last RUN, READ or WRITE that names it, plus 1
  gcut__spans spans[GCUT_N_SPACES];
  gcut__holder *holders;
  uint32_t n_holders, holders_capacity;
  uint32_t now; // the command being checked
} gcut__verifier;

static inline const gcut_command *gcut__verify_current(const gcut__verifier *v) {
  return &v->schedule->commands[v->now];
}
static inline gcut_form gcut__verify_form(const gcut__verifier *v, uint32_t activation,
                                          uint32_t batch) {
  return (gcut_form)v->problem->activations[activation].forms[v->problem->classes[batch]];
}

// GCUT_MISMATCH: what is wrong with the command being checked.
gcut_status gcut__verify_fail(const gcut__verifier *v, const char *format, ...) GCUT_PRINTF(2, 3);

// ---- verify_ranges.c

// Whether `command` is complete when the current one starts.
bool gcut__verify_before(const gcut__verifier *v, uint32_t command);
// Whether all that touched the range is complete then.
bool gcut__verify_covered(const gcut__verifier *v, const gcut__holder *h);
// The command fills a range of `bytes`; *out_holder becomes its holder.
gcut_status gcut__verify_claim(gcut__verifier *v, gcut_space space, uint64_t offset, uint64_t bytes,
                               uint32_t *out_holder);
// The command reads what lies at `offset`.
gcut_status gcut__verify_use(gcut__verifier *v, uint32_t id, uint64_t offset, const char *what);

// Nothing has taken a byte of the range since.
bool gcut__verify_is_whole(const gcut__verifier *v, gcut_space space, uint32_t id);

// ---- verify_commands.c

// What the current command does is possible and of its kind; its effect is noted.
gcut_status gcut__verify_effect(gcut__verifier *v);

#endif
