// What --input, --output and --expect name: an .npz file, a directory of them, or an ONNX test data
// directory (input_0.pb, output_0.pb, ...). Names are in natural order: batch2 before batch10.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "formats/tensor/npz.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

// ---- listing ----------------------------------------------------------------------------------

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Runs of digits compare as numbers, everything else by bytes; equal so far, by bytes as a whole.
static int compare_natural(const char *a, const char *b) {
  const char *x = a, *y = b;
  while (*x && *y) {
    if (is_digit(*x) && is_digit(*y)) {
      while (*x == '0') x++;
      while (*y == '0') y++;
      size_t n = strspn(x, "0123456789"), m = strspn(y, "0123456789");
      int order = n != m ? (n < m ? -1 : 1) : memcmp(x, y, n);
      if (order) return order;
      x += n, y += m;
    } else if (*x++ != *y++) {
      return (unsigned char)x[-1] < (unsigned char)y[-1] ? -1 : 1;
    }
  }
  return *x || *y ? (*x ? 1 : -1) : strcmp(a, b);
}

static int compare_paths(const void *a, const void *b) {
  return compare_natural(*(char *const *)a, *(char *const *)b);
}

static bool ends_in(const char *name, const char *tail) {
  size_t n = strlen(name), m = strlen(tail);
  return n > m && strcasecmp(name + n - m, tail) == 0;
}

// The number of "input_12.pb" where prefix is "input_"; -1 for any other name.
static int64_t file_number(const char *name, const char *prefix) {
  size_t n = strlen(prefix), digits;
  if (strncmp(name, prefix, n) != 0) return -1;
  digits = strspn(name + n, "0123456789");
  if (digits == 0 || digits > 9 || strcmp(name + n + digits, ".pb") != 0) return -1;
  return strtoll(name + n, NULL, 10);
}

typedef struct path_vector {
  char **paths;
  uint32_t n, capacity;
} path_vector;

static void free_paths(char **paths, size_t n) {
  for (size_t i = 0; i < n; i++) free(paths[i]);
  free(paths);
}

static gcut_status add_path(path_vector *v, const char *folder, const char *name, gcut_error *err) {
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = malloc(size);
  if (!path || !gcut_vector_reserve((void **)&v->paths, &v->capacity, v->n, 1, sizeof *v->paths)) {
    free(path);
    return GCUT_NO_MEMORY(err);
  }
  snprintf(path, size, *name ? "%s/%s" : "%s%s", folder, name);
  v->paths[v->n++] = path;
  return GCUT_OK;
}

static gcut_status scan_folder(DIR *folder, const char *path, path_vector *npz, bool *test_data,
                               gcut_error *err) {
  for (struct dirent *e; (e = readdir(folder));) {
    if (e->d_name[0] == '.') continue;
    if (ends_in(e->d_name, ".npz")) GCUT_TRY(add_path(npz, path, e->d_name, err));
    if (file_number(e->d_name, "input_") >= 0 || file_number(e->d_name, "output_") >= 0)
      *test_data = true;
  }
  return GCUT_OK;
}

static gcut_status list_folder(const char *path, path_vector *v, bool *test_data, gcut_error *err) {
  DIR *folder = opendir(path);
  if (!folder) return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s", path, strerror(errno));
  gcut_status status = scan_folder(folder, path, v, test_data, err);
  closedir(folder);
  GCUT_TRY(status);
  if (v->n == 0 && !*test_data)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: holds neither .npz files nor input_0.pb", path);
  if (v->n > 0 && *test_data)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: holds both .npz files and ONNX test data", path);
  if (*test_data) return add_path(v, path, "", err);
  qsort(v->paths, v->n, sizeof *v->paths, compare_paths);
  return GCUT_OK;
}

gcut_status gcut_batch_list_open(const char *path, gcut_batch_list *out, gcut_error *err) {
  *out = (gcut_batch_list){0};
  struct stat info;
  if (stat(path, &info) != 0) return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s", path, strerror(errno));
  path_vector v = {0};
  bool test_data = false;
  gcut_status status =
      S_ISDIR(info.st_mode) ? list_folder(path, &v, &test_data, err) : add_path(&v, path, "", err);
  if (status != GCUT_OK) {
    free_paths(v.paths, v.n);
    return status;
  }
  *out = (gcut_batch_list){.paths = v.paths, .n = v.n, .test_data = test_data};
  return GCUT_OK;
}

