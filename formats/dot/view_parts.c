// The parts view: the pipeline from the inputs to the outputs, a red line at each cut.
#include <stdlib.h>

#include "formats/dot/caption.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"

enum { OPEN_LIMIT = 24, CROSSING_LINES = 3, RUNS_LIMIT = 200 };

// A run of equal parts that follow one another.
typedef struct part_run {
  uint32_t first, n;
} part_run;

typedef struct pipeline {
  gcut_modules *m;
  gcut_drawing *d;
  uint32_t *last_reader; // [n_values] the last part that reads a part's output
  uint32_t last_box;     // what the next box hangs under
  uint32_t hidden;
} pipeline;

static uint64_t part_signature(const gcut_modules *m, const gcut_part *part) {
  uint64_t hash = part->weight_bytes;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    if (gcut_modules_is_shape_code(m, part->nodes[i])) continue;
    const char *op = m->trace->graph->nodes[part->nodes[i]].op_type;
    hash = (hash ^ gcut_hash(op, strlen(op))) * UINT64_C(0x100000001b3);
  }
  return hash;
}

// Equal to the eye: of one class and about as many weights (the first of a run often computes what
// all share), or of the same operators.
static bool same_part(const gcut_modules *m, uint32_t first, uint32_t second) {
  const gcut_part *a = &m->plan->parts[first], *b = &m->plan->parts[second];
  const gcut_scope *scopes = m->trace->graph->scopes;
  const char *x = scopes[m->scope_of_part[first]].class_name;
  const char *y = scopes[m->scope_of_part[second]].class_name;
  if (strcmp(x, y) != 0) return false;
  if (*x && a->weight_bytes > 0) return gcut_modules_about_equal(a->weight_bytes, b->weight_bytes);
  return part_signature(m, a) == part_signature(m, b);
}

// ---- what crosses -----------------------------------------------------------------------------

static void find_last_readers(pipeline *p) {
  for (uint32_t k = 0; k < p->m->plan->n_parts; k++)
    for (uint32_t i = 0; i < p->m->plan->parts[k].n_inputs; i++)
      p->last_reader[p->m->plan->parts[k].inputs[i]] = k;
}

typedef struct crossing {
  uint32_t n;
  uint64_t bytes;
  bool known; // the bytes of all
  uint32_t largest[CROSSING_LINES];
  double largest_bytes[CROSSING_LINES];
} crossing;

// Bytes of a value for ranking: a symbol counts as a thousand.
static double estimate_bytes(const gcut_trace *trace, uint32_t value) {
  const gcut_type *type = &trace->facts[value].type;
  double bytes = gcut_dtype_bits((gcut_dtype)type->type) / 8.0;
  for (int d = 0; d < type->rank; d++)
    bytes *= gcut_dim_known(type->dims[d]) ? (double)type->dims[d] : 1000;
  return bytes;
}

static void add_crossing(crossing *c, const gcut_trace *trace, uint32_t value) {
  uint64_t bytes;
  if (!gcut_trace_bytes(trace, value, &bytes)) c->known = false;
  double weight = estimate_bytes(trace, value);
  uint32_t at = c->n < CROSSING_LINES ? c->n : CROSSING_LINES - 1;
  if (c->n >= CROSSING_LINES && c->largest_bytes[at] >= weight) at = CROSSING_LINES;
  for (; at < CROSSING_LINES && at > 0 && c->largest_bytes[at - 1] < weight; at--) {
    c->largest[at] = c->largest[at - 1];
    c->largest_bytes[at] = c->largest_bytes[at - 1];
  }
  if (at < CROSSING_LINES) c->largest[at] = value, c->largest_bytes[at] = weight;
  c->bytes += bytes;
  c->n++;
}

// What passes from parts up to `part` to later ones.
static crossing crossing_after(const pipeline *p, uint32_t part) {
  crossing c = {.known = true};
  for (uint32_t k = 0; k <= part; k++)
    for (uint32_t i = 0; i < p->m->plan->parts[k].n_outputs; i++) {
      uint32_t v = p->m->plan->parts[k].outputs[i];
      if (p->last_reader[v] != GCUT_NONE && p->last_reader[v] > part)
        add_crossing(&c, p->m->trace, v);
    }
  return c;
}

