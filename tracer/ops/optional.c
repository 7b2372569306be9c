// Operators on optionals. At run time an optional with a value is that value.
#include "tracer/ops/optional.h"

#include "tracer/ops/carry.h"

const gcut_type *gcut__optional_type(const gcut_graph *graph, const gcut_node *node) {
  const gcut_attribute *a = gcut_node_attribute(graph, node, "type");
  return a && a->kind == GCUT_ATTRIBUTE_TYPE && a->n > 0 ? a->types : NULL;
}

static gcut_status infer_optional(gcut_infer *c, gcut_error *err) {
  const gcut_type *held =
      gcut_infer_has(c, 0) ? &c->inputs[0]->type : gcut__optional_type(c->graph, c->node);
  if (!held) return GCUT_NODE_FAIL(c, err, "it has neither an input nor a type");
  if (c->n_outputs == 0) return GCUT_OK;
  gcut_type *element = gcut_arena_copy(c->arena, held, sizeof *held);
  if (!element) return GCUT_NO_MEMORY(err);
  c->outputs[0].type =
      (gcut_type){.kind = GCUT_KIND_OPTIONAL, .type = held->type, .rank = -1, .element = element};
  return GCUT_OK;
}

const gcut_op gcut__op_optional = {.inputs = "*?",
                                   .outputs = "*",
                                   .flags = GCUT_OP_ANY_RANK,
                                   .infer = infer_optional,
                                   .flops = gcut__no_flops};

static gcut_status infer_optional_get_element(gcut_infer *c, gcut_error *err) {
  const gcut_fact *in = c->inputs[0];
  if (c->n_outputs == 0) return GCUT_OK;
  if (in->type.kind != GCUT_KIND_OPTIONAL) {
    c->outputs[0] = (gcut_fact){.type = in->type};
    return GCUT_OK;
  }
  if (in->tensor) return GCUT_NODE_FAIL(c, err, "the optional is empty");
  if (in->type.element)
    c->outputs[0].type = *in->type.element;
  else
    c->outputs[0].type = (gcut_type){.type = in->type.type, .rank = -1};
  return GCUT_OK;
}

const gcut_op gcut__op_optional_get_element = {.inputs = "*",
                                               .outputs = "*",
                                               .flags = GCUT_OP_VIEW | GCUT_OP_ANY_RANK,
                                               .infer = infer_optional_get_element,
                                               .flops = gcut__no_flops};

static gcut_status infer_optional_has_element(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_BOOL, 0, NULL, err));
  bool maybe = gcut_infer_has(c, 0) && !c->inputs[0]->tensor &&
               (c->inputs[0]->type.kind == GCUT_KIND_OPTIONAL || !c->inputs[0]->type.type);
  if (maybe) return GCUT_OK;
  bool has = gcut_infer_has(c, 0) && c->inputs[0]->type.kind != GCUT_KIND_OPTIONAL;
  return gcut_infer_set_content(c, 0, &(gcut_dim){has}, 1, err);
}

const gcut_op gcut__op_optional_has_element = {.inputs = "*?",
                                               .outputs = "b",
                                               .flags = GCUT_OP_ANY_RANK,
                                               .infer = infer_optional_has_element,
                                               .flops = gcut__no_flops};
