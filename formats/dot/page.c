// The page is page.html with its data put in: drawings as SVG, what their boxes stand for, and the
// module tree. A box unfolds into a drawing of the module or part it stands for; equal modules
// share one.
#include "formats/dot/page.h"

#include <math.h>
#include <stdlib.h>

#include "formats/dot/bodies.h"
#include "formats/dot/caption.h"
#include "formats/dot/crossing.h"
#include "formats/dot/page_parts.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

enum { MODULE_PAGES = 60, PAGE_BOXES = 300, TREE_SCOPES = 4000 };

extern const char gcut__page_html[], gcut__page_html_end[];

// What a drawing shows: a view, or the inside of a module or a part.
typedef struct page {
  const char *title;
  uint32_t parent;            // GCUT_NONE: none
  uint32_t view;              // gcut_view of a tab; GCUT_NONE otherwise
  uint32_t scope, part, node; // whose inside; GCUT_NONE otherwise
} page;

typedef struct book {
  gcut__material *m;
  page *pages;
  uint32_t n_pages, capacity;
  uint32_t *page_of_scope; // [n_scopes]
  uint32_t *page_of_part;  // [n_parts]
  uint32_t *nodes;         // [n_nodes] scratch
  uint32_t *last_readers;  // [n_values] the last part that reads a value; NULL: no plan
  json_t *json_pages;
  gcut__json json; // what memory was out for
  gcut_arena *arena;
} book;

static uint32_t add_page(book *b, page p) {
  if (!gcut_vector_reserve((void **)&b->pages, &b->capacity, b->n_pages, 1, sizeof p))
    return GCUT_NONE;
  b->pages[b->n_pages] = p;
  return b->n_pages++;
}

// ---- which pages there are --------------------------------------------------------------------

// The page of a module: its own, or that of an equal one seen before; made while there is room.
static uint32_t page_for_scope(book *b, uint32_t scope, uint32_t parent) {
  const gcut_graph *g = b->m->trace->graph;
  if (b->page_of_scope[scope] != GCUT_NONE) return b->page_of_scope[scope];
  for (uint32_t p = 0; p < b->n_pages; p++) {
    uint32_t other = b->pages[p].scope;
    if (other == GCUT_NONE || strcmp(g->scopes[other].class_name, g->scopes[scope].class_name) != 0)
      continue;
    if (b->m->scopes[other].signature == b->m->scopes[scope].signature)
      return b->page_of_scope[scope] = p;
  }
  if (b->n_pages >= MODULE_PAGES || g->scopes[scope].n_nodes < 2) return GCUT_NONE;
  page p = {.title = g->scopes[scope].path,
            .parent = parent,
            .view = GCUT_NONE,
            .scope = scope,
            .part = GCUT_NONE,
            .node = GCUT_NONE};
  return b->page_of_scope[scope] = add_page(b, p);
}

static uint32_t page_for_part(book *b, uint32_t part, uint32_t parent) {
  if (b->page_of_part[part] != GCUT_NONE || b->n_pages >= MODULE_PAGES)
    return b->page_of_part[part];
  page p = {.title = b->m->plan->parts[part].name,
            .parent = parent,
            .view = GCUT_NONE,
            .scope = GCUT_NONE,
            .part = part,
            .node = GCUT_NONE};
  return b->page_of_part[part] = add_page(b, p);
}

// Of an operator that has graphs inside, such as If.
static uint32_t page_for_node(book *b, uint32_t node, uint32_t parent) {
  const gcut_graph *g = b->m->trace->graph;
  if (!gcut__bodies_has(g, node) || b->n_pages >= MODULE_PAGES) return GCUT_NONE;
  page p = {.title = g->nodes[node].name,
            .parent = parent,
            .view = GCUT_NONE,
            .scope = GCUT_NONE,
            .part = GCUT_NONE,
            .node = node};
  return add_page(b, p);
}

static uint32_t page_of_box(book *b, const gcut__box *box, uint32_t parent) {
  if (box->scope != GCUT_NONE && box->scope != b->pages[parent].scope)
    return page_for_scope(b, box->scope, parent);
  if (box->part != GCUT_NONE) return page_for_part(b, box->part, parent);
  if (box->node != GCUT_NONE) return page_for_node(b, box->node, parent);
  return GCUT_NONE;
}

