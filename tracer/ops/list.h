// Every operator, once. Tables of meaning (tracer/ops/), kernels (exec/<device>/ops/), `graphcut
// ops` and the coverage tests are made from this list, so an operator cannot be half there: a row
// needs a `const gcut_op gcut__op_<ident>` in tracer/ops/<family>.c and a `gcut__cpu_<ident>` in
// exec/cpu/ops/<family>.c, or it does not link.
//
// X(domain, name, ident, the opset versions that defined it anew...)
// A view (GCUT_OP_VIEW) has no kernel: it stands under V instead of X.
// Domains: ONNX is "" (ai.onnx), ML ai.onnx.ml, PREVIEW ai.onnx.preview, TRAINING
// ai.onnx.preview.training, MICROSOFT com.microsoft.
#ifndef GCUT_TRACER_OPS_LIST_H
#define GCUT_TRACER_OPS_LIST_H

#define GCUT__DOMAIN_ONNX      ""
#define GCUT__DOMAIN_TRAINING  "ai.onnx.preview.training"
#define GCUT__DOMAIN_PREVIEW   "ai.onnx.preview"
#define GCUT__DOMAIN_ML        "ai.onnx.ml"
#define GCUT__DOMAIN_MICROSOFT "com.microsoft"

// The families that go element by element: the list begins with them (gcut_op_is_elementwise).
#define GCUT__OP_LIST_ELEMENTWISE(X, V)                                                            \
  GCUT__OP_LIST_UNARY(X, V)                                                                        \
  GCUT__OP_LIST_BINARY(X, V)                                                                       \
  GCUT__OP_LIST_VARIADIC(X, V)                                                                     \
  GCUT__OP_LIST_WHERE(X, V)

#define GCUT__OP_LIST(X, V)                                                                        \
  GCUT__OP_LIST_ELEMENTWISE(X, V)                                                                  \
  GCUT__OP_LIST_CAST(X, V)                                                                         \
  GCUT__OP_LIST_REDUCE(X, V)                                                                       \
  GCUT__OP_LIST_ARG(X, V)                                                                          \
  GCUT__OP_LIST_CUMULATIVE(X, V)                                                                   \
  GCUT__OP_LIST_TOPK(X, V)                                                                         \
  GCUT__OP_LIST_RANDOM(X, V)                                                                       \
  GCUT__OP_LIST_LOSS(X, V)                                                                         \
  GCUT__OP_LIST_OPTIMIZER(X, V)                                                                    \
  GCUT__OP_LIST_RESHAPE(X, V)                                                                      \
  GCUT__OP_LIST_CONSTANT(X, V)                                                                     \
  GCUT__OP_LIST_TRANSPOSE(X, V)                                                                    \
  GCUT__OP_LIST_CONCAT(X, V)                                                                       \
  GCUT__OP_LIST_SLICE(X, V)                                                                        \
  GCUT__OP_LIST_PAD(X, V)                                                                          \
  GCUT__OP_LIST_EXPAND(X, V)                                                                       \
  GCUT__OP_LIST_GATHER(X, V)                                                                       \
  GCUT__OP_LIST_SCATTER(X, V)                                                                      \
  GCUT__OP_LIST_TRILU(X, V)                                                                        \
  GCUT__OP_LIST_SELECT(X, V)                                                                       \
  GCUT__OP_LIST_REVERSE(X, V)                                                                      \
  GCUT__OP_LIST_SEQUENCE(X, V)                                                                     \
  GCUT__OP_LIST_OPTIONAL(X, V)                                                                     \
  GCUT__OP_LIST_CONTROL(X, V)                                                                      \
  GCUT__OP_LIST_TEXT(X, V)                                                                         \
  GCUT__OP_LIST_MATMUL(X, V)                                                                       \
  GCUT__OP_LIST_EINSUM(X, V)                                                                       \
  GCUT__OP_LIST_CONV(X, V)                                                                         \
  GCUT__OP_LIST_POOL(X, V)                                                                         \
  GCUT__OP_LIST_NORMALIZATION(X, V)                                                                \
  GCUT__OP_LIST_SOFTMAX(X, V)                                                                      \
  GCUT__OP_LIST_QUANTIZE(X, V)                                                                     \
  GCUT__OP_LIST_DET(X, V)                                                                          \
  GCUT__OP_LIST_ATTENTION(X, V)                                                                    \
  GCUT__OP_LIST_RNN(X, V)                                                                          \
  GCUT__OP_LIST_RESIZE(X, V)                                                                       \
  GCUT__OP_LIST_GRID(X, V)                                                                         \
  GCUT__OP_LIST_DETECTION(X, V)                                                                    \
  GCUT__OP_LIST_SIGNAL(X, V)                                                                       \
  GCUT__OP_LIST_IMAGE(X, V)                                                                        \
  GCUT__OP_LIST_FEATURE(X, V)                                                                      \
  GCUT__OP_LIST_LABEL(X, V)                                                                        \
  GCUT__OP_LIST_CLASSIFY(X, V)                                                                     \
  GCUT__OP_LIST_DICTIONARY(X, V)                                                                   \
  GCUT__OP_LIST_TREE(X, V)                                                                         \
  GCUT__OP_LIST_ROTARY(X, V)                                                                       \
  GCUT__OP_LIST_LINEAR_ATTENTION(X, V)                                                             \
  GCUT__OP_LIST_MICROSOFT_GELU(X, V)                                                               \
  GCUT__OP_LIST_MICROSOFT_NORM(X, V)                                                               \
  GCUT__OP_LIST_MICROSOFT_MATMUL(X, V)                                                             \
  GCUT__OP_LIST_MICROSOFT_ATTENTION(X, V)                                                          \
  GCUT__OP_LIST_MICROSOFT_QUANTIZE(X, V)                                                           \
  GCUT__OP_LIST_MICROSOFT_INTEGER(X, V)                                                            \
  GCUT__OP_LIST_EXPERTS(X, V)                                                                      \
  GCUT__OP_LIST_FUSED_CONV(X, V)                                                                   \
  GCUT__OP_LIST_MICROSOFT(X, V)

