#include "tests/support/problem.h"

uint64_t test_random(uint64_t *state) { // xorshift64*
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(2685821657736338717);
}

uint64_t test_random_in(uint64_t *state, uint64_t low, uint64_t high) {
  return low + (test_random(state) >> 11) % (high - low + 1);
}

// ---- a problem being built: values first, parts' lists from them ------------------------------

typedef struct maker {
  gcut_arena *arena;
  gcut_problem problem;
  gcut_stage *parts;
  gcut_activation *values;
} maker;

static const char *numbered(gcut_arena *arena, const char *what, uint32_t i) {
  return gcut_arena_format(arena, "%s%u", what, i);
}

static maker make(gcut_arena *arena, uint32_t parts, uint32_t values, uint32_t batches,
                  uint32_t classes) {
  maker m = {.arena = arena};
  m.parts = GCUT_NEW_ARRAY(arena, gcut_stage, parts);
  m.values = GCUT_NEW_ARRAY(arena, gcut_activation, values);
  m.problem = (gcut_problem){.parts = m.parts,
                             .activations = m.values,
                             .classes = GCUT_NEW_ARRAY(arena, uint32_t, batches),
                             .n_parts = parts,
                             .n_activations = values,
                             .n_classes = classes,
                             .n_batches = batches,
                             .n_passes = 1};
  for (uint32_t i = 0; i < parts; i++) {
    m.parts[i].name = numbered(arena, "part", i);
    m.parts[i].type = GCUT_FLOAT;
    m.parts[i].work = GCUT_NEW_ARRAY(arena, gcut_work, classes);
  }
  for (uint32_t i = 0; i < values; i++) {
    m.values[i] = (gcut_activation){.name = numbered(arena, "v", i),
                                    .value = i,
                                    .producer = GCUT_NONE,
                                    .readers = GCUT_NEW_ARRAY(arena, uint32_t, parts),
                                    .bytes = GCUT_NEW_ARRAY(arena, uint64_t, classes),
                                    .forms = GCUT_NEW_ARRAY(arena, uint8_t, classes)};
  }
  return m;
}

static void set_weights(maker *m, uint32_t part, uint32_t n, const uint64_t *bytes) {
  gcut_weight *w = GCUT_NEW_ARRAY(m->arena, gcut_weight, n);
  for (uint32_t i = 0; i < n; i++)
    w[i] = (gcut_weight){.name = gcut_arena_format(m->arena, "w%u.%u", part, i),
                         .bytes = bytes[i],
                         .file = GCUT_NONE};
  m->parts[part].weights = w;
  m->parts[part].n_weights = n;
}

static void add_reader(maker *m, uint32_t value, uint32_t part) {
  gcut_activation *a = &m->values[value];
  if (a->n_readers && a->readers[a->n_readers - 1] == part) return;
  ((uint32_t *)a->readers)[a->n_readers++] = part;
}

// Fills parts' lists of operands and the numbering of weights.
static gcut_problem finish(maker *m) {
  gcut_problem *p = &m->problem;
  for (uint32_t i = 0; i < p->n_parts; i++) {
    m->parts[i].inputs = GCUT_NEW_ARRAY(m->arena, uint32_t, p->n_activations);
    m->parts[i].outputs = GCUT_NEW_ARRAY(m->arena, uint32_t, p->n_activations);
    m->parts[i].first_weight = p->n_weights;
    p->n_weights += m->parts[i].n_weights;
  }
  for (uint32_t v = 0; v < p->n_activations; v++) {
    const gcut_activation *a = &m->values[v];
    if (a->producer != GCUT_NONE) {
      gcut_stage *s = &m->parts[a->producer];
      ((uint32_t *)s->outputs)[s->n_outputs++] = v;
    }
    for (uint32_t i = 0; i < a->n_readers; i++) {
      gcut_stage *s = &m->parts[a->readers[i]];
      ((uint32_t *)s->inputs)[s->n_inputs++] = v;
    }
  }
  return *p;
}

