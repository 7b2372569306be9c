// The text after --offload: a strategy's name and its options.
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/offload/offload.h"
#include "graphcut/size.h"
#include "tracer/base/error.h"

// Whether `text` begins with one of the keys of "loop=parts|batches,ahead=N", and its '='.
static size_t match_key(const char *text, const char *keys) {
  for (const char *key = keys; *key;) {
    size_t length = strcspn(key, "=,");
    if (length && strncmp(text, key, length) == 0 && text[length] == '=') return length;
    key += strcspn(key, ",");
    if (*key == ',') key++;
  }
  return 0;
}

static gcut_status unknown_strategy(const char *name, gcut_error *err) {
  char list[512] = "";
  size_t n, used = 0;
  const gcut_strategy *all = gcut_strategies(&n);
  for (size_t i = 0; i < n && used < sizeof list; i++)
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", all[i].name);
  return GCUT_FAIL(err, GCUT_ARGUMENT, "no offload strategy '%.100s'; there are %s", name, list);
}

static gcut_status parse_one(char *text, const gcut_strategy *strategy, gcut__option *out,
                             char **out_rest, gcut_error *err) {
  size_t key = match_key(text, strategy->options);
  if (key == 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "offload strategy '%s' has no option '%.100s'; it takes %s", strategy->name,
                     text, *strategy->options ? strategy->options : "none");
  text[key] = 0;
  *out = (gcut__option){text, text + key + 1};
  char *end = text + key + 1;
  while (*end && !(*end == ',' && match_key(end + 1, strategy->options))) end++;
  *out_rest = *end ? end + 1 : end;
  *end = 0;
  return GCUT_OK;
}

gcut_status gcut__options_parse(const char *text, gcut_arena *arena, gcut__options *out,
                                gcut_error *err) {
  char *copy = gcut_arena_string(arena, text, strlen(text));
  *out = (gcut__options){.arena = arena,
                         .items = GCUT_NEW_ARRAY(arena, gcut__option, strlen(text) + 1)};
  if (!copy || !out->items) return GCUT_NO_MEMORY(err);
  char *rest = copy + strcspn(copy, ":");
  if (*rest) *rest++ = 0;
  out->strategy = copy;
  const gcut_strategy *strategy = gcut__strategy_find(copy);
  if (!strategy) return unknown_strategy(copy, err);
  while (*rest) GCUT_TRY(parse_one(rest, strategy, &out->items[out->n++], &rest, err));
  return GCUT_OK;
}

const char *gcut__option_find(const gcut__options *options, const char *key) {
  for (uint32_t i = options->n; i-- > 0;)
    if (strcmp(options->items[i].key, key) == 0) return options->items[i].value;
  return NULL;
}

static gcut_status bad_value(const gcut__options *options, const char *key, const char *wanted,
                             gcut_error *err) {
  return GCUT_FAIL(err, GCUT_ARGUMENT, "offload strategy '%s': %s=%.100s, expected %s",
                   options->strategy, key, gcut__option_find(options, key), wanted);
}

gcut_status gcut__option_number(const gcut__options *options, const char *key, uint64_t low,
                                uint64_t high, uint64_t fallback, uint64_t *out, gcut_error *err) {
  const char *text = gcut__option_find(options, key);
  char wanted[80], *end;
  *out = fallback;
  if (!text) return GCUT_OK;
  *out = strtoull(text, &end, 10);
  if (isdigit((unsigned char)*text) && !*end && *out >= low && *out <= high) return GCUT_OK;
  snprintf(wanted, sizeof wanted, "a number from %" PRIu64 " to %" PRIu64, low, high);
  return bad_value(options, key, wanted, err);
}

gcut_status gcut__option_size(const gcut__options *options, const char *key, uint64_t fallback,
                              uint64_t *out, gcut_error *err) {
  const char *text = gcut__option_find(options, key);
  *out = fallback;
  if (!text || gcut_size_parse(text, out)) return GCUT_OK;
  return bad_value(options, key, "a size such as 512M or 1.5GiB", err);
}

gcut_status gcut__option_choice(const gcut__options *options, const char *key,
                                const char *const *choices, uint32_t fallback, uint32_t *out,
                                gcut_error *err) {
  const char *text = gcut__option_find(options, key);
  char wanted[200] = "";
  size_t used = 0;
  *out = fallback;
  if (!text) return GCUT_OK;
  for (uint32_t i = 0; choices[i]; i++) {
    *out = i;
    if (strcmp(choices[i], text) == 0) return GCUT_OK;
    if (used < sizeof wanted)
      used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", i ? " or " : "",
                               choices[i]);
  }
  return bad_value(options, key, wanted, err);
}