// unary.c: one input, element by element. Affine, Crop, ImageScaler, ParametricSoftplus, ScaledTanh
// and the first ThresholdedRelu were experimental in ONNX 1.2 and are gone from the standard since;
// runtimes still know them, and converters of that time wrote them.
#define GCUT__OP_LIST_UNARY(X, V)                                                                  \
  X(ONNX, Abs, abs, 1, 6, 13)                                                                      \
  X(ONNX, Acos, acos, 7, 22)                                                                       \
  X(ONNX, Acosh, acosh, 9, 22)                                                                     \
  X(ONNX, Affine, affine, 1)                                                                       \
  X(ONNX, Asin, asin, 7, 22)                                                                       \
  X(ONNX, Asinh, asinh, 9, 22)                                                                     \
  X(ONNX, Atan, atan, 7, 22)                                                                       \
  X(ONNX, Atanh, atanh, 9, 22)                                                                     \
  X(ONNX, BitwiseNot, bitwise_not, 18)                                                             \
  X(ONNX, Ceil, ceil, 1, 6, 13)                                                                    \
  X(ONNX, Celu, celu, 12, 28)                                                                      \
  X(ONNX, Clip, clip, 1, 6, 11, 12, 13)                                                            \
  X(ONNX, Cos, cos, 7, 22)                                                                         \
  X(ONNX, Cosh, cosh, 9, 22)                                                                       \
  X(ONNX, Elu, elu, 1, 6, 22)                                                                      \
  X(ONNX, Erf, erf, 9, 13)                                                                         \
  X(ONNX, Exp, exp, 1, 6, 13)                                                                      \
  X(ONNX, Floor, floor, 1, 6, 13)                                                                  \
  X(ONNX, Gelu, gelu, 20)                                                                          \
  X(ONNX, HardSigmoid, hard_sigmoid, 1, 6, 22)                                                     \
  X(ONNX, HardSwish, hard_swish, 14, 22)                                                           \
  X(ONNX, IsInf, is_inf, 10, 20)                                                                   \
  X(ONNX, IsNaN, is_nan, 9, 13, 20)                                                                \
  X(ONNX, LeakyRelu, leaky_relu, 1, 6, 16)                                                         \
  X(ONNX, Log, log, 1, 6, 13)                                                                      \
  X(ONNX, Mish, mish, 18, 22)                                                                      \
  X(ONNX, Neg, neg, 1, 6, 13)                                                                      \
  X(ONNX, Not, not, 1)                                                                             \
  X(ONNX, ParametricSoftplus, parametric_softplus, 1)                                              \
  X(ONNX, Reciprocal, reciprocal, 1, 6, 13)                                                        \
  X(ONNX, Relu, relu, 1, 6, 13, 14)                                                                \
  X(ONNX, Round, round, 11, 22)                                                                    \
  X(ONNX, ScaledTanh, scaled_tanh, 1)                                                              \
  X(ONNX, Selu, selu, 1, 6, 22)                                                                    \
  X(ONNX, Shrink, shrink, 9)                                                                       \
  X(ONNX, Sigmoid, sigmoid, 1, 6, 13)                                                              \
  X(ONNX, Sign, sign, 9, 13)                                                                       \
  X(ONNX, Sin, sin, 7, 22)                                                                         \
  X(ONNX, Sinh, sinh, 9, 22)                                                                       \
  X(ONNX, Softplus, softplus, 1, 22)                                                               \
  X(ONNX, Softsign, softsign, 1, 22)                                                               \
  X(ONNX, Sqrt, sqrt, 1, 6, 13)                                                                    \
  X(ONNX, Swish, swish, 24)                                                                        \
  X(ONNX, Tan, tan, 7, 22)                                                                         \
  X(ONNX, Tanh, tanh, 1, 6, 13)                                                                    \
  X(ONNX, ThresholdedRelu, thresholded_relu, 1, 10, 22)

