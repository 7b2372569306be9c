// Elements of 8 bits and fewer as they lie in memory and in files: codes in one stream of bits, the
// first in the lowest. A code of 6 bits may lie across two bytes.
#ifndef GCUT_TRACER_BASE_CODES_H
#define GCUT_TRACER_BASE_CODES_H

#include <stdint.h>

static inline uint8_t gcut_code_get(const void *data, uint64_t index, unsigned bits) {
  uint64_t at = index * bits;
  const uint8_t *bytes = (const uint8_t *)data + at / 8;
  unsigned shift = (unsigned)(at % 8), both = bytes[0];
  if (shift + bits > 8) both |= (unsigned)bytes[1] << 8;
  return (uint8_t)(both >> shift & ((1u << bits) - 1));
}

// The bits of `code` beyond `bits` are ignored.
static inline void gcut_code_set(void *data, uint64_t index, unsigned bits, uint8_t code) {
  uint64_t at = index * bits;
  uint8_t *bytes = (uint8_t *)data + at / 8;
  unsigned shift = (unsigned)(at % 8), mask = ((1u << bits) - 1) << shift;
  unsigned both = (unsigned)code << shift & mask;
  bytes[0] = (uint8_t)((bytes[0] & ~mask) | both);
  if (shift + bits > 8) bytes[1] = (uint8_t)((bytes[1] & ~(mask >> 8)) | both >> 8);
}

#endif
