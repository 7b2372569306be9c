# The operators of com.microsoft give what ONNX Runtime gave (tests/data/microsoft), whole and in parts, and in float16
# within two units of its last place.
. tests/support/cli.sh
data=tests/data/microsoft
run="$GRAPHCUT run $data/model.onnx --device cpu --input $data/inputs.npz --expect $data/outputs.npz --rtol 1e-3 --atol 1e-4"

check 'com.microsoft: as the runtime' $run
grep ' NO$' "$work/out" "$work/err" | sed 's/^/# /'
halves=$data/halves
check 'com.microsoft: as the runtime in float16' "$GRAPHCUT" run $halves/model.onnx --device cpu \
  --input $halves/inputs.npz --expect $halves/outputs.npz --rtol 2e-3 --atol 1e-3
check 'com.microsoft: the same bits in parts' $run --parts 9 --offload prefetch --self-check
