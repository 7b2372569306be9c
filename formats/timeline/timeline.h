// Timelines as files: each writer puts one on a stream; the trace can be read again.
#ifndef GCUT_FORMATS_TIMELINE_TIMELINE_H
#define GCUT_FORMATS_TIMELINE_TIMELINE_H

#include "graphcut/simulate.h"
#include "tracer/base/arena.h"

// `predicted` may be NULL: what the same schedule was expected to take.
void gcut__timeline_json(const gcut_problem *problem, const gcut_schedule *schedule,
                         const gcut_timeline *timeline, const gcut_timeline *predicted, FILE *file);
void gcut__timeline_svg(const gcut_problem *problem, const gcut_schedule *schedule,
                        const gcut_timeline *timeline, const gcut_timeline *predicted, FILE *file);

// Writes a name: ASCII characters as `escapes` has them, what is not to be shown as '?'.
void gcut__timeline_text(const char *text, const char *const escapes[128], FILE *file);

// A command of a trace that was read.
typedef struct gcut__slice {
  double start, seconds;
  uint32_t part, batch; // GCUT_NONE: of none
  uint8_t kind, queue;  // gcut_command_kind, gcut_queue
  bool predicted;
} gcut__slice;

typedef struct gcut__slices {
  const gcut__slice *items; // [n] in the order of the file
  const char *const *parts; // [n_parts] their names
  const char *offload;
  uint32_t n, n_parts;
  double seconds; // the end of the last
} gcut__slices;

// Reads what gcut__timeline_json wrote; all of it lies in the arena. GCUT_FORMAT where it is none.
GCUT_MUST_USE gcut_status gcut__timeline_read(const char *path, gcut_arena *arena,
                                              gcut__slices *out, gcut_error *err);

#endif
