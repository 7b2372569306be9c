// Files that appear whole or not at all.
#ifndef GRAPHCUT_OUTPUT_H
#define GRAPHCUT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// A file being written, which takes its destination's place on commit. Until then it has no name
// where the file system knows such files, so that nothing is left of a process that is killed;
// elsewhere a temporary one beside the destination. A destination that is no regular file (a pipe,
// /dev/null) is written directly.
typedef struct gcut_output {
  FILE *stream;    // to write to; errors may be left to gcut_output_commit
  char *path;      // the destination
  char *temporary; // NULL where there is no name yet, or the destination is written directly
  bool direct;
} gcut_output;

// GCUT_IO where the file cannot be made.
GCUT_API GCUT_MUST_USE gcut_status gcut_output_open(const char *path, gcut_output *out,
                                                    gcut_error *err);
// Ends the output whatever it returns: the destination holds all that was written, or, on GCUT_IO,
// what it held before.
GCUT_API GCUT_MUST_USE gcut_status gcut_output_commit(gcut_output *out, gcut_error *err);
// Ends the output and leaves the destination alone. A zeroed or ended output is allowed.
GCUT_API void gcut_output_abort(gcut_output *out);

#ifdef __cplusplus
}
#endif

#endif
