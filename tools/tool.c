#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/operators.h"
#include "graphcut/run.h"
#include "graphcut/utf8.h"
#include "progress.h"
#include "table.h"

// Ends lines of a terminal between words.
static void wrap(char *text, size_t width) {
  size_t at = 0;
  for (char *space = NULL; width > 0 && *text; text++) {
    at = *text == '\n' ? 0 : at + (((unsigned char)*text & 0xc0) != 0x80);
    if (at == 0) space = NULL;
    if (at > width && space) {
      *space = '\n';
      at = (size_t)(text - space);
      space = NULL;
    }
    if (*text == ' ') space = text;
  }
}

static void print_clean(FILE *stream, const char *format, va_list args) {
  char *text;
  if (vasprintf(&text, format, args) < 0) tool_out_of_memory();
  wrap(gcut_utf8_clean(text, "\n"), table_width(stream));
  fputs(text, stream);
  free(text);
}

void tool_print(const char *format, ...) {
  va_list args;
  va_start(args, format);
  print_clean(stdout, format, args);
  va_end(args);
}

void tool_remark(const tool_common *common, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (!common->quiet) print_clean(stderr, format, args);
  va_end(args);
}

void tool_print_refused(const gcut_trace *trace) {
  uint32_t n = trace->n_refused;
  if (n == 1) tool_print("\n1 node cannot run: %s\n", trace->refused[0].why);
  if (n > 1) tool_print("\n%u nodes cannot run; the first: %s\n", n, trace->refused[0].why);
}

int tool_fail(gcut_status status, const gcut_error *err) {
  gcut_error shown = *err; // messages of this tool's own are not clean yet
  gcut_utf8_clean(shown.message, "");
  fprintf(stderr, "graphcut: %s\n", *shown.message ? shown.message : gcut_status_name(status));
  return gcut_status_exit(status);
}

void tool_out_of_memory(void) {
  exit(tool_fail(GCUT_NOMEM, &(gcut_error){"out of memory"}));
}

void *tool_alloc(size_t n, size_t size) {
  void *memory = calloc(n ? n : 1, size);
  if (!memory) tool_out_of_memory();
  return memory;
}

void *tool_grow(void *memory, size_t n, size_t size) {
  void *larger = realloc(memory, n * size);
  if (!larger) tool_out_of_memory();
  return larger;
}

int tool_finish(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
  gcut_error err;
  snprintf(err.message, sizeof err.message, "standard output: %s",
           errno ? strerror(errno) : "could not be written");
  return tool_fail(GCUT_IO, &err);
}

gcut_status tool_graph_open(const tool_common *common, const char *path, gcut_graph **out_graph,
                            gcut_error *err) {
  tool_progress progress;
  tool_progress_start(&progress, common, "reading", NULL);
  gcut_read_options options = {.follow_links = common->follow_links,
                               .progress = tool_progress_of(&progress)};
  gcut_status status = gcut_graph_read(path, &options, out_graph, err);
  tool_progress_end(&progress);
  return status;
}

static gcut_status cannot(const char *what, const char *path, int code, gcut_error *err) {
  snprintf(err->message, sizeof err->message, "%.600s: cannot be %s: %s", path, what,
           strerror(code));
  return GCUT_IO;
}

gcut_status tool_check_writable(const char *path, gcut_error *err) {
  char folder[4096];
  struct stat info;
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s.", slash ? (int)(slash - path + 1) : 0, path);
  bool there = stat(path, &info) == 0;
  if (!there && errno != ENOENT) return cannot("written", path, errno, err);
  if (there && S_ISDIR(info.st_mode)) return cannot("written", path, EISDIR, err);
  bool direct = there && !S_ISREG(info.st_mode);
  return access(direct ? path : folder, W_OK) == 0 ? GCUT_OK : cannot("written", path, errno, err);
}

gcut_status tool_make_folder(const char *path, gcut_error *err) {
  if (mkdir(path, 0777) != 0 && errno != EEXIST) return cannot("made", path, errno, err);
  return tool_check_folder(path, err);
}

gcut_status tool_check_folder(const char *path, gcut_error *err) {
  struct stat info;
  if (stat(path, &info) != 0) return cannot("written", path, errno, err);
  if (!S_ISDIR(info.st_mode)) return cannot("written", path, ENOTDIR, err);
  return access(path, W_OK) == 0 ? GCUT_OK : cannot("written", path, errno, err);
}

gcut_status tool_model_open(const tool_common *common, const char *path, const tool_bindings *set,
                            tool_model *out_model, gcut_error *err) {
  *out_model = (tool_model){0};
  gcut_status status = tool_graph_open(common, path, &out_model->graph, err);
  if (status != GCUT_OK) return status;
  tool_progress progress;
  tool_progress_start(&progress, common, "tracing", "nodes");
  gcut_trace_options tracing = {
      .bindings = set->items, .n_bindings = set->n, .progress = tool_progress_of(&progress)};
  status = gcut_trace_folded(out_model->graph, &tracing, &out_model->trace, err);
  tool_progress_end(&progress);
  if (status != GCUT_OK) tool_model_close(out_model);
  return status;
}

gcut_status tool_device_kind(const char *device, const char **out_kind, gcut_error *err) {
  gcut_status status = gcut_device_kind(device, out_kind, err);
  if (status != GCUT_OK) return status;
  for (const char *const *d = gcut_operator_devices(); *d; d++)
    if (!strcmp(*d, *out_kind)) return GCUT_OK;
  snprintf(err->message, sizeof err->message, "no kernels for a device '%.100s' are built in",
           device);
  return GCUT_ARGUMENT;
}

void tool_tell_device(const tool_common *common, const char *device, const char *why) {
  tool_remark(common, why && *why ? "device: %s (%s)\n" : "device: %s\n", device, why);
}

gcut_status tool_device_measure(const tool_common *common, const char *device,
                                gcut_profile *out_profile, char *description, size_t size,
                                gcut_error *err) {
  tool_progress progress;
  tool_progress_start(&progress, common, "measuring the device", NULL);
  gcut_status status = gcut_device_measure(device, out_profile, description, size, err);
  tool_progress_end(&progress);
  return status;
}

uint64_t tool_weight_bytes(const gcut_graph *graph) {
  uint64_t bytes = 0;
  for (uint32_t k = 0; k < graph->n_constants; k++) bytes += graph->constants[k].bytes;
  return bytes;
}

void tool_model_close(tool_model *model) {
  gcut_trace_destroy(model->trace);
  gcut_graph_destroy(model->graph);
  *model = (tool_model){0};
}
