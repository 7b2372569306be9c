// A plan in sizes.
#include "exec/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/layout.h"
#include "graphcut/slicing.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/dims.h"

typedef struct builder {
  const gcut__problem_spec *spec;
  const gcut_plan *plan;
  const gcut_graph *graph;
  gcut_arena *arena;
  gcut_map index; // value -> activation
  gcut_stage *parts;
  gcut_activation *activations;
  uint32_t n_activations, n_weights;
} builder;

const gcut_constant *gcut__constant_of(const gcut_trace *trace, uint32_t value) {
  const gcut_value *v = &trace->graph->values[value];
  if (trace->facts[value].constant) return trace->facts[value].constant;
  return v->constant != GCUT_NONE && !v->is_input ? &trace->graph->constants[v->constant] : NULL;
}

uint64_t gcut__count_tokens(const gcut_trace *trace, const gcut_part *part) {
  uint64_t largest = 0, tokens = 1;
  for (uint32_t i = 0; i < part->n_inputs; i++) {
    const gcut_type *type = &trace->facts[part->inputs[i]].type;
    uint64_t bytes, count = 1;
    if (!gcut__static_bytes(trace, part->inputs[i], &bytes) || bytes <= largest) continue;
    for (int d = 0; d < type->rank - 1; d++) count *= (uint64_t)type->dims[d];
    largest = bytes;
    tokens = count;
  }
  return tokens;
}

// ---- activations ------------------------------------------------------------------------------

static gcut_status set_sizes(builder *b, gcut_activation *a, gcut_error *err) {
  uint64_t *bytes = GCUT_NEW_ARRAY(b->arena, uint64_t, b->spec->n_classes);
  uint8_t *forms = GCUT_NEW_ARRAY(b->arena, uint8_t, b->spec->n_classes);
  if (!bytes || !forms) return GCUT_NO_MEMORY(err);
  for (uint32_t c = 0; c < b->spec->n_classes; c++) {
    const gcut_trace *trace = b->spec->traces[c];
    if (gcut__constant_of(trace, a->value))
      forms[c] = GCUT_FORM_CONSTANT;
    else if (gcut__static_bytes(trace, a->value, &bytes[c]))
      forms[c] = GCUT_FORM_RANGE;
    else
      forms[c] = GCUT_FORM_HEAP;
    if (forms[c] != GCUT_FORM_RANGE) bytes[c] = 0;
    if (bytes[c] > UINT64_MAX / 4)
      return GCUT_FAIL(err, GCUT_FORMAT, "value '%.200s' has %llu bytes", a->name,
                       (unsigned long long)bytes[c]);
  }
  a->bytes = bytes;
  a->forms = forms;
  return GCUT_OK;
}

static gcut_status add_activation(builder *b, uint32_t value, uint32_t producer, gcut_error *err) {
  if (gcut_map_get(&b->index, value) != UINT32_MAX) return GCUT_OK;
  gcut_activation *a = &b->activations[b->n_activations];
  *a =
      (gcut_activation){.name = b->graph->values[value].name, .value = value, .producer = producer};
  if (!gcut_map_set(&b->index, value, b->n_activations++)) return GCUT_NO_MEMORY(err);
  return set_sizes(b, a, err);
}

static bool is_graph_input(const builder *b, uint32_t value) {
  return b->graph->values[value].is_input && b->graph->values[value].body == 0;
}

static gcut_status add_activations(builder *b, gcut_error *err) {
  const gcut_plan *plan = b->plan;
  for (uint32_t p = 0; p < plan->n_parts; p++) {
    const gcut_part *part = &plan->parts[p];
    for (uint32_t i = 0; i < part->n_inputs; i++)
      GCUT_TRY(add_activation(b, part->inputs[i], GCUT_NONE, err));
    for (uint32_t i = 0; i < part->n_outputs; i++)
      GCUT_TRY(add_activation(b, part->outputs[i], p, err));
  }
  for (uint32_t i = 0; i < plan->n_fetches; i++) {
    if (is_graph_input(b, plan->fetches[i]))
      GCUT_TRY(add_activation(b, plan->fetches[i], GCUT_NONE, err));
    uint32_t at = gcut_map_get(&b->index, plan->fetches[i]);
    if (at != UINT32_MAX) b->activations[at].fetched = true;
  }
  return GCUT_OK;
}