// binary.c: two inputs, broadcast: arithmetic, comparison, logic, bits
#define GCUT__OP_LIST_BINARY(X, V)                                                                 \
  X(ONNX, Add, add, 1, 6, 7, 13, 14)                                                               \
  X(ONNX, And, and, 1, 7)                                                                          \
  X(ONNX, BitShift, bit_shift, 11, 28)                                                             \
  X(ONNX, BitwiseAnd, bitwise_and, 18)                                                             \
  X(ONNX, BitwiseOr, bitwise_or, 18)                                                               \
  X(ONNX, BitwiseXor, bitwise_xor, 18)                                                             \
  X(ONNX, Div, div, 1, 6, 7, 13, 14)                                                               \
  X(ONNX, Equal, equal, 1, 7, 11, 13, 19)                                                          \
  X(ONNX, Greater, greater, 1, 7, 9, 13)                                                           \
  X(ONNX, GreaterOrEqual, greater_or_equal, 12, 16)                                                \
  X(ONNX, Less, less, 1, 7, 9, 13)                                                                 \
  X(ONNX, LessOrEqual, less_or_equal, 12, 16)                                                      \
  X(ONNX, Mod, mod, 10, 13, 28)                                                                    \
  X(ONNX, Mul, mul, 1, 6, 7, 13, 14)                                                               \
  X(ONNX, Or, or, 1, 7)                                                                            \
  X(ONNX, Pow, pow, 1, 7, 12, 13, 15)                                                              \
  X(ONNX, PRelu, prelu, 1, 6, 7, 9, 16)                                                            \
  X(ONNX, Sub, sub, 1, 6, 7, 13, 14)                                                               \
  X(ONNX, SwiGLU, swiglu, 28)                                                                      \
  X(ONNX, Xor, xor, 1, 7)

// variadic.c: any number of inputs, broadcast: Sum, Mean, Max, Min
#define GCUT__OP_LIST_VARIADIC(X, V)                                                               \
  X(ONNX, Max, max, 1, 6, 8, 12, 13)                                                               \
  X(ONNX, Mean, mean, 1, 6, 8, 13)                                                                 \
  X(ONNX, Min, min, 1, 6, 8, 12, 13)                                                               \
  X(ONNX, Sum, sum, 1, 6, 8, 13)

// where.c: Where
#define GCUT__OP_LIST_WHERE(X, V) X(ONNX, Where, where, 9, 16)

// cast.c: between element types: Cast, CastLike, BitCast
#define GCUT__OP_LIST_CAST(X, V)                                                                   \
  X(ONNX, BitCast, bitcast, 26)                                                                    \
  X(ONNX, Cast, cast, 1, 6, 9, 13, 19, 21, 23, 24, 25, 28)                                         \
  X(ONNX, CastLike, cast_like, 15, 19, 21, 23, 24, 25)

// reduce.c: Reduce*
#define GCUT__OP_LIST_REDUCE(X, V)                                                                 \
  X(ONNX, ReduceL1, reduce_l1, 1, 11, 13, 18)                                                      \
  X(ONNX, ReduceL2, reduce_l2, 1, 11, 13, 18)                                                      \
  X(ONNX, ReduceLogSum, reduce_log_sum, 1, 11, 13, 18, 28)                                         \
  X(ONNX, ReduceLogSumExp, reduce_log_sum_exp, 1, 11, 13, 18, 28)                                  \
  X(ONNX, ReduceMax, reduce_max, 1, 11, 12, 13, 18, 20)                                            \
  X(ONNX, ReduceMean, reduce_mean, 1, 11, 13, 18)                                                  \
  X(ONNX, ReduceMin, reduce_min, 1, 11, 12, 13, 18, 20)                                            \
  X(ONNX, ReduceProd, reduce_prod, 1, 11, 13, 18)                                                  \
  X(ONNX, ReduceSum, reduce_sum, 1, 11, 13)                                                        \
  X(ONNX, ReduceSumSquare, reduce_sum_square, 1, 11, 13, 18)

