// What inlining a function takes, whatever it was read from: ONNX or GCIR.
#ifndef GCUT_FORMATS_INLINE_H
#define GCUT_FORMATS_INLINE_H

#include "tracer/build.h"

// Whether an operator means the same at both opset versions of its domain.
bool gcut__inline_means_same(const char *domain, const char *op_type, int64_t a, int64_t b);

// A name for a value that a function defines: "<prefix><name>", with a number of `counter` behind
// it where the body has that already. Interned; "" where memory is out.
const char *gcut__inline_name(gcut_graph *graph, gcut_arena *scratch, uint32_t body,
                              const char *prefix, const char *name, uint64_t *counter);

// The scope of a call below `parent`: named by the last part of `prefix`, "a/b/call/", or by the
// operator; its class is the function. `parent` itself where paths grow long.
uint32_t gcut__inline_scope(gcut_graph *graph, uint32_t parent, const char *prefix,
                            gcut_string op_type, gcut_string domain, gcut_string function);

// A function's output that is one of its inputs needs a node of its own.
GCUT_MUST_USE gcut_status gcut__inline_identity(gcut_graph *graph, uint32_t body, uint32_t scope,
                                                uint32_t from, uint32_t to, gcut_error *err);

#endif