static gcut_status add_readers(builder *b, gcut_error *err) {
  const gcut_plan *plan = b->plan;
  uint32_t *n = GCUT_NEW_ARRAY(b->arena, uint32_t, b->n_activations);
  if (!n) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_inputs; i++)
      n[gcut_map_get(&b->index, plan->parts[p].inputs[i])]++;
  for (uint32_t i = 0; i < b->n_activations; i++) {
    b->activations[i].readers = GCUT_NEW_ARRAY(b->arena, uint32_t, n[i]);
    if (!b->activations[i].readers) return GCUT_NO_MEMORY(err);
  }
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_inputs; i++) {
      gcut_activation *a = &b->activations[gcut_map_get(&b->index, plan->parts[p].inputs[i])];
      ((uint32_t *)a->readers)[a->n_readers++] = p;
    }
  return GCUT_OK;
}

// ---- parts ------------------------------------------------------------------------------------

static gcut_status list_values(const builder *b, const uint32_t *values, uint32_t n,
                               const uint32_t **out, uint32_t *out_n, gcut_error *err) {
  uint32_t *list = GCUT_NEW_ARRAY(b->arena, uint32_t, n);
  if (!list) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) list[i] = gcut_map_get(&b->index, values[i]);
  *out = list;
  *out_n = n;
  return GCUT_OK;
}

// The type of what most of the part's arithmetic makes: weights may have fewer bits than that.
static gcut_dtype main_type(const builder *b, const gcut_part *part) {
  const gcut_trace *trace = b->spec->traces[0];
  double flops[GCUT_N_DTYPES] = {0};
  gcut_dtype best = GCUT_FLOAT;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    const gcut_node *node = &b->graph->nodes[part->nodes[i]];
    uint32_t made = node->n_outputs ? gcut_node_outputs(b->graph, node)[0] : GCUT_NONE;
    if (made != GCUT_NONE) flops[trace->facts[made].type.type] += trace->flops[part->nodes[i]];
  }
  for (int t = 0; t < GCUT_N_DTYPES; t++)
    if (flops[t] > flops[best]) best = (gcut_dtype)t;
  return best;
}

bool gcut__is_weight(const gcut_constant *k) {
  return k && k->bytes > 0 && k->type != GCUT_STRING;
}

static gcut_status set_weights(builder *b, gcut_stage *stage, const gcut_part *part,
                               gcut_error *err) {
  gcut_weight *weights = GCUT_NEW_ARRAY(b->arena, gcut_weight, part->n_constants);
  if (!weights) return GCUT_NO_MEMORY(err);
  stage->weights = weights;
  stage->first_weight = b->n_weights;
  for (uint32_t i = 0; i < part->n_constants; i++) {
    uint32_t value = part->constants[i];
    const gcut_constant *k = gcut__constant_of(b->spec->traces[0], value);
    if (!gcut__is_weight(k)) continue;
    weights[stage->n_weights++] = (gcut_weight){.name = b->graph->values[value].name,
                                                .bytes = k->bytes,
                                                .value = value,
                                                .file = k->file,
                                                .file_offset = k->offset};
  }
  b->n_weights += stage->n_weights;
  return GCUT_OK;
}

static bool looks_up(const builder *b, const gcut_part *part) {
  bool all = part->n_constants > 0;
  for (uint32_t c = 0; all && c < b->spec->n_classes; c++)
    all = gcut__looks_up(b->spec->traces[c], part);
  return all;
}

static gcut_status set_part(builder *b, uint32_t p, gcut_error *err) {
  const gcut_part *part = &b->plan->parts[p];
  gcut_stage *stage = &b->parts[p];
  *stage = (gcut_stage){.name = part->name,
                        .type = main_type(b, part),
                        .looks_up = looks_up(b, part),
                        .work = b->spec->work + (size_t)p * b->spec->n_classes};
  GCUT_TRY(set_weights(b, stage, part, err));
  GCUT_TRY(list_values(b, part->inputs, part->n_inputs, &stage->inputs, &stage->n_inputs, err));
  return list_values(b, part->outputs, part->n_outputs, &stage->outputs, &stage->n_outputs, err);
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status build(builder *b, gcut_error *err) {
  size_t most = b->plan->n_fetches;
  for (uint32_t p = 0; p < b->plan->n_parts; p++)
    most += (size_t)b->plan->parts[p].n_inputs + b->plan->parts[p].n_outputs;
  b->parts = GCUT_NEW_ARRAY(b->arena, gcut_stage, b->plan->n_parts);
  b->activations = GCUT_NEW_ARRAY(b->arena, gcut_activation, most);
  if (!b->parts || !b->activations) return GCUT_NO_MEMORY(err);
  GCUT_TRY(add_activations(b, err));
  GCUT_TRY(add_readers(b, err));
  for (uint32_t p = 0; p < b->plan->n_parts; p++) GCUT_TRY(set_part(b, p, err));
  return GCUT_OK;
}

// Commands of a schedule have numbers of 32 bits.
static gcut_status check_size(uint32_t n_parts, uint32_t n_passes, uint32_t n_batches,
                              gcut_error *err) {
  enum { COMMANDS_A_RUN = 8 };
  uint64_t n;
  if (gcut_checked_mul((uint64_t)n_parts * n_passes, (uint64_t)n_batches * COMMANDS_A_RUN, &n) &&
      n < UINT32_MAX)
    return GCUT_OK;
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "%u batches, %u passes through %u parts: no schedule holds so many commands",
                   n_batches, n_passes, n_parts);
}