// arg.c: ArgMax, ArgMin
#define GCUT__OP_LIST_ARG(X, V)                                                                    \
  X(ONNX, ArgMax, argmax, 1, 11, 12, 13)                                                           \
  X(ONNX, ArgMin, argmin, 1, 11, 12, 13)

// cumulative.c: CumSum, CumProd
#define GCUT__OP_LIST_CUMULATIVE(X, V)                                                             \
  X(ONNX, CumProd, cumprod, 26)                                                                    \
  X(ONNX, CumSum, cumsum, 11, 14)

// topk.c: TopK
#define GCUT__OP_LIST_TOPK(X, V) X(ONNX, TopK, topk, 1, 10, 11, 24)

// random.c: random numbers, Bernoulli, Multinomial, Dropout
#define GCUT__OP_LIST_RANDOM(X, V)                                                                 \
  X(ONNX, Bernoulli, bernoulli, 15, 22)                                                            \
  X(ONNX, Dropout, dropout, 1, 6, 7, 10, 12, 13, 22)                                               \
  X(ONNX, Multinomial, multinomial, 7, 22)                                                         \
  X(ONNX, RandomNormal, random_normal, 1, 22)                                                      \
  X(ONNX, RandomNormalLike, random_normal_like, 1, 22)                                             \
  X(ONNX, RandomUniform, random_uniform, 1, 22)                                                    \
  X(ONNX, RandomUniformLike, random_uniform_like, 1, 22)

// loss.c: losses of training
#define GCUT__OP_LIST_LOSS(X, V)                                                                   \
  X(ONNX, NegativeLogLikelihoodLoss, negative_log_likelihood_loss, 12, 13, 22)                     \
  X(ONNX, SoftmaxCrossEntropyLoss, softmax_cross_entropy_loss, 12, 13)

// optimizer.c: ai.onnx.preview.training: Adagrad, Adam, Momentum, Gradient
#define GCUT__OP_LIST_OPTIMIZER(X, V)                                                              \
  X(TRAINING, Adagrad, adagrad, 1)                                                                 \
  X(TRAINING, Adam, adam, 1)                                                                       \
  X(TRAINING, Gradient, gradient, 1)                                                               \
  X(TRAINING, Momentum, momentum, 1)

// reshape.c: views, Shape and Size
#define GCUT__OP_LIST_RESHAPE(X, V)                                                                \
  V(ONNX, Flatten, flatten, 1, 9, 11, 13, 21, 23, 24, 25)                                          \
  V(ONNX, Identity, identity, 1, 13, 14, 16, 19, 21, 23, 24, 25)                                   \
  V(ONNX, Reshape, reshape, 1, 5, 13, 14, 19, 21, 23, 24, 25)                                      \
  X(ONNX, Shape, shape, 1, 13, 15, 19, 21, 23, 24, 25)                                             \
  X(ONNX, Size, size, 1, 13, 19, 21, 23, 24, 25)                                                   \
  V(ONNX, Squeeze, squeeze, 1, 11, 13, 21, 23, 24, 25)                                             \
  V(ONNX, Unsqueeze, unsqueeze, 1, 11, 13, 21, 23, 24, 25)

// constant.c: Constant, ConstantOfShape, Range, EyeLike, OneHot
#define GCUT__OP_LIST_CONSTANT(X, V)                                                               \
  X(ONNX, Constant, constant, 1, 9, 11, 12, 13, 19, 21, 23, 24, 25)                                \
  X(ONNX, ConstantOfShape, constant_of_shape, 9, 20, 21, 23, 24, 25)                               \
  X(ONNX, EyeLike, eye_like, 9, 22)                                                                \
  X(ONNX, OneHot, one_hot, 9, 11, 28)                                                              \
  X(ONNX, Range, range, 11, 27)

// transpose.c: Transpose, DepthToSpace, SpaceToDepth
#define GCUT__OP_LIST_TRANSPOSE(X, V)                                                              \
  X(ONNX, DepthToSpace, depth_to_space, 1, 11, 13, 28)                                             \
  X(ONNX, SpaceToDepth, space_to_depth, 1, 13, 28)                                                 \
  X(ONNX, Transpose, transpose, 1, 13, 21, 23, 24, 25)

// concat.c: Concat, Split
#define GCUT__OP_LIST_CONCAT(X, V)                                                                 \
  X(ONNX, Concat, concat, 1, 4, 11, 13)                                                            \
  X(ONNX, Split, split, 1, 2, 11, 13, 18)

