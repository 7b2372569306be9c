# graphcut run, simulate and bench on the models of examples/.
. tests/support/cli.sh
llama=$models/llama/model.onnx
inputs=$models/llama/inputs.npz
outputs=$models/llama/outputs.npz
run="$GRAPHCUT run $llama --input $inputs --targets LlamaDecoderLayer"

check 'run' $run --expect $outputs --self-check
says 'run: within tolerance' 'yes'
says 'run: self-check' 'the same bits as the uncut run'
check 'run --json' $run --expect $outputs --self-check --json
for key in device offload parts batches seconds peak_device_bytes peak_host_bytes bytes_up bytes_down overlap compared \
  max_abs_error max_rel_error; do
  says "run --json: $key" "\"$key\":"
done
says 'run --json: parts' '"parts": 5'
says 'run --json: self_check' '"self_check": true'

for offload in resident sequential prefetch:ahead=2 uva partial:keep=2 hybrid:min-tokens=100000 auto; do
  check "run --offload $offload" $run --offload $offload --expect $outputs --self-check
done
check 'run: parts on the host' $run --offload hybrid:min-tokens=100000 --json
says 'run: all five' '"host_parts": 5'
check 'run: another model' "$GRAPHCUT" run $models/mllama/model.onnx --input $models/mllama/inputs.npz \
  --expect $models/mllama/outputs.npz --self-check

# Several batches, outputs in a folder, passes, both budgets.
mkdir "$work/in"
cp $inputs "$work/in/a.npz"
cp $inputs "$work/in/b.npz"
check 'run: a folder of batches' "$GRAPHCUT" run $llama --input "$work/in" --output "$work/out.d" --passes 2
check 'run: outputs can be expected' "$GRAPHCUT" run $llama --input "$work/in" --expect "$work/out.d" --rtol 0 --atol 0
mkdir "$work/second"
cp $inputs "$work/second/a.npz"
cp $inputs "$work/second/000000.npz"
check 'run: batches of one name' "$GRAPHCUT" run $llama --input "$work/in" "$work/second" --output "$work/numbered"
if [ "$(cd "$work/numbered" && echo *)" = '000000.npz 000001.npz 000002.npz 000003.npz' ]; then
  echo 'ok - run: each has a file'
else echo "not ok - run: files are $(cd "$work/numbered" && echo *)"; fi
check 'run: output to one file' $run --output "$work/one.npz"
check 'run: output to one file in capitals' $run --output "$work/one.NPZ"
check 'run: the same bytes' cmp "$work/one.npz" "$work/one.NPZ"
check 'run: the same file' $run --expect "$work/one.npz" --rtol 0 --atol 0

# Batches that went through all parts are written before the next begin: an interrupted run is taken up again.
cat >"$work/tokens.gcir" <<'END'
<ir_version: 10, opset_import: ["": 18]>
tokens (float[batch, seq, 512] linear_28) => (int64[batch, seq] input_ids, int64[batch, seq] attention_mask)
  <int64 beyond = {512}, int64 one = {1}> {
  best = ArgMax <axis = 2, keepdims = 0> (linear_28)
  input_ids = Add (best, beyond)
  none = Sub (best, best)
  attention_mask = Add (none, one)
}
END
mkdir "$work/queue"
cp $inputs "$work/queue/a.npz"
check 'run: tokens beyond the table' "$GRAPHCUT" run "$work/tokens.gcir" --input "$work/one.npz" --output "$work/queue/b.npz"
refuse 'run: a batch that no kernel takes' 3 "queue/b.npz: node 'node_embedding'.*of an axis of 512" "$GRAPHCUT" run $llama \
  --input "$work/queue" --output "$work/taken" --offload prefetch:batches=1 --quiet
cp "$work/one.npz" "$work/taken/a.npz"
cp $inputs "$work/queue/b.npz"
for f in "$work"/queue/*.npz; do [ -e "$work/taken/${f##*/}" ] || echo "$f"; done >"$work/todo"
check 'run: the rest' xargs -r -d '\n' -a "$work/todo" "$GRAPHCUT" run $llama --output "$work/taken" --input
if [ "$(cat "$work/todo")" = "$work/queue/b.npz" ] && cmp "$work/taken/a.npz" "$work/taken/b.npz"; then
  echo 'ok - run: taken up where it stopped'
