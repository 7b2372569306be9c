// TfIdfVectorizer: counts of known n-grams.
//
// The pool's n-grams are sorted, those of one length together; every window of tokens is looked up
// by bisection. A window takes every token, every second, ... up to max_skip_count between.
#include <stdlib.h>

#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "tracer/ops/text.h"

// Tokens of either type.
typedef struct tokens {
  const int64_t *numbers; // or
  const gcut_string *strings;
} tokens;

typedef struct gram {
  size_t at; // in the pool
  size_t id; // of ngram_indexes and weights
} gram;

typedef struct vocabulary {
  tokens pool;
  size_t n;    // tokens a gram
  gram *grams; // sorted
  size_t n_grams;
} vocabulary;

static int compare_tokens(const tokens *a, size_t i, const tokens *b, size_t j) {
  if (a->numbers) return a->numbers[i] < b->numbers[j] ? -1 : a->numbers[i] > b->numbers[j];
  gcut_string x = a->strings[i], y = b->strings[j];
  if (x.size != y.size) return x.size < y.size ? -1 : 1;
  return x.size > 0 ? memcmp(x.data, y.data, x.size) : 0;
}

// The tokens text[from], text[from + step], ... against the gram at pool[at].
static int compare_window(const vocabulary *v, const tokens *text, size_t from, size_t step,
                          size_t at) {
  int order = 0;
  for (size_t k = 0; k < v->n && order == 0; k++)
    order = compare_tokens(text, from + k * step, &v->pool, at + k);
  return order;
}

static int compare_grams(const void *a, const void *b, void *context) {
  const vocabulary *v = context;
  const gram *x = a, *y = b;
  int order = compare_window(v, &v->pool, x->at, 1, y->at);
  return order != 0 ? order : x->id < y->id ? -1 : x->id > y->id;
}

static const gram *find_gram(const vocabulary *v, const tokens *text, size_t from, size_t step) {
  size_t low = 0, high = v->n_grams;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare_window(v, text, from, step, v->grams[middle].at);
    if (order == 0) return &v->grams[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

// The grams of `n` tokens; `first_id` is that of the first.
static gcut_status read_vocabulary(gcut__cpu_call *c, size_t n, size_t first_id, vocabulary *v,
                                   gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  size_t begin = gcut__tfidf_pool_end(attrs, n - 1), end = gcut__tfidf_pool_end(attrs, n);
  v->n = n;
  v->n_grams = (end - begin) / n;
  v->grams = GCUT_NEW_ARRAY(c->scratch, gram, v->n_grams);
  if (!v->grams) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (size_t g = 0; g < v->n_grams; g++)
    v->grams[g] = (gram){.at = begin + g * n, .id = first_id + g};
  qsort_r(v->grams, v->n_grams, sizeof *v->grams, compare_grams, v);
  return GCUT_OK;
}

// Counts the grams of one length in one text.
static void count_grams(const gcut__tfidf_attrs *attrs, const vocabulary *v, const tokens *text,
                        size_t length, float *counts) {
  size_t skips = v->n == 1 ? 0 : (size_t)attrs->max_skip_count; // alone, a token skips nothing
  for (size_t step = 1; step - 1 <= skips && step <= length; step++) {
    if (v->n > 1 && step > (length - 1) / (v->n - 1)) break; // no window is so short
    for (size_t from = 0; from + (v->n - 1) * step < length; from++) {
      const gram *found = find_gram(v, text, from, step);
      if (found) counts[found->id]++;
    }
  }
}

static float weigh(const gcut__tfidf_attrs *attrs, gcut__tfidf_mode mode, size_t id, float count) {
  float weight = attrs->weights.given ? attrs->weights.data[id] : 1;
  if (mode == GCUT__TF) return count;
  return mode == GCUT__IDF ? (count > 0 ? weight : 0) : count * weight;
}

static tokens row_of(const tokens *all, size_t at) {
  return (tokens){.numbers = all->numbers ? all->numbers + at : NULL,
                  .strings = all->strings ? all->strings + at : NULL};
}

// Vectors of the texts, each of `length` tokens; `counts` is room for one count a gram.
static gcut_status vectorize(gcut__cpu_call *c, const tokens *all, size_t n_texts, size_t length,
                             float *counts, gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  gcut_tensor *y = c->outputs[0];
  gcut__tfidf_mode mode = gcut__tfidf_mode_of(attrs);
  size_t first_id = 0, width = (size_t)y->dims[y->rank - 1];
  vocabulary v = {.pool = {attrs->pool_int64s.given ? attrs->pool_int64s.data : NULL,
                           attrs->pool_strings.given ? attrs->pool_strings.data : NULL}};
  for (size_t n = 1; n <= attrs->ngram_counts.n && n <= (size_t)attrs->max_gram_length;
       n++, first_id += v.n_grams) {
    GCUT_TRY(read_vocabulary(c, n, first_id, &v, err));
    if (n < (size_t)attrs->min_gram_length || n > length) continue;
    for (size_t t = 0; t < n_texts; t++) {
      tokens text = row_of(all, t * length);
      memset(counts + first_id, 0, v.n_grams * sizeof *counts);
      count_grams(attrs, &v, &text, length, counts);
      for (size_t id = first_id; id < first_id + v.n_grams; id++)
        if (counts[id] > 0)
          ((float *)y->data)[t * width + (size_t)attrs->ngram_indexes.data[id]] +=
              weigh(attrs, mode, id, counts[id]);
    }
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_tf_idf_vectorizer(gcut__cpu_call *c, gcut_error *err) {
  const gcut__tfidf_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  tokens all = {.strings = x->type == GCUT_STRING ? x->data : NULL};
  uint64_t n;
  float *counts = GCUT_NEW_ARRAY(c->scratch, float, attrs->ngram_indexes.n);
  if (!counts) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  if (y->bytes > 0) memset(y->data, 0, y->bytes);
  if (x->type != GCUT_STRING) GCUT_TRY(gcut__indices(c, 0, &all.numbers, &n, err));
  if (x->count == 0) return GCUT_OK;
  size_t n_texts = x->rank == 2 ? (size_t)x->dims[0] : 1;
  return vectorize(c, &all, n_texts, (size_t)x->dims[x->rank - 1], counts, err);
}
