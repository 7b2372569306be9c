// Einsum.
#include "tracer/ops/einsum.h"

// ---- the equation -----------------------------------------------------------------------------

typedef struct scanner {
  const char *at, *end;
} scanner;

static char peek(scanner *s) {
  while (s->at < s->end && *s->at == ' ') s->at++;
  return s->at < s->end ? *s->at : 0;
}

static bool take(scanner *s, const char *text) {
  peek(s);
  size_t size = strlen(text);
  if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0) return false;
  s->at += size;
  return true;
}

// A to Z, then a to z, so that labels sort as the standard wants; -1 for anything else.
static int letter_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  return c >= 'a' && c <= 'z' ? 26 + c - 'a' : -1;
}

enum { ELLIPSIS = UINT8_MAX, MOST_SYMBOLS = GCUT_MAX_RANK + 1 };

// A term as it is written: letters and at most one ellipsis.
typedef struct written {
  int n;
  bool ellipsis;
  uint8_t symbols[MOST_SYMBOLS];
} written;

static gcut_status read_term(scanner *s, written *w, gcut_error *err) {
  *w = (written){0};
  for (;;) {
    char c = peek(s);
    int letter = letter_of(c);
    if (c == 0 || c == ',' || c == '-') return GCUT_OK;
    if (w->n == MOST_SYMBOLS)
      return GCUT_FAIL(err, GCUT_FORMAT, "a term of the equation has more than %d dimensions",
                       GCUT_MAX_RANK);
    if (letter >= 0) {
      w->symbols[w->n++] = (uint8_t)letter;
      s->at++;
    } else if (!w->ellipsis && take(s, "...")) {
      w->ellipsis = true;
      w->symbols[w->n++] = ELLIPSIS;
    } else {
      return GCUT_FAIL(err, GCUT_FORMAT, "the equation has '%c' where a label was expected",
                       c >= ' ' && c <= '~' ? c : '?');
    }
  }
}

// Puts `n_ellipsis` labels in the ellipsis' place, the last of all such labels.
static gcut_status expand(const written *w, int n_ellipsis, gcut__einsum_term *t, gcut_error *err) {
  t->rank = 0;
  if (w->n - w->ellipsis + (w->ellipsis ? n_ellipsis : 0) > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_FORMAT, "a term of the equation has more than %d dimensions",
                     GCUT_MAX_RANK);
  for (int i = 0; i < w->n; i++) {
    if (w->symbols[i] != ELLIPSIS) {
      t->labels[t->rank++] = w->symbols[i];
      continue;
    }
    for (int k = n_ellipsis; k > 0; k--) t->labels[t->rank++] = (uint8_t)(GCUT__EINSUM_LABELS - k);
  }
  return GCUT_OK;
}

static gcut_status read_inputs(scanner *s, const int *ranks, uint32_t n, gcut__einsum *e,
                               int *most_ellipsis, gcut_error *err) {
  for (uint32_t i = 0; i < n; i++) {
    written w;
    if (i > 0 && !take(s, ","))
      return GCUT_FAIL(err, GCUT_FORMAT, "the equation has %u terms for %u inputs", i, n);
    GCUT_TRY(read_term(s, &w, err));
    int letters = w.n - w.ellipsis, rest = ranks[i] - letters;
    if (rest < 0 || (rest > 0 && !w.ellipsis))
      return GCUT_FAIL(err, GCUT_FORMAT, "term %u of the equation has %d labels, the input rank %d",
                       i, letters, ranks[i]);
    if (rest > *most_ellipsis) *most_ellipsis = rest;
    GCUT_TRY(expand(&w, rest, &e->terms[i], err));
  }
  if (peek(s) == ',')
    return GCUT_FAIL(err, GCUT_FORMAT, "the equation has more terms than the %u inputs", n);
  return GCUT_OK;
}

static void count_labels(const gcut__einsum *e, int *counts) {
  for (uint32_t i = 0; i < e->n_terms; i++)
    for (int d = 0; d < e->terms[i].rank; d++) counts[e->terms[i].labels[d]]++;
}

// Without an arrow: the ellipsis, then the letters that occur once, in order.
static gcut_status imply_output(gcut__einsum *e, const int *counts, int n_ellipsis,
                                gcut_error *err) {
  gcut__einsum_term *t = &e->output;
  int once = 0;
  for (int label = 0; label < GCUT__EINSUM_LETTERS; label++) once += counts[label] == 1;
  if (once + n_ellipsis > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_FORMAT, "the output has more than %d dimensions", GCUT_MAX_RANK);
  for (int k = n_ellipsis; k > 0; k--) t->labels[t->rank++] = (uint8_t)(GCUT__EINSUM_LABELS - k);
  for (int label = 0; label < GCUT__EINSUM_LETTERS; label++)
    if (counts[label] == 1) t->labels[t->rank++] = (uint8_t)label;
  return GCUT_OK;
}

