// A machine in numbers, and what a schedule would take on it.
#ifndef GRAPHCUT_SIMULATE_H
#define GRAPHCUT_SIMULATE_H

#include "graphcut/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- profile ----------------------------------------------------------------------------------

#define GCUT_PROFILE_POINTS 16

// One direction of the wire between host and device. Rates in bytes a second.
typedef struct gcut_wire {
  double rate;       // large copies, nothing else under way
  double both_rate;  // while the other direction is busy, too
  uint32_t n_points; // rate of copies by size, ascending; none: latency alone makes small ones slow
  struct {
    double bytes, rate;
  } points[GCUT_PROFILE_POINTS];
} gcut_wire;

// Where computing happens: a device or the host.
typedef struct gcut_engine {
  double memory_bytes;
  double memory_rate;                      // bytes a second, read and write together
  double flops_f32, flops_f16, flops_bf16; // a second, at the sizes of real layers
  double node_seconds;                     // what a node costs beside its work: launch, dispatch
} gcut_engine;

// A machine. Numbers are those of the JSON file; 0 stands for "not known" where noted.
struct gcut_profile {
  char name[64];
  gcut_engine device, host;
  gcut_wire up, down;
  double mapped_rate;  // kernels reading host memory over the wire
  double copy_seconds; // latency of a copy
  double disk_read_rate, disk_write_rate;
};

// Reads a profile: the path of a JSON file, or the name of one that ships ("h100-pcie").
GCUT_API GCUT_MUST_USE gcut_status gcut_profile_read(const char *path_or_name,
                                                     gcut_profile *out_profile, gcut_error *err);
// Writes it as JSON; `source` says where its numbers come from.
GCUT_API GCUT_MUST_USE gcut_status gcut_profile_write(const gcut_profile *profile,
                                                      const char *source, FILE *file,
                                                      gcut_error *err);
// Names of the profiles that ship, ended by NULL.
GCUT_API const char *const *gcut_profile_names(void);

// What kind of device a name is of: "cuda" of "cuda:1". GCUT_ARGUMENT: of none; whether there is
// such a card is another question.
GCUT_API GCUT_MUST_USE gcut_status gcut_device_kind(const char *name, const char **out_kind,
                                                    gcut_error *err);
// The device to run on where none is named: "cuda" where there are a card and a driver, else "cpu",
// and *err (may be NULL) says why.
GCUT_API const char *gcut_device_default(gcut_error *err);

// What is known of a device without measuring it: what strategies go by where no profile is given.
GCUT_API GCUT_MUST_USE gcut_status gcut_device_profile(const char *device,
                                                       gcut_profile *out_profile, gcut_error *err);
// Measures a device ("cpu", also where NULL) and the host: seconds of work. `description` becomes
// what the device is, in words.
GCUT_API GCUT_MUST_USE gcut_status gcut_device_measure(const char *device,
                                                       gcut_profile *out_profile, char *description,
                                                       size_t size, gcut_error *err);

// ---- timeline ---------------------------------------------------------------------------------

// When each command of a schedule ran: simulated or measured.
typedef struct gcut_timeline {
  int64_t *start_ns, *end_ns; // [n] from the start of the run; equal for commands that take no time
  uint32_t n;
} gcut_timeline;
GCUT_API void gcut_timeline_free(gcut_timeline *timeline);

// What a timeline amounts to.
typedef struct gcut_summary {
  double seconds;                // first start to last end
  double copy_seconds;           // sum over LOAD, PUSH and PULL
  double hidden_seconds;         // of those, while something computed
  double compute_seconds;        // during which something computed
  double bubble_seconds;         // between the first and the last RUN, with nothing computing
  double overlap;                // hidden / copied; 1 where nothing was copied
  uint64_t bytes_up, bytes_down; // moved, weights read in place included
} gcut_summary;
GCUT_API GCUT_MUST_USE gcut_status gcut_timeline_summarise(const gcut_problem *problem,
                                                           const gcut_schedule *schedule,
                                                           const gcut_timeline *timeline,
                                                           gcut_summary *out, gcut_error *err);
// By extension: .svg is a picture, everything else Chrome trace JSON, as Perfetto opens it. A row a
// queue, a slice a command; `predicted` (may be NULL) is what the same schedule was expected to
// take, shown above. Whole or not at all.
GCUT_API GCUT_MUST_USE gcut_status gcut_timeline_write(const gcut_problem *problem,
                                                       const gcut_schedule *schedule,
                                                       const gcut_timeline *timeline,
                                                       const gcut_timeline *predicted,
                                                       const char *path, gcut_error *err);

// ---- simulation -------------------------------------------------------------------------------

// Runs the schedule on a virtual clock. Commands under way share the wire of their direction and
// the rate of both directions, if both are busy; a RUN takes the longer of its arithmetic and its
// memory traffic, and reads weights in place over the wire.
GCUT_API GCUT_MUST_USE gcut_status gcut_simulate(const gcut_problem *problem,
                                                 const gcut_schedule *schedule,
                                                 const gcut_profile *profile,
                                                 gcut_timeline *out_timeline, gcut_error *err);

// ---- micro-batches ----------------------------------------------------------------------------

typedef struct gcut_micro_choice {
  uint32_t micro_batch;         // 0: whole batches
  uint32_t next;                // what would be next best, likewise
  double seconds, next_seconds; // predicted; infinite where nothing fits
  uint32_t n_tried;
} gcut_micro_choice;

// Whole batches, or slices of 1, 2, 4, ... elements along what options->slicing proves: what is
// predicted fastest at the shapes of the trace, slices only where whole batches do not fit or take
// more than 5 % longer. options->micro_batch does not count. GCUT_BUDGET where nothing fits.
GCUT_API GCUT_MUST_USE gcut_status gcut_micro_choose(const gcut_trace *trace, const gcut_plan *plan,
                                                     const gcut_problem_options *options,
                                                     const char *offload,
                                                     const gcut_profile *profile,
                                                     gcut_micro_choice *out, gcut_error *err);
// The largest of these slices that fit, as one that does; *out 0 where none do.
GCUT_API GCUT_MUST_USE gcut_status gcut_micro_fit(const gcut_trace *trace, const gcut_plan *plan,
                                                  const gcut_problem_options *options,
                                                  const char *offload, const gcut_profile *profile,
                                                  uint32_t *out, gcut_error *err);
// The largest power of two below `micro_batch` (0: below `batch`), 0 where there is none.
GCUT_API uint32_t gcut_micro_halve(uint32_t micro_batch, int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
