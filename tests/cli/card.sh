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

# Caches that hold a window: a prompt longer than they are, and a step.
ramp() { seq 1 "$1" | awk '{ printf "%s%g", (NR > 1 ? ", " : ""), $1 / 7 }'; }
cat >"$work/window.gcir" <<EOF
<ir_version: 8, opset_import: ["": 18, "com.microsoft": 1]>
g (int64[2, 16] input_ids, int64[2, 16] attention_mask) => (a, ak, av, b, bk, bv) <
  float[64] w = {$(ramp 64)}, float[32] u = {$(ramp 32)}, float[2, 7, 1] p = {$(ramp 14)},
  float[40, 8] turns = {$(ramp 320)}, int64[3] tall = {2, 16, 1}, int64[4] flat = {2, 1, 1, 16},
  int32[2] full = {15, 15}, int32 whole = {16}, int32[2] long = {19, 9}, int32 longest = {20}, int64[1] first = {0},
  int64[1] second = {1}> {
  x = Cast <to = 1> (input_ids)
  m = Cast <to = 1> (attention_mask)
  y = Mul (x, m)
  t = Reshape (y, tall)
  tw = Mul (t, w)
  q = Sin (tw)
  tu = Mul (t, u)
  k = Cos (tu)
  v = Sin (tu)
  f = Reshape (y, flat)
  fp = Mul (f, p)
  past = Sin (fp)
  c = Cos (turns)
  s = Sin (turns)
  a, ak, av = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, do_rotary = 1, local_window_size = 5,
    sliding_window_cache = 1> (q, k, v, past, past, full, whole, c, s)
  q1 = Slice (q, first, second, second)
  k1 = Slice (k, first, second, second)
  v1 = Slice (v, first, second, second)
  b, bk, bv = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, do_rotary = 1, local_window_size = 5,
    sliding_window_cache = 1> (q1, k1, v1, past, past, long, longest, c, s)
}
EOF
check 'a card: windows on the CPU' "$GRAPHCUT" run "$work/window.gcir" --input "$inputs" --device cpu -o "$work/window.npz"
check 'a card: windows' "$GRAPHCUT" run "$work/window.gcir" --input "$inputs" --device cuda --expect "$work/window.npz" \
  --rtol 1e-3 --atol 1e-4
lacks 'a card: windows are its own' 'without a kernel'
