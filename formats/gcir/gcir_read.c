// The entries of the GCIR reader.
#include <locale.h>

#include "formats/file.h"
#include "formats/gcir/gcir.h"
#include "graphcut/formats.h"

// Puts the file's name before a message that does not begin with it.
static gcut_status name_file(gcut_status status, const char *path, gcut_error *err) {
  if (status == GCUT_OK || !err || strncmp(err->message, path, strlen(path)) == 0) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "%.300s: %s", path, inner.message);
}

static gcut_status parse(gcir_parser *p) {
  // strtof and strtod read the decimal point of the thread's locale.
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (plain == (locale_t)0) return GCUT_NO_MEMORY(p->err);
  locale_t before = uselocale(plain);
  gcut_status status = gcut__gcir_model(p);
  uselocale(before);
  freelocale(plain);
  return status == GCUT_OK ? gcut__gcir_build(p) : status;
}

static gcut_status parse_into(gcut_graph *graph, const void *data, size_t size, const char *path,
                              const gcut_read_options *options, gcut_error *err) {
  gcir_parser p = {.path = path,
                   .text = data,
                   .size = size,
                   .graph = graph,
                   .arena = gcut_graph_arena(graph),
                   .scratch = gcut_arena_create(),
                   .err = err};
  if (!p.scratch) return GCUT_NO_MEMORY(err);
  graph->path = gcut_graph_intern(graph, path, strlen(path));
  gcut_status status =
      gcut__externals_init(&p.externals, graph, path, options && options->follow_links, err);
  if (status == GCUT_OK) status = parse(&p);
  gcut__externals_free(&p.externals);
  gcut_arena_destroy(p.scratch);
  return name_file(status, path, err);
}

gcut_status gcut_gcir_parse(const void *data, size_t size, const char *path,
                            const gcut_read_options *options, gcut_graph **out_graph,
                            gcut_error *err) {
  gcut_graph *graph;
  *out_graph = NULL;
  GCUT_TRY(gcut_graph_create(&graph, err));
  gcut_status status = parse_into(graph, data, size, path, options, err);
  if (status == GCUT_OK)
    *out_graph = graph;
  else
    gcut_graph_destroy(graph);
  return status;
}

gcut_status gcut_gcir_read(const char *path, const gcut_read_options *options,
                           gcut_graph **out_graph, gcut_error *err) {
  const void *data;
  uint64_t size;
  *out_graph = NULL;
  GCUT_TRY(gcut__file_map(path, &data, &size, err));
  gcut_status status = gcut_gcir_parse(data, size, path, options, out_graph, err);
  gcut__file_unmap(data, size); // the graph keeps nothing of the text
  return status;
}