static const char *crossing_lines(const pipeline *p, const crossing *c) {
  gcut_arena *arena = p->d->arena;
  const char *text = "";
  for (uint32_t i = 0; i < c->n && i < CROSSING_LINES; i++)
    text = gcut_arena_format(
        arena, "%s%s%s %s", text, i ? ",  " : "",
        gcut_caption_name(arena, p->m->trace->graph->values[c->largest[i]].name, 28),
        gcut_caption_value(arena, p->m->trace, c->largest[i]));
  if (c->n > CROSSING_LINES)
    text = gcut_arena_format(arena, "%s,  and %u more", text, c->n - CROSSING_LINES);
  return text;
}

// ---- boxes ------------------------------------------------------------------------------------

// Hangs a box under the last one.
static gcut_status hang(pipeline *p, uint32_t box, gcut_error *err) {
  gcut_link link = {.from = p->last_box, .to = box};
  if (box == GCUT_NONE) return GCUT_NO_MEMORY(err);
  if (p->last_box != GCUT_NONE && gcut_drawing_add_link(p->d, &link) == GCUT_NONE)
    return GCUT_NO_MEMORY(err);
  p->last_box = box;
  return GCUT_OK;
}

static gcut_status draw_cut(pipeline *p, uint32_t after, uint32_t n_cuts, gcut_error *err) {
  crossing c = crossing_after(p, after);
  gcut_arena *arena = p->d->arena;
  const char *size = c.known ? gcut_caption_bytes(arena, c.bytes) : "symbolic";
  gcut_box box = {.title = n_cuts > 1
                               ? gcut_arena_format(arena, "%u cuts, %s a batch each", n_cuts, size)
                               : gcut_arena_format(arena, "cut, %s a batch", size),
                  .subtitle = crossing_lines(p, &c),
                  .shape = GCUT_BOX_CUT,
                  .heat = -1,
                  .group = GCUT_NONE,
                  .scope = GCUT_NONE,
                  .part = GCUT_NONE,
                  .node = GCUT_NONE};
  return hang(p, gcut_drawing_add_box(p->d, &box), err);
}

static const char *part_detail(const pipeline *p, const gcut_part *part, const char *each) {
  gcut_arena *arena = p->d->arena;
  const char *text = gcut_arena_format(arena, "%s weights · %s nodes",
                                       gcut_caption_bytes(arena, part->weight_bytes),
                                       gcut_caption_count(arena, part->n_nodes));
  if (part->flops > 0)
    text = gcut_arena_format(arena, "%s · %s", text, gcut_caption_flops(arena, part->flops));
  return gcut_arena_format(arena, "%s%s", text, each);
}

static const char *part_title(const pipeline *p, uint32_t part) {
  return gcut_arena_format(p->d->arena, "%u  %s", part,
                           gcut_caption_name(p->d->arena, p->m->plan->parts[part].name, 48));
}

static gcut_status draw_closed(pipeline *p, uint32_t part, uint32_t n, gcut_error *err) {
  const gcut_graph *g = p->m->trace->graph;
  const gcut_part *it = &p->m->plan->parts[part];
  uint32_t scope = p->m->scope_of_part[part];
  const char *class_name = gcut_caption_class(g->scopes[scope].class_name);
  gcut_arena *arena = p->d->arena;
  gcut_box box = {.title = n > 1 ? gcut_arena_format(arena, "%s … %u   × %u", part_title(p, part),
                                                     part + n - 1, n)
                                 : part_title(p, part),
                  .subtitle = scope ? gcut_caption_name(arena, class_name, 48) : NULL,
                  .detail = part_detail(p, it, n > 1 ? " each" : ""),
                  .tooltip = it->name,
                  .shape = n > 1 ? GCUT_BOX_STACK : GCUT_BOX_MODULE,
                  .paint = scope ? gcut_paint_of_scope(g, scope) : GCUT_PAINT_OTHER,
                  .heat = -1,
                  .group = GCUT_NONE,
                  .scope = GCUT_NONE,
                  .part = part,
                  .node = GCUT_NONE};
  return hang(p, gcut_drawing_add_box(p->d, &box), err);
}

