// A group grows from its last node towards its inputs: a node joins where it is elementwise, has as
// many elements as the last one (so nothing is computed twice) and only the group reads it. What
// does not fit one program is tried again with half as many nodes. Where little lies behind an
// input (behind.h), the group reads that, and the nodes between are hidden if no other reads them.
// A product before the group takes it in where its kernel can.
#include "exec/cuda/chain.h"

#include "exec/cuda/behind.h"

enum { BEHINDS = 4 };

typedef struct group {
  gcut__cuda_matcher *m;
  const gcut_node *nodes[GCUT_CUDA_ELEMENT_STEPS]; // the last first
  int results[GCUT_CUDA_ELEMENT_STEPS];            // operands, while the program is built
  int n, most;
  uint64_t count; // elements of each
  gcut__cuda_behind behinds[BEHINDS];
  int behind_operands[BEHINDS], n_behinds;
} group;

static uint32_t output_of(const group *g, int i) {
  return gcut__match_output(g->m, g->nodes[i]);
}

static int index_of(const group *g, const gcut_node *node) {
  for (int i = 0; i < g->n; i++)
    if (g->nodes[i] == node) return i;
  return -1;
}

// How often the group reads a value.
static uint32_t reads_of(const group *g, uint32_t value) {
  uint32_t n = 0;
  for (int i = 0; i < g->n; i++)
    for (uint32_t k = 0; k < g->nodes[i]->n_inputs; k++)
      n += gcut__match_input(g->m, g->nodes[i], k) == value;
  return n;
}

// The node that makes a value, where it may be of a group at all; or NULL.
static const gcut_node *free_producer(const gcut__cuda_matcher *m, uint32_t value) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : m->graph->values[value].producer;
  if (id == GCUT_NONE || gcut_map_get(&m->nodes, id) == UINT32_MAX) return NULL;
  const gcut_node *node = &m->graph->nodes[id];
  return gcut__match_type(m, value) && gcut__cuda_is_elementwise(m->trace, node) ? node : NULL;
}

static bool try_to_join(group *g, uint32_t value) {
  const gcut_node *node = free_producer(g->m, value);
  if (!node || index_of(g, node) >= 0 || g->n == g->most) return false;
  if (gcut__cuda_count(gcut__match_type(g->m, value)) != g->count) return false;
  if (gcut_map_get(&g->m->uses, value) != reads_of(g, value)) return false;
  g->nodes[g->n++] = node;
  return true;
}

static void grow(group *g, const gcut_node *last) {
  g->nodes[0] = last;
  g->n = 1;
  for (bool grew = true; grew;) {
    grew = false;
    for (int i = 0; i < g->n; i++)
      for (uint32_t k = 0; k < g->nodes[i]->n_inputs; k++)
        grew |= try_to_join(g, gcut__match_input(g->m, g->nodes[i], k));
  }
}

// ---- the program

// The operand of what lies behind a value; ELEMENT_NONE where that is nothing, or too much.
static int operand_behind(group *g, gcut__cuda_program_builder *b, uint32_t value) {
  gcut__cuda_behind found;
  int x[2] = {ELEMENT_NONE, ELEMENT_NONE}, n = g->n_behinds;
  for (int i = 0; i < n; i++)
    if (g->behinds[i].value == value) return g->behind_operands[i];
  if (n == BEHINDS || !gcut__cuda_look_behind(g->m, value, b->output, &found)) return ELEMENT_NONE;
  for (int i = 0; i < found.n_sources; i++) {
    x[i] = gcut__cuda_builder_view(b, found.sources[i], &found.views[i]);
    if (x[i] == ELEMENT_NONE) return ELEMENT_NONE;
  }
  int type = gcut__match_type(g->m, value)->type;
  if (found.n_sources == 2) x[0] = gcut__cuda_builder_product(b, x[0], x[1], type);
  if (x[0] == ELEMENT_NONE) return ELEMENT_NONE;
  g->behinds[n] = found;
  g->behind_operands[n] = x[0];
  g->n_behinds++;
  return x[0];
}

// The operand of a value: a result of the group, or an input of it.
static int operand_of(group *g, gcut__cuda_program_builder *b, uint32_t value) {
  for (int i = 0; i < g->n; i++)
    if (output_of(g, i) == value) return g->results[i];
  if (!gcut__match_type(g->m, value)) return ELEMENT_NONE;
  int behind = operand_behind(g, b, value);
  return behind != ELEMENT_NONE ? behind : gcut__cuda_builder_input(b, value);
}

static bool add_node(group *g, gcut__cuda_program_builder *b, int i) {
  int operands[GCUT_CUDA_ELEMENT_INPUTS];
  for (uint32_t k = 0; k < g->nodes[i]->n_inputs; k++) {
    uint32_t value = gcut__match_input(g->m, g->nodes[i], k);
    operands[k] = value == GCUT_NONE ? ELEMENT_NONE : operand_of(g, b, value);
    if (value != GCUT_NONE && operands[k] == ELEMENT_NONE) return false;
  }
  g->results[i] = gcut__cuda_builder_node(b, g->nodes[i], operands);
  return g->results[i] != ELEMENT_NONE;
}

