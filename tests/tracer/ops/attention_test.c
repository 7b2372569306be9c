// Sizes of the attention operators over symbolic shapes, and what they refuse.
#include "tests/support/symbolic.h"

static void attention(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"Attention", 23, "", "float[b,4,s,8] float[b,2,t,8] float[b,2,t,6]", "float[b,4,s,6]"},
      {"Attention", 23, "q_num_heads=4 kv_num_heads=2", "float[b,s,32] float[b,t,16] float[b,t,12]",
       "float[b,s,24]"},
      {"Attention", 23, "", "float[b,s,32] float[b,t,16] float[b,t,12]", "!need q_num_heads"},
      {"Attention", 23, "q_num_heads=5 kv_num_heads=5", "float[b,s,32] float[b,t,16] float[b,t,12]",
       "!5 does not divide 32"},
      {"Attention", 23, "", "float[b,4,s,8] float[b,3,t,8] float[b,3,t,8]", "!3 does not divide 4"},
      {"Attention", 23, "", "float[b,4,s,8] float[b,2,t,7] float[b,2,t,8]",
       "!head sizes of Q and K differ: 8 and 7"},
      {"Attention", 23, "", "float[1,4,5,8] float[1,2,7,8] float[1,2,6,8]",
       "!sequence lengths of K and V differ: 7 and 6"},
      {"Attention", 23, "", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8] bool[5,8]",
       "!covers 8 keys; there are 7"},
      {"Attention", 23, "", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8] bool[4,7]",
       "!expected 5 (attn_mask)"},
      {"Attention", 23, "", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8] - float[1,2,3,8]",
       "!must be given together"},
      {"Attention", 24, "", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8] - - - {8}",
       "!nonpad_kv_seqlen[0] is 8; expected 0 to 7"},
      {"Attention", 23, "softmax_precision=7", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8]",
       "!7 is no floating-point type"},
      {"Attention", 25, "left_window_size=-2", "float[1,4,5,8] float[1,2,7,8] float[1,2,7,8]",
       "!window sizes"},
  };
  SYMBOLIC_TABLE(rows);
}

static void rotary(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"RotaryEmbedding", 23, "", "float[b,4,s,8] float[m,4] float[m,4] int64[b,s]",
       "float[b,4,s,8]"},
      {"RotaryEmbedding", 23, "num_heads=4 rotary_embedding_dim=6",
       "float[b,s,32] float[b,s,3] float[b,s,3]", "float[b,s,32]"},
      {"RotaryEmbedding", 23, "", "float[b,s,32] float[b,s,3] float[b,s,3]", "!needs num_heads"},
      {"RotaryEmbedding", 23, "rotary_embedding_dim=3", "float[b,4,s,8] float[b,s,3] float[b,s,3]",
       "!rotary_embedding_dim is 3"},
      {"RotaryEmbedding", 23, "rotary_embedding_dim=10", "float[b,4,s,8] float[b,s,5] float[b,s,5]",
       "!rotary_embedding_dim is 10"},
      {"RotaryEmbedding", 23, "", "float[b,4,s,8] float[b,s,3] float[b,s,4]",
       "!expected 4 (cosines and sines)"},
  };
  SYMBOLIC_TABLE(rows);
}

static void linear(void **unused) {
  (void)unused;
  static const symbolic_case rows[] = {
      {"LinearAttention", 27, "q_num_heads=4 kv_num_heads=2 update_rule=linear",
       "float[b,t,24] float[b,t,12] float[b,t,10]", "float[b,t,20]"},
      {"LinearAttention", 27, "q_num_heads=4 kv_num_heads=2",
       "float[b,t,24] float[b,t,12] float[b,t,10]", "!needs decay and needs beta"},
      {"LinearAttention", 27, "q_num_heads=4 kv_num_heads=3 update_rule=linear",
       "float[b,t,24] float[b,t,12] float[b,t,10]", "!3 does not divide 4"},
      {"LinearAttention", 27, "q_num_heads=4 kv_num_heads=2 update_rule=quadratic",
       "float[b,t,24] float[b,t,12] float[b,t,10]", "!unknown update_rule"},
      {"CausalConvWithState", 27, "", "float[b,c,l] float[c,1,4]", "float[b,c,l]"},
      {"CausalConvWithState", 27, "", "float[b,3,l] float[3,2,4]", "!expected 1 (weight)"},
      {"CausalConvWithState", 27, "activation=relu", "float[b,c,l] float[c,1,4]",
       "!activation is none of"},
  };
  SYMBOLIC_TABLE(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention),
      cmocka_unit_test(rotary),
      cmocka_unit_test(linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
