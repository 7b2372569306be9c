// MatMulBnb4 of com.microsoft, spelled out: a byte of the weights picks its two values from a table
// of all pairs, each block is scaled by its largest, and what comes of it is the right side of a
// product. The weights are expanded whenever the node runs.
#include "exec/cuda/ops/spell.h"
#include "tracer/ops/microsoft_matmul.h"

// What each byte stands for: [256, 2], the first value in the higher bits.
static uint32_t pairs(gcut__speller *s, int64_t quant_type) {
  const float *values = gcut__bnb4_values(quant_type);
  float table[512];
  for (int i = 0; i < 256; i++) {
    table[2 * i] = values[i >> 4];
    table[2 * i + 1] = values[i & 15];
  }
  return gcut__spell_reshape(s, gcut__spell_floats(s, table, 512), (int64_t[]){256, 2}, 2);
}

static bool matmul_bnb4(gcut__speller *s) {
  const gcut__bnb4_attrs *attrs = s->c->node->attrs;
  const gcut_type *a = gcut__cuda_input_type(s->c, 0), *y = gcut__cuda_output_type(s->c, 0);
  int64_t n = attrs->N * attrs->K, size = attrs->block_size;
  if (n % size != 0 || gcut__cuda_count(y) == 0) return false;
  uint32_t table = gcut__spell_cast(s, pairs(s, attrs->quant_type), a->type);
  uint32_t bytes = gcut__spell_cast(s, gcut__spell_input(s, 1), GCUT_INT32);
  uint32_t values = SPELL(s, "Gather", table, bytes);
  values = gcut__spell_reshape(s, values, (int64_t[]){n / size, size}, 2);
  uint32_t scales = gcut__spell_reshape(s, gcut__spell_input(s, 2), (int64_t[]){n / size, 1}, 2);
  values = SPELL(s, "Mul", values, scales);
  values = gcut__spell_reshape(s, values, (int64_t[]){attrs->N, attrs->K}, 2);
  uint32_t rows = gcut__spell_reshape(s, gcut__spell_input(s, 0), (int64_t[]){-1, attrs->K}, 2);
  gcut__spell_int(s, "transB", 1);
  uint32_t product = SPELL(s, "Gemm", rows, values);
  gcut__spell_output(s, 0, gcut__spell_reshape(s, product, y->dims, (size_t)y->rank));
  return true;
}

gcut_status gcut__cuda_compile_matmul_bnb4(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, matmul_bnb4, err);
}