gcut_problem test_chain(gcut_arena *arena, uint32_t n_parts, uint32_t n_batches,
                        uint64_t weight_bytes, uint64_t activation_bytes, uint64_t workspace) {
  maker m = make(arena, n_parts, n_parts + 1, n_batches, 1);
  for (uint32_t i = 0; i <= n_parts; i++) {
    ((uint64_t *)m.values[i].bytes)[0] = activation_bytes;
    m.values[i].producer = i == 0 ? GCUT_NONE : i - 1;
    if (i < n_parts) add_reader(&m, i, i);
  }
  m.values[n_parts].fetched = true;
  for (uint32_t i = 0; i < n_parts; i++) {
    set_weights(&m, i, 1, &weight_bytes);
    ((gcut_work *)m.parts[i].work)[0] = (gcut_work){
        .workspace = workspace, .flops = 1e9, .traffic = weight_bytes, .tokens = 16, .n_nodes = 1};
  }
  return finish(&m);
}

// ---- random problems --------------------------------------------------------------------------

static uint64_t random_bytes(uint64_t *state) {
  if (test_random_in(state, 0, 9) == 0) return 0;
  return test_random_in(state, 1, 5000);
}

static void random_part(maker *m, uint32_t part, uint64_t *state) {
  uint64_t bytes[4];
  uint32_t n = (uint32_t)test_random_in(state, 0, 4);
  for (uint32_t i = 0; i < n; i++) bytes[i] = test_random_in(state, 1, 20000);
  set_weights(m, part, n, bytes);
  m->parts[part].looks_up = n > 0 && bytes[0] % 5 == 0;
  for (uint32_t c = 0; c < m->problem.n_classes; c++)
    ((gcut_work *)m->parts[part].work)[c] =
        (gcut_work){.workspace = random_bytes(state),
                    .prepared = test_random_in(state, 0, 3) ? 0 : random_bytes(state),
                    .traffic = test_random_in(state, 0, 100000),
                    .flops = (double)test_random_in(state, 0, 10000000),
                    .tokens = test_random_in(state, 1, 4000),
                    .n_nodes = 1};
}

static void random_value(maker *m, uint32_t value, uint64_t *state) {
  gcut_activation *a = &m->values[value];
  uint32_t parts = m->problem.n_parts, first = 0;
  // One value a part at least comes from it; others are inputs or come from anywhere.
  if (value < parts)
    a->producer = value;
  else if (test_random_in(state, 0, 2) > 0)
    a->producer = (uint32_t)test_random_in(state, 0, parts - 1);
  if (a->producer != GCUT_NONE) first = a->producer + 1;
  uint64_t odds = test_random_in(state, 1, 4);
  for (uint32_t i = first; i < parts; i++)
    if (test_random_in(state, 0, odds) == 0 || (i == first && odds < 3)) add_reader(m, value, i);
  a->fetched = a->n_readers == 0 || test_random_in(state, 0, 9) == 0;
  uint8_t form = GCUT_FORM_RANGE;
  if (test_random_in(state, 0, 11) == 0) form = GCUT_FORM_HEAP;
  for (uint32_t c = 0; c < m->problem.n_classes; c++) {
    uint8_t *forms = (uint8_t *)a->forms;
    forms[c] = test_random_in(state, 0, 19) == 0 ? GCUT_FORM_CONSTANT : form;
    ((uint64_t *)a->bytes)[c] = forms[c] == GCUT_FORM_RANGE ? random_bytes(state) : 0;
  }
}

gcut_problem test_random_problem(gcut_arena *arena, uint64_t *state) {
  uint32_t parts = (uint32_t)test_random_in(state, 1, 8);
  uint32_t values = parts + (uint32_t)test_random_in(state, 0, 6);
  uint32_t classes = (uint32_t)test_random_in(state, 1, 3);
  maker m = make(arena, parts, values, (uint32_t)test_random_in(state, 1, 6), classes);
  m.problem.n_passes = (uint32_t)test_random_in(state, 1, 3);
  for (uint32_t b = 0; b < m.problem.n_batches; b++)
    ((uint32_t *)m.problem.classes)[b] = (uint32_t)test_random_in(state, 0, classes - 1);
  for (uint32_t i = 0; i < parts; i++) random_part(&m, i, state);
  for (uint32_t i = 0; i < values; i++) random_value(&m, i, state);
  m.problem.early = test_random_in(state, 0, 1);
  return finish(&m);
}