// ---- making one page --------------------------------------------------------------------------

// The nodes of a page's module or part, in order.
static uint32_t nodes_of_page(book *b, const page *p) {
  const gcut_graph *g = b->m->trace->graph;
  if (p->part != GCUT_NONE) {
    const gcut_part *part = &b->m->plan->parts[p->part];
    memcpy(b->nodes, part->nodes, part->n_nodes * sizeof *b->nodes);
    return part->n_nodes;
  }
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++)
    if (gcut__material_within(g, g->nodes[g->bodies[0].nodes[i]].scope, p->scope))
      b->nodes[n++] = g->bodies[0].nodes[i];
  return n;
}

// The graphs inside an operator.
static gcut_status draw_bodies(book *b, const page *p, gcut__drawing *d, gcut_error *err) {
  const gcut_graph *g = b->m->trace->graph;
  uint32_t hidden = 0;
  gcut__material_clear(b->m);
  for (uint32_t i = 1; i < g->n_bodies; i++)
    if (g->bodies[i].node == p->node)
      GCUT_TRY(gcut__bodies_draw(b->m, i, GCUT_NONE, PAGE_BOXES, d, &hidden, err));
  return gcut__bodies_link(b->m, d, err);
}

// The inside of a module: every operator where they are few, else its modules.
static gcut_status draw_inside(book *b, const page *p, gcut__drawing *d, gcut_error *err) {
  uint32_t n = nodes_of_page(b, p), boxes, hidden = 0, depth = GCUT__ALL_OPS;
  GCUT_TRY(gcut__material_count(b->m, b->nodes, n, depth, &boxes, err));
  if (boxes > PAGE_BOXES / 4)
    GCUT_TRY(gcut__material_fit(b->m, b->nodes, n, PAGE_BOXES, &depth, err));
  uint32_t root = p->scope == GCUT_NONE ? 0 : p->scope;
  gcut__material_clear(b->m);
  GCUT_TRY(gcut__material_draw(b->m, b->nodes, n, depth, root, GCUT_NONE, d, &hidden, err));
  if (hidden > 0)
    d->note = gcut__caption_format(d->arena, "%s shape nodes left out",
                                   gcut__caption_count(d->arena, hidden));
  return gcut__material_link(b->m, b->nodes, n, p->part != GCUT_NONE, d, err);
}

static gcut_status draw_page(book *b, const page *p, gcut__drawing *d, gcut_error *err) {
  d->title = gcut__caption_name(d->arena, p->title, 80);
  if (p->view == GCUT_VIEW_PARTS) return gcut__view_parts(b->m, d, err);
  if (p->view == GCUT_VIEW_LAYERS) return gcut__view_layers(b->m, d, err);
  if (p->view == GCUT_VIEW_OPS) return gcut__view_ops(b->m, d, err);
  return p->node == GCUT_NONE ? draw_inside(b, p, d, err) : draw_bodies(b, p, d, err);
}

// ---- what a box stands for --------------------------------------------------------------------

static json_t *json_number_or_null(uint32_t n) {
  return n == GCUT_NONE ? json_null() : json_integer(n);
}
static json_t *json_of_heat(book *b, const gcut__box *box) {
  json_t *heat = json_array();
  for (int by = 0; by < GCUT_N_HEATS; by++)
    gcut__json_append(&b->json, heat,
                      b->m->heat[by] && isfinite(box->heat[by]) ? json_real(box->heat[by])
                                                                : json_null());
  return heat;
}

