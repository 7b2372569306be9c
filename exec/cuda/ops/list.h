// Operators with kernels for NVIDIA cards, and the function that compiles each. Every row stands in
// tracer/ops/list.h, too; what has no row here runs on the host within the same schedule.
//
// X(operator, compile function gcut__cuda_compile_<ident>), all of ai.onnx
#ifndef GCUT_EXEC_CUDA_OPS_LIST_H
#define GCUT_EXEC_CUDA_OPS_LIST_H

// clang-format off
#define GCUT_CUDA_OP_LIST(X) \
  X(Abs, unary) X(Neg, unary) X(Sqrt, unary) X(Reciprocal, unary) X(Exp, unary) \
  X(Log, unary) X(Sin, unary) X(Cos, unary) X(Tanh, unary) X(Sigmoid, unary) X(Erf, unary) \
  X(Relu, unary) X(Floor, unary) X(Ceil, unary) X(Round, unary) X(IsNaN, unary) \
  X(Not, unary) X(Sign, unary) X(HardSwish, unary) X(Softplus, unary) X(Add, binary) \
  X(Sub, binary) X(Mul, binary) X(Div, binary) X(Pow, binary) X(Equal, binary) \
  X(Less, binary) X(Greater, binary) X(LessOrEqual, binary) X(GreaterOrEqual, binary) \
  X(And, binary) X(Or, binary) X(Xor, binary) X(Min, binary) X(Max, binary) X(Where, where) \
  X(Cast, cast) X(Transpose, transpose) X(Slice, slice) X(Expand, expand) X(Concat, concat) \
  X(Split, split) X(ReduceMean, reduce) X(ReduceSum, reduce) X(ReduceMax, reduce) \
  X(ReduceMin, reduce) X(Softmax, softmax) X(LayerNormalization, layer_norm) \
  X(RMSNormalization, rms_norm) X(MatMul, matmul) X(Gemm, gemm) X(Gather, gather) \
  X(Attention, attention)
// clang-format on

#endif
