// Shape arithmetic through small integer tensors, for operators that move elements about.
//
// Contents are followed while tracing only: at run time the tensors themselves are at hand.
#ifndef GCUT_TRACER_OPS_CARRY_H
#define GCUT_TRACER_OPS_CARRY_H

#include "tracer/ops/op.h"

enum { GCUT__CONTENT_MAX = 4096 }; // elements: longer tensors are data, not shapes

// Contents of input `i` where it is worth following: tracing, known, at most GCUT__CONTENT_MAX.
GCUT_MUST_USE bool gcut__content(gcut_infer *c, uint32_t i, const gcut_dim **out_values,
                                 uint32_t *out_n);
// The contents of output `i` where its shape takes them: rank 0 or 1 with `n` elements. Otherwise
// nothing happens.
GCUT_MUST_USE gcut_status gcut__keep_content(gcut_infer *c, uint32_t i, const gcut_dim *values,
                                             uint32_t n, gcut_error *err);
// Room for the contents of output `i`, whose shape is set, where they are worth following (rank 0
// or 1, few elements, tracing); NULL otherwise.
gcut_dim *gcut__new_content(gcut_infer *c, uint32_t i, uint32_t *out_n);

// Whether the node runs now, on tensors.
bool gcut__at_run_time(const gcut_infer *c);
// `dim`, or a fresh symbol where symbolic arithmetic had to give up.
gcut_dim gcut__or_fresh(gcut_infer *c, gcut_dim dim);
// The number of elements of a rank-1 input that is known to be static, or -1.
int64_t gcut__static_length(const gcut_infer *c, uint32_t i);
// A list of an attribute as dims: numbers that would be taken for expressions are moved to the
// lowest that is none. NULL where memory is out.
const gcut_dim *gcut__ints_as_dims(gcut_infer *c, gcut_ints ints);
// Whether a string attribute is that text.
static inline bool gcut__is_text(gcut_string s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}
// The index of that text among `n`, or n.
int gcut__find_text(gcut_string s, const char *const *texts, int n);
// A length as a rank to set, which fails where it is too high.
static inline int gcut__rank_of(int64_t length) {
  return length > GCUT_MAX_RANK ? GCUT_MAX_RANK + 1 : (int)length;
}
// The cost of moving elements: no arithmetic.
double gcut__no_flops(const gcut_infer *c);

#endif
