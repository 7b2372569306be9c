// RegexFullMatch, StringConcat, StringSplit, StringNormalizer. Strings are UTF-8.
//
// Regular expressions are RE2's, which takes time linear in the text. PCRE2's DFA matcher does
// nearly the same: it follows all alternatives at once instead of going back, so no pattern takes
// exponential time, and like RE2 it has no back references. Texts that are not UTF-8 match nothing.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tracer/ops/text.h"

#include <pcre2.h>
#include <stdlib.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/unicode.h"
#include "graphcut/utf8.h"

static gcut_status no_memory(const gcut__cpu_call *c, gcut_error *err) {
  return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
}

// ---- RegexFullMatch ---------------------------------------------------------------------------

enum { FIRST_WORKSPACE = 1 << 10, LAST_WORKSPACE = 1 << 22, MATCH_LIMIT = 1 << 22 };

typedef struct regex {
  pcre2_code *code;
  pcre2_match_data *data;
  pcre2_match_context *limits;
  int *workspace;
  size_t workspace_size;
} regex;

static gcut_status open_regex(gcut__cpu_call *c, regex *r, gcut_error *err) {
  const gcut__regex_attrs *attrs = c->attrs;
  int code;
  PCRE2_SIZE at;
  PCRE2_UCHAR why[128] = "";
  r->code =
      pcre2_compile((PCRE2_SPTR)attrs->pattern.data, attrs->pattern.size,
                    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
  if (!r->code) {
    pcre2_get_error_message(code, why, sizeof why);
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "its pattern, at %zu: %s", (size_t)at,
                          (const char *)why);
  }
  r->data = pcre2_match_data_create(1, NULL);
  r->limits = pcre2_match_context_create(NULL);
  r->workspace_size = FIRST_WORKSPACE;
  r->workspace = malloc(r->workspace_size * sizeof *r->workspace);
  if (!r->data || !r->limits || !r->workspace) return no_memory(c, err);
  pcre2_set_match_limit(r->limits, MATCH_LIMIT);
  return GCUT_OK;
}

static void close_regex(regex *r) {
  free(r->workspace);
  pcre2_match_context_free(r->limits);
  pcre2_match_data_free(r->data);
  pcre2_code_free(r->code);
}

static int match_once(const regex *r, const gcut_string *text) {
  return pcre2_dfa_match(r->code, (PCRE2_SPTR)(text->size > 0 ? text->data : ""), text->size, 0,
                         PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DFA_SHORTEST, r->data,
                         r->limits, r->workspace, r->workspace_size);
}

static bool grow_workspace(regex *r) {
  if (r->workspace_size >= LAST_WORKSPACE) return false;
  int *larger = realloc(r->workspace, 4 * r->workspace_size * sizeof *larger);
  if (!larger) return false;
  r->workspace = larger;
  r->workspace_size *= 4;
  return true;
}

static gcut_status match(gcut__cpu_call *c, regex *r, const gcut_string *text, uint8_t *out,
                         gcut_error *err) {
  PCRE2_UCHAR why[128] = "";
  int found = match_once(r, text);
  while (found == PCRE2_ERROR_DFA_WSSIZE && grow_workspace(r)) found = match_once(r, text);
  *out = found >= 0;
  bool plain = found >= 0 || found == PCRE2_ERROR_NOMATCH ||
               (found <= PCRE2_ERROR_UTF8_ERR1 && found >= PCRE2_ERROR_UTF8_ERR21);
  if (plain) return GCUT_OK;
  pcre2_get_error_message(found, why, sizeof why);
  return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "its pattern: %s", (const char *)why);
}

gcut_status gcut__cpu_regex_full_match(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  uint8_t *y = c->outputs[0]->data;
  regex r = {0};
  gcut_status status = open_regex(c, &r, err);
  for (uint64_t i = 0; i < x->count && status == GCUT_OK; i++)
    status = match(c, &r, (const gcut_string *)x->data + i, &y[i], err);
  close_regex(&r);
  return status;
}

