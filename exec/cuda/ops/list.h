// Operators with kernels for NVIDIA cards, and the function that compiles each. Every row stands in
// tracer/ops/list.h, too; what has no row here runs on the host within the same schedule. Of an
// operator's rows the first counts that has a kernel for the node.
//
// X(operator, compile function gcut__cuda_compile_<ident>): of ai.onnx; of com.microsoft.
#ifndef GCUT_EXEC_CUDA_OPS_LIST_H
#define GCUT_EXEC_CUDA_OPS_LIST_H

// clang-format off
#define GCUT_CUDA_OP_LIST(X) \
  X(Abs, element) X(Neg, element) X(Sign, element) X(Relu, element) X(Not, element) \
  X(BitwiseNot, element) X(Sqrt, element) X(Reciprocal, element) X(Exp, element) \
  X(Log, element) X(Sin, element) X(Cos, element) X(Tan, element) X(Asin, element) \
  X(Acos, element) X(Atan, element) X(Sinh, element) X(Cosh, element) X(Tanh, element) \
  X(Asinh, element) X(Acosh, element) X(Atanh, element) X(Sigmoid, element) X(Erf, element) \
  X(Floor, element) X(Ceil, element) X(Round, element) X(IsNaN, element) X(IsInf, element) \
  X(HardSwish, element) X(Softplus, element) X(Softsign, element) X(Mish, element) \
  X(Gelu, element) X(Swish, element) X(LeakyRelu, element) X(Elu, element) X(Celu, element) \
  X(ThresholdedRelu, element) X(HardSigmoid, element) X(Selu, element) X(Shrink, element) \
  X(Clip, element) X(Add, element) X(Sub, element) X(Mul, element) X(Div, element) \
  X(Pow, element) X(Mod, element) X(Equal, element) X(Less, element) X(Greater, element) \
  X(LessOrEqual, element) X(GreaterOrEqual, element) X(And, element) X(Or, element) \
  X(Xor, element) X(BitwiseAnd, element) X(BitwiseOr, element) X(BitwiseXor, element) \
  X(BitShift, element) X(PRelu, element) X(Min, element) X(Max, element) X(Sum, element) \
  X(Mean, element) X(Where, element) X(Cast, element) X(CastLike, element) \
  X(Transpose, transpose) X(Slice, slice) X(Expand, expand) X(Concat, concat) X(Split, split) \
  X(ReduceMean, reduce) X(ReduceSum, reduce) X(ReduceMax, reduce) X(ReduceMin, reduce) \
  X(ReduceProd, reduce) X(ReduceL1, reduce) X(ReduceL2, reduce) X(ReduceSumSquare, reduce) \
  X(ReduceLogSum, reduce) X(ReduceLogSumExp, reduce) X(ArgMax, arg) X(ArgMin, arg) \
  X(TopK, topk) X(Softmax, softmax) X(LogSoftmax, log_softmax) \
  X(LayerNormalization, layer_norm) X(RMSNormalization, rms_norm) X(MatMul, matmul) \
  X(Gemm, gemm) X(Gather, gather) X(GatherND, gather_nd) X(GatherElements, gather_elements) \
  X(Attention, attention) X(Pad, pad) X(Tile, tile) X(Trilu, trilu) X(Range, range) \
  X(ConstantOfShape, constant_of_shape) X(CumSum, cumulative) X(CumProd, cumulative) \
  X(Scatter, scatter_elements) X(ScatterElements, scatter_elements) X(ScatterND, scatter_nd) \
  X(Conv, conv) X(ConvTranspose, conv_transpose) X(MaxPool, pool) X(AveragePool, pool) \
  X(BatchNormalization, batch_norm) X(QuantizeLinear, quantize) \
  X(DequantizeLinear, dequantize) X(InstanceNormalization, group_norm) \
  X(GroupNormalization, group_norm) X(GlobalAveragePool, global_pool) \
  X(GlobalMaxPool, global_pool) X(SimplifiedLayerNormalization, rms_norm) \
  X(RotaryEmbedding, rotary) X(Resize, resize) X(Upsample, resize) \
  X(LpNormalization, lp_normalization) X(MeanVarianceNormalization, mean_variance) X(LRN, lrn) \
  X(MatMul, any_matmul) X(Gemm, any_gemm) X(MatMulInteger, matmul_integer) \
  X(ConvInteger, conv_integer) X(QLinearMatMul, qlinear_matmul) X(QLinearConv, qlinear_conv) \
  X(DynamicQuantizeLinear, dynamic_quantize) X(Cast, cast_narrow) X(CastLike, cast_narrow) \
  X(TensorScatter, tensor_scatter) X(Attention, attention_spelled) X(RNN, rnn) X(GRU, gru) \
  X(LSTM, lstm) X(RNN, wide_rnn) X(GRU, wide_rnn) X(LSTM, wide_rnn) X(Einsum, einsum) \
  X(DepthToSpace, depth_to_space) X(SpaceToDepth, space_to_depth) X(OneHot, one_hot) \
  X(Hardmax, hardmax) X(ReverseSequence, reverse_sequence) X(Dropout, dropout) \
  X(SwiGLU, swiglu) X(MaxPool, max_pool) X(LpPool, lp_pool) X(GlobalLpPool, global_lp_pool) \
  X(MaxUnpool, max_unpool) X(Col2Im, col2im) X(GridSample, grid_sample) \
  X(AffineGrid, affine_grid) X(RoiAlign, roi_align) X(MaxRoiPool, roi_pool) \
  X(LinearAttention, linear_attention) X(CausalConvWithState, causal_conv) \
  X(MatMul, whole_matmul) X(DeformConv, deform_conv) X(DFT, dft) X(STFT, stft) \
  X(CenterCropPad, center_crop_pad) X(Crop, crop) X(Affine, affine) \
  X(ScaledTanh, scaled_tanh) X(ParametricSoftplus, parametric_softplus)
