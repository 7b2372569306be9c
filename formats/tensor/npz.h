// Reading .npz where the types of arrays are known beforehand, and what writing shares with it.
#ifndef GCUT_FORMATS_TENSOR_NPZ_H
#define GCUT_FORMATS_TENSOR_NPZ_H

#include <zip.h>

#include "graphcut/formats.h"

enum { NPZ_MAX_NAME = 4096 }; // bytes of an entry's name, with ".npy" and a zero

// Says which element type an array is expected to have, or GCUT_UNDEFINED: see
// gcut__npy_parse_header.
typedef struct gcut__wanted {
  gcut_dtype (*type)(const void *context, const char *name);
  const void *context;
} gcut__wanted;

GCUT_MUST_USE gcut_status gcut__npz_read_as(const char *path, gcut__wanted wanted,
                                            gcut_batch *out_batch, gcut_error *err);

// Fails with what libzip says, `status` or GCUT_NOMEM, and ends the error.
GCUT_MUST_USE gcut_status gcut__zip_failed(zip_error_t *error, const char *path, gcut_status status,
                                           gcut_error *err);

#endif