// slice.c: Slice
#define GCUT__OP_LIST_SLICE(X, V) X(ONNX, Slice, slice, 1, 10, 11, 13)

// pad.c: Pad, CenterCropPad
#define GCUT__OP_LIST_PAD(X, V)                                                                    \
  X(ONNX, CenterCropPad, center_crop_pad, 18)                                                      \
  X(ONNX, Crop, crop, 1)                                                                           \
  X(ONNX, Pad, pad, 1, 2, 11, 13, 18, 19, 21, 23, 24, 25)

// expand.c: Expand, Tile
#define GCUT__OP_LIST_EXPAND(X, V)                                                                 \
  X(ONNX, Expand, expand, 8, 13)                                                                   \
  X(ONNX, Tile, tile, 1, 6, 13)

// gather.c: Gather, GatherElements, GatherND
#define GCUT__OP_LIST_GATHER(X, V)                                                                 \
  X(ONNX, Gather, gather, 1, 11, 13)                                                               \
  X(ONNX, GatherElements, gather_elements, 11, 13)                                                 \
  X(ONNX, GatherND, gather_nd, 11, 12, 13)

// scatter.c: Scatter, ScatterElements, ScatterND, TensorScatter
#define GCUT__OP_LIST_SCATTER(X, V)                                                                \
  X(ONNX, Scatter, scatter, 9, 11)                                                                 \
  X(ONNX, ScatterElements, scatter_elements, 11, 13, 16, 18)                                       \
  X(ONNX, ScatterND, scatter_nd, 11, 13, 16, 18)                                                   \
  X(ONNX, TensorScatter, tensor_scatter, 24)

// trilu.c: Trilu
#define GCUT__OP_LIST_TRILU(X, V) X(ONNX, Trilu, trilu, 14)

// select.c: NonZero, Compress, Unique
#define GCUT__OP_LIST_SELECT(X, V)                                                                 \
  X(ONNX, Compress, compress, 9, 11, 28)                                                           \
  X(ONNX, NonZero, non_zero, 9, 13)                                                                \
  X(ONNX, Unique, unique, 11, 28)

// reverse.c: ReverseSequence
#define GCUT__OP_LIST_REVERSE(X, V) X(ONNX, ReverseSequence, reverse_sequence, 10, 28)

// sequence.c: sequences of tensors
#define GCUT__OP_LIST_SEQUENCE(X, V)                                                               \
  X(ONNX, ConcatFromSequence, concat_from_sequence, 11)                                            \
  X(ONNX, SequenceAt, sequence_at, 11)                                                             \
  X(ONNX, SequenceConstruct, sequence_construct, 11)                                               \
  X(ONNX, SequenceEmpty, sequence_empty, 11)                                                       \
  X(ONNX, SequenceErase, sequence_erase, 11)                                                       \
  X(ONNX, SequenceInsert, sequence_insert, 11)                                                     \
  X(ONNX, SequenceLength, sequence_length, 11)                                                     \
  X(ONNX, SplitToSequence, split_to_sequence, 11, 24)

// optional.c: Optional*
#define GCUT__OP_LIST_OPTIONAL(X, V)                                                               \
  X(ONNX, Optional, optional, 15, 28)                                                              \
  V(ONNX, OptionalGetElement, optional_get_element, 15, 18, 28)                                    \
  X(ONNX, OptionalHasElement, optional_has_element, 15, 18, 28)

// control.c: If, Loop, Scan, SequenceMap
#define GCUT__OP_LIST_CONTROL(X, V)                                                                \
  X(ONNX, If, if, 1, 11, 13, 16, 19, 21, 23, 24, 25)                                               \
  X(ONNX, Loop, loop, 1, 11, 13, 16, 19, 21, 23, 24, 25)                                           \
  X(ONNX, Scan, scan, 8, 9, 11, 16, 19, 21, 23, 24, 25)                                            \
  X(ONNX, SequenceMap, sequence_map, 17)

// text.c: strings
#define GCUT__OP_LIST_TEXT(X, V)                                                                   \
  X(ONNX, RegexFullMatch, regex_full_match, 20)                                                    \
  X(ONNX, StringConcat, string_concat, 20)                                                         \
  X(ONNX, StringNormalizer, string_normalizer, 10)                                                 \
  X(ONNX, StringSplit, string_split, 20)                                                           \
  X(ONNX, TfIdfVectorizer, tf_idf_vectorizer, 9)

// matmul.c: MatMul, Gemm
#define GCUT__OP_LIST_MATMUL(X, V)                                                                 \
  X(ONNX, MatMul, matmul, 1, 9, 13)                                                                \
  X(ONNX, Gemm, gemm, 1, 6, 7, 9, 11, 13)

