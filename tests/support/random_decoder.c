#include "tests/support/random_decoder.h"

#include <stdio.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/random_graph.h"

// Statements of a graph's text in any order that lets what is read be made first.
typedef struct statement {
  char text[160];
  uint32_t after[4], n_after; // statements
} statement;

typedef struct decoder {
  statement list[256];
  uint32_t n;
  char outputs[2048];
} decoder;

// Adds "name = text"; what it reads of earlier statements are `a` to `c`, GCUT_NONE for inputs.
static uint32_t say(decoder *d, uint32_t a, uint32_t b, uint32_t c, const char *text) {
  statement *s = &d->list[d->n];
  snprintf(s->text, sizeof s->text, "v%u = %s", d->n, text);
  uint32_t reads[] = {a, b, c};
  s->n_after = 0;
  for (int i = 0; i < 3; i++)
    if (reads[i] != GCUT_NONE) s->after[s->n_after++] = reads[i];
  return d->n++;
}

static uint32_t say1(decoder *d, const char *format, uint32_t a) {
  char text[120];
  snprintf(text, sizeof text, format, a);
  return say(d, a, GCUT_NONE, GCUT_NONE, text);
}

static uint32_t say2(decoder *d, const char *format, uint32_t a, uint32_t b) {
  char text[120];
  snprintf(text, sizeof text, format, a, b);
  return say(d, a, b, GCUT_NONE, text);
}

// Heads of a projection: [batch, 2, seq, 8].
static uint32_t heads(decoder *d, uint32_t x) {
  uint32_t wide = say1(d, "MatMul(v%u, w)", x), split = say1(d, "Reshape(v%u, split)", wide);
  return say1(d, "Transpose<perm = [0, 2, 1, 3]>(v%u)", split);
}

// One head of two, repeated.
static uint32_t repeated(decoder *d, uint32_t x) {
  uint32_t one = say1(d, "Slice(v%u, zero, one, one)", x),
           flat = say1(d, "Unsqueeze(v%u, two)", one);
  uint32_t wide = say1(d, "Expand(v%u, twice)", flat);
  return say1(d, "Reshape(v%u, joined)", wide);
}

// k^T, plainly or as TorchDynamo writes it.
static uint32_t turned(decoder *d, uint32_t k, bool dynamo) {
  if (!dynamo) return say1(d, "Transpose<perm = [0, 1, 3, 2]>(v%u)", k);
  uint32_t shape = say1(d, "Shape(v%u)", k);
  uint32_t t = say1(d, "Slice(v%u, two, three)", shape),
           b = say1(d, "Slice(v%u, zero, two)", shape);
  uint32_t flat = say1(d, "Concat<axis = 0>(rest, v%u, size)", t);
  uint32_t join = say2(d, "Reshape(v%u, v%u)", k, flat);
  uint32_t turn = say1(d, "Transpose<perm = [0, 2, 1]>(v%u)", join);
  uint32_t full = say2(d, "Concat<axis = 0>(v%u, size, v%u)", b, t);
  return say2(d, "Reshape(v%u, v%u)", turn, full);
}

static uint32_t attend(decoder *d, uint32_t x, uint64_t *state) {
  uint32_t q = heads(d, x), k = heads(d, x), v = heads(d, x);
  if (random_below(state, 2)) k = repeated(d, k), v = repeated(d, v);
  if (random_below(state, 4) == 0) // somebody else reads the keys
    sprintf(d->outputs + strlen(d->outputs), ", float[a,b,c,d] v%u", say1(d, "Relu(v%u)", k));
  if (random_below(state, 2)) q = say1(d, "Mul(v%u, s)", q);
  uint32_t kt = turned(d, k, random_below(state, 2));
  if (random_below(state, 2)) kt = say1(d, "Mul(s, v%u)", kt);
  uint32_t scores = say2(d, "MatMul(v%u, v%u)", q, kt);
  if (random_below(state, 4) == 0) // a size that others want, after the group or before
    sprintf(d->outputs + strlen(d->outputs), ", int64[e] v%u", say1(d, "Shape(v%u)", scores));
  if (random_below(state, 2)) scores = say1(d, "Add(v%u, mask)", scores);
  uint32_t p = say1(d, "Softmax(v%u)", scores);
  if (random_below(state, 2)) {
    uint32_t nan = say1(d, "IsNaN(v%u)", p);
    p = say2(d, "Where(v%u, none, v%u)", nan, p);
  }
  uint32_t y = say2(d, "MatMul(v%u, v%u)", p, v);
  uint32_t back = say1(d, "Transpose<perm = [0, 2, 1, 3]>(v%u)", y);
  uint32_t flat = say1(d, "Reshape(v%u, flat)", back);
  return say2(d, "Add(v%u, v%u)", say1(d, "MatMul(v%u, w)", flat), x);
}