// Draws a part's modules within a frame; *out_done is false where they are too many or too few.
static gcut_status draw_open(pipeline *p, uint32_t part, bool *out_done, gcut_error *err) {
  const gcut_part *it = &p->m->plan->parts[part];
  uint32_t root = p->m->scope_of_part[part], depth = p->m->scopes[root].depth + 1, n = 0;
  GCUT_TRY(gcut_modules_count(p->m, it->nodes, it->n_nodes, depth, &n, err));
  *out_done = n > 1 && n <= OPEN_LIMIT;
  if (!*out_done) return GCUT_OK;
  gcut_group frame = {.title = gcut_arena_format(p->d->arena, "%s · %s", part_title(p, part),
                                                 part_detail(p, it, "")),
                      .parent = GCUT_NONE,
                      .is_part = true};
  uint32_t group = gcut_drawing_add_group(p->d, &frame), before = p->d->n_boxes;
  if (group == GCUT_NONE) return GCUT_NO_MEMORY(err);
  GCUT_TRY(
      gcut_modules_draw(p->m, it->nodes, it->n_nodes, depth, root, group, p->d, &p->hidden, err));
  GCUT_TRY(gcut_modules_link(p->m, it->nodes, it->n_nodes, p->d, err));
  GCUT_TRY(hang(p, before, err));
  p->last_box = p->d->n_boxes - 1;
  return GCUT_OK;
}

// The first of several equal parts open where it can be, the others as one stack.
static gcut_status draw_run(pipeline *p, part_run run, gcut_error *err) {
  bool open = false;
  if (run.n > 1) GCUT_TRY(draw_open(p, run.first, &open, err));
  if (!open) return draw_closed(p, run.first, run.n, err);
  GCUT_TRY(draw_cut(p, run.first, 1, err));
  return draw_closed(p, run.first + 1, run.n - 1, err);
}

static gcut_status draw_values(pipeline *p, const char *title, const uint32_t *values, uint32_t n,
                               gcut_error *err) {
  gcut_arena *arena = p->d->arena;
  const char *lines = "";
  for (uint32_t i = 0; i < n && i < CROSSING_LINES; i++)
    lines =
        gcut_arena_format(arena, "%s%s%s %s", lines, i ? ",  " : "",
                          gcut_caption_name(arena, p->m->trace->graph->values[values[i]].name, 28),
                          gcut_caption_value(arena, p->m->trace, values[i]));
  if (n > CROSSING_LINES)
    lines = gcut_arena_format(arena, "%s,  and %u more", lines, n - CROSSING_LINES);
  gcut_box box = {.title = title,
                  .subtitle = lines,
                  .shape = GCUT_BOX_VALUE,
                  .heat = -1,
                  .group = GCUT_NONE,
                  .scope = GCUT_NONE,
                  .part = GCUT_NONE,
                  .node = GCUT_NONE};
  return hang(p, gcut_drawing_add_box(p->d, &box), err);
}

// The next run of equal parts; beyond the limit of what can be read, all that is left is one.
static part_run next_run(const pipeline *p, uint32_t first, uint32_t n_runs) {
  const gcut_plan *plan = p->m->plan;
  part_run run = {.first = first, .n = 1};
  while (first + run.n < plan->n_parts &&
         (n_runs >= RUNS_LIMIT || same_part(p->m, first, first + run.n)))
    run.n++;
  return run;
}

static gcut_status draw_pipeline(pipeline *p, gcut_error *err) {
  const gcut_plan *plan = p->m->plan;
  const gcut_body *body = &p->m->trace->graph->bodies[0];
  uint32_t n_runs = 0;
  GCUT_TRY(
      draw_values(p, body->n_inputs == 1 ? "input" : "inputs", body->inputs, body->n_inputs, err));
  for (uint32_t part = 0; part < plan->n_parts; n_runs++) {
    part_run run = next_run(p, part, n_runs);
    if (part > 0)
      GCUT_TRY(draw_cut(p, part - 1, run.n > 2 && n_runs >= RUNS_LIMIT ? run.n : 1, err));
    GCUT_TRY(draw_run(p, run, err));
    part += run.n;
  }
  if (n_runs > RUNS_LIMIT)
    p->d->note = gcut_arena_format(
        p->d->arena, "the last parts are folded: %u different runs are too many to read", n_runs);
  return draw_values(p, plan->n_fetches == 1 ? "output" : "outputs", plan->fetches, plan->n_fetches,
                     err);
}

gcut_status gcut_view_parts(gcut_modules *m, gcut_drawing *d, gcut_error *err) {
  if (!m->plan) return GCUT_FAIL(err, GCUT_ARGUMENT, "a view of the parts needs a plan");
  pipeline p = {.m = m, .d = d, .last_box = GCUT_NONE};
  size_t n = (size_t)m->trace->graph->n_values + 1;
  p.last_reader = malloc(n * sizeof *p.last_reader);
  if (!p.last_reader) return GCUT_NO_MEMORY(err);
  for (size_t v = 0; v < n; v++) p.last_reader[v] = GCUT_NONE;
  find_last_readers(&p);
  gcut_status status = draw_pipeline(&p, err);
  free(p.last_reader);
  return status;
}