void gcut_batch_list_free(gcut_batch_list *list) {
  if (!list) return;
  free_paths(list->paths, list->n);
  *list = (gcut_batch_list){0};
}

// ---- reading ----------------------------------------------------------------------------------

// The graph's inputs or outputs.
typedef struct side {
  const gcut_graph *graph;
  const uint32_t *values;
  uint32_t n;
} side;

static side side_of(const gcut_graph *graph, bool outputs) {
  const gcut_body *body = &graph->bodies[0];
  return outputs ? (side){graph, body->outputs, body->n_outputs}
                 : (side){graph, body->inputs, body->n_inputs};
}

static const gcut_value *find_value(const side *s, const char *name) {
  for (uint32_t i = 0; i < s->n; i++)
    if (strcmp(s->graph->values[s->values[i]].name, name) == 0)
      return &s->graph->values[s->values[i]];
  return NULL;
}

static gcut_dtype wanted_type(const void *context, const char *name) {
  const gcut_value *value = find_value(context, name);
  return value ? (gcut_dtype)value->declared.type : GCUT_UNDEFINED;
}

// Where there is a single output, the key "out" stands for it.
static gcut_status rename_out(const side *s, gcut_batch *batch, gcut_error *err) {
  if (s->n != 1 || batch->n != 1 || strcmp(batch->names[0], "out") != 0) return GCUT_OK;
  char *name = strdup(s->graph->values[s->values[0]].name);
  if (!name) return GCUT_NO_MEMORY(err);
  free(batch->names[0]);
  batch->names[0] = name;
  return GCUT_OK;
}

static gcut_status read_npz(const char *path, const side *s, bool outputs, gcut_batch *out,
                            gcut_error *err) {
  GCUT_TRY(gcut__npz_read_as(path, (gcut__wanted){wanted_type, s}, out, err));
  return outputs ? rename_out(s, out, err) : GCUT_OK;
}

static gcut_status read_position(const char *folder, const char *prefix, uint32_t position,
                                 const gcut_value *value, gcut_batch *out, gcut_error *err) {
  size_t size = strlen(folder) + strlen(prefix) + 24;
  char *path = malloc(size);
  if (!path) return GCUT_NO_MEMORY(err);
  snprintf(path, size, "%s/%s%u.pb", folder, prefix, position);
  gcut_tensor *tensor = NULL;
  gcut_status status =
      gcut_tensor_read_pb(path, (gcut_kind)value->declared.kind, &tensor, NULL, err);
  if (status == GCUT_OK) status = gcut_batch_add(out, value->name, tensor, err);
  gcut_tensor_unref(tensor);
  free(path);
  return status;
}

// Marks the positions whose files are there.
static gcut_status find_positions(const char *path, const char *prefix, uint32_t n, bool *present,
                                  gcut_error *err) {
  DIR *folder = opendir(path);
  if (!folder) return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s", path, strerror(errno));
  gcut_status status = GCUT_OK;
  for (struct dirent *e; status == GCUT_OK && (e = readdir(folder));) {
    int64_t number = file_number(e->d_name, prefix);
    if (number >= n)
      status = GCUT_FAIL(err, GCUT_FORMAT, "%s/%s: the model has %u of them", path, e->d_name, n);
    else if (number >= 0)
      present[number] = true;
  }
  closedir(folder);
  return status;
}

static gcut_status read_test_data(const char *path, const side *s, const char *prefix,
                                  gcut_batch *out, gcut_error *err) {
  bool *present = calloc(s->n + 1, sizeof *present);
  if (!present) return GCUT_NO_MEMORY(err);
  gcut_status status = find_positions(path, prefix, s->n, present, err);
  for (uint32_t i = 0; i < s->n && status == GCUT_OK; i++)
    if (present[i])
      status = read_position(path, prefix, i, &s->graph->values[s->values[i]], out, err);
  free(present);
  return status;
}

gcut_status gcut_batch_read(const gcut_batch_list *list, size_t index, const gcut_graph *graph,
                            bool outputs, gcut_batch *out_batch, gcut_error *err) {
  *out_batch = (gcut_batch){0};
  if (index >= list->n)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "batch %zu: there are %zu", index, list->n);
  side s = side_of(graph, outputs);
  gcut_status status =
      list->test_data
          ? read_test_data(list->paths[index], &s, outputs ? "output_" : "input_", out_batch, err)
          : read_npz(list->paths[index], &s, outputs, out_batch, err);
  if (status != GCUT_OK) gcut_batch_free(out_batch);
  return status;
}
