// Packed values as floats: whole bytes in loops that vectorise, then what is left of the last.
#include "exec/cpu/ops/packed.h"

float gcut__packed_value(const uint8_t *data, int64_t index, int64_t bits) {
  int64_t per_byte = 8 / bits;
  return (float)(data[index / per_byte] >> (index % per_byte * bits) & ((1u << bits) - 1));
}

// The values of n whole bytes.
static void expand_bytes(const uint8_t *data, int64_t bits, int64_t n, float zero, float scale,
                         float *out) {
  switch (bits) {
  case 8:
    for (int64_t i = 0; i < n; i++) out[i] = ((float)data[i] - zero) * scale;
    break;
  case 4:
    for (int64_t i = 0; i < n; i++) {
      out[2 * i] = ((float)(data[i] & 15) - zero) * scale;
      out[2 * i + 1] = ((float)(data[i] >> 4) - zero) * scale;
    }
    break;
  default:
    for (int64_t i = 0; i < n; i++)
      for (int k = 0; k < 4; k++) out[4 * i + k] = ((float)(data[i] >> 2 * k & 3) - zero) * scale;
  }
}

void gcut__packed_expand(const uint8_t *data, int64_t bits, int64_t n, float zero, float scale,
                         float *out) {
  int64_t per_byte = 8 / bits, whole = n / per_byte * per_byte;
  expand_bytes(data, bits, n / per_byte, zero, scale, out);
  for (int64_t i = whole; i < n; i++) out[i] = (gcut__packed_value(data, i, bits) - zero) * scale;
}
