// The schedule: the fourth value. Which bytes move when, and where they lie, in plain data.
//
// A strategy is a pure function from a problem (sizes, order, budgets) to a schedule. Nothing here
// knows a graph, a device or a file, so a schedule can be made, verified, simulated and printed
// with none of them at hand.
#ifndef GRAPHCUT_SCHEDULE_H
#define GRAPHCUT_SCHEDULE_H

#include <stdio.h>

#include "graphcut/graph.h"
#include "graphcut/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

// Every range of a schedule begins at a multiple of this and is rounded up to one.
#define GCUT_RANGE_ALIGN 256
// The offset of a value whose size is known only at run time: it lives on the host's heap.
#define GCUT_ON_HEAP UINT64_MAX
// Where a RUN finds what its part makes of weights alone, if it has to make it itself.
#define GCUT_NOT_PREPARED UINT64_MAX

// ---- the problem ------------------------------------------------------------------------------

// A constant that a part reads.
typedef struct gcut_weight {
  const char *name;
  uint64_t bytes;
  uint32_t value; // of the graph
  uint32_t file;  // where it lies, so that neighbours in a file stay neighbours on the device;
  uint64_t file_offset; // GCUT_NONE: in memory
} gcut_weight;

// What computing a part on one batch costs, by shape class.
typedef struct gcut_work {
  uint64_t workspace; // bytes of device memory beside weights, inputs and outputs
  uint64_t prepared;  // bytes of what it makes of weights alone, which may be kept between batches
  uint64_t traffic;   // bytes that its nodes read and write, weights included
  uint64_t prepared_traffic; // of these, what making that takes
  double flops;
  uint64_t tokens;  // rows of its largest input: what hybrid counts
  uint32_t n_nodes; // that run
} gcut_work;

typedef struct gcut_stage { // a part of the plan, in sizes
  const char *name;
  const gcut_weight *weights;       // [n_weights]
  const gcut_work *work;            // [n_classes]
  const uint32_t *inputs, *outputs; // activations it reads and makes
  uint32_t n_weights, n_inputs, n_outputs;
  uint32_t first_weight; // number of weights of the parts before: into gcut_schedule.mapped
  gcut_dtype type;       // that most of its work is in
  bool looks_up;         // it picks rows of its weights and computes, if at all, on integers
} gcut_stage;

typedef enum gcut_form {
  GCUT_FORM_RANGE,    // static size: lies in a range
  GCUT_FORM_HEAP,     // size or elements known at run time only: on the host's heap, never copied
  GCUT_FORM_CONSTANT, // known once shapes are: takes no part in the schedule
} gcut_form;

// A value that crosses parts, comes in or goes out.
typedef struct gcut_activation {
  const char *name;
  uint32_t value;          // of the graph
  uint32_t producer;       // part, or GCUT_NONE: an input of the graph
  const uint32_t *readers; // [n_readers] parts, ascending
  uint32_t n_readers;
  bool fetched;          // an output of the run
  const uint64_t *bytes; // [n_classes] as it lies in memory
  const uint8_t *forms;  // [n_classes] gcut_form
} gcut_activation;

typedef struct gcut_problem {
  const gcut_stage *parts;            // [n_parts]
  const gcut_activation *activations; // [n_activations]
  const uint32_t *classes;            // [n_batches]: the batch's class of shapes
  uint32_t n_parts, n_activations, n_classes, n_batches, n_weights;
  uint32_t n_passes;        // the whole run repeated; at least 1
  uint64_t budget;          // bytes of device memory; 0: what is needed
  uint64_t host_budget;     // bytes of host memory for activations; 0: what is needed
  bool early;               // outputs are written as parts make them, not a batch's together
  gcut_progress progress;   // of searching for a schedule (auto): in trials
  struct gcut_arena *arena; // of one that gcut_problem_create made
} gcut_problem;

