// Sizes as people write them, in options and files.
#ifndef GRAPHCUT_SIZE_H
#define GRAPHCUT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// "512M", "2G", "1.5GiB", "80GB", "4096": K, M, G, T and KiB... are powers of 1024, KB... of 1000;
// a fraction of a byte is dropped. False where the text is no size, or 8 EiB and more.
GCUT_API bool gcut_size_parse(const char *text, uint64_t *out_bytes);

#ifdef __cplusplus
}
#endif
#endif