else echo 'not ok - run: taken up where it stopped'; fi
check 'run --fetch' $run --fetch linear_28 --json
check 'run --fetch in:T' "$GRAPHCUT" run $llama --input $inputs --fetch 'in:Linear,re:linear_2.$' --output "$work/fetched.npz"
check 'run: what is fetched' "$GRAPHCUT" run $llama --input $inputs --fetch in:Linear --json
if tr -d ' \n' <"$work/out" | grep -q '"fetched":\[{"name":"mul_90","read_by":\[{"node":"node_linear","module":"m.model.layers.0.self_attn.q_proj"}'; then
  echo 'ok - run: and by whom it is read'
else echo 'not ok - run: and by whom it is read'; fi
check 'run: fetched by name' "$GRAPHCUT" run $llama --input $inputs --fetch mul_90,view_3,mul_308 --output "$work/named.npz"
check 'run: the same values' "$GRAPHCUT" run $llama --input $inputs --fetch in:LlamaAttention,in:Linear --expect "$work/named.npz" --rtol 0 --atol 0
refuse 'run: nothing to fetch' 2 'all of it comes of weights and shapes' "$GRAPHCUT" run $llama --input $inputs --fetch in:Range

# An archive takes what every part makes as it is made: so host memory need not hold it.
fetched="$GRAPHCUT run $llama --input $work/in --targets LlamaDecoderLayer --fetch in:MatMul --json"
peak_of() { sed -n 's/.*"peak_host_bytes": \([0-9]*\).*/\1/p' "$1"; }
check 'run: a folder of many values' $fetched --output "$work/held"
peak_of "$work/out" >"$work/held.peak"
check 'run: an archive' $fetched --output "$work/a.tar" --expect "$work/held" --rtol 0 --atol 0
if [ $((2 * $(peak_of "$work/out"))) -lt "$(cat "$work/held.peak")" ]; then echo 'ok - run: an archive does not wait'
else echo "not ok - run: an archive took $(peak_of "$work/out") bytes of the host, a folder $(cat "$work/held.peak")"; fi
if [ "$(tar -tf "$work/a.tar" | grep -c '^[ab]/.*\.npy$')" = 66 ]; then echo 'ok - run: an array a batch and value'
else echo "not ok - run: an archive of $(tar -tf "$work/a.tar" | wc -l)"; fi
if $fetched -o - 2>"$work/err" | cmp - "$work/a.tar" && grep -q '"peak_host_bytes"' "$work/err"; then
  echo 'ok - run: an archive on stdout'
else echo 'not ok - run: an archive on stdout'; fi
if $fetched -o - 2>"$work/err" >/dev/full || [ $? != 7 ]; then echo 'not ok - run: an archive to a full disk'
else echo 'ok - run: an archive to a full disk'; fi
check 'run --host-budget' "$GRAPHCUT" run $llama --input "$work/in" --host-budget 100K --self-check
refuse 'run: a host budget too small' 5 'needs at least [0-9]* of host memory' "$GRAPHCUT" run $llama --input "$work/in" \
  --targets LlamaDecoderLayer --host-budget 1
least=$(sed 's/.*at least \([0-9]*\) .*/\1/' "$work/err")
check 'run: the least host budget' "$GRAPHCUT" run $llama --input "$work/in" --targets LlamaDecoderLayer \
  --host-budget "$least" --self-check
refuse 'run: a byte less' 5 "at least $least " "$GRAPHCUT" run $llama --input "$work/in" --targets LlamaDecoderLayer \
  --host-budget $((least - 1))
check 'run --plan' sh -c "'$GRAPHCUT' cut $llama --targets MatMul -o '$work/plan.json' &&
  '$GRAPHCUT' run $llama --input $inputs --plan '$work/plan.json' --self-check"
check 'run --timeline' $run --timeline "$work/timeline.json"
if grep -q '"traceEvents"' "$work/timeline.json"; then echo 'ok - timeline'; else echo 'not ok - timeline'; fi

