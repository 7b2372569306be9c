// Operators on strings: RegexFullMatch, StringConcat, StringSplit, StringNormalizer,
// TfIdfVectorizer.
#include "tracer/ops/text.h"

#include "tracer/ops/carry.h"

// The place of a text in a list of `n`, or `n`.
// ---- RegexFullMatch, StringConcat, StringSplit ------------------------------------------------

static const gcut_attr_row regex_rows[] = {GCUT_ATTR_STRING_REQUIRED(gcut__regex_attrs, pattern),
                                           {0}};

static gcut_status infer_regex(gcut_infer *c, gcut_error *err) {
  return gcut_infer_set(c, 0, GCUT_BOOL, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_regex_full_match = {.inputs = "s",
                                           .outputs = "b",
                                           .attrs = regex_rows,
                                           .attrs_size = sizeof(gcut__regex_attrs),
                                           .infer = infer_regex};

const gcut_op gcut__op_string_concat = {
    .inputs = "ss", .outputs = "s", .infer = gcut_infer_elementwise};

static const gcut_attr_row split_rows[] = {
    GCUT_ATTR_STRING(gcut__string_split_attrs, delimiter, ""),
    GCUT_ATTR_INT(gcut__string_split_attrs, maxsplit, -1),
    {0}};

static gcut_status infer_string_split(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK + 1];
  int rank = gcut_infer_rank(c, 0);
  if (rank > 0) memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  dims[rank] = gcut_dim_fresh(c->dims);
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_STRING, rank + 1, dims, err));
  return gcut_infer_set(c, 1, GCUT_INT64, rank, dims, err);
}

const gcut_op gcut__op_string_split = {.inputs = "s",
                                       .outputs = "si?",
                                       .attrs = split_rows,
                                       .attrs_size = sizeof(gcut__string_split_attrs),
                                       .infer = infer_string_split};

// ---- StringNormalizer -------------------------------------------------------------------------

static const gcut_attr_row normalizer_rows[] = {
    GCUT_ATTR_STRING(gcut__normalizer_attrs, case_change_action, "NONE"),
    GCUT_ATTR_INT(gcut__normalizer_attrs, is_case_sensitive, 0),
    GCUT_ATTR_STRINGS(gcut__normalizer_attrs, stopwords),
    {0}};

gcut__case_action gcut__case_action_of(const gcut__normalizer_attrs *attrs) {
  static const char *const names[] = {"NONE", "LOWER", "UPPER"};
  return (gcut__case_action)gcut__find_text(attrs->case_change_action, names, GCUT__CASE_N_ACTIONS);
}

static gcut_status infer_normalizer(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[2];
  int rank = gcut_infer_rank(c, 0);
  if (gcut__case_action_of(c->attrs) == GCUT__CASE_N_ACTIONS)
    return GCUT_NODE_FAIL(c, err, "case_change_action is none of NONE, LOWER, UPPER");
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  gcut_dim first = gcut_infer_dims(c, 0)[0];
  if (rank == 2 && gcut_dim_known(first) && first != 1)
    return GCUT_NODE_FAIL(c, err, "%lld rows of strings, expected 1", (long long)first);
  dims[0] = 1;
  dims[rank - 1] = gcut_dim_fresh(c->dims);
  return gcut_infer_set(c, 0, GCUT_STRING, rank, dims, err);
}

const gcut_op gcut__op_string_normalizer = {.inputs = "s",
                                            .outputs = "s",
                                            .attrs = normalizer_rows,
                                            .attrs_size = sizeof(gcut__normalizer_attrs),
                                            .infer = infer_normalizer};

// ---- TfIdfVectorizer --------------------------------------------------------------------------

static const gcut_attr_row tfidf_rows[] = {
    GCUT_ATTR_STRING_REQUIRED(gcut__tfidf_attrs, mode),
    GCUT_ATTR_INT_REQUIRED(gcut__tfidf_attrs, max_gram_length),
    GCUT_ATTR_INT_REQUIRED(gcut__tfidf_attrs, min_gram_length),
    GCUT_ATTR_INT_REQUIRED(gcut__tfidf_attrs, max_skip_count),
    GCUT_ATTR_INTS_REQUIRED(gcut__tfidf_attrs, ngram_counts),
    GCUT_ATTR_INTS_REQUIRED(gcut__tfidf_attrs, ngram_indexes),
    GCUT_ATTR_INTS(gcut__tfidf_attrs, pool_int64s),
    GCUT_ATTR_STRINGS(gcut__tfidf_attrs, pool_strings),
    GCUT_ATTR_FLOATS(gcut__tfidf_attrs, weights),
    {0}};

