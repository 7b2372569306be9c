#include "tool_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graphcut/utf8.h"
#include "tool.h"

static void check(bool ok) {
  if (!ok) tool_out_of_memory();
}

json_t *tool_json_text(const char *text) {
  json_t *plain = json_string(text);
  if (plain) return plain;
  size_t size = strlen(text), used = 0, n;
  char *fixed = tool_alloc(size + 1, 3);
  for (size_t i = 0; i < size; i += n) {
    bool valid = gcut_utf8_read(text + i, size - i, &n) != GCUT_NOT_UTF8;
    memcpy(fixed + used, valid ? text + i : "\xef\xbf\xbd", valid ? n : 3);
    used += valid ? n : 3;
  }
  json_t *string = json_stringn(fixed, used);
  free(fixed);
  check(string);
  return string;
}

json_t *tool_json_pack(const char *format, ...) {
  va_list args;
  va_start(args, format);
  json_t *value = json_vpack_ex(NULL, 0, format, args);
  va_end(args);
  check(value);
  return value;
}

void tool_json_set(json_t *object, const char *key, json_t *value) {
  check(json_object_set_new(object, key, value) == 0);
}

void tool_json_append(json_t *array, json_t *value) {
  check(json_array_append_new(array, value) == 0);
}

json_t *tool_json_fused(const gcut_trace *trace, bool unfused) {
  uint32_t n[GCUT_N_FUSED_KINDS] = {0};
  json_t *object = json_object();
  for (uint32_t i = 0; i < trace->n_fused; i++) n[trace->fused[i].kind]++;
  for (int k = 0; k < GCUT_N_FUSED_KINDS; k++) {
    gcut_fused_kind kind = (gcut_fused_kind)k;
    if (n[k] > 0 && !(unfused && gcut_fused_is_whole(kind)))
      tool_json_set(object, gcut_fused_name(kind), json_integer(n[k]));
  }
  return object;
}

int tool_json_print(json_t *object) {
  // JSON escapes control characters of one byte alone: a terminal gets none of the others.
  int flags = JSON_INDENT(2) | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0);
  check(json_dumpf(object, stdout, flags) == 0 || ferror(stdout));
  putchar('\n');
  json_decref(object);
  return tool_finish();
}
