// Text of models and files, which may hold anything: read as UTF-8, made fit to be shown.
#ifndef GRAPHCUT_UTF8_H
#define GRAPHCUT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCUT_NOT_UTF8 UINT32_MAX

// The code point at `text`, of `size` > 0 bytes; *out_n: its bytes. GCUT_NOT_UTF8 and one byte
// where there is none.
GCUT_API uint32_t gcut_utf8_read(const char *text, size_t size, size_t *out_n);
// Whether a terminal, a picture or a message may show it: no control character, nothing that turns
// the direction of writing round or ends a line, no GCUT_NOT_UTF8.
GCUT_API bool gcut_utf8_is_shown(uint32_t code);
// Makes all that is not to be shown a '?', in place, except the bytes of `keep`. Returns `text`.
GCUT_API char *gcut_utf8_clean(char *text, const char *keep);

#ifdef __cplusplus
}
#endif
#endif
