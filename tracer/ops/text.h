// What operators on strings share between rooms.
#ifndef GCUT_TRACER_OPS_TEXT_H
#define GCUT_TRACER_OPS_TEXT_H

#include "tracer/ops/op.h"

typedef struct gcut__regex_attrs {
  gcut_string pattern;
} gcut__regex_attrs;

typedef struct gcut__string_split_attrs {
  gcut_string delimiter; // empty: white space
  int64_t maxsplit;      // negative: no limit
} gcut__string_split_attrs;

typedef enum gcut__case_action {
  GCUT__CASE_NONE,
  GCUT__CASE_LOWER,
  GCUT__CASE_UPPER,
  GCUT__CASE_N_ACTIONS
} gcut__case_action;

typedef struct gcut__normalizer_attrs {
  gcut_string case_change_action;
  int64_t is_case_sensitive;
  gcut_strings stopwords;
} gcut__normalizer_attrs;

// GCUT__CASE_N_ACTIONS where there is no such action.
gcut__case_action gcut__case_action_of(const gcut__normalizer_attrs *attrs);

typedef struct gcut__tfidf_attrs {
  gcut_string mode; // TF, IDF or TFIDF
  int64_t max_gram_length, min_gram_length, max_skip_count;
  gcut_ints ngram_counts, ngram_indexes, pool_int64s;
  gcut_strings pool_strings;
  gcut_floats weights;
} gcut__tfidf_attrs;

typedef enum gcut__tfidf_mode {
  GCUT__TF,
  GCUT__IDF,
  GCUT__TFIDF,
  GCUT__TFIDF_N_MODES
} gcut__tfidf_mode;

gcut__tfidf_mode gcut__tfidf_mode_of(const gcut__tfidf_attrs *attrs);
// Where the n-grams of `n` tokens end in the pool (and those of n + 1 begin); n from 1 to
// ngram_counts.n, 0: where those of one token begin.
size_t gcut__tfidf_pool_end(const gcut__tfidf_attrs *attrs, size_t n);

#endif
