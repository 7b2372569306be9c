// Shapes of matrix products, einsums, normalisations and quantisation over symbolic dims, and what
// they refuse.
#include "tests/support/symbolic.h"

static void products(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"MatMul", 13, "", "float[b,s,64] float[64,32]", "float[b,s,32]"},
      {"MatMul", 13, "", "float[b,1,s,k] float[h,k,t]", "float[b,h,s,t]"},
      {"MatMul", 13, "", "float[k] float[b,k,n]", "float[b,n]"},
      {"MatMul", 13, "", "float[k] float[k]", "float"},
      {"MatMul", 13, "", "float[2,3] float[4,5]", "!has 3 columns, the right 4 rows"},
      {"MatMul", 13, "", "float[2,4,3] float[3,3,5]", "!batch dimension 0 is 2 on the left"},
      {"MatMul", 13, "", "float[] float[3]", "!input 0 has rank 0"},
      {"Gemm", 13, "transA=1 transB=1", "float[k,m] float[n,k] float[n]", "float[m,n]"},
      {"Gemm", 13, "", "float[4,3] float[3,5] float[4,1]", "float[4,5]"},
      {"Gemm", 13, "", "float[4,3] float[3,5] float[4]", "!dimension 0 of C is 4"},
      {"Gemm", 6, "", "float[4,3] float[3,5] float[5]", "!C of rank 1 without broadcast"},
      {"Gemm", 6, "broadcast=1", "float[4,3] float[3,5] float[5]", "float[4,5]"},
      {"MatMulInteger", 10, "", "uint8[2,m,k] int8[k,n] uint8[m] int8[n]", "int32[2,m,n]"},
      {"MatMulInteger", 10, "", "uint8[4,3] int8[3,5] uint8[3]", "!a dimension of 3, expected 4"},
      {"Det", 22, "", "float[b,n,n]", "float[b]"},
      {"Det", 22, "", "float[2,3]", "!a matrix of 2 rows and 3 columns"},
  };
  SYMBOLIC_TABLE(rows);
}

static void einsums(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Einsum", 12, "equation=bij,bjk->bik", "float[b,i,j] float[b,j,k]", "float[b,i,k]"},
      {"Einsum", 12, "equation=bij,bjk", "float[b,i,j] float[b,j,k]", "float[i,k]"},
      {"Einsum", 12, "equation=...ij,...jk->...ik", "float[x,1,2,3] float[y,3,4]",
       "float[x,y,2,4]"},
      {"Einsum", 12, "equation=...ii->...i", "float[x,4,4]", "float[x,4]"},
      {"Einsum", 12, "equation=i->", "float[i]", "float"},
      {"Einsum", 12, "equation=ij->k", "float[i,j]", "!a label that no input has"},
      {"Einsum", 12, "equation=ij->ii", "float[i,j]", "!a label twice"},
      {"Einsum", 12, "equation=ij", "float[i]", "!term 0 of the equation has 2 labels"},
      {"Einsum", 12, "equation=ij,j", "float[2,3] float[4]", "!another of that label 3"},
      {"Einsum", 12, "equation=i,i", "float[i]", "!more terms than the 1 inputs"},
      {"Einsum", 12, "equation=i", "float[i] float[i]", "!1 terms for 2 inputs"},
      {"Einsum", 12, "equation=i-j", "float[i]", "!a '-' without '->'"},
      {"Einsum", 12, "equation=i2", "float[i]", "!'2' where a label was expected"},
  };
  SYMBOLIC_TABLE(rows);
}

static void normalisations(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"LayerNormalization", 17, "", "float16[b,s,64] float16[64] float16[64]", "float16[b,s,64]"},
      {"LayerNormalization", 17, "axis=3", "float[b,s,64] float[64]",
       "!axis 3 of a tensor of rank 3"},
      {"LayerNormalization", 17, "", "float[b,s,64] float[32]", "!expected 64 or 1"},
      {"LayerNormalization", 17, "stash_type=8", "float[64] float[64]", "!stash_type 8"},
      {"BatchNormalization", 15, "", "float[n,3,w] float[3] float[3] float[3] float[3]",
       "float[n,3,w]"},
      {"BatchNormalization", 15, "", "float[n,3,w] float[4] float[3] float[3] float[3]",
       "!input 1 has 4 elements, expected 3"},
      {"GroupNormalization", 21, "num_groups=2", "float[n,6,w] float[6] float[6]", "float[n,6,w]"},
      {"GroupNormalization", 18, "num_groups=2", "float[n,6,w] float[2] float[2]", "float[n,6,w]"},
      {"GroupNormalization", 21, "num_groups=4", "float[n,6,w] float[6] float[6]",
       "!6 channels in 4 groups"},
      {"GroupNormalization", 21, "num_groups=0", "float[n,6,w] float[6] float[6]",
       "!6 channels in 0 groups"},
      {"LRN", 13, "size=0", "float[n,6,w]", "!size is 0"},
      {"Softmax", 13, "", "float[a,b]", "float[a,b]"},
      {"Softmax", 13, "", "float[]", "!axis -1 of a tensor of rank 0"},
      {"Softmax", 11, "", "float[a]", "float[a]"},
      {"MeanVarianceNormalization", 13, "", "float[1,2]", "!3 axes of a tensor of rank 2"},
  };
  SYMBOLIC_TABLE(rows);
}

static void quantisation(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"QuantizeLinear", 21, "", "float[b,3] float[]", "uint8[b,3]"},
      {"QuantizeLinear", 21, "output_dtype=22", "float[b,3] float[3]", "int4[b,3]"},
      {"QuantizeLinear", 21, "", "float[b,3] float[3] int16[3]", "int16[b,3]"},
      {"QuantizeLinear", 21, "output_dtype=3", "float[b,3] float[3] int16[3]",
       "!output_dtype is int8"},
      {"QuantizeLinear", 21, "output_dtype=1", "float[b,3] float[3]", "!output_dtype is 1"},
      {"QuantizeLinear", 21, "", "float[b,3] float[4]", "!dimension 0 of the scale is 4"},
      {"QuantizeLinear", 21, "axis=5", "float[b,3] float[4]", "!axis 5"},
      {"QuantizeLinear", 21, "block_size=2", "float[b,3] float[b,2]", "uint8[b,3]"},
      {"QuantizeLinear", 21, "block_size=2", "float[b,3] float[b,3]",
       "!dimension 1 of the scale is 3"},
      {"QuantizeLinear", 21, "block_size=-1", "float[b,3] float[b,3]", "!block_size is -1"},
      {"DequantizeLinear", 21, "", "int4[b,3] float16[3]", "float16[b,3]"},
      {"DequantizeLinear", 23, "output_dtype=1", "int4[b,3] float16[3]", "float[b,3]"},
      {"DequantizeLinear", 21, "", "int4[b,3] float16[3] int4[2]",
       "!dimension 0 of the scale is 3"},
      {"DynamicQuantizeLinear", 11, "", "float[a,b]", "uint8[a,b] float uint8"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(einsums),
      cmocka_unit_test(normalisations),
      cmocka_unit_test(quantisation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