// einsum.c: Einsum
#define GCUT__OP_LIST_EINSUM(X, V) X(ONNX, Einsum, einsum, 12, 28)

// conv.c: Conv, ConvTranspose; deform.c: DeformConv; fold.c: Col2Im
#define GCUT__OP_LIST_CONV(X, V)                                                                   \
  X(ONNX, Conv, conv, 1, 11, 22)                                                                   \
  X(ONNX, ConvTranspose, conv_transpose, 1, 11, 22)                                                \
  X(ONNX, DeformConv, deform_conv, 19, 22)                                                         \
  X(ONNX, Col2Im, col2im, 18)

// pool.c: pooling and unpooling
#define GCUT__OP_LIST_POOL(X, V)                                                                   \
  X(ONNX, MaxPool, max_pool, 1, 8, 10, 11, 12, 22)                                                 \
  X(ONNX, AveragePool, average_pool, 1, 7, 10, 11, 19, 22)                                         \
  X(ONNX, LpPool, lp_pool, 1, 2, 11, 18, 22)                                                       \
  X(ONNX, GlobalAveragePool, global_average_pool, 1, 22)                                           \
  X(ONNX, GlobalMaxPool, global_max_pool, 1, 22)                                                   \
  X(ONNX, GlobalLpPool, global_lp_pool, 1, 2, 22)                                                  \
  X(ONNX, MaxUnpool, max_unpool, 9, 11, 22)

// normalization.c: BatchNormalization, LayerNormalization and their kin
#define GCUT__OP_LIST_NORMALIZATION(X, V)                                                          \
  X(ONNX, BatchNormalization, batch_normalization, 1, 6, 7, 9, 14, 15)                             \
  X(ONNX, InstanceNormalization, instance_normalization, 1, 6, 22)                                 \
  X(ONNX, GroupNormalization, group_normalization, 18, 21)                                         \
  X(ONNX, ImageScaler, image_scaler, 1)                                                            \
  X(ONNX, LayerNormalization, layer_normalization, 17)                                             \
  X(ONNX, RMSNormalization, rms_normalization, 23)                                                 \
  X(ONNX, SimplifiedLayerNormalization, simplified_layer_normalization, 1)                         \
  X(ONNX, LRN, lrn, 1, 13)                                                                         \
  X(ONNX, LpNormalization, lp_normalization, 1, 22)                                                \
  X(ONNX, MeanVarianceNormalization, mean_variance_normalization, 9, 13)

// softmax.c: Softmax, LogSoftmax, Hardmax
#define GCUT__OP_LIST_SOFTMAX(X, V)                                                                \
  X(ONNX, Softmax, softmax, 1, 11, 13)                                                             \
  X(ONNX, LogSoftmax, log_softmax, 1, 11, 13)                                                      \
  X(ONNX, Hardmax, hardmax, 1, 11, 13)

// quantize.c: quantisation; integer.c: products of what was quantised
#define GCUT__OP_LIST_QUANTIZE(X, V)                                                               \
  X(ONNX, QuantizeLinear, quantize_linear, 10, 13, 19, 21, 23, 24, 25, 28)                         \
  X(ONNX, DequantizeLinear, dequantize_linear, 10, 13, 19, 21, 23, 24, 25, 28)                     \
  X(ONNX, DynamicQuantizeLinear, dynamic_quantize_linear, 11)                                      \
  X(ONNX, MatMulInteger, matmul_integer, 10)                                                       \
  X(ONNX, QLinearMatMul, qlinear_matmul, 10, 21)                                                   \
  X(ONNX, ConvInteger, conv_integer, 10)                                                           \
  X(ONNX, QLinearConv, qlinear_conv, 10)

// det.c: Det
#define GCUT__OP_LIST_DET(X, V) X(ONNX, Det, det, 11, 22)

// attention.c: Attention, FlexAttention
#define GCUT__OP_LIST_ATTENTION(X, V)                                                              \
  X(ONNX, Attention, attention, 23, 24, 25)                                                        \
  X(PREVIEW, FlexAttention, flex_attention, 1)

// rnn.c: RNN, GRU, LSTM
#define GCUT__OP_LIST_RNN(X, V)                                                                    \
  X(ONNX, RNN, rnn, 1, 7, 14, 22)                                                                  \
  X(ONNX, GRU, gru, 1, 3, 7, 14, 22)                                                               \
  X(ONNX, LSTM, lstm, 1, 7, 14, 22)                                                                \
  X(MICROSOFT, DynamicQuantizeLSTM, dynamic_quantize_lstm, 1)

