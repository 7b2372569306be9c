// Files as every format reads and writes them: mapped whole, and written whole or not at all.
#ifndef GCUT_FORMATS_FILE_H
#define GCUT_FORMATS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/graph.h"
#include "graphcut/output.h"

// Maps a regular file read-only. *out_data is never NULL on success, also for an empty file.
// GCUT_FORMAT where it cannot be read, GCUT_NOMEM where addresses are out.
GCUT_MUST_USE gcut_status gcut__file_map(const char *path, const void **out_data,
                                         uint64_t *out_bytes, gcut_error *err);
// The same for an open descriptor, which stays the caller's; `path` is for messages.
GCUT_MUST_USE gcut_status gcut__file_map_descriptor(int descriptor, const char *path,
                                                    const void **out_data, uint64_t *out_bytes,
                                                    gcut_error *err);
// Undoes gcut__file_map. NULL is allowed.
void gcut__file_unmap(const void *data, uint64_t bytes);

// Whether two paths lie in one folder.
bool gcut__same_folder(const char *a, const char *b);
// GCUT_ARGUMENT where `path` is a file that the graph is read from: nothing may be written over it.
GCUT_MUST_USE gcut_status gcut__output_check(const gcut_graph *graph, const char *path,
                                             gcut_error *err);

#endif
