// Tables of element types, made from GCUT_DTYPE_LIST.
#include "graphcut/dtype.h"

#include <string.h>

#include "tracer/base/checked.h"

static const struct {
  const char *name;
  unsigned bits;
} dtypes[GCUT_N_DTYPES] = {[GCUT_UNDEFINED] = {"undefined", 0},
#define X(id, number, text, bits) [GCUT_##id] = {text, bits},
                           GCUT_DTYPE_LIST(X)
#undef X
};

static bool valid(gcut_dtype type) {
  return (unsigned)type < GCUT_N_DTYPES && dtypes[type].name != NULL;
}

const char *gcut_dtype_name(gcut_dtype type) {
  return valid(type) ? dtypes[type].name : "undefined";
}

gcut_dtype gcut_dtype_find(const char *name, size_t size) {
  for (int i = 1; i < GCUT_N_DTYPES; i++)
    if (dtypes[i].name && strlen(dtypes[i].name) == size && memcmp(dtypes[i].name, name, size) == 0)
      return (gcut_dtype)i;
  return GCUT_UNDEFINED;
}

unsigned gcut_dtype_bits(gcut_dtype type) {
  return valid(type) ? dtypes[type].bits : 0;
}

bool gcut_dtype_bytes(gcut_dtype type, uint64_t count, uint64_t *out_bytes) {
  uint64_t bits;
  if (gcut_dtype_bits(type) == 0) return false;
  if (gcut_dtype_bits(type) >= 8) // whole bytes first: the count in bits may not fit
    return gcut_checked_mul(count, gcut_dtype_bits(type) / 8, out_bytes);
  if (!gcut_checked_mul(count, gcut_dtype_bits(type), &bits)) return false;
  *out_bytes = bits / 8 + (bits % 8 != 0);
  return true;
}
