// Parses a node's attributes into its operator's struct, row by row of the operator's table.
#include "tracer/ops/op.h"

static const char *kind_name(gcut_attribute_kind kind) {
  switch (kind) {
  case GCUT_ATTRIBUTE_FLOAT: return "a float";
  case GCUT_ATTRIBUTE_INT: return "an int";
  case GCUT_ATTRIBUTE_STRING: return "a string";
  case GCUT_ATTRIBUTE_TENSOR: return "a tensor";
  case GCUT_ATTRIBUTE_GRAPH: return "a graph";
  case GCUT_ATTRIBUTE_FLOATS: return "a list of floats";
  case GCUT_ATTRIBUTE_INTS: return "a list of ints";
  case GCUT_ATTRIBUTE_STRINGS: return "a list of strings";
  default: return "of another kind";
  }
}

static void set_default(const gcut_attr_row *row, void *field) {
  switch (row->kind) {
  case GCUT_ATTRIBUTE_INT: *(int64_t *)field = row->default_int; break;
  case GCUT_ATTRIBUTE_FLOAT: *(float *)field = row->default_float; break;
  case GCUT_ATTRIBUTE_STRING: {
    const char *text = row->default_string ? row->default_string : "";
    *(gcut_string *)field = (gcut_string){.data = text, .size = strlen(text)};
    break;
  }
  case GCUT_ATTRIBUTE_TENSOR:
  case GCUT_ATTRIBUTE_GRAPH: *(uint32_t *)field = GCUT_NONE; break;
  default: break; // lists are zero: not given
  }
}

static void set_value(const gcut_attr_row *row, const gcut_attribute *a, void *field) {
  switch (row->kind) {
  case GCUT_ATTRIBUTE_INT: *(int64_t *)field = a->i; break;
  case GCUT_ATTRIBUTE_FLOAT:
    *(float *)field = a->kind == GCUT_ATTRIBUTE_INT ? (float)a->i : a->f;
    break;
  case GCUT_ATTRIBUTE_STRING: *(gcut_string *)field = a->s; break;
  case GCUT_ATTRIBUTE_TENSOR: *(uint32_t *)field = a->tensor; break;
  case GCUT_ATTRIBUTE_GRAPH: *(uint32_t *)field = a->body; break;
  case GCUT_ATTRIBUTE_INTS: *(gcut_ints *)field = (gcut_ints){a->ints, a->n, true}; break;
  case GCUT_ATTRIBUTE_FLOATS: *(gcut_floats *)field = (gcut_floats){a->floats, a->n, true}; break;
  case GCUT_ATTRIBUTE_STRINGS:
    *(gcut_strings *)field = (gcut_strings){a->strings, a->n, true};
    break;
  default: break;
  }
}

// An int may stand for a float: some attributes (p of LpPool) were floats before they were ints.
static bool kind_fits(const gcut_attr_row *row, const gcut_attribute *a) {
  return a->kind == row->kind ||
         (row->kind == GCUT_ATTRIBUTE_FLOAT && a->kind == GCUT_ATTRIBUTE_INT);
}

gcut_status gcut_op_parse_attrs(const gcut_graph *graph, const gcut_node *node, const gcut_op *op,
                                gcut_arena *arena, const void **out_attrs, gcut_error *err) {
  *out_attrs = NULL;
  if (!op->attrs) return GCUT_OK;
  char *attrs = gcut_arena_alloc(arena, 1, op->attrs_size);
  if (!attrs) return GCUT_NO_MEMORY(err);
  for (const gcut_attr_row *row = op->attrs; row->name; row++) {
    const gcut_attribute *a = gcut_node_attribute(graph, node, row->name);
    if (!a && row->required)
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s' (%.100s): attribute '%s' is missing",
                       node->name, node->op_type, row->name);
    if (a && !kind_fits(row, a))
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s' (%.100s): attribute '%s' must be %s, is %s",
                       node->name, node->op_type, row->name, kind_name(row->kind),
                       kind_name(a->kind));
    if (a)
      set_value(row, a, attrs + row->offset);
    else
      set_default(row, attrs + row->offset);
  }
  *out_attrs = attrs;
  return GCUT_OK;
}
