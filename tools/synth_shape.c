#include "synth_shape.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 10000 }; // about a million nodes

static gcut_status fail(gcut_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static gcut_status fail(gcut_error *err, const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(err->message, sizeof err->message, "decoder shape: %s", text);
  return GCUT_ARGUMENT;
}

static gcut_status set_field(synth_shape *s, const char *key, const char *value, gcut_error *err) {
  char *end;
  if (strcmp(key, "type") == 0) {
    s->type = gcut_dtype_find(value, strlen(value));
    bool known = s->type == GCUT_FLOAT || s->type == GCUT_FLOAT16 || s->type == GCUT_BFLOAT16;
    return known ? GCUT_OK : fail(err, "type=%.100s, expected float, float16 or bfloat16", value);
  }
  long number = strtol(value, &end, 10), most = 1 << 24;
#define X(name, ignored)                                                                           \
  if (strcmp(key, #name) == 0) {                                                                   \
    if (*end || !isdigit((unsigned char)*value) || number > most)                                  \
      return fail(err, "%s=%.100s, expected a number from 0 to %ld", key, value, most);            \
    s->name = number;                                                                              \
    return GCUT_OK;                                                                                \
  }
  SYNTH_SHAPE_LIST(X)
#undef X
#define X(name, ignored) #name ", "
  return fail(err, "there is no '%.100s'; there are " SYNTH_SHAPE_LIST(X) "type", key);
#undef X
}

static gcut_status check_shape(synth_shape *s, gcut_error *err) {
  if (s->kv_heads == 0) s->kv_heads = s->heads;
  if (s->intermediate == 0) s->intermediate = s->hidden * 7 / 2;
  if (s->hidden < 1 || s->layers < 1 || s->heads < 1 || s->vocab < 1)
    return fail(err, "hidden, layers, heads and vocab must be at least 1");
  if (s->layers > MOST_LAYERS)
    return fail(err, "layers=%ld, expected at most %d", s->layers, MOST_LAYERS);
  if (s->hidden % s->heads || s->hidden / s->heads % 2)
    return fail(err, "hidden=%ld makes no %ld heads of one even size", s->hidden, s->heads);
  if (s->heads % s->kv_heads)
    return fail(err, "heads=%ld are no multiple of kv_heads=%ld", s->heads, s->kv_heads);
  if (s->opset != 18 && s->opset != 23) return fail(err, "opset=%ld, expected 18 or 23", s->opset);
  if (s->experts > 0 && (s->experts_per_token < 1 || s->experts_per_token > s->experts))
    return fail(err, "experts_per_token=%ld of experts=%ld", s->experts_per_token, s->experts);
  return GCUT_OK;
}

gcut_status synth_shape_parse(const char *text, synth_shape *out, gcut_error *err) {
  char copy[512], *rest = copy, *item;
  *out = (synth_shape){.type = GCUT_BFLOAT16,
#define X(name, value) .name = value,
                       SYNTH_SHAPE_LIST(X)
#undef X
  };
  if (strlen(text) >= sizeof copy) return fail(err, "'%.100s...' is too long", text);
  strcpy(copy, text);
  while ((item = strsep(&rest, ","))) {
    char *equals = strchr(item, '=');
    if (!equals) return fail(err, "'%.100s', expected NAME=NUMBER", item);
    *equals = '\0';
    gcut_status status = set_field(out, item, equals + 1, err);
    if (status != GCUT_OK) return status;
  }
  return check_shape(out, err);
}