// Bytes rounded up to GCUT_RANGE_ALIGN.
static inline uint64_t gcut_range_bytes(uint64_t bytes) {
  return (bytes + GCUT_RANGE_ALIGN - 1) / GCUT_RANGE_ALIGN * GCUT_RANGE_ALIGN;
}
// Bytes of the range that a part's weights take; those marked in `mapped` ([n_weights] of the
// problem, may be NULL) are left out.
GCUT_API uint64_t gcut_stage_bytes(const gcut_stage *part, const bool *mapped);
// Where each weight lies in that range, in the order of their files: offsets[n_weights], multiples
// of GCUT_RANGE_ALIGN; GCUT_ON_HEAP of a weight left out.
GCUT_API GCUT_MUST_USE gcut_status gcut_stage_layout(const gcut_stage *part, const bool *mapped,
                                                     uint64_t *offsets, gcut_error *err);

typedef struct gcut_problem_options {
  uint32_t n_batches, n_passes; // 0 is 1; all batches have the shapes of the trace
  uint64_t budget, host_budget;
  bool early; // as in gcut_problem
  // Each batch in slices of at most `micro_batch` elements along what `slicing` proves; 0: whole.
  const struct gcut_slicing *slicing;
  uint32_t micro_batch;
} gcut_problem_options;
// The problem of running a plan at the shapes of a trace, with no device at hand: for simulation.
// GCUT_ARGUMENT naming a graph input whose shape is not static. Borrows names of graph and plan.
GCUT_API GCUT_MUST_USE gcut_status gcut_problem_create(const gcut_trace *trace,
                                                       const gcut_plan *plan,
                                                       const gcut_problem_options *options,
                                                       gcut_problem **out_problem, gcut_error *err);
GCUT_API void gcut_problem_destroy(gcut_problem *problem);

// ---- the schedule -----------------------------------------------------------------------------

// X(name, text). Commands of one queue run one after another, in the order of the schedule.
#define GCUT_QUEUE_LIST(X)                                                                         \
  X(WEIGHTS, "weights") /* weights to the device */                                                \
  X(UP, "up")           /* activations to the device */                                            \
  X(COMPUTE, "compute")                                                                            \
  X(DOWN, "down") /* activations to the host */                                                    \
  X(HOST, "host") /* computing on the host */                                                      \
  X(DISK, "disk") /* batches in and out, the spill file, what weights leave behind */

// X(name, text, what it does)
#define GCUT_COMMAND_LIST(X)                                                                       \
  X(LOAD, "load", "weights of a part to the device range `to`")                                    \
  X(PREPARE, "prepare", "what a part makes of weights alone (at `from`) to the range `prepared`")  \
  X(PUSH, "push", "an activation from host range `from` to device range `to`")                     \
  X(RUN, "run", "a part on a batch; weights at `from`, workspace at `to`, operands in places[]")   \
  X(PULL, "pull", "an activation from device range `from` to host range `to`")                     \
  X(DROP, "drop", "the range `from` of `space` is free once all before it are done with it")       \
  X(READ, "read", "inputs of a batch to the host ranges in places[]")                              \
  X(WRITE, "write", "outputs of a batch, or of one part, from the host ranges in places[]")        \
  X(SPILL, "spill", "an activation from host range `from` to spill file range `to`")               \
  X(UNSPILL, "unspill", "an activation from spill file range `from` to host range `to`")

// X(name, text)
#define GCUT_SPACE_LIST(X) X(DEVICE, "device") X(HOST, "host") X(SPILL, "file") X(HEAP, "heap")

typedef enum gcut_queue {
#define X(name, text) GCUT_QUEUE_##name,
  GCUT_QUEUE_LIST(X)
#undef X
      GCUT_N_QUEUES
} gcut_queue;

typedef enum gcut_command_kind {
#define X(name, text, what) GCUT_##name,
  GCUT_COMMAND_LIST(X)
#undef X
      GCUT_N_COMMANDS
} gcut_command_kind;

