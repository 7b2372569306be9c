// The parts view: the pipeline from the inputs to the outputs, a red line at each cut. Equal parts
// that follow one another are one stack, sequences of them that repeat are one, too; of each kind
// the first part is drawn open.
#include "formats/dot/caption.h"
#include "formats/dot/pipeline.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"

enum {
  OPEN_BOXES = 44,   // of all parts drawn open, beyond which they are opened less deep
  OPEN_LIMIT = 24,   // of one part drawn open
  HEAD_LIMIT = 10,   // of the first part, which need not repeat to be drawn open
  DEEPEST_OPEN = 16, // scopes
  MOST_OPEN = 12,    // kinds of part
};

typedef gcut__pipeline pipeline;

// ---- cuts -------------------------------------------------------------------------------------

// Whether the plan that this one is held against cuts where this one does, after `part`.
static bool cuts_there_too(const gcut__material *m, uint32_t part) {
  uint32_t before = 0, first, last;
  for (uint32_t k = 0; k <= part; k++)
    if (gcut__cuts_span(&m->cuts, k, &m->other, &first, &last) && last > before) before = last;
  for (uint32_t k = part + 1; k < m->plan->n_parts; k++)
    if (gcut__cuts_span(&m->cuts, k, &m->other, &first, &last) && first <= before) return false;
  return true;
}

static gcut_status draw_cut(pipeline *p, uint32_t after, uint32_t n_cuts, gcut_error *err) {
  gcut__crossing c = gcut__crossing_after(p->m, p->last_readers, after);
  gcut_arena *arena = p->d->arena;
  const char *size =
      c.known ? gcut__caption_format(arena, " · %s a batch", gcut__caption_bytes(arena, c.bytes))
              : "";
  gcut__box box = gcut__drawing_plain_box(GCUT__BOX_CUT);
  box.title = n_cuts > 1
                  ? gcut__caption_format(arena, "%u cuts%s%s", n_cuts, size, *size ? " each" : "")
                  : gcut__caption_format(arena, "cut%s", size);
  box.subtitle = gcut__crossing_lines(p->m, c.largest, c.n, arena);
  box.after = after;
  box.crosses = true;
  p->passing = c.known ? c.bytes : 0;
  box.crosses_other = p->m->other.plan && cuts_there_too(p->m, after);
  return gcut__pipeline_hang(p, gcut__drawing_add_box(p->d, &box), err);
}

// ---- parts ------------------------------------------------------------------------------------

static double one_heat(const pipeline *p, gcut_heat by, uint32_t part) {
  const gcut_part *it = &p->m->plan->parts[part];
  double sum = 0;
  if (!p->m->heat[by]) return 0;
  if (by == GCUT_HEAT_TIME) return p->m->part_seconds[part];
  for (uint32_t i = 0; i < it->n_nodes; i++) sum += p->m->heat[by][it->nodes[i]];
  return sum;
}

// Of one part; where several are one box, of one on the average.
static double part_heat(const pipeline *p, gcut_heat by, uint32_t first, uint32_t last) {
  double sum = 0;
  for (uint32_t k = first; k <= last; k++) sum += one_heat(p, by, k);
  return sum / (last - first + 1);
}

// What bars show of a part: its weights, or what it is heated by.
static double bar_measure(const pipeline *p, uint32_t first, uint32_t last) {
  gcut_heat by = p->m->options->by;
  return by == GCUT_HEAT_NONE ? (double)p->m->plan->parts[first].weight_bytes
                              : part_heat(p, by, first, last);
}

static double bar_of(const pipeline *p, uint32_t first, uint32_t last) {
  return p->largest > 0 ? bar_measure(p, first, last) / p->largest : 0;
}

static void find_largest(pipeline *p) {
  static const char *const heats[] = {
#define X(name, text, what) what,
      GCUT_HEAT_LIST(X)
#undef X
  };
  gcut_heat by = p->m->options->by, shown = by == GCUT_HEAT_NONE ? GCUT_HEAT_WEIGHTS : by;
  if (p->m->plan->n_parts < 2) return;
  for (uint32_t k = 0; k < p->m->plan->n_parts; k++)
    if (bar_measure(p, k, k) > p->largest) p->largest = bar_measure(p, k, k);
  if (p->largest > 0)
    p->d->bar_title = gcut__caption_format(p->d->arena, "bars: %s, the longest %s", heats[shown],
                                           gcut__caption_heat(p->d->arena, shown, p->largest));
}

