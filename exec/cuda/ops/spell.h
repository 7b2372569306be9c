// Spelling an operator out in others: a function makes a small graph of the node, call by call, and
// lowered.h compiles it. Values are the graph's; GCUT_NONE is an absent one and may be passed on.
#ifndef GCUT_EXEC_CUDA_OPS_SPELL_H
#define GCUT_EXEC_CUDA_OPS_SPELL_H

#include "exec/cuda/ops/compile.h"
#include "tracer/build.h"
#include "tracer/ops/fused.h"

enum { GCUT__SPELL_ATTRIBUTES = 12, GCUT__SPELL_DEPTH = 4 };

typedef struct gcut__speller {
  const gcut__cuda_compile *c; // the node
  gcut_graph *graph;
  uint32_t *inputs, *outputs;                        // the node's: [n_inputs], [n_outputs]
  gcut_attribute attributes[GCUT__SPELL_ATTRIBUTES]; // of the operator that is spelled next
  uint32_t n_attributes;
  const char *domain; // of it; NULL: ai.onnx
} gcut__speller;

// False where the node cannot be spelled: it stays on the host. Operators of the graph may be
// spelled out themselves, GCUT__SPELL_DEPTH times at most.
typedef bool gcut__spell_fn(gcut__speller *s);
GCUT_MUST_USE gcut_status gcut__spell(const gcut__cuda_compile *c, gcut__spell_fn *spell,
                                      gcut_error *err);

// Input i of the node.
uint32_t gcut__spell_input(const gcut__speller *s, uint32_t i);
// Output i of the node is this value, which some operator makes.
void gcut__spell_output(gcut__speller *s, uint32_t i, uint32_t value);

// An operator of ai.onnx (opset 24), or of s->domain, com.microsoft, where that is set before each,
// with the attributes given since the last; its first output.
uint32_t gcut__spell_op(gcut__speller *s, const char *op, const uint32_t *inputs, uint32_t n);
#define SPELL(s, op, ...)                                                                          \
  gcut__spell_op(s, op, (const uint32_t[]){__VA_ARGS__},                                           \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
// The same with several outputs.
void gcut__spell_many(gcut__speller *s, const char *op, const uint32_t *inputs, uint32_t n_inputs,
                      uint32_t *outputs, uint32_t n_outputs);

void gcut__spell_int(gcut__speller *s, const char *name, int64_t value);
void gcut__spell_float(gcut__speller *s, const char *name, float value);
void gcut__spell_string(gcut__speller *s, const char *name, const char *value);
void gcut__spell_ints(gcut__speller *s, const char *name, const int64_t *values, size_t n);

// The node's own attributes of those names (NULL ends them), as far as it has them.
void gcut__spell_same(gcut__speller *s, const char *const *names);

// Constants: int64 [n]; float [n]; a scalar of a float or integer type.
uint32_t gcut__spell_numbers(gcut__speller *s, const int64_t *values, size_t n);
uint32_t gcut__spell_floats(gcut__speller *s, const float *values, size_t n);
uint32_t gcut__spell_scalar(gcut__speller *s, int type, double value);

// Types narrower than float are computed with as float: input i so, and output i from such a value.
int gcut__spell_wide_type(int type);
uint32_t gcut__spell_wide(gcut__speller *s, uint32_t i);
void gcut__spell_narrow(gcut__speller *s, uint32_t i, uint32_t value);

// Operators with what they take most often.
uint32_t gcut__spell_cast(gcut__speller *s, uint32_t x, int type);
uint32_t gcut__spell_reshape(gcut__speller *s, uint32_t x, const int64_t *dims, size_t rank);
uint32_t gcut__spell_transpose(gcut__speller *s, uint32_t x, const int64_t *perm, size_t rank);
// Parts of an axis, of those sizes.
void gcut__spell_split(gcut__speller *s, uint32_t x, int64_t axis, const int64_t *sizes, uint32_t n,
                       uint32_t *outputs);
// Elements [from, to) of an axis.
uint32_t gcut__spell_slice(gcut__speller *s, uint32_t x, int64_t axis, int64_t from, int64_t to);
uint32_t gcut__spell_concat(gcut__speller *s, uint32_t a, uint32_t b, int64_t axis);
// Sum, maximum and so on over axes, which stay as 1.
uint32_t gcut__spell_reduce(gcut__speller *s, const char *op, uint32_t x, const int64_t *axes,
                            size_t n);
uint32_t gcut__spell_silu(gcut__speller *s, uint32_t x);
uint32_t gcut__spell_activation(gcut__speller *s, uint32_t x, const gcut__fused_activation *f);

#endif
