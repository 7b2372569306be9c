// A pattern over names, as targets spell it: PCRE2, anchored at the start.
#ifndef GCUT_PARTITION_PATTERN_H
#define GCUT_PARTITION_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

typedef struct gcut__pattern gcut__pattern;

// `text` without its "re:". GCUT_ARGUMENT saying where it is no pattern.
gcut_status gcut__pattern_create(const char *text, gcut__pattern **out_pattern, gcut_error *err);
void gcut__pattern_destroy(gcut__pattern *pattern); // NULL is allowed
// GCUT_ARGUMENT where the pattern needs too much time or memory: over all names together, so no
// pattern can hang.
gcut_status gcut__pattern_match(gcut__pattern *pattern, const char *name, bool *out_matches,
                                gcut_error *err);

#endif