gcut__tfidf_mode gcut__tfidf_mode_of(const gcut__tfidf_attrs *attrs) {
  static const char *const names[] = {"TF", "IDF", "TFIDF"};
  return (gcut__tfidf_mode)gcut__find_text(attrs->mode, names, GCUT__TFIDF_N_MODES);
}

// Tokens of the pool, whatever their type.
static size_t tfidf_pool_size(const gcut__tfidf_attrs *attrs) {
  return attrs->pool_strings.given ? attrs->pool_strings.n : attrs->pool_int64s.n;
}

size_t gcut__tfidf_pool_end(const gcut__tfidf_attrs *attrs, size_t n) {
  return n < attrs->ngram_counts.n ? (size_t)attrs->ngram_counts.data[n] : tfidf_pool_size(attrs);
}

// The pool must divide into n-grams, one for every index.
static gcut_status check_pool(const gcut_infer *c, gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  size_t n_grams = 0, size = tfidf_pool_size(attrs);
  for (size_t n = 0; n < attrs->ngram_counts.n; n++)
    if (attrs->ngram_counts.data[n] < 0 || (uint64_t)attrs->ngram_counts.data[n] > size)
      return GCUT_NODE_FAIL(c, err, "ngram_counts points outside a pool of %zu", size);
  for (size_t n = 1; n <= attrs->ngram_counts.n; n++) {
    size_t begin = gcut__tfidf_pool_end(attrs, n - 1), end = gcut__tfidf_pool_end(attrs, n);
    if (begin > end || (end - begin) % n != 0)
      return GCUT_NODE_FAIL(c, err, "the pool does not divide into n-grams of %zu", n);
    n_grams += (end - begin) / n;
  }
  if (n_grams != attrs->ngram_indexes.n)
    return GCUT_NODE_FAIL(c, err, "%zu indexes for %zu n-grams", attrs->ngram_indexes.n, n_grams);
  if (attrs->weights.given && attrs->weights.n != n_grams)
    return GCUT_NODE_FAIL(c, err, "%zu weights for %zu n-grams", attrs->weights.n, n_grams);
  return GCUT_OK;
}

static gcut_status check_tfidf(const gcut_infer *c, gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  bool strings = gcut_infer_dtype(c, 0) == GCUT_STRING;
  if (gcut__tfidf_mode_of(attrs) == GCUT__TFIDF_N_MODES)
    return GCUT_NODE_FAIL(c, err, "mode is none of TF, IDF, TFIDF");
  if (attrs->pool_strings.given == attrs->pool_int64s.given)
    return GCUT_NODE_FAIL(c, err, "expected either pool_strings or pool_int64s");
  if (strings != attrs->pool_strings.given)
    return GCUT_NODE_FAIL(c, err, "the pool is of another type than the input");
  if (attrs->min_gram_length < 1 || attrs->max_gram_length < attrs->min_gram_length ||
      attrs->max_skip_count < 0)
    return GCUT_NODE_FAIL(c, err, "n-grams of %lld to %lld tokens, %lld skipped",
                          (long long)attrs->min_gram_length, (long long)attrs->max_gram_length,
                          (long long)attrs->max_skip_count);
  return check_pool(c, err);
}

static gcut_status infer_tfidf(gcut_infer *c, gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  gcut_dim dims[2], size = 0;
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(check_tfidf(c, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  for (size_t i = 0; i < attrs->ngram_indexes.n; i++) {
    int64_t index = attrs->ngram_indexes.data[i];
    if (index < 0 || index == INT64_MAX)
      return GCUT_NODE_FAIL(c, err, "index %lld of an n-gram", (long long)index);
    if (index >= size) size = index + 1;
  }
  dims[0] = gcut_infer_dims(c, 0)[0];
  dims[rank - 1] = size;
  return gcut_infer_set(c, 0, GCUT_FLOAT, rank, dims, err);
}

const gcut_op gcut__op_tf_idf_vectorizer = {.inputs = "T",
                                            .outputs = "f",
                                            .T = GCUT_INDICES | GCUT_TYPE(STRING),
                                            .attrs = tfidf_rows,
                                            .attrs_size = sizeof(gcut__tfidf_attrs),
                                            .infer = infer_tfidf};