static json_t *json_of_box(book *b, const gcut__box *box, uint32_t parent) {
  json_t *o = json_pack("{s:o}", "page", json_number_or_null(page_of_box(b, box, parent)));
  if (box->has_heat) gcut__json_set(&b->json, o, "heat", json_of_heat(b, box));
  if (box->part != GCUT_NONE)
    gcut__json_set(&b->json, o, "parts", json_pack("[i, i]", (int)box->part, (int)box->last_part));
  if (box->after != GCUT_NONE)
    gcut__json_set(&b->json, o, "facts",
                   gcut__page_cut(b->m, b->last_readers, box->after, b->arena, &b->json));
  else if (box->part != GCUT_NONE)
    gcut__json_set(&b->json, o, "facts", gcut__page_part(b->m, box->part, b->arena, &b->json));
  else if (box->node != GCUT_NONE)
    gcut__json_set(&b->json, o, "facts", gcut__page_facts(b->m, box->node, b->arena, &b->json));
  return o;
}

static gcut_status make_page(book *b, uint32_t index, gcut_error *err) {
  gcut__drawing *d;
  GCUT_TRY(gcut__drawing_create(&d, err));
  page p = b->pages[index];
  gcut_status status = draw_page(b, &p, d, err);
  if (status == GCUT_OK) gcut__view_finish(b->m, d);
  json_t *svg = NULL, *boxes = json_array();
  if (status == GCUT_OK) status = gcut__page_svg(d, &svg, err);
  for (uint32_t i = 0; i < d->n_boxes && svg; i++)
    gcut__json_append(&b->json, boxes, json_of_box(b, &d->boxes[i], index));
  json_t *o = json_pack("{s:s, s:o, s:o*, s:o}", "title", gcut__caption_name(b->arena, p.title, 80),
                        "parent", json_number_or_null(p.parent), "svg", svg, "boxes", boxes);
  bool starved = gcut_arena_out_of_memory(b->arena) || gcut_arena_out_of_memory(b->m->arena) ||
                 gcut_arena_out_of_memory(d->arena);
  if (starved && status == GCUT_OK) status = GCUT_NO_MEMORY(err);
  gcut__drawing_destroy(d);
  if (o && status == GCUT_OK) json_array_append(b->json_pages, o);
  if (!o && status == GCUT_OK) status = GCUT_NO_MEMORY(err);
  json_decref(o);
  return status;
}

// ---- the module tree --------------------------------------------------------------------------

// Parents have smaller numbers than their children, so one pass builds the tree.
static json_t *json_of_tree(book *b) {
  const gcut_graph *g = b->m->trace->graph;
  uint32_t n = g->n_scopes < TREE_SCOPES ? g->n_scopes : TREE_SCOPES;
  json_t **scopes = calloc(n, sizeof *scopes);
  if (!scopes) return NULL;
  for (uint32_t s = 0; s < n && !b->json.out_of_memory; s++) {
    if (g->scopes[s].n_nodes == 0 && s > 0) continue;
    uint64_t bytes = b->m->scopes[s].weight_bytes; // of what several nodes read, for each
    if (bytes > b->m->weight_bytes) bytes = b->m->weight_bytes;
    scopes[s] = json_pack("{s:s, s:s, s:s, s:f, s:s, s:i, s:o, s:[]}", "name",
                          s ? gcut__caption_name(b->arena, g->scopes[s].name, 80) : "model", "path",
                          gcut__caption_name(b->arena, g->scopes[s].path, 300), "class",
                          gcut__caption_name(b->arena, g->scopes[s].class_name, 200),
                          "weight_bytes", (double)bytes, "weight",
                          gcut__caption_bytes(b->arena, bytes), "depth", (int)b->m->scopes[s].depth,
                          "page", json_number_or_null(b->page_of_scope[s]), "children");
    uint32_t parent = g->scopes[s].parent;
    if (s > 0) gcut__json_append(&b->json, json_object_get(scopes[parent], "children"), scopes[s]);
  }
  json_t *root = scopes[0];
  free(scopes);
  return root;
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status make_pages(book *b, json_t *tabs, gcut_error *err) {
  static const char *const titles[] = {"parts", "layers", "ops"};
  for (uint32_t view = b->m->plan ? GCUT_VIEW_PARTS : GCUT_VIEW_LAYERS; view <= GCUT_VIEW_OPS;
       view++) {
    page p = {.title = titles[view],
              .parent = GCUT_NONE,
              .view = view,
              .scope = GCUT_NONE,
              .part = GCUT_NONE,
              .node = GCUT_NONE};
    uint32_t index = add_page(b, p);
    if (index == GCUT_NONE) return GCUT_NO_MEMORY(err);
    gcut__json_append(&b->json, tabs,
                      json_pack("{s:s, s:i}", "title", titles[view], "page", (int)index));
  }
  const gcut_progress *progress = &b->m->options->progress;
  for (uint32_t i = 0; i < b->n_pages; i++) { // pages are added while they are made
    GCUT_TRY(gcut__tell(progress, i, b->n_pages, err));
    GCUT_TRY(make_page(b, i, err));
  }
  return GCUT_OK;
}

// JSON text in which no markup can begin: within it, '<' stands in strings alone.
static void write_json(const char *text, FILE *stream) {
  for (size_t n; *text; text += n) {
    n = strcspn(text, "<");
    fwrite(text, 1, n, stream);
    if (text[n] == '\0') break;
    fputs("\\u003c", stream);
    n++;
  }
}

// By way of a stream: json_dumps does not look whether memory was out for a key.
static char *json_text(const json_t *data) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  bool whole = json_dumpf(data, stream, JSON_COMPACT | JSON_ENSURE_ASCII) == 0;
  if (fclose(stream) == 0 && whole) return text;
  free(text);
  return NULL;
}

