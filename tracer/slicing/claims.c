// What each value is when a batch is computed in slices.
//
// One pass over the main graph in topological order gives every value its claim (slicing.h): a
// value whose contents shape arithmetic knows in symbols is what its symbols are; one made of
// values that are the same in every slice is the same itself; for all else the operator's rule
// speaks, and where there is none the value is unproven. Only what is asked for must be proven in
// the end: exporters compute much for its shape alone.
//
// Every dim that is not of the batch's axis must be free of the batch, and of symbols that came up
// where the batch was read: so an axis that a rule overlooks cannot carry it.
#include "tracer/slicing/slicing.h"

#include "tracer/ops/random.h"

static const char turns[] = "its inputs carry the batch in different orders";
const char gcut__slice_along[] = "it works along the batch";
const char gcut__slice_disagree[] = "its inputs carry the batch along different axes";
const char gcut__slice_unknown[] = "what it is to do is not known before it runs";
const char gcut__slice_sizes[] = "it computes with the size of the batch";
const char gcut__slice_counts[] = "it computes with numbers counted along the batch";
static const char no_rule[] = "graphcut has no rule to divide it";
static const char no_shape[] = "the shapes it works on are not known";

// ---- dims -------------------------------------------------------------------------------------

typedef struct seen {
  gcut__slicer *s;
  bool clean;
} seen;

static void check_symbol(void *context, uint32_t symbol) {
  seen *x = context;
  if (symbol >= x->s->n_clean || !x->s->clean[symbol]) x->clean = false;
}

static void clean_symbol(void *context, uint32_t symbol) {
  seen *x = context;
  if (symbol < x->s->n_clean) x->s->clean[symbol] = true;
}

bool gcut__slice_is_clean(const gcut__slicer *s, gcut_dim dim) {
  seen x = {(gcut__slicer *)s, true};
  gcut_dim_symbols(s->c.dims, dim, check_symbol, &x);
  return x.clean;
}

static bool all_clean(const gcut__slicer *s, const gcut_dim *dims, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (!gcut__slice_is_clean(s, dims[i])) return false;
  return true;
}

static void clean_all(gcut__slicer *s, const gcut_dim *dims, int64_t n) {
  for (int64_t i = 0; i < n; i++) gcut_dim_symbols(s->c.dims, dims[i], clean_symbol, &(seen){s, 0});
}

bool gcut__slice_units(gcut__slicer *s, gcut_dim dim, gcut_dim *out_unit) {
  *out_unit = gcut_dim_floor_div(s->c.dims, dim, s->batch);
  return *out_unit != GCUT_DIM_INVALID && gcut__slice_is_clean(s, *out_unit) &&
         gcut_dim_mul(s->c.dims, *out_unit, s->batch) == dim;
}

gcut_dim gcut__slice_product(gcut__slicer *s, const gcut_dim *dims, int from, int to) {
  return gcut_infer_product(&s->c, dims, from, to);
}

// ---- operands ---------------------------------------------------------------------------------

const gcut__sliced *gcut__slice_in(const gcut__slicer *s, uint32_t i) {
  static const gcut__sliced same = {.carry = GCUT__SAME};
  return gcut__slice_has(s, i) ? &s->values[gcut_node_inputs(s->graph, s->c.node)[i]] : &same;
}

static uint32_t output_value(const gcut__slicer *s, uint32_t o) {
  return o < s->c.node->n_outputs ? gcut_node_outputs(s->graph, s->c.node)[o] : GCUT_NONE;
}

gcut__sliced *gcut__slice_out(gcut__slicer *s, uint32_t o) {
  uint32_t value = output_value(s, o);
  return value == GCUT_NONE ? NULL : &s->values[value];
}

const gcut_type *gcut__slice_out_type(const gcut__slicer *s, uint32_t o) {
  static const gcut_type none = {.rank = -1};
  uint32_t value = output_value(s, o);
  return value == GCUT_NONE ? &none : &s->trace->facts[value].type;
}

void gcut__slice_set(gcut__slicer *s, uint32_t o, int axis) {
  gcut__sliced *out = gcut__slice_out(s, o);
  if (out) *out = (gcut__sliced){.carry = GCUT__ALONG, .axis = axis};
}

bool gcut__slice_same_from(const gcut__slicer *s, uint32_t first) {
  for (uint32_t i = first; i < s->c.n_inputs; i++)
    if (gcut__slice_in(s, i)->carry != GCUT__SAME) return false;
  return true;
}

bool gcut__slice_content(gcut__slicer *s, uint32_t i, const gcut_dim **out, uint32_t *out_n) {
  return gcut_infer_content(&s->c, i, out, out_n);
}

bool gcut__slice_bounds(gcut__slicer *s, uint32_t i, gcut_dim *low, gcut_dim *high) {
  const gcut__sliced *in = gcut__slice_in(s, i);
  const int64_t *values;
  uint32_t n;
  *low = in->low;
  *high = in->high;
  if (in->bounded || in->carry != GCUT__SAME) return in->bounded;
  if (!gcut_infer_ints(&s->c, i, &values, &n) || n == 0) return false;
  *low = *high = values[0];
  for (uint32_t k = 1; k < n; k++) {
    if (values[k] < *low) *low = values[k];
    if (values[k] > *high) *high = values[k];
  }
  return true;
}