// ---- StringConcat -----------------------------------------------------------------------------

gcut_status gcut__cpu_string_concat(gcut__cpu_call *c, gcut_error *err) {
  const gcut_string *a = c->inputs[0]->data, *b = c->inputs[1]->data;
  gcut_tensor *y = c->outputs[0];
  gcut__walk *w;
  uint64_t at = 0;
  GCUT_TRY(gcut__walk_create(c->scratch, y->rank, y->dims, 2, &w, err));
  for (uint32_t i = 0; i < 2; i++)
    gcut__walk_broadcast(w, i, c->inputs[i]->rank, c->inputs[i]->dims);
  for (bool more = gcut__walk_start(w); more; more = gcut__walk_next(w))
    for (int64_t i = 0; i < w->inner; i++) {
      gcut_string left = a[w->offsets[0] + i * w->steps[0]];
      gcut_string right = b[w->offsets[1] + i * w->steps[1]];
      char *joined = gcut_arena_alloc(c->scratch, left.size + right.size, 1);
      if (!joined) return no_memory(c, err);
      if (left.size > 0) memcpy(joined, left.data, left.size);
      if (right.size > 0) memcpy(joined + left.size, right.data, right.size);
      GCUT_TRY(gcut_tensor_set_string(y, at++, joined, left.size + right.size, err));
    }
  return GCUT_OK;
}

// ---- StringSplit ------------------------------------------------------------------------------

// Reads one piece after the other from what is left of a text.
typedef struct splitter {
  gcut_string rest, delimiter;
  int64_t splits_left; // negative: no limit
  bool done;
} splitter;

static gcut_string skip_space(gcut_string s) {
  size_t n;
  while (s.size > 0 && gcut__is_space(gcut_utf8_read(s.data, s.size, &n))) {
    s.data += n;
    s.size -= n;
  }
  return s;
}

// The end of the piece at the start of `rest`; *out_skip: bytes of what ends it.
static size_t find_end(const splitter *s, size_t *out_skip) {
  size_t n = 0;
  *out_skip = 0;
  if (s->splits_left == 0) return s->rest.size;
  for (size_t i = 0; i < s->rest.size; i += n) {
    const char *at = s->rest.data + i;
    uint32_t code = gcut_utf8_read(at, s->rest.size - i, &n);
    if (s->delimiter.size == 0 && gcut__is_space(code)) {
      *out_skip = n;
      return i;
    }
    if (s->delimiter.size == 0 || s->delimiter.size > s->rest.size - i) continue;
    if (memcmp(at, s->delimiter.data, s->delimiter.size) == 0) {
      *out_skip = s->delimiter.size;
      return i;
    }
  }
  return s->rest.size;
}

// The next piece; false after the last.
static bool next_piece(splitter *s, gcut_string *out) {
  size_t skip;
  if (s->delimiter.size == 0) {
    s->rest = skip_space(s->rest);
    if (s->rest.size == 0) s->done = true;
  }
  if (s->done) return false;
  size_t end = find_end(s, &skip);
  *out = (gcut_string){s->rest.data, end};
  s->rest.data += end + skip;
  s->rest.size -= end + skip;
  s->done = skip == 0;
  if (s->splits_left > 0) s->splits_left--;
  return true;
}

static splitter split(const gcut__cpu_call *c, const gcut_tensor *x, uint64_t i) {
  const gcut__string_split_attrs *attrs = c->attrs;
  gcut_string text = ((const gcut_string *)x->data)[i];
  if (text.size == 0) text.data = "";
  return (splitter){.rest = text, .delimiter = attrs->delimiter, .splits_left = attrs->maxsplit};
}

