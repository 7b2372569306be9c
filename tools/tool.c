#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graphcut/run.h"
#include "progress.h"

int tool_fail(gcut_status status, const gcut_error *err) {
  fprintf(stderr, "graphcut: %s\n", *err->message ? err->message : gcut_status_name(status));
  return gcut_status_exit(status);
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
  tool_progress progress = tool_progress_start("reading", NULL);
  gcut_read_options options = {.follow_links = common->follow_links,
                               .progress = tool_progress_of(&progress)};
  gcut_status status = gcut_graph_read(path, &options, out_graph, err);
  tool_progress_end(&progress);
  return status;
}

gcut_status tool_check_writable(const char *path, gcut_error *err) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s.", slash ? (int)(slash - path + 1) : 0, path);
  if (access(folder, W_OK) == 0) return GCUT_OK;
  snprintf(err->message, sizeof err->message, "%.600s: cannot be written: %s", path,
           strerror(errno));
  return GCUT_IO;
}

gcut_status tool_model_open(const tool_common *common, const char *path, const tool_bindings *set,
                            tool_model *out_model, gcut_error *err) {
  *out_model = (tool_model){0};
  gcut_status status = tool_graph_open(common, path, &out_model->graph, err);
  if (status != GCUT_OK) return status;
  tool_progress progress = tool_progress_start("tracing", "nodes");
  gcut_trace_options tracing = {
      .bindings = set->items, .n_bindings = set->n, .progress = tool_progress_of(&progress)};
  status = gcut_trace_folded(out_model->graph, &tracing, &out_model->trace, err);
  tool_progress_end(&progress);
  if (status != GCUT_OK) tool_model_close(out_model);
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

// Length of the UTF-8 sequence at `text`, 0 where there is none.
static size_t sequence_length(const unsigned char *text) {
  size_t n = *text < 0x80   ? 1
             : *text < 0xc2 ? 0
             : *text < 0xe0 ? 2
             : *text < 0xf0 ? 3
             : *text < 0xf5 ? 4
                            : 0;
  for (size_t i = 1; i < n; i++)
    if ((text[i] & 0xc0) != 0x80) return 0;
  if (n == 3 && ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f)))
    return 0; // overlong, surrogate
  if (n == 4 && ((text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f)))
    return 0; // overlong, beyond the last code point
  return n;
}

json_t *tool_json_text(const char *text) {
  json_t *plain = json_string(text);
  if (plain) return plain;
  char *fixed = malloc(3 * strlen(text) + 1);
  if (!fixed) return NULL;
  size_t used = 0;
  for (const unsigned char *c = (const unsigned char *)text; *c;) {
    size_t n = sequence_length(c);
    memcpy(fixed + used, n ? (const void *)c : "\xef\xbf\xbd", n ? n : 3);
    used += n ? n : 3;
    c += n ? n : 1;
  }
  json_t *string = json_stringn(fixed, used);
  free(fixed);
  return string;
}

json_t *tool_fused_json(const gcut_trace *trace, bool unfused) {
  uint32_t n[GCUT_N_GROUP_KINDS] = {0};
  json_t *object = json_object();
  for (uint32_t i = 0; i < trace->n_fused; i++) n[trace->fused[i].kind]++;
  for (int k = 0; k < GCUT_N_GROUP_KINDS; k++) {
    gcut_fused_kind kind = (gcut_fused_kind)k;
    if (n[k] > 0 && !(unfused && gcut_fused_is_whole(kind)))
      json_object_set_new(object, gcut_fused_name(kind), json_integer(n[k]));
  }
  return object;
}

int tool_print_json(json_t *object) {
  if (!object) return tool_fail(GCUT_NOMEM, &(gcut_error){"out of memory"});
  json_dumpf(object, stdout, JSON_INDENT(2));
  putchar('\n');
  json_decref(object);
  return tool_finish();
}
