// Strategies: how they are asked for, what they decide, and what turns the decision into a
// schedule.
//
// A strategy is one file with one function: it reads its options and fills a policy. Everything
// else is shared: arrange.c decides where things lie, weave.c in which order they move. To add one:
// a file here and a row in list.h.
#ifndef GCUT_EXEC_OFFLOAD_OFFLOAD_H
#define GCUT_EXEC_OFFLOAD_OFFLOAD_H

#include "exec/offload/list.h"
#include "exec/schedule.h"
#include "graphcut/simulate.h"
#include "tracer/base/arena.h"

// ---- options ----------------------------------------------------------------------------------

typedef struct gcut__option {
  const char *key, *value;
} gcut__option;

typedef struct gcut__options {
  const char *strategy; // its name
  gcut__option *items;
  uint32_t n;
  gcut_arena *arena;
} gcut__options;

// "name:key=value,key=value". A comma begins a new option only before one of `keys` ("a=N,b=M"), so
// that a pattern may hold commas.
GCUT_MUST_USE gcut_status gcut__options_parse(const char *text, gcut_arena *arena,
                                              gcut__options *out, gcut_error *err);
// The value, or NULL.
const char *gcut__option_find(const gcut__options *options, const char *key);
// A whole number in [low, high], or `fallback` where the option is not given.
GCUT_MUST_USE gcut_status gcut__option_number(const gcut__options *options, const char *key,
                                              uint64_t low, uint64_t high, uint64_t fallback,
                                              uint64_t *out, gcut_error *err);
// A size ("512M", "1.5GiB").
GCUT_MUST_USE gcut_status gcut__option_size(const gcut__options *options, const char *key,
                                            uint64_t fallback, uint64_t *out, gcut_error *err);
// The place of the value in `choices` (ended by NULL), or `fallback`.
GCUT_MUST_USE gcut_status gcut__option_choice(const gcut__options *options, const char *key,
                                              const char *const *choices, uint32_t fallback,
                                              uint32_t *out, gcut_error *err);

// ---- policy -----------------------------------------------------------------------------------

enum { GCUT__MOST_AHEAD = 1024 };

// What a strategy decides.
typedef struct gcut__policy {
  bool *keep;     // [n_parts] its weights are loaded once and stay
  bool *host;     // [n_parts] it computes on the host, its weights never move
  bool *mapped;   // [n_weights] kernels read it where it lies
  uint32_t ahead; // streamed loads under way beyond the part that computes: slots are one more
  uint32_t chunk; // batches that pass through a part before the next part: n_batches puts parts
                  // outside, 1 puts batches outside
  bool park;      // activations stay on the device while they fit
  bool prepare;   // what parts make of weights alone is kept between batches, where there is room
  bool least;     // of device memory no more than it cannot do without
  const char *chosen, *note; // what `auto` became, and why; else NULL
} gcut__policy;

// A policy that streams everything, in the order and place that the options `loop`, `batches` and
// `place` ask for: by default parts outside (batches outside where all weights stay), and
// activations parked where a budget says what fits or batches are outside; `prepare` says whether
// what parts make of weights alone is kept between batches. Where weights stream, a part that looks
// up computes on the host, if what it hands on is less than what it looks that up in.
GCUT_MUST_USE gcut_status gcut__policy_init(const gcut_problem *problem,
                                            const gcut__options *options, bool stays,
                                            gcut_arena *arena, gcut__policy *out, gcut_error *err);
// NULL where there is none of that name.
const gcut_strategy *gcut__strategy_find(const char *name);
// The policy that an --offload text asks for.
GCUT_MUST_USE gcut_status gcut__policy_parse(const gcut_problem *problem, const char *offload,
                                             const gcut_profile *profile, gcut_arena *arena,
                                             gcut__policy *out, gcut_error *err);

// What a strategy's file holds: fills in the policy from the options.
#define X(name, stays, options_text, summary)                                                      \
  gcut_status gcut__##name##_decide(const gcut_problem *problem, const gcut__options *options,     \
                                    const gcut_profile *profile, gcut__policy *policy,             \
                                    gcut_error *err);
GCUT__STRATEGY_LIST(X)
#undef X

// ---- arrangement ------------------------------------------------------------------------------

