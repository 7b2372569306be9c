# Operators, and attributes of convolutions, that the standard's cases leave out give what ONNX Runtime gave (tests/data),
# whole and in parts. Its float16 is two units of the last place wide.
. tests/support/cli.sh
as_runtime() { # name folder rtol atol
  data=tests/data/$2
  run="$GRAPHCUT run $data/model.onnx --device cpu --input $data/inputs.npz --expect $data/outputs.npz --rtol $3 --atol $4"
  check "$1: as the runtime" $run
  grep ' NO$' "$work/out" "$work/err" | sed 's/^/# /'
}

as_runtime com.microsoft runtime/microsoft 1e-3 1e-4
check 'com.microsoft: the same bits in parts' $run --parts 9 --offload prefetch --self-check
as_runtime 'com.microsoft, recurrent' runtime/recurrent 1e-3 1e-4
cat >"$work/scales.gcir" <<'END'
<ir_version: 8, opset_import: ["": 16, "com.microsoft": 1]>
g (float[s, 1, 4] x, uint8[1, 4, 24] w, uint8[1, 6, 24] r, float[2] s2, uint8[1] z, float[1] s1) => (float[s, 1, 1, 6] y) {
  y = com.microsoft.DynamicQuantizeLSTM <hidden_size: int = 6> (x, w, r, , , , , , s1, z, s2, z)
}
END
refuse 'a scale of no direction' 3 'DynamicQuantizeLSTM.*input 10' "$GRAPHCUT" inspect "$work/scales.gcir"
rm "$work/scales.gcir"
as_runtime 'com.microsoft in float16' runtime/halves 2e-3 1e-3
as_runtime ai.onnx.ml runtime/learning 1e-4 1e-5
as_runtime 'ai.onnx, of constants' runtime/images 1e-3 1e-4
as_runtime 'dropped by the standard' runtime/experimental 1e-4 1e-5
as_runtime 'masks of attention' attention 2e-3 1e-3
as_runtime convolutions convolutions/float 1e-4 1e-5
as_runtime 'chains of convolutions' runtime/planes 1e-4 1e-5
check 'chains of convolutions: the same bits in parts' $run --parts 9 --self-check
as_runtime 'quantised products' runtime/quantized 0 1
check 'quantised products: the same bits in parts' $run --parts 5 --self-check
check 'quantised products: node by node' $run --no-fuse
as_runtime 'convolutions in float16' convolutions/float16 2e-3 1e-3
as_runtime 'convolutions in bfloat16' convolutions/bfloat16 1e-2 1e-2