gcut_status gcut__cpu_string_split(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  int64_t dims[GCUT_MAX_RANK + 1], widest = 0;
  gcut_string piece;
  for (uint64_t i = 0; i < x->count; i++) {
    int64_t n = 0;
    for (splitter s = split(c, x, i); next_piece(&s, &piece);) n++;
    if (n > widest) widest = n;
    if (gcut__cpu_wants(c, 1)) ((int64_t *)c->outputs[1]->data)[i] = n;
  }
  if (!gcut__cpu_wants(c, 0)) return GCUT_OK;
  for (int d = 0; d < x->rank; d++) dims[d] = x->dims[d];
  dims[x->rank] = widest;
  GCUT_TRY(gcut__cpu_output(c, 0, GCUT_STRING, x->rank + 1, dims, err));
  for (uint64_t i = 0; i < x->count; i++) {
    uint64_t at = i * (uint64_t)widest;
    for (splitter s = split(c, x, i); next_piece(&s, &piece); at++)
      GCUT_TRY(gcut_tensor_set_string(c->outputs[0], at, piece.data, piece.size, err));
  }
  return GCUT_OK;
}

// ---- StringNormalizer -------------------------------------------------------------------------

static gcut_status change_case(gcut__cpu_call *c, gcut_string s, gcut__case_action action,
                               gcut_string *out, gcut_error *err) {
  *out = s;
  if (action == GCUT__CASE_NONE || s.size == 0) return GCUT_OK;
  if (s.size > SIZE_MAX / 4) return no_memory(c, err);
  char *to = gcut_arena_alloc(c->scratch, 4 * s.size, 1);
  if (!to) return no_memory(c, err);
  size_t size = 0, n;
  for (size_t i = 0; i < s.size; i += n) {
    uint32_t code = gcut_utf8_read(s.data + i, s.size - i, &n);
    if (code == GCUT_NOT_UTF8) {
      to[size++] = s.data[i];
      continue;
    }
    code = action == GCUT__CASE_LOWER ? gcut__to_lower(code) : gcut__to_upper(code);
    size += gcut__utf8_write(code, to + size);
  }
  *out = (gcut_string){to, size};
  return GCUT_OK;
}

static bool equal(gcut_string a, gcut_string b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool is_stopword(gcut_string s, const gcut_string *stopwords, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (equal(s, stopwords[i])) return true;
  return false;
}

// The strings that are no stopwords.
static gcut_status filter(gcut__cpu_call *c, gcut_string **out_kept, uint64_t *out_n,
                          gcut_error *err) {
  const gcut__normalizer_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  const gcut_string *from = x->data;
  gcut__case_action fold = attrs->is_case_sensitive ? GCUT__CASE_NONE : GCUT__CASE_LOWER;
  gcut_string *stopwords = GCUT_NEW_ARRAY(c->scratch, gcut_string, attrs->stopwords.n);
  gcut_string *kept = *out_kept = GCUT_NEW_ARRAY(c->scratch, gcut_string, x->count);
  *out_n = 0;
  if (!stopwords || !kept) return no_memory(c, err);
  for (size_t i = 0; i < attrs->stopwords.n; i++)
    GCUT_TRY(change_case(c, attrs->stopwords.data[i], fold, &stopwords[i], err));
  for (uint64_t i = 0; i < x->count; i++) {
    gcut_string folded;
    GCUT_TRY(change_case(c, from[i], fold, &folded, err));
    if (!is_stopword(folded, stopwords, attrs->stopwords.n)) kept[(*out_n)++] = from[i];
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_string_normalizer(gcut__cpu_call *c, gcut_error *err) {
  gcut__case_action action = gcut__case_action_of(c->attrs);
  gcut_string *kept;
  uint64_t n = 0;
  GCUT_TRY(filter(c, &kept, &n, err));
  int rank = c->inputs[0]->rank;
  int64_t dims[2] = {1, 1};
  dims[rank - 1] = n > 0 ? (int64_t)n : 1; // an empty string where nothing is left
  GCUT_TRY(gcut__cpu_output(c, 0, GCUT_STRING, rank, dims, err));
  for (uint64_t i = 0; i < n; i++) {
    gcut_string changed;
    GCUT_TRY(change_case(c, kept[i], action, &changed, err));
    GCUT_TRY(gcut_tensor_set_string(c->outputs[0], i, changed.data, changed.size, err));
  }
  return GCUT_OK;
}
