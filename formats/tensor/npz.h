// Reading .npz where the types of arrays are known beforehand.
#ifndef GCUT_FORMATS_TENSOR_NPZ_H
#define GCUT_FORMATS_TENSOR_NPZ_H

#include "graphcut/formats.h"

// Says which element type an array is expected to have, or GCUT_UNDEFINED: see
// gcut__npy_parse_header.
typedef struct gcut__wanted {
  gcut_dtype (*type)(const void *context, const char *name);
  const void *context;
} gcut__wanted;

GCUT_MUST_USE gcut_status gcut__npz_read_as(const char *path, gcut__wanted wanted,
                                            gcut_batch *out_batch, gcut_error *err);

#endif
