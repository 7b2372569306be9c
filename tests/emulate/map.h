// What the card in software keeps of a tensor map: a CUtensorMap is 128 bytes of the driver's own.
#ifndef GCUT_TESTS_EMULATE_MAP_H
#define GCUT_TESTS_EMULATE_MAP_H

#include <stdint.h>

typedef struct emulated_map {
  uint8_t *data;
  uint64_t dims[4], strides[3]; // columns, rows, heads, batch; bytes from row to row and so on
} emulated_map;

#endif
