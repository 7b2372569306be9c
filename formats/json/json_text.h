// JSON on its way to a file: what could not be made is remembered, and told when it is written.
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

#endif
