// A tiny reader of operands, and a writer of facts in the same words.
#include "tests/support/symbolic.h"

#include <stdio.h>
#include <stdlib.h>

#include "graphcut/trace.h"
#include "tracer/build.h"

enum { OPERANDS = 16, LINE = 1024 };

// ---- reading ----------------------------------------------------------------------------------

// Splits "a,b,c" up to `end` into pieces; returns what follows the end.
static const char *split(const char *text, char end, char pieces[][64], int *out_n) {
  int n = 0;
  size_t length = 0;
  for (; *text && *text != end; text++) {
    if (*text == ',')
      pieces[n++][length] = '\0', length = 0;
    else
      pieces[n][length++] = *text;
  }
  if (length > 0) pieces[n++][length] = '\0';
  *out_n = n;
  return *text ? text + 1 : text;
}

static uint32_t new_value(gcut_graph *g) {
  return gcut_graph_add_value(g, 0, "");
}

static uint32_t add_input(gcut_graph *g, gcut_dtype type, int rank, const gcut_dim *dims) {
  uint32_t v = gcut_graph_add_input(g, 0, new_value(g));
  gcut_type declared = {
      .kind = GCUT_KIND_TENSOR, .type = (uint8_t)type, .rank = (int16_t)rank, .dims = dims};
  gcut_value_declare(g, v, &declared);
  return v;
}

static uint32_t add_numbers(gcut_graph *g, int rank, int64_t n, const int64_t *values) {
  uint32_t v = new_value(g);
  gcut_constant k = {.name = "",
                     .type = GCUT_INT64,
                     .rank = rank,
                     .dims = &n,
                     .bytes = (uint64_t)n * 8,
                     .file = GCUT_NONE,
                     .data = gcut_arena_copy(gcut_graph_arena(g), values, (size_t)n * 8)};
  gcut_graph_add_initializer(g, 0, v, gcut_graph_add_constant(g, &k));
  return v;
}

static uint32_t add_node(gcut_graph *g, const char *op, const uint32_t *inputs, uint32_t n,
                         const gcut_attribute *attribute) {
  uint32_t output = new_value(g);
  gcut_node_spec spec = {.op_type = op,
                         .inputs = inputs,
                         .n_inputs = n,
                         .outputs = &output,
                         .n_outputs = 1,
                         .attributes = attribute,
                         .n_attributes = attribute ? 1 : 0};
  gcut_graph_add_node(g, &spec);
  return output;
}

// A tensor of one element: a number, or the Shape of an input of that size.
static uint32_t add_element(gcut_graph *g, const char *text) {
  char *end;
  int64_t number = strtoll(text, &end, 0);
  if (*end == '\0') return add_numbers(g, 1, 1, &number);
  gcut_dim dim = gcut_dim_parse(g->dims, text, strlen(text));
  uint32_t x = add_input(g, GCUT_FLOAT, 1, &dim);
  return add_node(g, "Shape", &x, 1, NULL);
}

static uint32_t add_contents(gcut_graph *g, char pieces[][64], int n, bool scalar) {
  int64_t numbers[OPERANDS];
  uint32_t elements[OPERANDS];
  bool all = true;
  char *end;
  for (int i = 0; i < n; i++) {
    numbers[i] = strtoll(pieces[i], &end, 0);
    all = all && *end == '\0';
  }
  if (all) return add_numbers(g, scalar ? 0 : 1, n, numbers);
  for (int i = 0; i < n; i++) elements[i] = add_element(g, pieces[i]);
  gcut_attribute axis = {.name = "axis", .kind = GCUT_ATTRIBUTE_INT, .n = 1};
  uint32_t joined = add_node(g, "Concat", elements, (uint32_t)n, &axis);
  return scalar ? add_node(g, "Squeeze", (uint32_t[]){joined, add_numbers(g, 1, 1, (int64_t[]){0})},
                           2, NULL)
                : joined;
}

static uint32_t add_typed(gcut_graph *g, const char **text) {
  char pieces[OPERANDS][64];
  gcut_dim dims[OPERANDS];
  int n = 0;
  size_t length = strcspn(*text, "[ ");
  gcut_dtype type = gcut_dtype_find(*text, length);
  assert_int_not_equal(type, GCUT_UNDEFINED);
  *text += length;
  if (**text == '[') *text = split(*text + 1, ']', pieces, &n);
  for (int i = 0; i < n; i++) dims[i] = gcut_dim_parse(g->dims, pieces[i], strlen(pieces[i]));
  return add_input(g, type, n, dims);
}

static uint32_t read_operands(gcut_graph *g, const char *text, uint32_t *values) {
  char pieces[OPERANDS][64];
  uint32_t n = 0;
  int n_pieces;
  while (*text) {
    if (*text == ' ') {
      text++;
    } else if (*text == '-') {
      values[n++] = GCUT_NONE;
      text++;
    } else if (*text == '{' || *text == '(') {
      bool scalar = *text == '(';
      text = split(text + 1, scalar ? ')' : '}', pieces, &n_pieces);
      values[n++] = add_contents(g, pieces, n_pieces, scalar);
    } else {
      values[n++] = add_typed(g, &text);
    }
  }
  return n;
}