gcut_status gcut__problem_create(const gcut__problem_spec *spec, gcut_arena *arena,
                                 gcut_problem *out, gcut_error *err) {
  builder b = {.spec = spec, .plan = spec->plan, .graph = spec->traces[0]->graph, .arena = arena};
  *out = (gcut_problem){0};
  gcut_status status = build(&b, err);
  gcut_map_free(&b.index);
  if (status != GCUT_OK) return status;
  *out = (gcut_problem){.parts = b.parts,
                        .activations = b.activations,
                        .classes = spec->classes,
                        .n_parts = spec->plan->n_parts,
                        .n_activations = b.n_activations,
                        .n_classes = spec->n_classes,
                        .n_batches = spec->n_batches,
                        .n_weights = b.n_weights,
                        .n_passes = spec->n_passes ? spec->n_passes : 1,
                        .budget = spec->budget,
                        .host_budget = spec->host_budget,
                        .early = spec->early};
  return check_size(out->n_parts, out->n_passes, out->n_batches, err);
}

// ---- without a device -------------------------------------------------------------------------

typedef struct unsized { // what inputs lack
  const gcut_dims *dims;
  bool *seen;     // [n_symbols]
  uint32_t input; // the first that lacks any, or GCUT_NONE
  char set[400];  // as --set takes it: "batch=N,seq=N"; what does not fit is left out
} unsized;

static void note_symbol(void *context, uint32_t symbol) {
  unsized *u = context;
  const char *name = gcut_dims_symbol_name(u->dims, symbol);
  size_t used = strlen(u->set), size = strlen(name);
  if (u->seen[symbol] || *name == '?' || used + size + 4 > sizeof u->set) return;
  u->seen[symbol] = true;
  snprintf(u->set + used, sizeof u->set - used, "%s%s=N", used ? "," : "", name);
}

static void note_input(const gcut_trace *trace, uint32_t value, unsized *u) {
  const gcut_type *type = &trace->facts[value].type;
  uint64_t bytes;
  if (!trace->graph->values[value].is_input || gcut__constant_of(trace, value) ||
      type->kind != GCUT_KIND_TENSOR || type->type == GCUT_STRING ||
      gcut__static_bytes(trace, value, &bytes))
    return;
  if (u->input == GCUT_NONE) u->input = value;
  for (int d = 0; d < type->rank; d++)
    if (!gcut_dim_known(type->dims[d])) gcut_dim_symbols(u->dims, type->dims[d], note_symbol, u);
}

static gcut_status check_static(const gcut_trace *trace, const gcut_plan *plan, gcut_error *err) {
  unsized u = {.dims = trace->dims, .input = GCUT_NONE};
  u.seen = calloc(gcut_dims_n_symbols(u.dims) + 1u, sizeof *u.seen);
  if (!u.seen) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    for (uint32_t i = 0; i < plan->parts[p].n_inputs; i++)
      note_input(trace, plan->parts[p].inputs[i], &u);
  free(u.seen);
  if (u.input == GCUT_NONE) return GCUT_OK;
  char text[200];
  gcut_trace_format(trace, u.input, text, sizeof text);
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "input '%.200s' is %s: give its symbolic dimensions a size (--set%s%s)",
                   trace->graph->values[u.input].name, text, *u.set ? " " : "", u.set);
}

// A batch in slices of one size, and a last one of what is left.
typedef struct slice_classes {
  gcut_trace *made[2]; // to be freed
  const gcut_trace *traces[2];
  uint32_t n_classes, n_slices; // n_slices a batch
} slice_classes;