# One part at a time takes what the plan says that its largest part needs, and not a byte more.
largest() { grep -o "\"$1\": [0-9]*" "$work/out" | sed 's/.* //' | sort -n | tail -n 1; }
same_peak() { # name inputs sizes model [cut options]
  what=$1 batch=$2 sizes=$3 planned=
  shift 3
  "$GRAPHCUT" cut "$@" ${sizes:+--set "$sizes"} --json >"$work/out" 2>"$work/err" && planned=$(largest peak_bytes)
  check "run as planned: $what" "$GRAPHCUT" run "$@" --input "$batch" --device cpu --offload sequential --json
  if [ "${planned:-0}" -gt 0 ] && [ "$(largest peak_device_bytes)" = "$planned" ]; then echo "ok - peak as planned: $what"
  else echo "not ok - peak as planned: $what: $planned, $(largest peak_device_bytes)"; fi
  check "run in its peak: $what" "$GRAPHCUT" run "$@" --input "$batch" --device cpu --budget "$planned"
  refuse "run in less: $what" 5 "at least $planned " "$GRAPHCUT" run "$@" --input "$batch" --device cpu \
    --budget $((planned - 1))
}
same_peak 'llama, layers' $inputs batch=2,seq=16 $llama --targets LlamaDecoderLayer
same_peak 'llama, products' $inputs batch=2,seq=16 $llama --targets MatMul
same_peak 'llama, halves' $inputs batch=2,seq=16 $llama --parts 2
same_peak 'mllama' $models/mllama/inputs.npz '' $models/mllama/model.onnx --targets MllamaVisionEncoderLayer

# Weights read where they lie leave memory after their part: of 200 MB a run holds one part's.
resident_kib() { # offload
  /usr/bin/time -f '%M' -o "$work/kib" "$GRAPHCUT" run "$work/decoder/model.onnx" --targets 're:model\.layers\.\d+$' \
    --input $inputs --device cpu --offload "$1" >"$work/out" 2>"$work/err" && cat "$work/kib"
}
if [ -x /usr/bin/time ]; then
  check 'synth: 200 MB' "$GRAPHCUT" synth hidden=512,layers=12,heads=8,kv_heads=4,intermediate=2048,vocab=1000,type=float \
    -o "$work/decoder"
  all=$(resident_kib resident)
  for offload in uva uva:loop=parts hybrid:min-tokens=1000000; do
    some=$(resident_kib $offload)
    if [ "${some:-$all}" -lt $((all - 120000)) ]; then echo "ok - run $offload: pages are given back"; else
      echo "not ok - run $offload: $some KiB, all resident $all"; fi
  done
else echo 'ok - pages are given back # SKIP there is no /usr/bin/time'; fi

# Quantised weights are drawn, places stay zero.
cat >"$work/packed.gcir" <<'EOF'
<ir_version: 10, opset_import: ["": 21]> g (float[2, 8] x) => (float[2, 4] y, float[2, 2] z) <
  int4[8, 4] w = ["location": "w.bin", "offset": "0", "length": "16"],
  float[4] s = ["location": "w.bin", "offset": "16", "length": "16"],
  int64[2] at = ["location": "w.bin", "offset": "32", "length": "16"]>
{ d = DequantizeLinear <axis = 1> (w, s) y = MatMul (x, d) z = Gather <axis = 1> (x, at) }
EOF
check 'convert: weights that are not there' "$GRAPHCUT" convert "$work/packed.gcir" "$work/packed.onnx"
check 'synth: quantised weights' "$GRAPHCUT" synth "$work/packed.onnx" -o "$work/packed"
check 'synth: they have many values' [ "$(od -An -v -tx1 -N 16 -w1 "$work/packed/w.bin" | sort -u | wc -l)" -gt 8 ]
check 'synth: places are zero' [ "$(od -An -v -tx1 -j 32 -w1 "$work/packed/w.bin" | sort -u | tr -d ' ')" = 00 ]

# Experts as exporters spell them: nothing that is gathered is stored, and cuts change no bit.
check 'synth: experts' "$GRAPHCUT" synth hidden=64,layers=3,heads=4,vocab=1000,experts=8,experts_per_token=2,type=float \
  -o "$work/experts"
