// The GCIR writer: the header, the graph, and the file beside it for constants that are neither
// small nor in a file that can be referred to.
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "formats/file.h"
#include "formats/gcir/print.h"
#include "tracer/base/error.h"

// ---- the header -------------------------------------------------------------------------------

static void put_item(gcir_printer *p, const char *key, const char *value) {
  if (!*value) return;
  fprintf(p->out, ",\n  %s: ", key);
  gcut__gcir_put_text(p, value);
}

static void put_opsets(gcir_printer *p) {
  gcut__gcir_put(p, ",\n  opset_import: [");
  for (uint32_t i = 0; i < p->graph->n_opsets; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    gcut__gcir_put_text(p, p->graph->opsets[i].domain);
    gcut__gcir_put(p, ": ");
    gcut__gcir_put_int(p, p->graph->opsets[i].version);
  }
  gcut__gcir_put(p, "]");
}

static void put_scope(gcir_printer *p, uint32_t i) {
  const gcut_scope *s = &p->graph->scopes[i];
  fprintf(p->out, "\n    %u: ", i);
  if (i > 0 && s->parent > 0) fprintf(p->out, "%u/", s->parent);
  gcut__gcir_put_text(p, s->name);
  if (!*s->class_name) return;
  gcut__gcir_put(p, ": ");
  gcut__gcir_put_text(p, s->class_name);
}

static void put_scopes(gcir_printer *p) {
  const gcut_graph *g = p->graph;
  bool any = false;
  gcut__gcir_put(p, ",\n  scopes: [");
  for (uint32_t i = 0; i < g->n_scopes; i++) {
    if (i == 0 && !*g->scopes[0].class_name) continue;
    if (any) gcut__gcir_put(p, ",");
    put_scope(p, i);
    any = true;
  }
  gcut__gcir_put(p, any ? "\n  ]" : "]");
}

static void put_header(gcir_printer *p) {
  const gcut_graph *g = p->graph;
  fprintf(p->out, "<\n  ir_version: %lld", (long long)g->ir_version);
  put_opsets(p);
  put_item(p, "producer_name", g->producer_name);
  put_item(p, "producer_version", g->producer_version);
  put_item(p, "domain", g->domain);
  if (g->model_version != 0)
    fprintf(p->out, ",\n  model_version: %lld", (long long)g->model_version);
  put_item(p, "doc_string", g->doc);
  if (g->n_model_metadata > 0) {
    gcut__gcir_put(p, ",\n  metadata_props: ");
    gcut__gcir_put_metadata(p, g->first_metadata, g->n_model_metadata);
  }
  put_scopes(p);
  gcut__gcir_put(p, "\n>\n");
}

// ---- the text ---------------------------------------------------------------------------------

// Lists values by body: counted, then laid out.
static void sort_values(const gcut_graph *g, uint32_t *first, uint32_t *values) {
  for (uint32_t v = 0; v < g->n_values; v++) first[g->values[v].body + 1]++;
  for (uint32_t b = 0; b < g->n_bodies; b++) first[b + 1] += first[b];
  for (uint32_t v = g->n_values; v-- > 0;) values[--first[g->values[v].body + 1]] = v;
  memmove(first, first + 1, g->n_bodies * sizeof *first); // each had moved to the start of its own
  first[g->n_bodies] = g->n_values;
}

static gcut_status print(FILE *out, const gcut_graph *g, const gcir_place *places,
                         gcut_error *err) {
  uint32_t *first = calloc((size_t)g->n_bodies + 2, sizeof *first);
  uint32_t *values = calloc((size_t)g->n_values + 1, sizeof *values);
  bool *printed = calloc((size_t)g->n_values + 1, sizeof *printed);
  gcut_status status = GCUT_NOMEM;
  if (first && values && printed) {
    sort_values(g, first, values);
    gcir_printer p = {.out = out,
                      .graph = g,
                      .places = places,
                      .body_values = values,
                      .first_value = first,
                      .printed = printed};
    put_header(&p);
    status = gcut__gcir_put_body(&p, 0, err);
    gcut__gcir_put(&p, "\n");
  } else {
    GCUT_NO_MEMORY(err);
  }
  free(first);
  free(values);
  free(printed);
  return status;
}

// printf writes the decimal point of the thread's locale.
static gcut_status print_plainly(FILE *out, const gcut_graph *g, const gcir_place *places,
                                 gcut_error *err) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (plain == (locale_t)0) return GCUT_NO_MEMORY(err);
  locale_t before = uselocale(plain);
  gcut_status status = print(out, g, places, err);
  uselocale(before);
  freelocale(plain);
  return status;
}

// ---- files ------------------------------------------------------------------------------------

static void write_side(FILE *out, const gcut_graph *g, const gcir_places *places) {
  static const char zeros[4096];
  uint64_t at = 0;
  for (uint32_t i = 0; i < places->n_order; i++) {
    const gcut_constant *c = &g->constants[places->order[i]];
    uint64_t offset = places->items[places->order[i]].offset;
    fwrite(zeros, 1, offset - at, out);
    fwrite(c->data, 1, c->bytes, out);
    at = offset + c->bytes;
  }
}

// Both files are complete before either takes its place.
static gcut_status write_files(const gcut_graph *g, const char *path, const gcir_places *places,
                               gcut_error *err) {
  gcut_output text = {0}, side = {0};
  GCUT_TRY(gcut_output_open(path, &text, err));
  gcut_status status = print_plainly(text.stream, g, places->items, err);
  if (status == GCUT_OK && places->side) {
    status = gcut_output_open(places->side, &side, err);
    if (status == GCUT_OK) write_side(side.stream, g, places);
    if (status == GCUT_OK) status = gcut_output_commit(&side, err);
  }
  if (status == GCUT_OK) return gcut_output_commit(&text, err);
  gcut_output_abort(&side);
  gcut_output_abort(&text);
  return status;
}

gcut_status gcut__gcir_write(const gcut_graph *graph, const gcut__packing *packing,
                             const char *path, gcut_error *err) {
  gcir_places places;
  GCUT_TRY(gcut__gcir_place(graph, packing, path, &places, err));
  gcut_status status = write_files(graph, path, &places, err);
  gcut__gcir_places_free(&places);
  return status;
}

gcut_status gcut_gcir_write(const gcut_graph *graph, const char *path, gcut_error *err) {
  return gcut__gcir_write(graph, NULL, path, err);
}
