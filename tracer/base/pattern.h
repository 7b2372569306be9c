// A pattern over names, as targets and strategies spell it: PCRE2, anchored at the start.
#ifndef GCUT_TRACER_BASE_PATTERN_H
#define GCUT_TRACER_BASE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

typedef struct gcut_pattern gcut_pattern;

// `text` without its "re:". GCUT_ARGUMENT saying where it is no pattern.
gcut_status gcut_pattern_create(const char *text, gcut_pattern **out_pattern, gcut_error *err);
void gcut_pattern_destroy(gcut_pattern *pattern); // NULL is allowed
// GCUT_ARGUMENT where the pattern needs too much time or memory: over all names together, so no
// pattern can hang.
gcut_status gcut_pattern_match(gcut_pattern *pattern, const char *name, bool *out_matches,
                               gcut_error *err);

#endif
