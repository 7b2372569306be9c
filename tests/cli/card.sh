# What a card is given: weights of several pieces of the ring, by every way that they move. On the card in software, where
# it is built.
. tests/support/cli.sh

[ -e "$BUILD/emulated/libcuda.so.1" ] || { echo 'ok - a card # SKIP this build has none in software'; exit; }
export LD_LIBRARY_PATH="$BUILD/emulated"
"$GRAPHCUT" synth hidden=64,layers=2,heads=4,vocab=40000,type=float -o "$work/model" \
  >"$work/out" 2>"$work/err" || { echo "not ok - a card: $(cat "$work/err")"; exit; }
inputs=$models/llama/inputs.npz
check 'a card: what the CPU computes' "$GRAPHCUT" run "$work/model/model.onnx" --input "$inputs" --device cpu -o "$work/cpu.npz"
for way in sequential prefetch uva resident; do
  check "a card: weights by $way" "$GRAPHCUT" run "$work/model/model.onnx" --input "$inputs" --device cuda --offload "$way" \
    --passes 2 --expect "$work/cpu.npz" --rtol 1e-3 --atol 1e-4
done

# The host's kernels round differently: beside a card that is no failure.
check 'a card: bench' "$GRAPHCUT" bench $models/llama/model.onnx --input "$inputs" --profile h100-pcie \
  --offload resident hybrid:min-tokens=100000
tells 'a card: bench runs there' 'device: cuda'
says 'a card: bench tells what rounds' 'rounded'