// "1.71 GB weights · 84 nodes · 3.64 TFLOP", with what parts are heated by where that is neither.
static const char *part_detail(const pipeline *p, uint32_t first, uint32_t last) {
  const gcut_part *part = &p->m->plan->parts[first];
  gcut_arena *arena = p->d->arena;
  gcut_heat by = p->m->options->by;
  const char *text = gcut__caption_format(
      arena, "%s weights · %s node%s", gcut__caption_bytes(arena, part->weight_bytes),
      gcut__caption_count(arena, part->n_nodes), part->n_nodes == 1 ? "" : "s");
  if (part->flops > 0 && part->peak_bytes > 0) // of known shapes
    text = gcut__caption_format(arena, "%s · %s", text, gcut__caption_flops(arena, part->flops));
  if (by == GCUT_HEAT_BYTES || by == GCUT_HEAT_TIME)
    text = gcut__caption_format(arena, "%s · %s", text,
                                gcut__caption_heat(arena, by, part_heat(p, by, first, last)));
  return gcut__caption_format(arena, "%s%s", text, first < last ? " each" : "");
}

// "1  model.layers.0", or of several "2 … 32  model.layers.1 …   × 31".
static const char *part_title(const pipeline *p, uint32_t part, uint32_t n) {
  const char *name = gcut__caption_name(p->d->arena, p->m->plan->parts[part].name, 48);
  if (n == 1) return gcut__caption_format(p->d->arena, "%u  %s", part, name);
  return gcut__caption_format(p->d->arena, "%u … %u  %s …   × %u", part, part + n - 1, name, n);
}

// Which parts of the other plan the nodes of parts `first` to `last` are in.
static const char *part_other(const pipeline *p, uint32_t first, uint32_t last) {
  uint32_t least = GCUT_NONE, most = 0, a, b;
  if (!p->m->other.plan) return NULL;
  for (uint32_t k = first; k <= last; k++) {
    if (!gcut__cuts_span(&p->m->cuts, k, &p->m->other, &a, &b)) continue;
    if (a < least) least = a;
    if (b > most) most = b;
  }
  if (least == GCUT_NONE) return NULL;
  return least == most
             ? gcut__caption_format(p->d->arena, "the other plan: part %u", least)
             : gcut__caption_format(p->d->arena, "the other plan: parts %u … %u", least, most);
}

// One box: parts `first` to `last`, all like `first`.
static gcut__box closed_box(const pipeline *p, uint32_t first, uint32_t last) {
  const gcut_graph *g = p->m->trace->graph;
  const gcut_part *it = &p->m->plan->parts[first];
  uint32_t scope = p->m->scope_of_part[first];
  const char *class_name = gcut__caption_class(g->scopes[scope].class_name);
  gcut__box box = gcut__drawing_plain_box(first < last ? GCUT__BOX_STACK : GCUT__BOX_MODULE);
  box.subtitle = scope ? gcut__caption_name(p->d->arena, class_name, 48) : NULL;
  box.detail = part_detail(p, first, last);
  box.extra = part_other(p, first, last);
  box.within = first < last ? gcut__crossing_within(p->cuts, first, last - 1, p->d->arena) : NULL;
  box.bar = bar_of(p, first, last);
  box.tooltip = gcut__caption_name(p->d->arena, it->name, 200);
  box.paint = scope ? gcut__paint_of_scope(g, scope) : GCUT__PAINT_OTHER;
  box.part = first;
  box.last_part = last;
  box.has_heat = true;
  for (int by = 0; by < GCUT_N_HEATS; by++) box.heat[by] = part_heat(p, (gcut_heat)by, first, last);
  return box;
}

static gcut_status draw_closed(pipeline *p, uint32_t part, uint32_t n, gcut_error *err) {
  gcut__box box = closed_box(p, part, part + n - 1);
  box.title = part_title(p, part, n);
  return gcut__pipeline_hang(p, gcut__drawing_add_box(p->d, &box), err);
}