static gcut_status read_output(scanner *s, gcut__einsum *e, const int *counts, int n_ellipsis,
                               gcut_error *err) {
  written w;
  bool seen[GCUT__EINSUM_LABELS] = {false};
  GCUT_TRY(read_term(s, &w, err));
  if (peek(s) != 0) return GCUT_FAIL(err, GCUT_FORMAT, "the equation goes on after the output");
  GCUT_TRY(expand(&w, n_ellipsis, &e->output, err));
  for (int d = 0; d < e->output.rank; d++) {
    uint8_t label = e->output.labels[d];
    if (counts[label] == 0 || seen[label])
      return GCUT_FAIL(err, GCUT_FORMAT, "the output of the equation has a label %s",
                       seen[label] ? "twice" : "that no input has");
    seen[label] = true;
  }
  return GCUT_OK;
}

gcut_status gcut__einsum_parse(gcut_string equation, const int *ranks, uint32_t n,
                               gcut_arena *arena, gcut__einsum *out, gcut_error *err) {
  scanner s = {equation.data, equation.data + equation.size};
  int counts[GCUT__EINSUM_LABELS] = {0}, n_ellipsis = 0;
  *out = (gcut__einsum){.n_terms = n, .terms = GCUT_NEW_ARRAY(arena, gcut__einsum_term, n)};
  if (!out->terms) return GCUT_NO_MEMORY(err);
  GCUT_TRY(read_inputs(&s, ranks, n, out, &n_ellipsis, err));
  count_labels(out, counts);
  if (take(&s, "->")) return read_output(&s, out, counts, n_ellipsis, err);
  if (peek(&s) != 0) return GCUT_FAIL(err, GCUT_FORMAT, "the equation has a '-' without '->'");
  return imply_output(out, counts, n_ellipsis, err);
}

// ---- inference --------------------------------------------------------------------------------

static gcut_status parse(const gcut_infer *c, gcut__einsum *e, gcut_error *err) {
  const gcut__einsum_attrs *attrs = c->attrs;
  int *ranks = GCUT_NEW_ARRAY(c->arena, int, c->n_inputs);
  gcut_error why;
  if (!ranks) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < c->n_inputs; i++) ranks[i] = gcut_infer_rank(c, i);
  gcut_status status = gcut__einsum_parse(attrs->equation, ranks, c->n_inputs, c->arena, e, &why);
  return status == GCUT_OK ? status : gcut_infer_fail(c, status, err, "%s", why.message);
}

// Sizes of the labels; a dim of 1 is broadcast.
static gcut_status size_labels(const gcut_infer *c, const gcut__einsum *e, gcut_dim *sizes,
                               gcut_error *err) {
  for (int label = 0; label < GCUT__EINSUM_LABELS; label++) sizes[label] = 1;
  for (uint32_t i = 0; i < e->n_terms; i++)
    for (int d = 0; d < e->terms[i].rank; d++) {
      gcut_dim *size = &sizes[e->terms[i].labels[d]], dim = gcut_infer_dims(c, i)[d];
      if (dim == 1 || dim == *size) continue;
      if (*size != 1 && gcut_dim_known(*size) && gcut_dim_known(dim))
        return GCUT_NODE_FAIL(c, err,
                              "dimension %d of input %u is %lld, another of that label %lld", d, i,
                              (long long)dim, (long long)*size);
      if (*size == 1 || gcut_dim_known(dim)) *size = dim;
    }
  return GCUT_OK;
}

static gcut_status infer_einsum(gcut_infer *c, gcut_error *err) {
  gcut__einsum e;
  gcut_dim sizes[GCUT__EINSUM_LABELS], dims[GCUT_MAX_RANK];
  GCUT_TRY(parse(c, &e, err));
  GCUT_TRY(size_labels(c, &e, sizes, err));
  for (int d = 0; d < e.output.rank; d++) dims[d] = sizes[e.output.labels[d]];
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, e.output.rank, dims, err);
}

// One multiply-add for each combination of labels: what a product of two operands takes.
static double flops_einsum(const gcut_infer *c) {
  gcut__einsum e;
  gcut_dim sizes[GCUT__EINSUM_LABELS];
  double product = 2;
  if (parse(c, &e, NULL) != GCUT_OK || size_labels(c, &e, sizes, NULL) != GCUT_OK) return 0;
  for (int label = 0; label < GCUT__EINSUM_LABELS; label++)
    product *= gcut_dim_known(sizes[label]) ? (double)sizes[label] : 0;
  return product;
}

static const gcut_attr_row einsum_attrs[] = {
    GCUT_ATTR_STRING_REQUIRED(gcut__einsum_attrs, equation),
    {0},
};

const gcut_op gcut__op_einsum = {
    .inputs = "T...",
    .outputs = "T",
    .T = GCUT_NUMERIC,
    .attrs = einsum_attrs,
    .attrs_size = sizeof(gcut__einsum_attrs),
    .infer = infer_einsum,
    .flops = flops_einsum,
};
