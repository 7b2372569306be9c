// Making models to measure with: weights for a graph that lacks them, and decoders of any size.
#ifndef GRAPHCUT_TOOLS_SYNTH_H
#define GRAPHCUT_TOOLS_SYNTH_H

#include <stdint.h>

#include "graphcut/formats.h"

// Writes the external files that a graph names and does not find, into `folder`: every constant in
// them gets seeded random values scaled by its fan-in, the same for a seed on every machine.
// *out_bytes counts what was written. GCUT_FORMAT where a name or range makes no sense, GCUT_IO
// where the disk is full; nothing half-written is left.
GCUT_MUST_USE gcut_status synth_weights(const gcut_graph *graph, const char *folder, uint64_t seed,
                                        uint64_t *out_bytes, gcut_error *err);

// A decoder, by
// "hidden=4096,layers=32,heads=32,kv_heads=8,intermediate=14336,vocab=128256,type=bfloat16,opset=18".
// *out_text is GCIR whose weights lie in weights.bin; free it.
GCUT_MUST_USE gcut_status synth_decoder(const char *shape, char **out_text, gcut_error *err);

#endif
