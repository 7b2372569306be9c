// Text for people: sizes in their units, names cut to a readable length. Strings live in the arena;
// "" where memory is out, which gcut_arena_out_of_memory then tells.
#ifndef GCUT_FORMATS_DOT_CAPTION_H
#define GCUT_FORMATS_DOT_CAPTION_H

#include "graphcut/formats.h"
#include "graphcut/trace.h"
#include "tracer/base/arena.h"

const char *gcut__caption_text(gcut_arena *arena, const char *text, size_t size);
const char *gcut__caption_format(gcut_arena *arena, const char *format, ...) GCUT_PRINTF(2, 3);
// "872 MB", "16.1 GB": three digits, decimal units.
const char *gcut__caption_bytes(gcut_arena *arena, uint64_t bytes);
// "29.3 GFLOP".
const char *gcut__caption_flops(gcut_arena *arena, double flops);
// What `by` measures, in its unit.
const char *gcut__caption_heat(gcut_arena *arena, gcut_heat by, double value);
// "1,234".
const char *gcut__caption_count(gcut_arena *arena, uint64_t n);
// A name of at most `limit` characters: the middle of a longer one becomes an ellipsis. UTF-8 is
// kept whole, control characters and broken UTF-8 become '?'.
const char *gcut__caption_name(gcut_arena *arena, const char *name, size_t limit);
// "float[1,seq,4096]", with bytes where they are known: "float[1,128,4096]  2.10 MB".
const char *gcut__caption_value(gcut_arena *arena, const gcut_trace *trace, uint32_t value);
// The last part of a class: "LlamaMLP".
const char *gcut__caption_class(const char *class_name);

#endif
