// Profiles of machines: JSON, each number with where it comes from.
//
//   "mapped_rate": {"value": 5e10, "source": "measured: ..."}     or     "mapped_rate": 5e10
//
// Those that ship lie in profiles/ beside this file and are part of the library.
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "formats/json/json_text.h"
#include "graphcut/simulate.h"
#include "tracer/base/error.h"

// ---- profiles that ship -----------------------------------------------------------------------

// X(identifier, name)
#define PROFILE_LIST(X)                                                                            \
  X(h100_pcie, "h100-pcie")                                                                        \
  X(h200, "h200-assumed")                                                                          \
  X(gb200, "gb200-assumed")                                                                        \
  X(rtx4090, "rtx4090-assumed")                                                                    \
  X(rtx3060, "rtx3060-assumed")                                                                    \
  X(laptop, "laptop-8gb-assumed")

#define X(identifier, name)                                                                        \
  __asm__(".section .rodata\n.balign 16\n"                                                         \
          "gcut__profile_" #identifier ":\n.incbin \"formats/json/profiles/" name ".json\"\n"      \
          "gcut__profile_" #identifier "_end:\n.byte 0\n.previous\n");                             \
  extern const char gcut__profile_##identifier[], gcut__profile_##identifier##_end[];
PROFILE_LIST(X)
#undef X

static const struct {
  const char *name, *begin, *end;
} shipped[] = {
#define X(identifier, name) {name, gcut__profile_##identifier, gcut__profile_##identifier##_end},
    PROFILE_LIST(X)
#undef X
};
enum { N_SHIPPED = sizeof shipped / sizeof *shipped };

const char *const *gcut_profile_names(void) {
  static const char *const names[] = {
#define X(identifier, name) name,
      PROFILE_LIST(X)
#undef X
          NULL};
  return names;
}

// ---- numbers by name --------------------------------------------------------------------------

typedef struct number {
  const char *group, *key; // group "": at the top
  size_t offset;
} number;

#define ENGINE(group)                                                                              \
  {#group, "memory_bytes", offsetof(gcut_profile, group.memory_bytes)},                            \
      {#group, "memory_rate", offsetof(gcut_profile, group.memory_rate)},                          \
      {#group, "flops_f32", offsetof(gcut_profile, group.flops_f32)},                              \
      {#group, "flops_f16", offsetof(gcut_profile, group.flops_f16)},                              \
      {#group, "flops_bf16", offsetof(gcut_profile, group.flops_bf16)},                            \
      {#group, "node_seconds", offsetof(gcut_profile, group.node_seconds)},
#define WIRE(group)                                                                                \
  {#group, "rate", offsetof(gcut_profile, group.rate)},                                            \
      {#group, "both_rate", offsetof(gcut_profile, group.both_rate)},
#define TOP(key) {"", #key, offsetof(gcut_profile, key)},

static const number numbers[] = {ENGINE(device) ENGINE(host) WIRE(up) WIRE(down) TOP(mapped_rate)
                                     TOP(copy_seconds) TOP(disk_read_rate) TOP(disk_write_rate)};
enum { N_NUMBERS = sizeof numbers / sizeof *numbers };

static double *field(gcut_profile *p, size_t i) {
  return (double *)((char *)p + numbers[i].offset);
}

static bool may_be_zero(const char *key) {
  return !strcmp(key, "node_seconds") || !strcmp(key, "copy_seconds");
}

// ---- reading ----------------------------------------------------------------------------------

// The group's numbers and `others` may stand there.
static gcut_status check_keys(const json_t *object, const char *path, const char *group,
                              const char *const *others, gcut_error *err) {
  const char *known[N_NUMBERS + 8];
  char what[40] = "a profile";
  size_t n = 0;
  for (size_t i = 0; i < N_NUMBERS; i++)
    if (!strcmp(numbers[i].group, group)) known[n++] = numbers[i].key;
  while (*others) known[n++] = *others++;
  known[n] = NULL;
  if (*group) snprintf(what, sizeof what, "'%s'", group);
  return gcut__json_keys(object, path, what, known, err);
}

static gcut_status check_all_keys(const json_t *root, const char *path, gcut_error *err) {
  static const char *const top[] = {"name", "device", "host", "up", "down", NULL};
  static const char *const engine[] = {NULL};
  static const char *const wire[] = {"points", "points_source", NULL};
  GCUT_TRY(check_keys(root, path, "", top, err));
  GCUT_TRY(check_keys(json_object_get(root, "device"), path, "device", engine, err));
  GCUT_TRY(check_keys(json_object_get(root, "host"), path, "host", engine, err));
  GCUT_TRY(check_keys(json_object_get(root, "up"), path, "up", wire, err));
  return check_keys(json_object_get(root, "down"), path, "down", wire, err);
}

static gcut_status read_number(const json_t *object, const char *path, const char *group,
                               const char *key, double *out, gcut_error *err) {
  static const char *const keys[] = {"value", "source", NULL};
  json_t *value = json_object_get(object, key);
  GCUT_TRY(gcut__json_keys(value, path, key, keys, err));
  if (json_is_object(value)) value = json_object_get(value, "value");
  *out = json_is_number(value) ? json_number_value(value) : NAN;
  if (isfinite(*out) && (*out > 0 || (*out == 0 && may_be_zero(key)))) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "%s: '%s%s%s' is no positive number", path, group,
                   *group ? "." : "", key);
}

static gcut_status read_points(const json_t *object, const char *path, gcut_wire *out,
                               gcut_error *err) {
  json_t *points = json_object_get(object, "points"), *point;
  size_t i;
  if (!points) return GCUT_OK;
  if (!json_is_array(points) || json_array_size(points) > GCUT_PROFILE_POINTS)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: 'points' is no list of at most %d pairs", path,
                     GCUT_PROFILE_POINTS);
  json_array_foreach(points, i, point) {
    double bytes = json_number_value(json_array_get(point, 0));
    double rate = json_number_value(json_array_get(point, 1));
    if (json_array_size(point) != 2 || !(bytes > 0) || !(rate > 0) ||
        (i > 0 && bytes <= out->points[i - 1].bytes))
      return GCUT_FAIL(err, GCUT_FORMAT, "%s: 'points' must be [bytes, rate] by growing bytes",
                       path);
    out->points[i].bytes = bytes;
    out->points[i].rate = rate;
    out->n_points = (uint32_t)i + 1;
  }
  return GCUT_OK;
}

static gcut_status fill(json_t *root, const char *path, gcut_profile *out, gcut_error *err) {
  const char *name = json_string_value(json_object_get(root, "name"));
  if (!name) return GCUT_FAIL(err, GCUT_FORMAT, "%s: a profile has a 'name', this has none", path);
  GCUT_TRY(check_all_keys(root, path, err));
  snprintf(out->name, sizeof out->name, "%s", name);
  for (size_t i = 0; i < N_NUMBERS; i++) {
    const number *n = &numbers[i];
    json_t *object = *n->group ? json_object_get(root, n->group) : root;
    GCUT_TRY(read_number(object, path, n->group, n->key, field(out, i), err));
  }
  GCUT_TRY(read_points(json_object_get(root, "up"), path, &out->up, err));
  return read_points(json_object_get(root, "down"), path, &out->down, err);
}

static gcut_status fail_unknown(const char *name, gcut_error *err) {
  char names[300] = "";
  for (size_t i = 0; i < N_SHIPPED; i++)
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
             shipped[i].name);
  return GCUT_FAIL(err, GCUT_FORMAT, "%s: no such file; profiles that ship: %s", name, names);
}

static gcut_status open_profile(const char *path, json_t **out_root, gcut_error *err) {
  for (size_t i = 0; i < N_SHIPPED; i++)
    if (!strcmp(shipped[i].name, path))
      return gcut__json_parse(shipped[i].begin, (size_t)(shipped[i].end - shipped[i].begin), path,
                              out_root, err);
  return access(path, F_OK) == 0 ? gcut__json_read(path, out_root, err) : fail_unknown(path, err);
}

gcut_status gcut_profile_read(const char *path_or_name, gcut_profile *out_profile,
                              gcut_error *err) {
  json_t *root;
  *out_profile = (gcut_profile){0};
  GCUT_TRY(open_profile(path_or_name, &root, err));
  gcut_status status = fill(root, path_or_name, out_profile, err);
  json_decref(root);
  return status;
}

// ---- writing ----------------------------------------------------------------------------------

static json_t *points_json(const gcut_wire *wire, gcut__json *j) {
  json_t *points = json_array();
  for (uint32_t i = 0; i < wire->n_points; i++)
    gcut__json_append(j, points, json_pack("[f, f]", wire->points[i].bytes, wire->points[i].rate));
  return points;
}

static json_t *group_of(json_t *root, const char *group, gcut__json *j) {
  if (!*group) return root;
  if (!json_object_get(root, group)) gcut__json_set(j, root, group, json_object());
  return json_object_get(root, group);
}

gcut_status gcut_profile_write(const gcut_profile *profile, const char *source, FILE *file,
                               gcut_error *err) {
  gcut__json j = {0};
  json_t *root = json_object();
  gcut__json_set(&j, root, "name", gcut__json_text(&j, profile->name));
  for (size_t i = 0; i < N_NUMBERS; i++)
    gcut__json_set(
        &j, group_of(root, numbers[i].group, &j), numbers[i].key,
        json_pack("{s:f, s:s}", "value", *field((gcut_profile *)profile, i), "source", source));
  if (profile->up.n_points)
    gcut__json_set(&j, group_of(root, "up", &j), "points", points_json(&profile->up, &j));
  if (profile->down.n_points)
    gcut__json_set(&j, group_of(root, "down", &j), "points", points_json(&profile->down, &j));
  gcut_status status = j.out_of_memory ? GCUT_NO_MEMORY(err) : GCUT_OK;
  if (status == GCUT_OK &&
      (*j.not_utf8 || json_dumpf(root, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) != 0 ||
       fputc('\n', file) == EOF))
    status = GCUT_FAIL(err, GCUT_IO, "the profile could not be written");
  json_decref(root);
  return status;
}