// ---- one node ---------------------------------------------------------------------------------

// What shape arithmetic knows of a value is all there is to say of it.
static bool claim_known(gcut__slicer *s, uint32_t value) {
  const gcut_fact *fact = &s->trace->facts[value];
  if (!fact->constant && !fact->content) return false;
  bool same = fact->constant || all_clean(s, fact->content, fact->n_content);
  s->values[value] = (gcut__sliced){.carry = same ? GCUT__SAME : GCUT__SIZES};
  if (same && fact->n_content == 1) {
    s->values[value].bounded = true;
    s->values[value].low = s->values[value].high = fact->content[0];
  }
  return true;
}

static gcut__sliced unproven(const gcut__slicer *s, const char *why) {
  return (gcut__sliced){
      .carry = GCUT__UNPROVEN, .node = (uint32_t)(s->c.node - s->graph->nodes), .why = why};
}

// The input that bars the node, or NULL; *out_same: all are the same in every slice.
static const gcut__sliced *look_at_inputs(const gcut__slicer *s, bool *out_same) {
  const gcut_node *node = s->c.node;
  *out_same = true;
  for (uint32_t i = 0; i < gcut_node_n_reads(node); i++) {
    uint32_t value = gcut_node_read(s->graph, node, i);
    if (value == GCUT_NONE) continue;
    if (s->values[value].carry == GCUT__UNPROVEN) return &s->values[value];
    *out_same = *out_same && s->values[value].carry == GCUT__SAME;
  }
  return NULL;
}

// A rule's claim about a value must fit what is known of its shape.
static const char *check_claim(gcut__slicer *s, uint32_t value) {
  gcut__sliced *v = &s->values[value];
  const gcut_type *type = &s->trace->facts[value].type;
  if (v->carry == GCUT__UNPROVEN) return NULL;
  if (type->kind != GCUT_KIND_TENSOR || type->rank < 0) return no_shape;
  bool along = v->carry == GCUT__ALONG || v->carry == GCUT__COUNTS;
  if (along && (v->axis < 0 || v->axis >= type->rank)) return gcut__slice_along;
  for (int d = 0; d < type->rank; d++) {
    bool fits = along && d == v->axis ? gcut__slice_units(s, type->dims[d], &v->unit)
                                      : gcut__slice_is_clean(s, type->dims[d]);
    if (!fits) return gcut__slice_sizes;
  }
  return NULL;
}

static bool are_shapes_known(const gcut__slicer *s) {
  for (uint32_t i = 0; i < s->c.n_inputs; i++)
    if (s->c.inputs[i] &&
        (s->c.inputs[i]->type.kind != GCUT_KIND_TENSOR || s->c.inputs[i]->type.rank < 0))
      return false;
  return true;
}

// Elements that only move stay within their bounds.
static void keep_bounds(gcut__slicer *s) {
  gcut__slice_rule *rule = s->row ? s->row->rule : NULL;
  gcut__sliced *out = gcut__slice_out(s, 0);
  bool moves = rule == gcut__slice_view || rule == gcut__slice_transpose ||
               rule == gcut__slice_expand || rule == gcut__slice_first_alone;
  if (!moves || !out || !((GCUT_INDICES >> gcut__slice_out_type(s, 0)->type) & 1)) return;
  out->bounded = gcut__slice_bounds(s, 0, &out->low, &out->high);
}

// How often the inputs that carry the batch go through it along their axis: all of them alike.
static const char *find_runs(const gcut__slicer *s, gcut_dim *out) {
  *out = 0;
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    const gcut__sliced *in = gcut__slice_in(s, i);
    if (in->carry != GCUT__ALONG && in->carry != GCUT__COUNTS) continue;
    if (*out != 0 && in->runs != *out) return turns;
    *out = in->runs;
  }
  if (*out == 0) *out = 1;
  return NULL;
}

// Element by element along the batch's axis, as rules are, in whatever order it lies there; only a
// view says more of it.
static const char *call_rule(gcut__slicer *s) {
  gcut_dim runs;
  const char *why = find_runs(s, &runs);
  if (!why) why = s->row->rule(s);
  for (uint32_t o = 0; !why && o < s->c.node->n_outputs; o++) {
    gcut__sliced *out = gcut__slice_out(s, o);
    if (out && out->runs == 0) out->runs = runs;
  }
  return why;
}

