// How an error is made and passed on. Two macros, no more.
#ifndef GCUT_TRACER_BASE_ERROR_H
#define GCUT_TRACER_BASE_ERROR_H

#include <stddef.h>

#include "graphcut/status.h"

// Writes the message and gives the status back.
gcut_status gcut__fail(gcut_error *err, gcut_status status, const char *format, ...)
    GCUT_PRINTF(3, 4);

#define GCUT_FAIL(err, status, ...) gcut__fail((err), (status), __VA_ARGS__)

// Returns on failure: only while owning nothing outside an arena; otherwise use one `done:` label.
#define GCUT_TRY(call)                                                                             \
  do {                                                                                             \
    gcut_status try_status_ = (call);                                                              \
    if (try_status_ != GCUT_OK) return try_status_;                                                \
  } while (0)

// Out of memory is the one failure whose message is always the same.
#define GCUT_NO_MEMORY(err) GCUT_FAIL((err), GCUT_NOMEM, "out of memory")

// Tells how far something is. GCUT_STOPPED where the caller wants no more of it.
gcut_status gcut__tell(const gcut_progress *progress, uint64_t done, uint64_t total,
                       gcut_error *err);

// A name of a model as it may stand in a one-line message: control characters and long tails
// replaced. The buffers belong to the caller.
const char *gcut__printable(const char *name, char *buffer, size_t size);

#endif