static gcut_attribute read_attribute(gcut_graph *g, const char **text) {
  gcut_arena *arena = gcut_graph_arena(g);
  size_t length = strcspn(*text, "=");
  gcut_attribute a = {.name = gcut_arena_string(arena, *text, length), .n = 1};
  *text += length + 1;
  char *end;
  a.i = strtoll(*text, &end, 0);
  a.kind = GCUT_ATTRIBUTE_INT;
  if (**text == '[') {
    char pieces[OPERANDS][64];
    int n;
    *text = split(*text + 1, ']', pieces, &n);
    int64_t *list = gcut_arena_alloc(arena, OPERANDS, sizeof *list);
    for (int i = 0; i < n; i++) list[i] = strtoll(pieces[i], NULL, 0);
    a.kind = GCUT_ATTRIBUTE_INTS;
    a.ints = list;
    a.n = (size_t)n;
  } else if (end != *text) {
    *text = end;
  } else {
    length = strcspn(*text, " ");
    a.kind = GCUT_ATTRIBUTE_STRING;
    a.s = (gcut_string){gcut_arena_string(arena, *text, length), length};
    *text += length;
  }
  return a;
}

// ---- writing ----------------------------------------------------------------------------------

static void append(char *line, const char *text) {
  size_t at = strlen(line);
  snprintf(line + at, LINE - at, "%s", text);
}

// A dim; one whose symbol has no name of its own is "?".
static void append_dim(char *line, const gcut_trace *t, gcut_dim dim) {
  char text[128];
  gcut_dims_format(t->dims, dim, text, sizeof text);
  append(line, *text == '?' && strcspn(text + 1, " *+-/(") == strlen(text + 1) ? "?" : text);
}

static void append_list(char *line, const gcut_trace *t, const gcut_dim *dims, uint32_t n,
                        const char *open, const char *close) {
  append(line, open);
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) append(line, ",");
    append_dim(line, t, dims[i]);
  }
  append(line, close);
}

static void append_fact(char *line, const gcut_trace *t, const gcut_fact *fact) {
  if (*line) append(line, " ");
  append(line, gcut_dtype_name((gcut_dtype)fact->type.type));
  if (fact->type.rank < 0) append(line, "[...]");
  if (fact->type.rank > 0)
    append_list(line, t, fact->type.dims, (uint32_t)fact->type.rank, "[", "]");
  if (fact->content)
    append_list(line, t, fact->content, fact->n_content, fact->type.rank == 0 ? " (" : " {",
                fact->type.rank == 0 ? ")" : "}");
}

// ---- a case -----------------------------------------------------------------------------------

static gcut_status trace_case(const symbolic_case *c, gcut_graph *g, uint32_t n_outputs,
                              gcut_trace **out_trace, uint32_t *outputs, gcut_error *err) {
  uint32_t inputs[OPERANDS], n_attributes = 0;
  gcut_attribute attributes[OPERANDS];
  gcut_graph_add_opset(g, "", c->version);
  uint32_t n = read_operands(g, c->operands, inputs);
  for (const char *text = c->attributes; *text; text += *text == ' ')
    attributes[n_attributes++] = read_attribute(g, &text);
  for (uint32_t i = 0; i < n_outputs; i++) outputs[i] = new_value(g);
  gcut_node_spec spec = {.name = "node",
                         .op_type = c->op,
                         .inputs = inputs,
                         .n_inputs = n,
                         .outputs = outputs,
                         .n_outputs = n_outputs,
                         .attributes = attributes,
                         .n_attributes = n_attributes};
  gcut_graph_add_node(g, &spec);
  gcut_status status = gcut_graph_finish(g, err);
  return status == GCUT_OK ? gcut_trace_create(g, NULL, out_trace, err) : status;
}

// Outputs that the expectation speaks of: its words that are types.
static uint32_t count_outputs(const char *text) {
  uint32_t n = *text != '\0';
  for (int depth = 0; *text; text++) {
    depth += (*text == '[' || *text == '{' || *text == '(') -
             (*text == ']' || *text == '}' || *text == ')');
    if (depth == 0 && *text == ' ' && text[1] != '{' && text[1] != '(') n++;
  }
  return n;
}

bool symbolic_check(const symbolic_case *c) {
  gcut_graph *g;
  gcut_trace *t = NULL;
  gcut_error why = {{0}};
  uint32_t outputs[OPERANDS], n = *c->expected == '!' ? 1 : count_outputs(c->expected);
  char line[LINE] = "";
  assert_ok(gcut_graph_create(&g, err));
  gcut_status status = trace_case(c, g, n, &t, outputs, &why);
  if (status == GCUT_OK)
    for (uint32_t i = 0; i < n; i++) append_fact(line, t, &t->facts[outputs[i]]);
  bool good = *c->expected == '!' ? status == GCUT_FORMAT && strstr(why.message, c->expected + 1) &&
                                        strstr(why.message, "'node'")
                                  : status == GCUT_OK && strcmp(line, c->expected) == 0;
  if (!good)
    print_error("%s-%lld <%s> %s\n  gives    %s\n  expected %s\n", c->op, (long long)c->version,
                c->attributes, c->operands, status == GCUT_OK ? line : why.message, c->expected);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
  return good;
}