check 'inspect: experts' "$GRAPHCUT" inspect "$work/experts/model.onnx"
says 'inspect: experts are found' '3 attention, 6 experts'
experts="$GRAPHCUT run $work/experts/model.onnx --input $inputs --device cpu"
check 'experts: node by node' $experts --no-fuse --output "$work/nodes.npz"
check 'experts: in one step, cut and streamed' $experts --expect "$work/nodes.npz" --targets DecoderLayer \
  --offload prefetch --self-check
check 'experts: in slices' $experts --expect "$work/nodes.npz" --micro-batch 1
same_peak 'experts' $inputs batch=2,seq=16 "$work/experts/model.onnx" --targets 're:model\.layers\.\d+$'
large="$work/experts/model.onnx --set batch=1,seq=100 --budget 4000000"
check 'experts: a budget without what is gathered' "$GRAPHCUT" cut $large
refuse 'experts: node by node they do not fit' 5 'cannot be met' "$GRAPHCUT" cut $large --no-fuse
simulate="$GRAPHCUT simulate $work/experts/model.onnx --set batch=1,seq=100 --offload sequential --profile laptop-8gb-assumed"
check 'simulate: experts in one step' $simulate --batches 2 --targets 're:model\.layers\.\d+$' --budget 4000000
refuse 'simulate: experts node by node' 5 'at least' $simulate --batches 2 --targets 're:model\.layers\.\d+$' --budget 4000000 --no-fuse

# Refusals.
refuse 'run without --input' 2 'needs --input' "$GRAPHCUT" run $llama
refuse 'run: no such file' 3 'nowhere' "$GRAPHCUT" run $llama --input "$work/nowhere.npz"
: >"$work/empty.npz"
refuse 'run: an empty file' 3 'the file is empty' "$GRAPHCUT" run $llama --input "$work/empty.npz"
refuse 'run: a budget too small' 5 'at least' $run --budget 4K
refuse 'run: no such strategy' 2 'there are resident' $run --offload fastest
refuse 'run: no such device' 2 'no device' $run --device abacus
refuse 'run: one file for two batches' 2 'name a folder' "$GRAPHCUT" run $llama --input "$work/in" --output "$work/x.npz"
refuse 'run: too few expected' 3 'batches are expected' "$GRAPHCUT" run $llama --input "$work/in" --expect $outputs
refuse 'run: inputs of another model' 3 'no input' "$GRAPHCUT" run $llama --input $models/mllama/inputs.npz
echo '<ir_version: 8, opset_import: ["": 18]>
g (int64[1, 7] input_ids, int64[1, 7] attention_mask) => (y) { y = Add (input_ids, attention_mask) }' >"$work/narrow.gcir"
refuse 'run: inputs of other shapes' 3 "inputs.npz: .* the model declares" "$GRAPHCUT" run "$work/narrow.gcir" --input $inputs
refuse 'run: expected outputs of another model' 3 "output 'input_ids' is expected, but not computed" $run -q --expect $inputs
lacks 'run: before it runs' 'parts'
refuse 'run: expected outputs that are none' 3 'empty' $run -q --expect "$work/empty.npz" --output "$work/early.npz"
if [ -e "$work/early.npz" ]; then echo 'not ok - run: ran before it looked'; else echo 'ok - run: looks before it runs'; fi
refuse 'run: sizes that the inputs have not' 3 "inputs.npz: input .* is 2, the model declares batch, which is 3" $run --set batch=3
check 'run: sizes that the inputs have' $run --set batch=2,seq=16
refuse 'bench: sizes that the inputs have not' 3 'which is 3 here' "$GRAPHCUT" bench $llama --input $inputs \
  --profile h100-pcie --set batch=3