typedef struct gcut__step { // a part on some batches
  uint32_t pass, part, first_batch, n_batches;
  uint32_t load; // streamed load that it needs, or, where it needs none, the next one
} gcut__step;

// What a step works with beside weights.
typedef struct gcut__buffer_sizes {
  uint64_t prepared, operands, workspace, total; // of the part; of one batch; of the step
} gcut__buffer_sizes;

// Where everything lies on the device:
//
//   | resident weights, each part's with what it prepares | streamed weights ... |
//   | what the step prepares, buffers of the batches in flight | parked activations |
//
// One slot of streamed weights lies at the bottom of its region, a second at its top; with more
// they lie side by side. Under a tight budget the buffers move into the gap beside the weights in
// use, which makes the least budget exactly what the worst step needs.
typedef struct gcut__arrangement {
  const gcut_problem *problem;
  const gcut__policy *policy;
  gcut__step *steps;
  uint32_t n_steps;
  uint32_t *loads;      // [n_loads] parts, in the order of loading
  uint32_t *last_steps; // [n_loads] last step that uses it
  uint32_t n_loads, ahead;
  const uint64_t *weight_bytes;    // [n_parts] as measured
  const gcut__buffer_sizes *sizes; // [n_parts]
  uint64_t *resident_at;           // [n_parts] offset of those that stay
  uint64_t *slots; // [ahead + 1] offsets in the streamed region, where there are three or more
  uint64_t resident_bytes, stream_bytes, buffer_bytes, parked_at, parked_limit;
  uint64_t least;   // where it does not fit: the least budget that would do
  uint32_t buffers; // batches in flight: 1 or 2
  bool tight;       // buffers move
  bool prepare;     // there is room for what parts make of weights alone
} gcut__arrangement;

// What parts take, whatever the order of steps.
typedef struct gcut__measures {
  uint64_t *weight_bytes;    // [n_parts] of the range; 0: nothing to load
  gcut__buffer_sizes *sizes; // [n_parts] with one batch in flight
} gcut__measures;

GCUT_MUST_USE gcut_status gcut__measure(const gcut_problem *problem, const gcut__policy *policy,
                                        gcut_arena *arena, gcut__measures *out, gcut_error *err);
// GCUT_BUDGET names the least that would do.
GCUT_MUST_USE gcut_status gcut__arrange(const gcut_problem *problem, const gcut__policy *policy,
                                        const gcut__measures *measures, const char *offload,
                                        gcut_arena *arena, gcut__arrangement *out, gcut_error *err);
// Loads that may be issued by the time a step begins.
uint32_t gcut__loads_allowed(const gcut__arrangement *a, const gcut__step *step);
uint64_t gcut__load_offset(const gcut__arrangement *a, uint32_t load);
// What the part makes of its weights alone stays with them for all of the run; else for a step.
bool gcut__keeps_prepared(const gcut__arrangement *a, uint32_t part);
// What the step's part makes of weights alone is for several batches.
bool gcut__serves_several(const gcut__arrangement *a, const gcut__step *step);
// Where that lies: behind the weights that it stays with, or at the head of the step's buffers.
uint64_t gcut__prepared_offset(const gcut__arrangement *a, const gcut__step *step);
// Where the buffers of a step begin.
uint64_t gcut__buffer_offset(const gcut__arrangement *a, const gcut__step *step);
gcut__buffer_sizes gcut__buffer_need(const gcut__arrangement *a, uint32_t part);

// ---- fit ----------------------------------------------------------------------------------------

// Fills in the policy of one of several choices.
typedef void gcut__choose(void *context, uint32_t choice);
// Of the choices 0 to n, which as a rule need less and less, the first that fits the budget; where
// none does, the one that needs least.
GCUT_MUST_USE gcut_status gcut__fit(const gcut_problem *problem, const gcut__policy *policy,
                                    uint32_t n, gcut__choose *choose, void *context,
                                    gcut_error *err);

// ---- weave ------------------------------------------------------------------------------------

// Arranges, and emits the commands of the arrangement. Where host memory is too small,
// *out_least_host (may be NULL) is what would do.
GCUT_MUST_USE gcut_status gcut__schedule_policy(const gcut_problem *problem,
                                                const gcut__policy *policy, const char *offload,
                                                const char *note, gcut_schedule **out_schedule,
                                                uint64_t *out_least_host, gcut_error *err);

#endif
