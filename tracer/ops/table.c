// The table of operators, made from list.h.
#include "tracer/ops/list.h"
#include "tracer/ops/op.h"

#define X(domain, name, ident, ...) extern const gcut_op gcut__op_##ident;
GCUT__OP_LIST(X, X)
#undef X

static const gcut_op_row rows[] = {
#define X(domain, name, ident, ...)                                                                \
  {GCUT__DOMAIN_##domain, #name, &gcut__op_##ident, (const int[]){__VA_ARGS__, 0}},
    GCUT__OP_LIST(X, X)
#undef X
};

#define ONE(domain, name, ident, ...) +1
enum { N_ELEMENTWISE = GCUT__OP_LIST_ELEMENTWISE(ONE, ONE) };
#undef ONE

bool gcut_op_is_elementwise(const gcut_node *node) {
  return node->op && node->op_row < N_ELEMENTWISE;
}

const gcut_op_row *gcut_op_rows(size_t *out_n) {
  *out_n = sizeof rows / sizeof *rows;
  return rows;
}

const gcut_op_row *gcut_op_find(const char *domain, const char *name) {
  if (strcmp(domain, "ai.onnx") == 0) domain = "";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, name) == 0 && strcmp(rows[i].domain, domain) == 0) return &rows[i];
  return NULL;
}
