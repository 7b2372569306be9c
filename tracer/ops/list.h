// Every operator, once. Tables of meaning (tracer/ops/), kernels (exec/<device>/ops/), `graphcut
// ops` and the coverage tests are made from this list, so an operator cannot be half there: a row
// needs a `const gcut_op gcut__op_<ident>` in tracer/ops/<family>.c and a `gcut__cpu_<ident>` in
// exec/cpu/ops/<family>.c, or it does not link.
//
// X(domain, name, ident, the opset versions that defined it anew...)
// A view (GCUT_OP_VIEW) has no kernel: it stands under V instead of X.
// Domains: ONNX is "" (ai.onnx), TRAINING ai.onnx.preview.training, MICROSOFT com.microsoft.
#ifndef GCUT_TRACER_OPS_LIST_H
#define GCUT_TRACER_OPS_LIST_H

#define GCUT_DOMAIN_ONNX      ""
#define GCUT_DOMAIN_TRAINING  "ai.onnx.preview.training"
#define GCUT_DOMAIN_MICROSOFT "com.microsoft"

#define GCUT_OP_LIST(X, V) GCUT_OP_LIST_UNARY(X, V)

// unary.c: one input, element by element
#define GCUT_OP_LIST_UNARY(X, V)                                                                   \
  X(ONNX, Abs, abs, 1, 6, 13)                                                                      \
  X(ONNX, Relu, relu, 1, 6, 13, 14)

#endif