// resize.c: Resize, Upsample
#define GCUT__OP_LIST_RESIZE(X, V)                                                                 \
  X(ONNX, Resize, resize, 10, 11, 13, 18, 19)                                                      \
  X(ONNX, Upsample, upsample, 1, 7, 9, 10)

// grid.c: GridSample, AffineGrid
#define GCUT__OP_LIST_GRID(X, V)                                                                   \
  X(ONNX, GridSample, grid_sample, 16, 20, 22)                                                     \
  X(ONNX, AffineGrid, affine_grid, 20)                                                             \
  X(MICROSOFT, GridSample, grid_sample, 1)

// detection.c (kernels also in roi.c): RoiAlign, MaxRoiPool, NonMaxSuppression
#define GCUT__OP_LIST_DETECTION(X, V)                                                              \
  X(ONNX, RoiAlign, roi_align, 10, 16, 22)                                                         \
  X(ONNX, MaxRoiPool, max_roi_pool, 1, 22)                                                         \
  X(ONNX, NonMaxSuppression, non_max_suppression, 10, 11)

// signal.c: DFT, STFT, windows, MelWeightMatrix
#define GCUT__OP_LIST_SIGNAL(X, V)                                                                 \
  X(ONNX, DFT, dft, 17, 20)                                                                        \
  X(ONNX, STFT, stft, 17)                                                                          \
  X(ONNX, HannWindow, hann_window, 17)                                                             \
  X(ONNX, HammingWindow, hamming_window, 17)                                                       \
  X(ONNX, BlackmanWindow, blackman_window, 17)                                                     \
  X(ONNX, MelWeightMatrix, mel_weight_matrix, 17)

// image.c: ImageDecoder
#define GCUT__OP_LIST_IMAGE(X, V) X(ONNX, ImageDecoder, image_decoder, 20)

// feature.c: rows of features of ai.onnx.ml
#define GCUT__OP_LIST_FEATURE(X, V)                                                                \
  X(ML, ArrayFeatureExtractor, array_feature_extractor, 1)                                         \
  X(ML, Binarizer, binarizer, 1)                                                                   \
  X(ML, FeatureVectorizer, feature_vectorizer, 1)                                                  \
  X(ML, Imputer, imputer, 1)                                                                       \
  X(ML, LinearRegressor, linear_regressor, 1)                                                      \
  X(ML, Normalizer, normalizer, 1)                                                                 \
  X(ML, Scaler, scaler, 1)

// label.c: labels and categories of ai.onnx.ml
#define GCUT__OP_LIST_LABEL(X, V)                                                                  \
  X(ML, CategoryMapper, category_mapper, 1)                                                        \
  X(ML, LabelEncoder, label_encoder, 1, 2, 4)                                                      \
  X(ML, OneHotEncoder, one_hot_encoder, 1)

// classify.c (kernels also in svm.c): linear classifiers and support vector machines of ai.onnx.ml
#define GCUT__OP_LIST_CLASSIFY(X, V)                                                               \
  X(ML, LinearClassifier, linear_classifier, 1)                                                    \
  X(ML, SVMClassifier, svm_classifier, 1)                                                          \
  X(ML, SVMRegressor, svm_regressor, 1)

// dictionary.c: maps of ai.onnx.ml
#define GCUT__OP_LIST_DICTIONARY(X, V)                                                             \
  X(ML, CastMap, cast_map, 1)                                                                      \
  X(ML, DictVectorizer, dict_vectorizer, 1)                                                        \
  X(ML, ZipMap, zip_map, 1)

// tree.c: ensembles of decision trees of ai.onnx.ml
#define GCUT__OP_LIST_TREE(X, V)                                                                   \
  X(ML, TreeEnsemble, tree_ensemble, 5)                                                            \
  X(ML, TreeEnsembleClassifier, tree_ensemble_classifier, 1, 3, 5)                                 \
  X(ML, TreeEnsembleRegressor, tree_ensemble_regressor, 1, 3, 5)

// rotary.c: RotaryEmbedding of both domains
#define GCUT__OP_LIST_ROTARY(X, V)                                                                 \
  X(ONNX, RotaryEmbedding, rotary_embedding, 23)                                                   \
  X(MICROSOFT, RotaryEmbedding, microsoft_rotary_embedding, 1)

// linear_attention.c: LinearAttention, CausalConvWithState
#define GCUT__OP_LIST_LINEAR_ATTENTION(X, V)                                                       \
  X(ONNX, LinearAttention, linear_attention, 27)                                                   \
  X(ONNX, CausalConvWithState, causal_conv, 27)                                                    \
  X(MICROSOFT, LinearAttention, linear_attention, 1)                                               \
  X(MICROSOFT, CausalConvWithState, causal_conv, 1)

