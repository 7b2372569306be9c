# Batches in slices: --micro-batch of run, simulate and bench.
. tests/support/cli.sh
llama=$models/llama/model.onnx
inputs=$models/llama/inputs.npz # two samples
cut="--targets LlamaDecoderLayer --device cpu"

check 'run: slices of one' "$GRAPHCUT" run $llama --input $inputs $cut --micro-batch 1 --self-check \
  --expect $models/llama/outputs.npz
says 'run: they are told' "1 batch in 2 slices along 'batch' through"
check 'run: slices larger than the batch' "$GRAPHCUT" run $llama --input $inputs $cut --micro-batch 64 --json
says 'run: one slice' '"slices": 1'
mkdir "$work/in" "$work/whole" "$work/sliced"
cp $inputs "$work/in/a.npz"
cp $inputs "$work/in/b.npz"
check 'run: whole' "$GRAPHCUT" run $llama --input "$work/in" $cut --output "$work/whole" --passes 2
check 'run: sliced' "$GRAPHCUT" run $llama --input "$work/in" $cut --output "$work/sliced" --passes 2 --micro-batch 1 \
  --offload prefetch
check 'run: the same files' "$GRAPHCUT" run $llama --input "$work/in" $cut --expect "$work/whole" --rtol 1e-5 --atol 1e-6
check 'run: the same files, sliced' "$GRAPHCUT" run $llama --input "$work/in" $cut --expect "$work/sliced" --rtol 1e-5 --atol 1e-6
check 'run: a value in slices' "$GRAPHCUT" run $llama --input $inputs --device cpu --parts 2 --fetch linear --micro-batch 1 --output "$work/e.npz"
check 'run: the whole value' "$GRAPHCUT" run $llama --input $inputs --device cpu --parts 2 --fetch linear --expect "$work/e.npz" --rtol 0 --atol 0
check 'bench in slices' "$GRAPHCUT" bench $llama --input $inputs $cut --micro-batch 1 --profile h100-pcie

cat >"$work/mixes.gcir" <<END
<ir_version: 10, opset_import: ["": 21]> g (int64[batch, seq] input_ids, int64[batch, seq] attention_mask) => (int64[1, 1] y)
{ sum = Add (input_ids, attention_mask) [mixer] y = ReduceSum <keepdims = 1> (sum) }
END
refuse 'run: samples that are mixed' 4 "node 'mixer' (ReduceSum): it works along the batch" \
  "$GRAPHCUT" run "$work/mixes.gcir" --input $inputs --micro-batch 1
refuse 'run: no symbolic batch' 4 'no slices' "$GRAPHCUT" run $models/mllama/model.onnx --device cpu \
  --input $models/mllama/inputs.npz --micro-batch 1
refuse 'simulate: samples that are mixed' 4 "node 'mixer'" "$GRAPHCUT" simulate "$work/mixes.gcir" --set batch=4,seq=2 \
  --batches 2 --profile h100-pcie --micro-batch 2
refuse 'no slice of nothing' 2 "'0' is no N|off" "$GRAPHCUT" run $llama --input $inputs --micro-batch 0

# A budget that whole batches do not fit names slices that do.
least() { sed -n 's/.*needs at least \([0-9]*\) (.*/\1/p' "$work/err"; }
advice() { sed -n 's/.*--micro-batch \([0-9]*\) would do.*/\1/p' "$work/err"; }
refuse 'run: a budget of nothing' 5 'needs at least' "$GRAPHCUT" run $llama --input $inputs $cut --budget 1K
budget=$(($(least) - 1))
refuse 'run: a byte less than whole batches need' 5 '; --micro-batch 1 would do' "$GRAPHCUT" run $llama --input $inputs $cut \
  --budget $budget
check 'run: it does' "$GRAPHCUT" run $llama --input $inputs $cut --budget $budget --micro-batch "$(advice)" \
  --expect $models/llama/outputs.npz --self-check
check 'run: auto finds it' "$GRAPHCUT" run $llama --input $inputs $cut --budget $budget --offload auto \
  --expect $models/llama/outputs.npz
says 'run: auto says so' 'auto: '
simulate="$GRAPHCUT simulate $llama --profile laptop-8gb-assumed --batches 4 --set batch=64,seq=64"
refuse 'simulate: a budget too small' 5 '; --micro-batch [0-9]* would do' $simulate --targets LlamaDecoderLayer --budget 3M \
  --offload sequential
check 'simulate: slices that fit' $simulate --targets LlamaDecoderLayer --budget 3M --offload sequential \
  --micro-batch "$(advice)" --json
says 'simulate: batches are whole' '"batches": 4'
auto="$GRAPHCUT simulate $llama --profile h100-pcie --batches 4 --set batch=256,seq=64"
check 'simulate: auto' $auto --budget 32M --json
micro=$(sed -n 's/.*"micro_batch": \([0-9]*\).*/\1/p' "$work/out")
if [ "$micro" -gt 0 ]; then echo 'ok - simulate: auto slices'; else echo 'not ok - simulate: auto does not slice'; fi
says 'simulate: and tells' '"micro_note": "auto: slices of'
check 'simulate: auto that may not' $auto --budget 32M --micro-batch off --json
says 'simulate: whole batches' '"slices": 4'
