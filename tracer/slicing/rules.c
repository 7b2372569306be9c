// The table of rules. A family whose operators divide alike stands as a whole; of the others each
// operator has a row. What is not here cannot be divided: it mixes the batch, as a product of
// matrices quantised on the way does, or nobody has said how.
#include "tracer/ops/list.h"
#include "tracer/slicing/slicing.h"

#define X(domain, name, ident, ...) extern const gcut_op gcut__op_##ident;
GCUT__OP_LIST(X, X)
#undef X

#define RULE(ident, name)                                                                          \
  { &gcut__op_##ident, gcut__slice_##name, NULL, NULL }
#define GIVEN(ident, inputs, outputs)                                                              \
  { &gcut__op_##ident, gcut__slice_axes, inputs, outputs }

// clang-format off: a table
static const gcut__slice_row rows[] = {
    // Element by element.
    RULE(add, arithmetic),
    RULE(mul, arithmetic),
    RULE(cast, first_alone),
    RULE(cast_like, cast_like),
    RULE(identity, first_alone),
#define X(domain, name, ident, ...) RULE(ident, elementwise),
    GCUT__OP_LIST_ELEMENTWISE(X, X)
#undef X
        RULE(dropout, dropout),
    RULE(quantize_linear, quantize),
    RULE(dequantize_linear, quantize),
    RULE(binarizer, elementwise),
    RULE(label_encoder, elementwise),
    RULE(microsoft_gelu, elementwise),
    RULE(fast_gelu, elementwise),
    RULE(quick_gelu, elementwise),
    RULE(bias_gelu, elementwise),
    RULE(bias_add, elementwise),
    RULE(quantized_add, elementwise),
    RULE(quantized_mul, elementwise),
    RULE(quantized_sigmoid, elementwise),
    RULE(quantized_leaky_relu, elementwise),
    RULE(quantized_where, elementwise),
// Along some axes.
#define X(domain, name, ident, ...) RULE(ident, reduce),
    GCUT__OP_LIST_REDUCE(X, X)
#undef X
        RULE(argmax, arg),
    RULE(argmin, arg),
    RULE(cumsum, cumulative),
    RULE(cumprod, cumulative),
    RULE(topk, topk),
    RULE(trilu, trilu),
    RULE(softmax, softmax),
    RULE(log_softmax, softmax),
    RULE(hardmax, softmax),
    RULE(layer_normalization, layer_norm),
    RULE(rms_normalization, layer_norm),
    RULE(simplified_layer_normalization, layer_norm),
    RULE(lp_normalization, lp_norm),
    RULE(mean_variance_normalization, mean_variance),
    RULE(skip_layer_norm, skip_norm),
    RULE(skip_simplified_layer_norm, skip_norm),
    RULE(batch_normalization, batch_norm),
    RULE(bias_split_gelu, rows),
    RULE(matmul_nbits, rows),
    RULE(matmul_bnb4, rows),
    // Elsewhere.
    RULE(reshape, view),
    RULE(flatten, view),
    RULE(squeeze, view),
    RULE(unsqueeze, view),
    RULE(transpose, transpose),
    RULE(expand, expand),
    RULE(tile, tile),
    RULE(constant_of_shape, fill),
    RULE(concat, concat),
    RULE(split, split),
    RULE(slice, slice),
    RULE(pad, pad),
    RULE(resize, resize),
    RULE(upsample, resize),
    RULE(reverse_sequence, reverse),
    // By number.
    RULE(range, range),
    RULE(gather, gather),
    RULE(gather_elements, gather_elements),
    RULE(gather_nd, gather_nd),
    RULE(scatter, scatter_elements),
    RULE(scatter_elements, scatter_elements),
    RULE(scatter_nd, scatter_nd),
    RULE(one_hot, one_hot),
    RULE(gather_block_quantized, gather_blocks),
    // Products.
    RULE(matmul, matmul),
    RULE(fused_matmul, matmul),
    RULE(matmul_integer, matmul),
    RULE(matmul_integer_to_float, matmul),
    RULE(qlinear_matmul, matmul),
    RULE(gemm, gemm),
    RULE(fused_gemm, gemm),
    RULE(einsum, einsum),
    // As their definitions say.
    RULE(moe, experts),
    RULE(quantized_moe, experts),
    GIVEN(linear_attention, "000000", "00"),
    GIVEN(causal_conv, "0--0", "00"),
    GIVEN(conv, "0", "0"),
    GIVEN(conv_transpose, "0", "0"),
    GIVEN(deform_conv, "0-0-0", "0"),
    GIVEN(col2im, "0", "0"),
    GIVEN(conv_integer, "0", "0"),
    GIVEN(qlinear_conv, "0", "0"),
    GIVEN(fused_conv, "0--0", "0"),
    GIVEN(max_pool, "0", "0x"),
    GIVEN(average_pool, "0", "0"),
    GIVEN(lp_pool, "0", "0"),
    GIVEN(global_average_pool, "0", "0"),
    GIVEN(global_max_pool, "0", "0"),
    GIVEN(global_lp_pool, "0", "0"),
    GIVEN(quantized_average_pool, "0", "0"),
    GIVEN(quantized_global_average_pool, "0", "0"),
    GIVEN(instance_normalization, "0", "0"),
    GIVEN(group_normalization, "0", "0"),
    GIVEN(microsoft_group_norm, "0", "0"),
    GIVEN(skip_group_norm, "0--0", "00"),
    GIVEN(lrn, "0", "0"),
    GIVEN(image_scaler, "0", "0"),
    GIVEN(crop, "0", "0"),
    GIVEN(depth_to_space, "0", "0"),
    GIVEN(space_to_depth, "0", "0"),
    GIVEN(grid_sample, "00", "0"),
    RULE(affine_grid, affine_grid),
    RULE(rnn, rnn),
    RULE(gru, rnn),
    RULE(lstm, rnn),
    GIVEN(attention, "000m000", "0000"),
    GIVEN(multi_head_attention, "000-0m00", "000"),
    GIVEN(microsoft_attention, "0--01m", "01"),
    GIVEN(quantized_attention, "0----0--1", "01"),
    GIVEN(group_query_attention, "000000---0m", "0000"),
    GIVEN(rotary_embedding, "0tt0", "0"),
    GIVEN(microsoft_rotary_embedding, "0i", "0"),
    GIVEN(embed_layer_norm, "00-----00", "000"),
    GIVEN(tensor_scatter, "000", "0"),
    GIVEN(scaler, "0", "0"),
    GIVEN(imputer, "0", "0"),
    GIVEN(normalizer, "0", "0"),
    GIVEN(linear_regressor, "0", "0"),
    GIVEN(linear_classifier, "0", "00"),
    GIVEN(svm_classifier, "0", "00"),
    GIVEN(svm_regressor, "0", "0"),
    GIVEN(tree_ensemble, "0", "0"),
    GIVEN(tree_ensemble_regressor, "0", "0"),
    GIVEN(tree_ensemble_classifier, "0", "00"),
};
// clang-format on

const gcut__slice_row *gcut__slice_row_of(const gcut_op *op) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].op == op) return &rows[i];
  return NULL;
}