#define GCUT_CUDA_MICROSOFT_LIST(X) \
  X(MatMulNBits, nbits) X(MatMulBnb4, matmul_bnb4) X(Gelu, element) X(QuickGelu, element) \
  X(RotaryEmbedding, microsoft_rotary) \
  X(SkipLayerNormalization, skip_layer_norm) \
  X(SkipSimplifiedLayerNormalization, skip_rms_norm) \
  X(SimplifiedLayerNormalization, rms_norm) \
  X(BiasGelu, bias_gelu) X(FastGelu, fast_gelu) X(BiasSplitGelu, bias_split_gelu) \
  X(BiasAdd, bias_add) X(GroupNorm, microsoft_group_norm) X(SkipGroupNorm, skip_group_norm) \
  X(EmbedLayerNormalization, embed_layer_norm) X(FusedMatMul, fused_matmul) \
  X(TransposeMatMul, fused_matmul) X(FusedGemm, fused_gemm) X(FusedConv, fused_conv) \
  X(Trilu, trilu) X(QuantizeLinear, quantize) X(DequantizeLinear, dequantize) \
  X(MatMulIntegerToFloat, integer_to_float) X(DynamicQuantizeMatMul, dynamic_matmul) \
  X(QGemm, quantized_gemm) X(QLinearAdd, quantized_add) X(QLinearMul, quantized_mul) \
  X(QLinearWhere, quantized_where) X(QLinearSigmoid, quantized_sigmoid) \
  X(QLinearLeakyRelu, quantized_leaky_relu) X(QLinearConcat, quantized_concat) \
  X(QLinearAveragePool, quantized_average_pool) \
  X(QLinearGlobalAveragePool, quantized_global_average_pool) \
  X(QLinearSoftmax, quantized_softmax) X(GatherBlockQuantized, gather_blocks) \
  X(MultiHeadAttention, multi_head) X(Attention, projected_attention) \
  X(QAttention, quantized_attention) X(GroupQueryAttention, group_query) X(GridSample, grid_sample) \
  X(LinearAttention, linear_attention) X(CausalConvWithState, causal_conv) \
  X(DynamicQuantizeLSTM, dynamic_lstm) \
  X(MoE, moe) X(QMoE, quantized_moe)
// clang-format on

#endif