// A part's modules within a frame.
static gcut_status draw_open(pipeline *p, uint32_t part, uint32_t depth, gcut_error *err) {
  const gcut_part *it = &p->m->plan->parts[part];
  gcut__box_group frame = {.title = part_title(p, part, 1),
                           .detail = part_detail(p, part, part),
                           .class_name = "",
                           .parent = GCUT_NONE,
                           .bar = bar_of(p, part, part),
                           .part = part};
  uint32_t group = gcut__drawing_add_group(p->d, &frame), first = p->d->n_boxes;
  if (group == GCUT_NONE) return GCUT_NO_MEMORY(err);
  gcut__material_clear(p->m);
  GCUT_TRY(gcut__material_draw(p->m, it->nodes, it->n_nodes, depth, p->m->scope_of_part[part],
                               group, p->d, &p->hidden, err));
  GCUT_TRY(gcut__material_link(p->m, it->nodes, it->n_nodes, true, p->d, err));
  return gcut__pipeline_hang_open(p, it, first, err);
}

// The first of its kind open where it can be, the others as one stack. Where all parts are equal
// the first stands alone in any case, so that there is a cut to see.
static gcut_status draw_run(pipeline *p, const gcut__part_run *run, gcut_error *err) {
  uint32_t depth = run->kind == GCUT_NONE ? GCUT_NONE : p->open_depth[run->kind];
  if (depth == GCUT_NONE && p->runs.n > 1) return draw_closed(p, run->first, run->n, err);
  if (depth == GCUT_NONE)
    GCUT_TRY(draw_closed(p, run->first, 1, err));
  else
    GCUT_TRY(draw_open(p, run->first, depth, err));
  if (run->kind != GCUT_NONE) p->open_depth[run->kind] = GCUT_NONE; // once is enough
  if (run->n == 1) return GCUT_OK;
  GCUT_TRY(draw_cut(p, run->first, 1, err));
  return draw_closed(p, run->first + 1, run->n - 1, err);
}

// What repeats, after its first time: one stack.
static gcut_status draw_repeats(pipeline *p, uint32_t at, uint32_t length, uint32_t times,
                                gcut_error *err) {
  const gcut__part_run *first = &p->runs.items[at + length];
  const gcut__part_run *last = &p->runs.items[at + length * times - 1];
  gcut_arena *arena = p->d->arena;
  gcut__box box = closed_box(p, first->first, last->first + last->n - 1);
  box.title = gcut__caption_format(arena, "%u … %u   × %u", first->first, last->first + last->n - 1,
                                   times - 1);
  box.subtitle = gcut__caption_format(arena, "the %u parts above, %u times more",
                                      first->first - p->runs.items[at].first, times - 1);
  box.detail = NULL;
  box.bar = 0;
  GCUT_TRY(draw_cut(p, first->first - 1, 1, err));
  return gcut__pipeline_hang(p, gcut__drawing_add_box(p->d, &box), err);
}

// ---- which parts are drawn open ---------------------------------------------------------------

// The least depth from `depth` on at which a part is more than one box, and how many.
static gcut_status open_depth(const pipeline *p, uint32_t part, uint32_t depth, uint32_t *out_depth,
                              uint32_t *out_boxes, gcut_error *err) {
  const gcut_part *it = &p->m->plan->parts[part];
  *out_boxes = 0;
  for (uint32_t d = depth; d < depth + DEEPEST_OPEN && *out_boxes < 2; d++) {
    GCUT_TRY(gcut__material_count(p->m, it->nodes, it->n_nodes, d, out_boxes, err));
    *out_depth = d;
  }
  return GCUT_OK;
}

// Parts that are modules of the model, and the head.
static bool may_open(const pipeline *p, const gcut__part_kind *kind) {
  if (kind->part == 0) return p->m->plan->n_parts > 1;
  return kind->n > 1 && p->m->scope_of_part[kind->part] != 0;
}

// Whether a part of the same structure is open before this kind's.
static bool is_seen(const pipeline *p, uint32_t kind) {
  for (uint32_t k = 0; k < kind; k++)
    if (p->open_depth[k] != GCUT_NONE &&
        gcut__runs_same_structure(p->m, p->runs.kinds[k].part, p->runs.kinds[kind].part))
      return true;
  return false;
}

