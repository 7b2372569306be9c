// A mixture of experts as PyTorch's exporter writes that of transformers: a row for every token and
// expert that it chose, the matrices of those gathered.
#include "synth_emit.h"

// A matrix an expert.
static void expert_weights(emitter *e, const char *name, long rows, long columns) {
  char dims[NAME];
  put(dims, "%ld, %ld, %ld", e->s.experts, rows, columns);
  add_weight(e, name, (uint64_t)e->s.experts * (uint64_t)rows * (uint64_t)columns, dims);
}

// A node of values that are named after `p` alone: "out = Op (in)" with %s for p.
#define NODE(...) (fprintf(e->text, __VA_ARGS__), fprintf(e->text, " @\"%s\"\n", scope))

// For each token its best experts and what they weigh: [tokens, experts_per_token].
static void router(emitter *e, const char *p, const char *x, const char *scope) {
  char name[NAME];
  put(name, "%s.gate.weight", p);
  weight(e, name, e->s.hidden, e->s.experts);
  NODE("\"%s.tokens\" = Reshape (\"%s\", token_shape)", p, x);
  NODE("\"%s.logits\" = MatMul (\"%s.tokens\", \"%s\")", p, p, name);
  NODE("\"%s.routing\" = Softmax <axis = -1> (\"%s.logits\")", p, p);
  NODE("\"%s.best\", \"%s.which\" = TopK <axis = -1> (\"%s.routing\", experts_per_token)", p, p, p);
  NODE("\"%s.total\" = ReduceSum <keepdims = 1> (\"%s.best\", last_axis)", p, p);
  NODE("\"%s.share\" = Div (\"%s.best\", \"%s.total\")", p, p, p);
}

// Each row of x times the matrix of its expert: the matrices gathered, a row made a column.
static void expert_product(emitter *e, const char *p, const char *x, const char *w, const char *out,
                           const char *scope) {
  NODE("\"%s.matrices\" = GatherND (\"%s\", \"%s.ids\")", out, w, p);
  NODE("\"%s.column\" = Unsqueeze (\"%s\", last_axis)", out, x);
  NODE("\"%s.product\" = MatMul (\"%s.matrices\", \"%s.column\")", out, out, out);
  NODE("\"%s\" = Squeeze (\"%s.product\", last_axis)", out, out);
}

// A row for every token and expert that it chose, through that expert.
static void expert_rows(emitter *e, const char *p, const char *scope) {
  char name[NAME], from[NAME], to[NAME];
  NODE("\"%s.apart\" = Unsqueeze (\"%s.tokens\", one1)", p, p);
  NODE("\"%s.repeated\" = Expand (\"%s.apart\", chosen_shape)", p, p);
  NODE("\"%s.rows\" = Reshape (\"%s.repeated\", token_shape)", p, p);
  NODE("\"%s.chosen\" = Reshape (\"%s.which\", last_axis)", p, p);
  NODE("\"%s.ids\" = Unsqueeze (\"%s.chosen\", last_axis)", p, p);
  put(name, "%s.experts.gate_up_proj", p);
  put(from, "%s.rows", p);
  put(to, "%s.gate_up", p);
  expert_weights(e, name, 2 * e->s.intermediate, e->s.hidden);
  expert_product(e, p, from, name, to, scope);
  NODE("\"%s.gate\", \"%s.up\" = Split <axis = 1, num_outputs = 2> (\"%s.gate_up\")", p, p, p);
  NODE("\"%s.sigmoid\" = Sigmoid (\"%s.gate\")", p, p);
  NODE("\"%s.silu\" = Mul (\"%s.gate\", \"%s.sigmoid\")", p, p, p);
  NODE("\"%s.gated\" = Mul (\"%s.silu\", \"%s.up\")", p, p, p);
  put(name, "%s.experts.down_proj", p);
  put(from, "%s.gated", p);
  put(to, "%s.down", p);
  expert_weights(e, name, e->s.hidden, e->s.intermediate);
  expert_product(e, p, from, name, to, scope);
}

void synth_mixture(emitter *e, const char *p, const char *x, const char *out, const char *scope) {
  char inner[NAME];
  put(inner, "%s.gate", scope);
  router(e, p, x, inner);
  put(inner, "%s.experts", scope);
  expert_rows(e, p, inner);
  scope = inner;
  NODE("\"%s.flat_share\" = Reshape (\"%s.share\", last_axis)", p, p);
  NODE("\"%s.row_share\" = Unsqueeze (\"%s.flat_share\", last_axis)", p, p);
  NODE("\"%s.weighted\" = Mul (\"%s.down\", \"%s.row_share\")", p, p, p);
  NODE("\"%s.by_token\" = Reshape (\"%s.weighted\", by_token_shape)", p, p);
  NODE("\"%s.sum\" = ReduceSum <keepdims = 0> (\"%s.by_token\", one1)", p, p);
  NODE("\"%s.shape\" = Shape (\"%s\")", p, x);
  NODE("\"%s\" = Reshape (\"%s.sum\", \"%s.shape\")", out, p, p);
}