// Whether everything that the node reads of the group is computed.
static bool is_ready(const group *g, int i) {
  for (uint32_t k = 0; k < g->nodes[i]->n_inputs; k++)
    for (int j = 0; j < g->n; j++)
      if (g->results[j] == ELEMENT_NONE &&
          output_of(g, j) == gcut__match_input(g->m, g->nodes[i], k))
        return false;
  return true;
}

// Nodes in an order of their own making: what joined last tends to come first.
static bool build(group *g, gcut__cuda_program_builder *b) {
  *b = (gcut__cuda_program_builder){.trace = g->m->trace,
                                    .output = gcut__match_type(g->m, output_of(g, 0))};
  g->n_behinds = 0;
  for (int i = 0; i < g->n; i++) g->results[i] = ELEMENT_NONE;
  for (int done = 0; done < g->n;) {
    int i = g->n - 1;
    while (i >= 0 && (g->results[i] != ELEMENT_NONE || !is_ready(g, i))) i--;
    if (i < 0 || !add_node(g, b, i)) return false;
    done++;
  }
  return gcut__cuda_builder_finish(b);
}

// ---- what is left to others

static uint32_t reads_by(const group *g, const gcut_node *node, uint32_t value) {
  uint32_t n = 0;
  for (uint32_t k = 0; k < node->n_inputs; k++) n += gcut__match_input(g->m, node, k) == value;
  return n;
}

// Adds readers to a value.
static bool count_readers(gcut__cuda_matcher *m, uint32_t value, int64_t n) {
  uint32_t uses = gcut_map_get(&m->uses, value);
  return gcut_map_set(&m->uses, value, (uint32_t)((uses == UINT32_MAX ? 0 : uses) + n));
}

// Hides the nodes that lie between the group and what it reads behind a value, as far as the group
// was their only reader; where they stay, what they read has a reader more.
static bool pass_over(group *g, const gcut__cuda_behind *b) {
  gcut__cuda_matcher *m = g->m;
  uint32_t value = b->value, reads = reads_of(g, value);
  for (int i = 0; i < b->n_nodes; i++) {
    if (gcut_map_get(&m->uses, value) != reads) {
      bool ok = count_readers(m, value, -(int64_t)reads);
      for (int k = 0; k < b->n_sources; k++) ok = ok && count_readers(m, b->sources[k], 1);
      return ok;
    }
    m->hidden[m->n_hidden++] = (uint32_t)(b->nodes[i] - m->graph->nodes);
    value = gcut__match_input(m, b->nodes[i], 0);
    reads = reads_by(g, b->nodes[i], value);
  }
  return true;
}

static gcut_status compile_chain(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  return gcut__cuda_compile_program(c, fused->params, err);
}

static void hide_nodes(group *g) {
  gcut__cuda_matcher *m = g->m;
  m->n_hidden = 0;
  for (int i = 1; i < g->n; i++)
    m->hidden[m->n_hidden++] = (uint32_t)(g->nodes[i] - m->graph->nodes);
}

// With the product before it, where the product's kernel walks such programs.
static bool take_product(group *g, const gcut__cuda_program_builder *b, gcut__cuda_fused *out) {
  uint32_t reads[GCUT_CUDA_ELEMENT_INPUTS];
  if (g->n_behinds > 0) return false;
  for (int k = 0; k < b->job.n_inputs; k++) reads[k] = reads_of(g, b->values[k]);
  hide_nodes(g);
  return gcut__cuda_join_program(g->m, b, reads, out);
}

static bool take(group *g, const gcut__cuda_program_builder *b, gcut__cuda_fused *out) {
  gcut__cuda_matcher *m = g->m;
  hide_nodes(g);
  for (int i = 0; i < g->n_behinds; i++)
    if (!pass_over(g, &g->behinds[i])) return false;
  out->compile = compile_chain;
  out->params = gcut_arena_copy(m->arena, &b->job, sizeof b->job);
  out->base.n_reads = (uint32_t)b->job.n_inputs;
  out->base.reads =
      gcut_arena_copy(m->arena, b->values, (size_t)b->job.n_inputs * sizeof *b->values);
  return out->params && out->base.reads;
}

bool gcut__cuda_match_chain(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *out) {
  if (node->n_outputs != 1 || free_producer(m, gcut__match_output(m, node)) != node) return false;
  group g = {.m = m, .count = gcut__cuda_count(gcut__match_type(m, gcut__match_output(m, node)))};
  gcut__cuda_program_builder b;
  for (g.most = GCUT_CUDA_ELEMENT_STEPS; g.most > 0; g.most /= 2) {
    grow(&g, node);
    if (build(&g, &b))
      return take_product(&g, &b, out) || ((g.n > 1 || g.n_behinds > 0) && take(&g, &b, out));
  }
  return false;
}
