// Writing UTF-8 (graphcut/utf8.h reads it), letter case and white space, whatever the locale.
#ifndef GCUT_EXEC_CPU_OPS_UNICODE_H
#define GCUT_EXEC_CPU_OPS_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Writes a code point in at most 4 bytes and returns how many.
size_t gcut__utf8_write(uint32_t code, char *to);

// One code point for one: the simple case mappings of Unicode.
uint32_t gcut__to_lower(uint32_t code);
uint32_t gcut__to_upper(uint32_t code);
bool gcut__is_space(uint32_t code);

#endif