// microsoft_gelu.c: activations of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_GELU(X, V)                                                         \
  X(MICROSOFT, Gelu, microsoft_gelu, 1)                                                            \
  X(MICROSOFT, FastGelu, fast_gelu, 1)                                                             \
  X(MICROSOFT, QuickGelu, quick_gelu, 1)                                                           \
  X(MICROSOFT, BiasGelu, bias_gelu, 1)                                                             \
  X(MICROSOFT, BiasSplitGelu, bias_split_gelu, 1)                                                  \
  X(MICROSOFT, BiasAdd, bias_add, 1)

// microsoft_norm.c: normalisations of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_NORM(X, V)                                                         \
  X(MICROSOFT, SimplifiedLayerNormalization, simplified_layer_normalization, 1)                    \
  X(MICROSOFT, SkipLayerNormalization, skip_layer_norm, 1)                                         \
  X(MICROSOFT, SkipSimplifiedLayerNormalization, skip_simplified_layer_norm, 1)                    \
  X(MICROSOFT, EmbedLayerNormalization, embed_layer_norm, 1)                                       \
  X(MICROSOFT, GroupNorm, microsoft_group_norm, 1)                                                 \
  X(MICROSOFT, SkipGroupNorm, skip_group_norm, 1)

// microsoft_matmul.c: matrix products of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_MATMUL(X, V)                                                       \
  X(MICROSOFT, FusedMatMul, fused_matmul, 1)                                                       \
  X(MICROSOFT, TransposeMatMul, fused_matmul, 1)                                                   \
  X(MICROSOFT, FusedGemm, fused_gemm, 1)                                                           \
  X(MICROSOFT, MatMulNBits, matmul_nbits, 1)                                                       \
  X(MICROSOFT, MatMulBnb4, matmul_bnb4, 1)                                                         \
  X(MICROSOFT, GatherBlockQuantized, gather_block_quantized, 1)

// microsoft_attention.c (kernels also in group_query.c): attention of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_ATTENTION(X, V)                                                    \
  X(MICROSOFT, MultiHeadAttention, multi_head_attention, 1)                                        \
  X(MICROSOFT, Attention, microsoft_attention, 1)                                                  \
  X(MICROSOFT, QAttention, quantized_attention, 1)                                                 \
  X(MICROSOFT, GroupQueryAttention, group_query_attention, 1)

// microsoft_quantize.c: operators on 8-bit tensors of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_QUANTIZE(X, V)                                                     \
  X(MICROSOFT, QLinearAdd, quantized_add, 1)                                                       \
  X(MICROSOFT, QLinearMul, quantized_mul, 1)                                                       \
  X(MICROSOFT, QLinearSigmoid, quantized_sigmoid, 1)                                               \
  X(MICROSOFT, QLinearLeakyRelu, quantized_leaky_relu, 1)                                          \
  X(MICROSOFT, QLinearConcat, quantized_concat, 1)                                                 \
  X(MICROSOFT, QLinearWhere, quantized_where, 1)                                                   \
  X(MICROSOFT, QLinearAveragePool, quantized_average_pool, 1)                                      \
  X(MICROSOFT, QLinearGlobalAveragePool, quantized_global_average_pool, 1)                         \
  X(MICROSOFT, QLinearSoftmax, quantized_softmax, 1)                                               \
  X(MICROSOFT, QuantizeLinear, quantize_linear, 1)                                                 \
  X(MICROSOFT, DequantizeLinear, dequantize_linear, 1)

// microsoft_integer.c: products of 8-bit matrices of com.microsoft
#define GCUT__OP_LIST_MICROSOFT_INTEGER(X, V)                                                      \
  X(MICROSOFT, MatMulIntegerToFloat, matmul_integer_to_float, 1)                                   \
  X(MICROSOFT, DynamicQuantizeMatMul, dynamic_quantize_matmul, 1)                                  \
  X(MICROSOFT, QGemm, quantized_gemm, 1)

// experts.c: MoE, QMoE of com.microsoft
#define GCUT__OP_LIST_EXPERTS(X, V)                                                                \
  X(MICROSOFT, MoE, moe, 1)                                                                        \
  X(MICROSOFT, QMoE, quantized_moe, 1)

// fused_conv.c: FusedConv of com.microsoft
#define GCUT__OP_LIST_FUSED_CONV(X, V) X(MICROSOFT, FusedConv, fused_conv, 1)

// microsoft: operators of com.microsoft that are those of ai.onnx
#define GCUT__OP_LIST_MICROSOFT(X, V) X(MICROSOFT, Trilu, trilu, 1)

#endif