// Each row times the matrix of one of four experts, which somebody else may choose from, too.
static uint32_t mix(decoder *d, uint32_t x, uint64_t *state) {
  uint32_t which = say1(d, "ArgMax<axis = -1, keepdims = 0>(v%u)", say1(d, "MatMul(v%u, r)", x));
  uint32_t matrices = say1(d, "Gather(experts, v%u)", which);
  if (random_below(state, 4) == 0) // no group
    sprintf(d->outputs + strlen(d->outputs), ", float[a,b,c,d] v%u",
            say1(d, "Relu(v%u)", matrices));
  uint32_t column = say1(d, "Unsqueeze(v%u, three)", x);
  if (random_below(state, 4) == 0)
    sprintf(d->outputs + strlen(d->outputs), ", float[a,b,c,d] v%u", say1(d, "Neg(v%u)", column));
  uint32_t y = say2(d, "MatMul(v%u, v%u)", matrices, column);
  if (random_below(state, 4) == 0)
    sprintf(d->outputs + strlen(d->outputs), ", int64[e] v%u", say1(d, "Shape(v%u)", matrices));
  return say2(d, "Add(v%u, v%u)", say1(d, "Squeeze(v%u, three)", y), x);
}

// The statements, each round one of those that may come next.
static void write_statements(const decoder *d, char *text, uint64_t *state) {
  bool said[256] = {false};
  for (uint32_t left = d->n; left > 0;) {
    uint32_t i = random_below(state, d->n);
    bool ready = !said[i];
    for (uint32_t k = 0; k < d->list[i].n_after; k++) ready = ready && said[d->list[i].after[k]];
    if (!ready) continue;
    said[i] = true;
    left--;
    text += sprintf(text, "%s ", d->list[i].text);
  }
}

gcut_graph *random_decoder(uint64_t *state) {
  static decoder d;
  static char text[64 << 10], body[40 << 10];
  d = (decoder){0};
  uint32_t x = say(&d, GCUT_NONE, GCUT_NONE, GCUT_NONE, "Relu(x)");
  for (uint32_t layers = 1 + random_below(state, 3); layers > 0; layers--) {
    x = attend(&d, x, state);
    if (random_below(state, 2)) x = mix(&d, x, state);
  }
  write_statements(&d, body, state);
  snprintf(text, sizeof text,
           "<ir_version: 10, opset_import: [\"\": 18]> g (float[batch,seq,16] x, float[16,16] w,"
           " float[16,4] r, float[4,16,16] experts, float[batch,1,seq,seq] mask) => "
           "(float[batch,seq,16] v%u%s)"
           "<int64[4] split = {0, 0, 2, 8}, int64[4] joined = {0, 2, -1, 8},"
           " int64[3] flat = {0, 0, 16}, int64[1] zero = {0}, int64[1] one = {1},"
           " int64[1] two = {2}, int64[1] three = {3}, int64[1] rest = {-1}, int64[1] size = {8},"
           " int64[5] twice = {1, 1, 2, 1, 1}, float s = {0.5}, float none = {0}> { %s}",
           x, d.outputs, body);
  gcut_graph *g = NULL;
  gcut_error err = {{0}};
  if (gcut_gcir_parse(text, strlen(text), "decoder", NULL, &g, &err) != GCUT_OK)
    fail_msg("%s in %s", err.message, text);
  return g;
}
