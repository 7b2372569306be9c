// Files as every format reads and writes them: mapped whole, and written whole or not at all.
#ifndef GCUT_FORMATS_FILE_H
#define GCUT_FORMATS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "graphcut/graph.h"

// Maps a regular file read-only. *out_data is never NULL on success, also for an empty file.
// GCUT_FORMAT where it cannot be read.
GCUT_MUST_USE gcut_status gcut_file_map(const char *path, const void **out_data,
                                        uint64_t *out_bytes, gcut_error *err);
// The same for an open descriptor, which stays the caller's; `path` is for messages.
GCUT_MUST_USE gcut_status gcut_file_map_descriptor(int descriptor, const char *path,
                                                   const void **out_data, uint64_t *out_bytes,
                                                   gcut_error *err);
// Undoes gcut_file_map. NULL is allowed.
void gcut_file_unmap(const void *data, uint64_t bytes);

// A file being written: a temporary one beside its destination that takes its place on commit.
// A destination that is no regular file (a pipe, /dev/null) is written directly.
typedef struct gcut_output {
  FILE *stream;    // to write to; errors may be left to gcut_output_commit
  char *path;      // the destination
  char *temporary; // NULL where the destination is written directly
} gcut_output;

// GCUT_IO where the file cannot be made.
GCUT_MUST_USE gcut_status gcut_output_open(const char *path, gcut_output *out, gcut_error *err);
// Ends the output whatever it returns: the destination holds all that was written, or, on GCUT_IO,
// what it held before.
GCUT_MUST_USE gcut_status gcut_output_commit(gcut_output *out, gcut_error *err);
// Ends the output and leaves the destination alone. A zeroed or ended output is allowed.
void gcut_output_abort(gcut_output *out);

// Whether two paths lie in one folder.
bool gcut_same_folder(const char *a, const char *b);
// GCUT_ARGUMENT where `path` is a file that the graph is read from: nothing may be written over it.
GCUT_MUST_USE gcut_status gcut_output_check(const gcut_graph *graph, const char *path,
                                            gcut_error *err);

#endif
