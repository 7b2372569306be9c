// A backtracking pattern can take exponential time. PCRE2's own match limit holds for one name
// only; here a callout before every item of the pattern counts steps over all names a pattern is
// tried on, long names counting more, and stops the match when they are spent. Names are bytes that
// may not be UTF-8: PCRE2 matches around what is none.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tracer/base/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"

enum { LONGEST = 4096, NESTING = 100, HEAP_KIB = 16 << 10, STEPS = 100000000 };

struct gcut_pattern {
  char *text;
  pcre2_compile_context *compile;
  pcre2_code *code;
  pcre2_match_context *context;
  pcre2_match_data *data;
  uint64_t steps, weight; // taken so far; of one step on the current name
};

static int count_step(pcre2_callout_block *block, void *user) {
  (void)block;
  gcut_pattern *p = user;
  p->steps += p->weight;
  return p->steps > STEPS ? PCRE2_ERROR_MATCHLIMIT : 0;
}

void gcut_pattern_destroy(gcut_pattern *p) {
  if (!p) return;
  pcre2_match_data_free(p->data);
  pcre2_match_context_free(p->context);
  pcre2_code_free(p->code);
  pcre2_compile_context_free(p->compile);
  free(p->text);
  free(p);
}

static gcut_status compile(gcut_pattern *p, gcut_error *err) {
  p->compile = pcre2_compile_context_create(NULL);
  if (!p->compile || !p->text) return GCUT_NO_MEMORY(err);
  pcre2_set_parens_nest_limit(p->compile, NESTING);
  int error;
  size_t at;
  uint32_t options = PCRE2_ANCHORED | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_AUTO_CALLOUT |
                     PCRE2_NEVER_BACKSLASH_C;
  p->code =
      pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, options, &error, &at, p->compile);
  if (p->code) return GCUT_OK;
  if (error == PCRE2_ERROR_NOMEMORY) return GCUT_NO_MEMORY(err);
  char shown[128], why[160];
  pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
  return GCUT_FAIL(err, GCUT_ARGUMENT, "pattern 're:%s': no pattern at character %zu: %s",
                   gcut__printable(p->text, shown, sizeof shown), at, why);
}

static gcut_status prepare(gcut_pattern *p, gcut_error *err) {
  p->context = pcre2_match_context_create(NULL);
  p->data = pcre2_match_data_create(1, NULL);
  if (!p->context || !p->data) return GCUT_NO_MEMORY(err);
  pcre2_set_callout(p->context, count_step, p);
  pcre2_set_match_limit(p->context, STEPS);
  pcre2_set_heap_limit(p->context, HEAP_KIB);
  return GCUT_OK;
}

gcut_status gcut_pattern_create(const char *text, gcut_pattern **out, gcut_error *err) {
  *out = NULL;
  if (strnlen(text, LONGEST + 1) > LONGEST)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "the pattern is longer than %d bytes", LONGEST);
  gcut_pattern *p = calloc(1, sizeof *p);
  if (!p) return GCUT_NO_MEMORY(err);
  p->text = strdup(text);
  gcut_status status = compile(p, err);
  if (status == GCUT_OK) status = prepare(p, err);
  if (status == GCUT_OK)
    *out = p;
  else
    gcut_pattern_destroy(p);
  return status;
}

gcut_status gcut_pattern_match(gcut_pattern *p, const char *name, bool *out, gcut_error *err) {
  size_t length = strlen(name);
  p->weight = 1 + length / 64;
  int found = pcre2_match(p->code, (PCRE2_SPTR)name, length, 0, 0, p->data, p->context);
  *out = found >= 0;
  if (found >= 0 || found == PCRE2_ERROR_NOMATCH) return GCUT_OK;
  char shown[128], shown_name[128];
  return GCUT_FAIL(err, GCUT_ARGUMENT, "pattern 're:%s': too costly to match against '%s'",
                   gcut__printable(p->text, shown, sizeof shown),
                   gcut__printable(name, shown_name, sizeof shown_name));
}
