#include "formats/json/json_text.h"

#include <string.h>

#include "formats/file.h"
#include "graphcut/nearest.h"
#include "graphcut/output.h"
#include "graphcut/utf8.h"
#include "tracer/base/error.h"

static bool is_utf8(const char *text) {
  size_t size = strlen(text), n;
  for (size_t i = 0; i < size; i += n)
    if (gcut_utf8_read(text + i, size - i, &n) == GCUT_NOT_UTF8) return false;
  return true;
}

json_t *gcut__json_text(gcut__json *j, const char *text) {
  json_t *string = json_string(text);
  if (!string && is_utf8(text)) j->out_of_memory = true;
  if (!string && !j->out_of_memory) snprintf(j->not_utf8, sizeof j->not_utf8, "%s", text);
  return string;
}

// What no text was refused for, memory was out for.
static void check(gcut__json *j, bool ok) {
  if (!ok && !*j->not_utf8) j->out_of_memory = true;
}

void gcut__json_set(gcut__json *j, json_t *object, const char *key, json_t *value) {
  check(j, value && json_object_set_new(object, key, value) == 0);
}

void gcut__json_append(gcut__json *j, json_t *array, json_t *value) {
  check(j, value && json_array_append_new(array, value) == 0);
}

static gcut_status write_file(const json_t *root, const char *path, gcut_error *err) {
  gcut_output out;
  GCUT_TRY(gcut_output_open(path, &out, err));
  if (json_dumpf(root, out.stream, JSON_INDENT(2)) != 0 && !ferror(out.stream)) {
    gcut_output_abort(&out);
    return GCUT_NO_MEMORY(err);
  }
  fputc('\n', out.stream);
  return gcut_output_commit(&out, err);
}

gcut_status gcut__json_write(gcut__json *j, json_t *root, const char *path, gcut_error *err) {
  gcut_status status;
  if (!root || j->out_of_memory)
    status = GCUT_NO_MEMORY(err);
  else if (*j->not_utf8)
    status = GCUT_FAIL(err, GCUT_UNSUPPORTED, "%s: the name '%s' is no UTF-8", path, j->not_utf8);
  else
    status = write_file(root, path, err);
  json_decref(root);
  return status;
}

// ---- reading ----------------------------------------------------------------------------------

enum { MOST_BYTES = 512 << 20 };

gcut_status gcut__json_parse(const void *data, size_t size, const char *path, json_t **out_root,
                             gcut_error *err) {
  json_error_t why;
  *out_root = NULL;
  if (size > MOST_BYTES)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: %zu bytes are too many for a JSON file", path, size);
  *out_root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &why);
  if (*out_root) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "%s: no JSON at line %d: %s", path, why.line, why.text);
}

gcut_status gcut__json_read(const char *path, json_t **out_root, gcut_error *err) {
  const void *data;
  uint64_t bytes;
  *out_root = NULL;
  GCUT_TRY(gcut__file_map(path, &data, &bytes, err));
  gcut_status status = gcut__json_parse(data, bytes, path, out_root, err);
  gcut__file_unmap(data, bytes);
  return status;
}

gcut_status gcut__json_keys(const json_t *object, const char *path, const char *what,
                            const char *const *known, gcut_error *err) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    gcut_nearest near;
    char list[200], shown[160];
    size_t i = 0;
    while (known[i] && strcmp(known[i], key)) i++;
    if (known[i]) continue;
    gcut_nearest_begin(&near, key);
    for (i = 0; known[i]; i++) gcut_nearest_offer(&near, known[i]);
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s has no '%s'%s", path, what,
                     gcut__printable(key, shown, sizeof shown),
                     gcut_nearest_format(&near, list, sizeof list));
  }
  return GCUT_OK;
}