// Chooses depths with parts opened `deeper` by one; *out_fits: none was too much for that.
static gcut_status choose_open(pipeline *p, bool deeper, bool *out_fits, gcut_error *err) {
  uint32_t n_open = 0, total = 0;
  *out_fits = true;
  for (uint32_t k = 0; k < p->runs.n_kinds; k++) {
    const gcut__part_kind *kind = &p->runs.kinds[k];
    uint32_t root = p->m->scope_of_part[kind->part], depth = 0, boxes = 0;
    p->open_depth[k] = GCUT_NONE;
    if (!may_open(p, kind) || n_open == MOST_OPEN || is_seen(p, k)) continue;
    GCUT_TRY(open_depth(p, kind->part, p->m->scopes[root].depth + (root && deeper), &depth, &boxes,
                        err));
    if (boxes < 2) continue;
    if (boxes > (kind->n > 1 ? OPEN_LIMIT : HEAD_LIMIT) || total + boxes > OPEN_BOXES) {
      *out_fits &= kind->n == 1;
      continue;
    }
    p->open_depth[k] = depth;
    total += boxes;
    n_open++;
  }
  return GCUT_OK;
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status draw_values(pipeline *p, const char *title, const uint32_t *values, uint32_t n,
                               gcut_error *err) {
  gcut__box box = gcut__drawing_plain_box(GCUT__BOX_VALUE);
  box.title = gcut__caption_format(p->d->arena, "%s%s", title, n == 1 ? "" : "s");
  box.subtitle = gcut__crossing_lines(p->m, values, n, p->d->arena);
  return gcut__pipeline_hang(p, gcut__drawing_add_box(p->d, &box), err);
}

static gcut_status draw_runs(pipeline *p, gcut_error *err) {
  const gcut__part_runs *runs = &p->runs;
  for (uint32_t i = 0; i < runs->n;) {
    uint32_t times, length = gcut__runs_repeat(runs, i, &times), end = i + (length ? length : 1);
    for (uint32_t k = i; k < end; k++) {
      bool rest = runs->limited && k + 1 == runs->n;
      if (k > 0) GCUT_TRY(draw_cut(p, runs->items[k].first - 1, rest ? runs->items[k].n : 1, err));
      GCUT_TRY(draw_run(p, &runs->items[k], err));
    }
    if (length) GCUT_TRY(draw_repeats(p, i, length, times, err));
    i = length ? i + length * times : end;
  }
  return GCUT_OK;
}

static gcut_status draw_pipeline(pipeline *p, gcut_error *err) {
  const gcut_plan *plan = p->m->plan;
  const gcut_body *body = &p->m->trace->graph->bodies[0];
  bool fits;
  GCUT_TRY(gcut__runs_find(p->m, p->d->arena, &p->runs, err));
  GCUT_TRY(choose_open(p, true, &fits, err));
  if (!fits) GCUT_TRY(choose_open(p, false, &fits, err));
  GCUT_TRY(draw_values(p, "input", body->inputs, body->n_inputs, err));
  GCUT_TRY(draw_runs(p, err));
  if (p->runs.limited)
    p->d->note = gcut__caption_format(
        p->d->arena,
        "the last %u parts are folded: more than %d different runs are too many to read",
        p->runs.items[p->runs.n - 1].n, GCUT__RUNS_LIMIT);
  return draw_values(p, "output", plan->fetches, plan->n_fetches, err);
}

gcut_status gcut__view_parts(gcut__material *m, gcut__drawing *d, gcut_error *err) {
  if (!m->plan) return GCUT_FAIL(err, GCUT_ARGUMENT, "a view of the parts needs a plan");
  pipeline p = {.m = m, .d = d};
  p.last_readers = gcut__crossing_last_readers(m, d->arena);
  p.cuts = p.last_readers ? gcut__crossing_sizes(m, p.last_readers, d->arena) : NULL;
  if (!p.cuts) return GCUT_NO_MEMORY(err);
  d->is_pipeline = true;
  find_largest(&p);
  return draw_pipeline(&p, err);
}
