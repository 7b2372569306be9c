// Running a plan: the fifth value.
#ifndef GRAPHCUT_RUN_H
#define GRAPHCUT_RUN_H

#include "graphcut/plan.h"
#include "graphcut/schedule.h"
#include "graphcut/simulate.h"
#include "graphcut/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Where batches come from. `read` is called twice a batch and pass: once for all batches before the
// run, for their shapes, and once when the batch's turn comes; never from two threads at a time.
typedef struct gcut_source {
  // Fills inputs[i] with a reference to the tensor of graph input i (of the main graph's inputs),
  // or leaves it NULL where the batch has none.
  gcut_status (*read)(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err);
  void *context;
  size_t n_batches;
  // What messages call a batch, such as its file; may be NULL: its number.
  const char *(*name)(void *context, size_t batch);
} gcut_source;

// Where results go. Called once a batch, in the order of the schedule, from one thread at a time.
typedef struct gcut_sink {
  // outputs[i] is value plan->fetches[i]; it lives until the call returns.
  gcut_status (*write)(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err);
  void *context;
  // Outputs are given as soon as a part has made them, so that none waits in memory for those of
  // later parts: `write` is called after each part that makes some of a batch, with those; the
  // others are NULL. Each is given once; those that shapes alone decide come last.
  bool early;
} gcut_sink;

// All zero will do: the CPU, sequential, with what memory is needed.
typedef struct gcut_run_options {
  const char *device;   // "cpu" (also where NULL), "cuda", "cuda:1", "sim"
  const char *offload;  // NULL: "sequential"
  uint64_t budget;      // bytes of device memory; 0: what is needed
  uint64_t host_budget; // bytes of host memory for activations; 0: what is needed
  uint32_t passes;      // 0 is 1
  // Computes each batch in slices of at most so many elements of it, where that gives the same
  // results (graphcut/slicing.h); source and sink see whole batches. 0: whole.
  uint32_t micro_batch;
  const gcut_profile *profile; // what strategies weigh rates by, and what "sim" is; NULL: a default
  const char *spill_folder;    // for what does not fit the host budget; NULL: TMPDIR, or /var/tmp
  const char *timeline;        // file to write the timeline to; NULL: none
  // In parts, each on a batch; never from two threads at a time. Stopping takes effect where what
  // each queue does at the time is done: after a part on a batch, at most.
  gcut_progress progress;
} gcut_run_options;

typedef struct gcut_run_result {
  char device[32];
  char device_note[64]; // what the device does without; "" mostly
  char offload[256];    // with what `auto` chose
  char note[512];       // why; "" mostly
  uint32_t parts;
  uint64_t batches;
  uint64_t slices;          // that ran: as many as batches where each was computed whole
  double seconds;           // of the schedule, from the first command to the last
  double prepare_seconds;   // before it: shapes, programs, schedule
  double predicted_seconds; // by the profile; 0 where none was given
  uint64_t peak_device_bytes, peak_host_bytes, bytes_up, bytes_down;
  double overlap, bubble_seconds;
  // How many nodes the device left to the host's CPU, and of which operators: "2 Range, 1
  // GatherND".
  uint32_t host_nodes;
  char host_operators[256];
  uint32_t host_parts;   // that the strategy computed on the host, with the CPU's kernels
  uint32_t host_lookups; // of these, parts that pick rows of a table: they have any device's bits
  bool simulated;        // seconds are predicted, nothing was computed
} gcut_run_result;

// Runs the plan on every batch of the source. GCUT_FORMAT before any work where weights or inputs
// are missing or do not fit the model; GCUT_BUDGET names the least budget that would do;
// GCUT_UNSUPPORTED where batches cannot be computed in slices.
GCUT_API GCUT_MUST_USE gcut_status gcut_run(const gcut_graph *graph, const gcut_plan *plan,
                                            const gcut_run_options *options,
                                            const gcut_source *source, const gcut_sink *sink,
                                            gcut_run_result *out_result, gcut_error *err);

// A trace with small constants folded by the CPU's kernels: what plans should be made from. Inputs
// and bindings may be none.
GCUT_API GCUT_MUST_USE gcut_status gcut_trace_folded(const gcut_graph *graph,
                                                     const gcut_trace_options *options,
                                                     gcut_trace **out_trace, gcut_error *err);

// ---- comparing --------------------------------------------------------------------------------

typedef struct gcut_comparison {
  double max_abs_error, max_rel_error; // NaN where one side alone is NaN
  bool ok;
} gcut_comparison;

// Compares a result with what was expected: equal shapes, types that agree (a float32 reference
// stands for float16 and bfloat16), |a - b| <= atol + rtol * |b|, NaN equal to NaN; everything but
// floats exactly. What differs in kind, type or shape is not ok, and err says how.
GCUT_API GCUT_MUST_USE gcut_status gcut_compare(const char *name, const gcut_tensor *actual,
                                                const gcut_tensor *expected, double rtol,
                                                double atol, gcut_comparison *out, gcut_error *err);
// 128 bits over kind, type, shape and elements, for comparing runs without holding their outputs.
typedef struct gcut_digest {
  uint64_t words[2];
} gcut_digest;
GCUT_API gcut_digest gcut_tensor_digest(const gcut_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
