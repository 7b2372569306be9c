// JSON from a file and on its way to one. What could not be made is remembered, and told when it is
// written.
#ifndef GCUT_FORMATS_JSON_JSON_TEXT_H
#define GCUT_FORMATS_JSON_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "graphcut/status.h"

// Zeroed at first.
typedef struct gcut__json {
  char not_utf8[200]; // the beginning of a text that cannot stand in JSON; "": none
  bool out_of_memory;
} gcut__json;

// A string, or NULL, which is remembered with its reason.
json_t *gcut__json_text(gcut__json *j, const char *text);
// Sets a member, appends an item; takes `value`. NULL stays out and is remembered.
void gcut__json_set(gcut__json *j, json_t *object, const char *key, json_t *value);
void gcut__json_append(gcut__json *j, json_t *array, json_t *value);

// Writes the file, whole or not at all, and releases `root`. GCUT_UNSUPPORTED naming a text that is
// no UTF-8.
GCUT_MUST_USE gcut_status gcut__json_write(gcut__json *j, json_t *root, const char *path,
                                           gcut_error *err);

// Parses the text of a file (named `path` in messages), or the file itself. GCUT_FORMAT where it is
// no JSON, or says a key twice.
GCUT_MUST_USE gcut_status gcut__json_parse(const void *data, size_t size, const char *path,
                                           json_t **out_root, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__json_read(const char *path, json_t **out_root, gcut_error *err);
// Refuses a key of `object` (`what` it is, for messages) that is none of `known`, ended by NULL: a
// misspelt one would say nothing.
GCUT_MUST_USE gcut_status gcut__json_keys(const json_t *object, const char *path, const char *what,
                                          const char *const *known, gcut_error *err);

#endif