typedef enum gcut_space {
#define X(name, text) GCUT_SPACE_##name,
  GCUT_SPACE_LIST(X)
#undef X
      GCUT_N_SPACES
} gcut_space;

// An operand of RUN, READ or WRITE: in device memory for a RUN of the compute queue, else in host
// memory.
typedef struct gcut_place {
  uint32_t activation;
  bool output; // of a RUN
  uint64_t offset;
} gcut_place;

typedef struct gcut_command {
  uint8_t kind, queue; // gcut_command_kind, gcut_queue
  uint8_t space;       // gcut_space, of DROP
  uint32_t part;       // LOAD, PREPARE, RUN, DROP of weights; else GCUT_NONE
  uint32_t activation; // PUSH, PULL, SPILL, UNSPILL, DROP; else GCUT_NONE
  uint32_t batch;      // GCUT_NONE of LOAD and DROP of weights
  uint32_t pass;
  uint32_t first_wait, n_waits;   // into waits[]: commands of other queues that must be complete
  uint32_t first_place, n_places; // into places[]
  uint64_t from, to;              // offsets
  uint64_t prepared;              // of PREPARE and RUN: offset, or GCUT_NOT_PREPARED
  uint64_t bytes;                 // moved; of PREPARE and RUN: workspace; of DROP: freed
} gcut_command;

typedef struct gcut_schedule {
  const char *offload; // the strategy and its options, as --offload takes them
  const char *note;    // what a strategy has to say of its choice; "" mostly
  gcut_command *commands;
  uint32_t *waits;
  gcut_place *places;
  bool *mapped; // [n_weights] read by kernels where they lie in host memory
  uint32_t n_commands, n_waits, n_places;
  uint64_t extent[GCUT_N_SPACES]; // bytes of each space in use at its peak: one past the last byte
  struct gcut_arena *arena;
} gcut_schedule;

GCUT_API void gcut_schedule_destroy(gcut_schedule *schedule);
// One line a command: the text form, for people and golden files.
GCUT_API void gcut_schedule_print(const gcut_problem *problem, const gcut_schedule *schedule,
                                  FILE *file);
// Proves from happens-before alone that the schedule is safe and complete: weights and activations
// there before they are read, no two live ranges overlap, no range reused while anything may still
// touch it, every part run once on every batch of every pass, every output written once, everything
// dropped once, budgets kept. GCUT_MISMATCH naming the first command that is not.
GCUT_API GCUT_MUST_USE gcut_status gcut_schedule_verify(const gcut_problem *problem,
                                                        const gcut_schedule *schedule,
                                                        gcut_error *err);

GCUT_API const char *gcut_queue_name(unsigned queue);
GCUT_API const char *gcut_command_name(unsigned kind);

// ---- strategies -------------------------------------------------------------------------------

typedef struct gcut_profile gcut_profile; // graphcut/simulate.h

typedef struct gcut_strategy {
  const char *name;
  const char *summary; // one line
  const char *options; // "group=N,stream=M,ahead=S"
} gcut_strategy;

// All strategies, in the order of the table in the documentation.
GCUT_API const gcut_strategy *gcut_strategies(size_t *out_n);

// Whether there is such a strategy and it takes these options; their values are looked at when a
// schedule is made. GCUT_ARGUMENT says what there is.
GCUT_API GCUT_MUST_USE gcut_status gcut_offload_check(const char *offload, gcut_error *err);

// Makes the schedule that `offload` ("prefetch:ahead=2") asks for. `profile` (may be NULL: a
// plain default) is what strategies that weigh rates go by. GCUT_ARGUMENT: no such strategy or
// option. GCUT_BUDGET: names the part and tensor that need most, and the least budget that would
// do.
GCUT_API GCUT_MUST_USE gcut_status gcut_schedule_create(const gcut_problem *problem,
                                                        const char *offload,
                                                        const gcut_profile *profile,
                                                        gcut_schedule **out_schedule,
                                                        gcut_error *err);

#ifdef __cplusplus
}
#endif
#endif
