// Reads a trace back: what gcut__timeline_json wrote, or a part of it that someone cut out. Events
// of other kinds are passed over.
#include <math.h>

#include "formats/json/json_text.h"
#include "formats/timeline/timeline.h"
#include "tracer/base/error.h"

static uint32_t number_or_none(const json_t *value) {
  json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;
  return n >= 0 && n < GCUT_NONE ? (uint32_t)n : GCUT_NONE;
}

// The command kind of that name, or GCUT_N_COMMANDS.
static unsigned find_kind(const char *name) {
  unsigned kind = 0;
  while (kind < GCUT_N_COMMANDS && (!name || strcmp(gcut_command_name(kind), name) != 0)) kind++;
  return kind;
}

static bool read_slice(const json_t *event, uint32_t n_parts, gcut__slice *out) {
  const char *phase = json_string_value(json_object_get(event, "ph"));
  const json_t *args = json_object_get(event, "args");
  unsigned kind = find_kind(json_string_value(json_object_get(event, "cat")));
  uint32_t row = number_or_none(json_object_get(event, "tid"));
  double start = json_number_value(json_object_get(event, "ts")) * 1e-6;
  double seconds = json_number_value(json_object_get(event, "dur")) * 1e-6;
  if (!phase || strcmp(phase, "X") != 0 || kind == GCUT_N_COMMANDS) return false;
  if (row < 1 || row > GCUT_N_QUEUES || !isfinite(start + seconds) || start < 0 || seconds < 0)
    return false;
  *out = (gcut__slice){.start = start,
                       .seconds = seconds,
                       .part = number_or_none(json_object_get(args, "part")),
                       .batch = number_or_none(json_object_get(args, "batch")),
                       .kind = (uint8_t)kind,
                       .queue = (uint8_t)(row - 1),
                       .predicted = number_or_none(json_object_get(event, "pid")) == 2};
  if (out->part >= n_parts) out->part = GCUT_NONE;
  return true;
}

static gcut_status read_parts(const json_t *list, gcut_arena *arena, gcut__slices *out,
                              gcut_error *err) {
  out->n_parts = (uint32_t)json_array_size(list);
  const char **names = GCUT_NEW_ARRAY(arena, const char *, out->n_parts);
  if (!names) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < out->n_parts; i++) {
    const json_t *name = json_array_get(list, i);
    names[i] = gcut_arena_format(arena, "%s", json_is_string(name) ? json_string_value(name) : "");
    if (!names[i]) return GCUT_NO_MEMORY(err);
  }
  out->parts = names;
  return GCUT_OK;
}

static gcut_status read_events(const json_t *events, gcut_arena *arena, gcut__slices *out,
                               gcut_error *err) {
  size_t n = json_array_size(events);
  gcut__slice *items = GCUT_NEW_ARRAY(arena, gcut__slice, n);
  if (!items) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < n; i++) {
    if (!read_slice(json_array_get(events, i), out->n_parts, &items[out->n])) continue;
    const gcut__slice *s = &items[out->n++];
    if (s->start + s->seconds > out->seconds) out->seconds = s->start + s->seconds;
  }
  out->items = items;
  return GCUT_OK;
}

static gcut_status read_trace(const char *path, const json_t *root, gcut_arena *arena,
                              gcut__slices *out, gcut_error *err) {
  const json_t *events = json_object_get(root, "traceEvents");
  const json_t *other = json_object_get(root, "otherData");
  const char *offload = json_string_value(json_object_get(other, "offload"));
  if (!json_is_array(events) || !json_is_array(json_object_get(other, "parts")))
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "%s: expected a timeline that run or simulate wrote as .json", path);
  *out = (gcut__slices){.offload = gcut_arena_format(arena, "%s", offload ? offload : "")};
  GCUT_TRY(read_parts(json_object_get(other, "parts"), arena, out, err));
  return read_events(events, arena, out, err);
}

gcut_status gcut__timeline_read(const char *path, gcut_arena *arena, gcut__slices *out,
                                gcut_error *err) {
  json_t *root;
  GCUT_TRY(gcut__json_read(path, &root, err));
  gcut_status status = read_trace(path, root, arena, out, err);
  json_decref(root);
  return status;
}
