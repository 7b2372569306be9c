// UTF-8, letter case and white space, whatever the locale.
#ifndef GCUT_EXEC_CPU_OPS_UNICODE_H
#define GCUT_EXEC_CPU_OPS_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCUT__NOT_UTF8 UINT32_MAX

// The code point at `data`, of `size` > 0 bytes; *out_n: its bytes. GCUT__NOT_UTF8 and one byte
// where there is none.
uint32_t gcut__utf8_read(const char *data, size_t size, size_t *out_n);
// Writes a code point in at most 4 bytes and returns how many.
size_t gcut__utf8_write(uint32_t code, char *to);

// One code point for one: the simple case mappings of Unicode.
uint32_t gcut__to_lower(uint32_t code);
uint32_t gcut__to_upper(uint32_t code);
bool gcut__is_space(uint32_t code);

#endif
