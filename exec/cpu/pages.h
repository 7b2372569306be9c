// Pages of mapped files: read ahead of use, given back after it.
#ifndef GCUT_EXEC_CPU_PAGES_H
#define GCUT_EXEC_CPU_PAGES_H

#include <stdint.h>

#include "graphcut/status.h"

// Reads a range of a file mapping into memory and maps it, so that computing does not wait for the
// disk. GCUT_FORMAT where the file no longer has these bytes.
GCUT_MUST_USE gcut_status gcut__pages_read(const void *data, uint64_t bytes, const char *path,
                                           gcut_error *err);
// Gives up the whole pages of the range: the process no longer counts them, the kernel may keep
// them cached.
void gcut__pages_drop(const void *data, uint64_t bytes);

#endif
