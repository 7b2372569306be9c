// What a page tells of an operator: its name and module, attributes, inputs and outputs.
#include "formats/dot/caption.h"
#include "formats/dot/page_parts.h"

static void add_fact(gcut__json *j, json_t *facts, const char *key, const char *text) {
  gcut__json_append(j, facts, json_pack("[s, s]", key, text ? text : ""));
}

static void add_operands(gcut__json *j, const gcut__material *m, gcut_arena *arena, json_t *facts,
                         const char *key, const uint32_t *values, uint32_t n) {
  for (uint32_t i = 0; i < n && i < 16; i++) {
    if (values[i] == GCUT_NONE) continue;
    const char *name = gcut__caption_name(arena, m->trace->graph->values[values[i]].name, 120);
    add_fact(j, facts, key,
             gcut__caption_format(arena, "%s  %s", name,
                                  gcut__caption_value(arena, m->trace, values[i])));
  }
}

static const char *attribute_text(gcut_arena *arena, const gcut_attribute *a) {
  const char *text = "";
  switch (a->kind) {
  case GCUT_ATTRIBUTE_INT:
    return gcut__caption_format(arena, "%s = %lld", a->name, (long long)a->i);
  case GCUT_ATTRIBUTE_FLOAT: return gcut__caption_format(arena, "%s = %g", a->name, (double)a->f);
  case GCUT_ATTRIBUTE_STRING:
    return gcut__caption_format(arena, "%s = \"%.*s\"", a->name,
                                a->s.size < 80 ? (int)a->s.size : 80, a->s.data);
  case GCUT_ATTRIBUTE_INTS:
    for (size_t i = 0; i < a->n && i < 16; i++)
      text = gcut__caption_format(arena, "%s%s%lld", text, i ? ", " : "", (long long)a->ints[i]);
    return gcut__caption_format(arena, "%s = [%s%s]", a->name, text, a->n > 16 ? ", …" : "");
  default: return a->name;
  }
}

json_t *gcut__page_facts(const gcut__material *m, uint32_t index, gcut_arena *arena,
                         gcut__json *j) {
  const gcut_graph *g = m->trace->graph;
  const gcut_node *node = &g->nodes[index];
  json_t *facts = json_array();
  add_fact(j, facts, "node", gcut__caption_name(arena, node->name, 200));
  add_fact(j, facts, "module", gcut__caption_name(arena, g->scopes[node->scope].path, 200));
  for (uint32_t i = 0; i < node->n_attributes; i++)
    add_fact(j, facts, "attribute",
             gcut__caption_name(
                 arena, attribute_text(arena, &g->attributes[node->first_attribute + i]), 300));
  add_operands(j, m, arena, facts, "input", gcut_node_inputs(g, node), node->n_inputs);
  add_operands(j, m, arena, facts, "output", gcut_node_outputs(g, node), node->n_outputs);
  return facts;
}