refuse 'run: nowhere to spill' 7 'nowhere: cannot be written' $run --spill "$work/nowhere"
refuse 'run: a file to spill to' 7 'Not a directory' $run --spill "$work/empty.npz"
check 'run: weights that are not there' $run --offload uva:match=re:nothing
says 'run: says so' "uva: no weight matches 're:nothing'"
refuse 'run: a plan and targets' 2 'leave --targets' "$GRAPHCUT" run $llama --input $inputs --plan "$work/plan.json" --targets MatMul
refuse 'run: nowhere to write' 7 'nowhere/x.npz' $run --output "$work/nowhere/x.npz"
mkdir "$work/folder.npz"
refuse 'run: a folder for a file' 7 'Is a directory' $run -q --output "$work/folder.npz"
refuse 'run: no folder to write to' 7 'Not a directory' "$GRAPHCUT" run $llama --input "$work/in" --output "$work/one.npz/"
refuse 'run: no folder for its folder' 7 'nowhere/d: cannot be made: No such' "$GRAPHCUT" run $llama --input "$work/in" --output "$work/nowhere/d"
refuse 'run: more passes than a schedule holds' 2 'no schedule holds so many' $run --passes 4000000000
refuse 'run: nowhere for its timeline' 7 'nowhere/t.json' $run --timeline "$work/nowhere/t.json"
refuse 'run: no such value' 2 'nothing' $run --fetch nothing
status=0
$run --expect "$work/in" --json >"$work/out" 2>"$work/err" || status=$?
if [ $status -eq 3 ]; then echo 'ok - run: expected names no output'; else echo "not ok - run: wrong names: $status"; fi
status=0
$run --expect $outputs --rtol 0 --atol 0 >"$work/out" 2>"$work/err" || status=$?
if [ $status -eq 1 ] && grep -q 'differ from what was expected' "$work/err"; then echo 'ok - run: differs'; else
  echo "not ok - run: differs: $status"
fi

# What cannot run can be looked at, and is refused before anything runs, unless nobody asks for it.
cat >"$work/acme.gcir" <<'EOF'
<ir_version: 8, opset_import: ["": 18, "com.acme": 1, "com.microsoft": 1]>
g (int64[n] x, float[1, 1, 32] q, float[1, 2, 4, 16] past, int32[1] k, int32 t, float[1] scale)
  => (int64[n] y, int64[n] z, float[1, 1, 32] a) {
  z = Neg (x)
  m = com.acme.Magic (z)
  y = Neg (m)
  a = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 2, k_quant_type = "PER_TENSOR">
    (q, q, q, past, past, k, t, , , , , , scale)
}
EOF
check 'inspect: nodes that cannot run' "$GRAPHCUT" inspect "$work/acme.gcir"
says 'inspect: the first of them' "2 nodes cannot run; the first: node 'Magic_1': graphcut does not know the operator com.acme.Magic"
check 'inspect --json: nodes that cannot run' "$GRAPHCUT" inspect "$work/acme.gcir" --json
says 'inspect --json: and why' 'a quantised cache is not supported'
check 'cut: nodes that cannot run' "$GRAPHCUT" cut "$work/acme.gcir" --parts 2 --set n=1 -o "$work/acme.json"
says 'cut: says so' '2 nodes cannot run'
check 'draw: nodes that cannot run' "$GRAPHCUT" draw "$work/acme.gcir" --view ops -o "$work/acme.dot"

# Of many batches the one at fault is named.
echo '<ir_version: 8, opset_import: ["": 18]>
g (int64[n] x) => (float[n] y) <float[3] w = {1, 2, 3}> { y = Gather (w, x) }' >"$work/pick.gcir"
for i in 0 1 2 5; do
  mkdir "$work/pick.$i" # int64[1] x = i
  printf "\\010\\001\\020\\007\\102\\001x\\112\\010\\00$i\\000\\000\\000\\000\\000\\000\\000" >"$work/pick.$i/input_0.pb"
done
pick="$GRAPHCUT run $work/pick.gcir --quiet --device cpu"
echo '<ir_version: 8, opset_import: ["": 18, "com.acme": 1]>
g (int64[n] x) => (int64[n] y, int64[n] z) { z = Neg (x) y = com.acme.Magic (z) }' >"$work/magic.gcir"
refuse 'run: an unknown operator' 4 "node 'Magic_1': graphcut does not know" "$GRAPHCUT" run "$work/magic.gcir" --quiet \
  --input "$work"/pick.[01] --output "$work/magic"