static gcut_status find_classes(const gcut_trace *trace, const gcut_problem_options *options,
                                slice_classes *out, gcut_error *err) {
  int64_t batch = options->micro_batch ? gcut_slicing_batch(options->slicing, trace) : 0;
  int64_t each = options->micro_batch, rest = each ? batch % each : 0;
  *out = (slice_classes){.traces = {trace}, .n_classes = 1, .n_slices = 1};
  if (batch <= each) return GCUT_OK;
  if ((batch - 1) / each + 1 > UINT32_MAX)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "too many slices of %lld elements", (long long)each);
  out->n_slices = (uint32_t)((batch - 1) / each + 1);
  GCUT_TRY(gcut_slicing_trace(options->slicing, trace, each, &out->made[0], err));
  if (rest) GCUT_TRY(gcut_slicing_trace(options->slicing, trace, rest, &out->made[1], err));
  out->traces[0] = out->made[0];
  out->traces[1] = out->made[1];
  out->n_classes = rest ? 2 : 1;
  return GCUT_OK;
}

static gcut_status list_work(const slice_classes *c, const gcut_plan *plan, gcut_arena *arena,
                             gcut_work **out, gcut_error *err) {
  gcut_arena *scratch = gcut_arena_create();
  gcut_status status = GCUT_OK;
  uint32_t n = plan->n_parts * c->n_classes;
  *out = GCUT_NEW_ARRAY(arena, gcut_work, n);
  if (!*out || !scratch) status = GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n && status == GCUT_OK; i++) {
    const gcut_part *part = &plan->parts[i / c->n_classes];
    const gcut_trace *trace = c->traces[i % c->n_classes];
    gcut__layout layout;
    gcut_arena_reset(scratch);
    status = plan->unfused // which the trace need not know
                 ? gcut__layout_create_fused(trace, part, NULL, 0, scratch, &layout, err)
                 : gcut__layout_create(trace, part, scratch, &layout, err);
    if (status != GCUT_OK) break;
    (*out)[i] = gcut__layout_work(&layout);
    (*out)[i].tokens = gcut__count_tokens(trace, part);
  }
  gcut_arena_destroy(scratch);
  return status;
}

static gcut_status create(const slice_classes *c, const gcut_plan *plan,
                          const gcut_problem_options *options, gcut_arena *arena,
                          gcut_problem **out, gcut_error *err) {
  uint32_t n;
  if (__builtin_mul_overflow(options->n_batches ? options->n_batches : 1, c->n_slices, &n))
    return GCUT_FAIL(err, GCUT_ARGUMENT, "too many batches, each in %u slices", c->n_slices);
  GCUT_TRY(check_size(plan->n_parts, options->n_passes ? options->n_passes : 1, n, err));
  gcut_work *work;
  gcut_problem *problem = GCUT_NEW(arena, gcut_problem);
  uint32_t *classes = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (!problem || !classes) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n && c->n_classes == 2; i++)
    classes[i] = i % c->n_slices == c->n_slices - 1;
  GCUT_TRY(list_work(c, plan, arena, &work, err));
  gcut__problem_spec spec = {.plan = plan,
                             .traces = c->traces,
                             .n_classes = c->n_classes,
                             .classes = classes,
                             .n_batches = n,
                             .n_passes = options->n_passes,
                             .work = work,
                             .budget = options->budget,
                             .host_budget = options->host_budget,
                             .early = options->early};
  GCUT_TRY(gcut__problem_create(&spec, arena, problem, err));
  problem->arena = arena;
  *out = problem;
  return GCUT_OK;
}

gcut_status gcut_problem_create(const gcut_trace *trace, const gcut_plan *plan,
                                const gcut_problem_options *options, gcut_problem **out_problem,
                                gcut_error *err) {
  *out_problem = NULL;
  GCUT_TRY(check_static(trace, plan, err));
  gcut_arena *arena = gcut_arena_create();
  slice_classes classes = {0};
  gcut_status status = arena ? find_classes(trace, options, &classes, err) : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) status = create(&classes, plan, options, arena, out_problem, err);
  if (status != GCUT_OK) gcut_arena_destroy(arena);
  for (int i = 0; i < 2; i++) gcut_trace_destroy(classes.made[i]);
  return status;
}

void gcut_problem_destroy(gcut_problem *problem) {
  if (problem) gcut_arena_destroy(problem->arena);
}
