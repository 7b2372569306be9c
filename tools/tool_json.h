// JSON on its way to stdout. It is made once all work is done: where memory is out, the command
// ends.
#ifndef GRAPHCUT_TOOLS_TOOL_JSON_H
#define GRAPHCUT_TOOLS_TOOL_JSON_H

#include <jansson.h>

#include "graphcut/trace.h"

// A JSON string of any bytes: what is no UTF-8 becomes U+FFFD.
json_t *tool_json_text(const char *text);
// jansson's json_pack; of `s` the texts are our own, those of models and files go through
// tool_json_text.
json_t *tool_json_pack(const char *format, ...);
// Sets a member, appends an item; takes `value`.
void tool_json_set(json_t *object, const char *key, json_t *value);
void tool_json_append(json_t *array, json_t *value);
// Counts of a trace's fused groups by kind; `unfused`: without those that must stay whole.
json_t *tool_json_fused(const gcut_trace *trace, bool unfused);
// Prints an object and releases it; gives the exit status.
int tool_json_print(json_t *object);

#endif