check 'run: nobody asks for it' "$GRAPHCUT" run "$work/magic.gcir" --input "$work"/pick.[01] --fetch z
refuse 'run: a batch that fails' 3 "pick.5: node .* index 5" $pick --input "$work"/pick.[0-9]
refuse 'run: its slice fails' 3 "pick.5: node .* index 5" $pick --micro-batch 1 --input "$work"/pick.[0-9]
check 'run: batches that do not' $pick --input "$work"/pick.[012] --output "$work/picked"
refuse 'run: batches that differ' 1 "2 of 3 batches differ .*, first those of .*pick.1$" $pick --input "$work"/pick.[012] \
  --expect "$work"/picked/pick.0.npz "$work"/picked/pick.0.npz "$work"/picked/pick.1.npz

# Simulation and side by side.
simulate="$GRAPHCUT simulate $llama --profile rtx3060-assumed --batches 9 --set batch=1,seq=16"
check 'simulate' $simulate
says 'simulate: all strategies' 'hybrid'
says 'simulate: auto tells its cut' 'cuts tried)'
says 'simulate: and its runner-up' '; next best '
check 'simulate --json' $simulate --offload prefetch --json
for key in seconds peak_device_bytes overlap strategies name feasible; do says "simulate --json: $key" "\"$key\":"; done
check 'simulate --schedule' $simulate --offload sequential --schedule "$work/schedule" --timeline "$work/simulated.json"
# 405 billion parameters, their weights not there: the least budget is the peak of the largest part.
check 'synth --no-weights' "$GRAPHCUT" synth hidden=16384,layers=126,heads=128,kv_heads=8,intermediate=53248,vocab=128256 \
  --no-weights -o "$work/405b"
large="--targets DecoderLayer --set batch=1,seq=2048"
"$GRAPHCUT" cut "$work/405b/model.onnx" $large --json >"$work/out"
planned=$(largest peak_bytes)
simulate405="$GRAPHCUT simulate $work/405b/model.onnx $large --batches 512 --profile laptop-8gb-assumed --offload sequential"
refuse 'simulate: 405B at its blocks on 8 GB' 5 "at least ${planned:-none} " $simulate405
check 'simulate: 405B in its least budget' $simulate405 --budget "$planned"
check 'simulate: 405B cut to 8 GB' "$GRAPHCUT" simulate "$work/405b/model.onnx" --set batch=1,seq=2048 --budget 8000000000 \
  --batches 16 --profile laptop-8gb-assumed --offload sequential
refuse 'simulate: shapes must be known' 2 'a size (--set batch=N,seq=N)' \
  "$GRAPHCUT" simulate $llama --profile rtx3060-assumed --batches 9
refuse 'simulate: no such machine' 3 'profiles that ship' "$GRAPHCUT" simulate $llama --profile pdp11 --batches 1
refuse 'simulate: more batches than a schedule holds' 2 'no schedule holds so many' $simulate --batches 4000000000
refuse 'simulate: too small' 5 'at least' $simulate --targets LlamaDecoderLayer --offload sequential --budget 1K
check 'run --device sim' $run --device sim --profile h100-pcie --offload auto
says 'run --device sim' 'simulated'
check 'bench' "$GRAPHCUT" bench $llama --input $inputs --profile rtx3060-assumed
says 'bench: bits' 'same'
tells 'bench: where' 'device: '
refuse 'bench: nothing fits' 5 'at least' "$GRAPHCUT" bench $llama --input $inputs --profile h100-pcie \
  --offload sequential --targets LlamaDecoderLayer --budget 1
check 'bench: a budget alone, cut by the shapes of the batch' "$GRAPHCUT" bench $llama --input $inputs --profile h100-pcie \
  --budget 600K --offload sequential
says 'bench: parts within the budget' 'same'
check 'bench --json' "$GRAPHCUT" bench $llama --input $inputs --profile rtx3060-assumed --offload sequential prefetch --json
says 'bench --json: predicted' '"predicted_seconds":'
check 'device' "$GRAPHCUT" device -o "$work/here.json"
tells 'device: which' 'device: '
refuse 'device: nowhere to write' 7 'nowhere/x.json' "$GRAPHCUT" device -o "$work/nowhere/x.json"
check 'simulate: a measured machine' "$GRAPHCUT" simulate $llama --profile "$work/here.json" --batches 2 --set batch=1,seq=4