// Writes page.html with `data` in the place of @DATA@. What cannot be written is the stream's to
// tell.
static gcut_status write_page(json_t *data, FILE *stream, gcut_error *err) {
  size_t size = (size_t)(gcut__page_html_end - gcut__page_html);
  const char *place = memmem(gcut__page_html, size, "@DATA@", 6);
  char *text = json_text(data);
  if (!text || !place) {
    free(text);
    return GCUT_NO_MEMORY(err);
  }
  size_t before = (size_t)(place - gcut__page_html);
  fwrite(gcut__page_html, 1, before, stream);
  write_json(text, stream);
  fwrite(place + 6, 1, size - 6 - before, stream);
  free(text);
  return GCUT_OK;
}

static gcut_status write_book(book *b, const char *title, FILE *stream, gcut_error *err) {
  json_t *tabs = json_array();
  b->json_pages = json_array();
  gcut_status status = make_pages(b, tabs, err);
  const gcut__material *m = b->m;
  json_t *timeline = m->slices ? gcut__page_timeline(m->slices, b->arena, &b->json) : json_null();
  json_t *data = json_pack("{s:s, s:i, s:b, s:o, s:o, s:o, s:o, s:o}", "title", title, "by",
                           (int)m->options->by, "overlay", m->other.plan != NULL, "tabs", tabs,
                           "pages", b->json_pages, "tree", json_of_tree(b), "theme",
                           gcut__page_theme(&b->json), "timeline", timeline);
  if (status == GCUT_OK && (!data || b->json.out_of_memory)) status = GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = write_page(data, stream, err);
  json_decref(data);
  return status;
}

gcut_status gcut__page_write(gcut__material *m, const char *title, FILE *stream, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  book b = {.m = m, .arena = gcut_arena_create()};
  uint32_t n_parts = m->plan ? m->plan->n_parts : 0;
  b.page_of_scope = GCUT_NEW_ARRAY(b.arena, uint32_t, g->n_scopes);
  b.page_of_part = GCUT_NEW_ARRAY(b.arena, uint32_t, n_parts);
  b.nodes = GCUT_NEW_ARRAY(b.arena, uint32_t, g->n_nodes);
  if (m->plan) b.last_readers = gcut__crossing_last_readers(m, b.arena);
  bool made = b.page_of_scope && b.page_of_part && b.nodes && (b.last_readers || !m->plan);
  gcut_status status = made ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < g->n_scopes && status == GCUT_OK; s++) b.page_of_scope[s] = GCUT_NONE;
  for (uint32_t p = 0; p < n_parts && status == GCUT_OK; p++) b.page_of_part[p] = GCUT_NONE;
  if (status == GCUT_OK) status = write_book(&b, title, stream, err);
  free(b.pages);
  gcut_arena_destroy(b.arena);
  return status;
}