// Why the node cannot be divided, or NULL; its outputs are set.
static const char *apply_rule(gcut__slicer *s, bool same) {
  const gcut_op *op = s->c.node->op;
  s->row = op ? gcut__slice_row_of(op) : NULL;
  if (!op || (op->flags & GCUT_OP_CONTROL)) return no_rule;
  if ((op->flags & GCUT_OP_RANDOM) && !(s->row && s->row->rule == gcut__slice_dropout))
    return "it draws random numbers";
  // A range says more of itself than that; dropout may draw.
  bool speaks =
      s->row && (s->row->rule == gcut__slice_dropout || s->row->rule == gcut__slice_range);
  if (same && !speaks) {
    keep_bounds(s);
    return NULL;
  }
  if (!s->row) return no_rule;
  bool given = s->row->rule == gcut__slice_axes || s->row->rule == gcut__slice_rnn;
  if (!are_shapes_known(s) || (!gcut__slice_out(s, 0) && !given)) return no_shape;
  return call_rule(s);
}

// Symbols that come up where nothing differs do not differ.
static void clean_outputs(gcut__slicer *s) {
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) {
    uint32_t value = output_value(s, o);
    if (value == GCUT_NONE) continue;
    const gcut_fact *fact = &s->trace->facts[value];
    if (fact->type.rank > 0) clean_all(s, fact->type.dims, fact->type.rank);
    if (fact->content) clean_all(s, fact->content, fact->n_content);
  }
}

static void claim_outputs(gcut__slicer *s) {
  bool same;
  const gcut__sliced *bar = look_at_inputs(s, &same);
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++)
    if (gcut__slice_out(s, o)) *gcut__slice_out(s, o) = (gcut__sliced){.carry = GCUT__SAME};
  const char *why = bar ? bar->why : apply_rule(s, same);
  if (!why && same) clean_outputs(s);
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) {
    uint32_t value = output_value(s, o);
    if (value == GCUT_NONE || claim_known(s, value)) continue;
    const char *wrong = why || same ? why : check_claim(s, value);
    if (wrong) s->values[value] = bar ? *bar : unproven(s, wrong);
  }
}

static gcut_status claim_node(gcut__slicer *s, const gcut_node *node, gcut_error *err) {
  bool known = true;
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t value = gcut_node_outputs(s->graph, node)[o];
    known = (value == GCUT_NONE || claim_known(s, value)) && known;
  }
  if (known) return GCUT_OK;
  gcut_arena_reset(s->c.arena);
  const gcut_fact **inputs = GCUT_NEW_ARRAY(s->c.arena, const gcut_fact *, node->n_inputs);
  if (!inputs) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint32_t value = gcut_node_inputs(s->graph, node)[i];
    inputs[i] = value == GCUT_NONE ? NULL : &s->trace->facts[value];
  }
  s->c.node = node;
  s->c.attrs = node->attrs;
  s->c.inputs = inputs;
  s->c.n_inputs = node->n_inputs;
  claim_outputs(s);
  return GCUT_OK;
}

// ---- inputs -----------------------------------------------------------------------------------

// The one axis of the input whose size the batch is in; -1: none, -2: no one axis will do.
static int batch_axis(gcut__slicer *s, const gcut_type *type, gcut_dim *out_unit) {
  int axis = GCUT_UNSLICED;
  for (int d = 0; d < type->rank; d++) {
    if (gcut__slice_is_clean(s, type->dims[d])) continue;
    if (axis >= 0 || !gcut__slice_units(s, type->dims[d], out_unit)) return -2;
    axis = d;
  }
  return axis >= 0 && !gcut_dim_known(*out_unit) ? -2 : axis;
}

static void claim_input(gcut__slicer *s, uint32_t value) {
  const gcut_type *type = &s->trace->facts[value].type;
  gcut__sliced *v = &s->values[value];
  int axis = batch_axis(s, type, &v->unit);
  bool fits = axis == GCUT_UNSLICED ||
              (axis >= 0 && type->kind == GCUT_KIND_TENSOR &&
               gcut_dtype_bits((gcut_dtype)type->type) >= 8 && type->type != GCUT_STRING);
  v->carry = !fits ? GCUT__UNPROVEN : axis >= 0 ? GCUT__ALONG : GCUT__SAME;
  v->axis = axis;
  v->runs = 1;
  v->node = GCUT_NONE;
  v->why = "its shape does not say along which axis it is to be sliced";
}

// Everything of the graph's inputs is the same in every slice, save the batch.
static void claim_inputs(gcut__slicer *s) {
  const gcut_body *body = &s->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *type = &s->trace->facts[body->inputs[i]].type;
    if (type->rank > 0) clean_all(s, type->dims, type->rank);
  }
  s->clean[s->symbol] = false;
  for (uint32_t i = 0; i < body->n_inputs; i++) claim_input(s, body->inputs[i]);
}

// ---- the whole --------------------------------------------------------------------------------

gcut_status gcut__slice_prove(gcut__slicer *s, gcut_error *err) {
  const gcut_body *body = &s->graph->bodies[0];
  memset(s->values, 0, s->graph->n_values * sizeof *s->values); // constants are SAME
  memset(s->clean, 0, s->n_clean);
  claim_inputs(s);
  for (uint32_t i = 0; i < body->n_nodes; i++)
    GCUT_TRY(claim_node(s, &s->graph->nodes[body->nodes[i]], err));
  return GCUT_OK;
}
