# graphcut inspect and cut on the models of examples/.
. tests/support/cli.sh
llama=$models/llama/model.onnx

check 'inspect' "$GRAPHCUT" inspect $llama
says 'inspect: inputs' 'int64[batch,seq]'
says 'inspect: modules' 'LlamaDecoderLayer'
check 'inspect --set' "$GRAPHCUT" inspect $llama --set batch=2,seq=7 --depth 1
says 'inspect --set binds' 'int64[2,7]'
check 'inspect --json' "$GRAPHCUT" inspect $llama --json
for key in model opset nodes parameters weight_bytes operators inputs outputs modules targets; do
  says "inspect --json: $key" "\"$key\":"
done

check 'cut' "$GRAPHCUT" cut $llama
says 'cut: parts' '5 parts'
check 'cut at a class' "$GRAPHCUT" cut $llama --targets LlamaDecoderLayer --targets-per-part 3 --set batch=1,seq=16
says 'cut: 4 layers by 3' '3 parts'
check 'cut at a pattern' "$GRAPHCUT" cut $llama --targets 're:m\.model\.layers\.[13]{1,1}$'
says 'cut: head and two' '3 parts'
check 'cut, leaving some out' "$GRAPHCUT" cut $llama --targets MatMul --ignore LlamaDecoderLayer
check 'cut --json' "$GRAPHCUT" cut $llama --json --set batch=1,seq=16
for key in index name nodes weight_bytes input_bytes output_bytes peak_bytes flops inputs outputs consumed crossing_bytes; do
  says "cut --json: $key" "\"$key\":"
done
refuse 'a target that matches nothing' 2 "nearest: 'LlamaDecoderLayer'" "$GRAPHCUT" cut $llama --targets LlamaDecoder
refuse 'a target that is no pattern' 2 'no pattern' "$GRAPHCUT" cut $llama --targets 're:('

check 'cut -o' "$GRAPHCUT" cut $llama -o "$work/plan.json"
cp "$work/plan.json" "$work/first.json"
check 'cut -o again' "$GRAPHCUT" cut $llama -o "$work/plan.json"
check 'plan files are stable' cmp "$work/plan.json" "$work/first.json"
refuse 'a folder that is not there' 7 'nowhere/plan.json' "$GRAPHCUT" cut $llama -o "$work/nowhere/plan.json"
check 'nothing else is left' test "$(ls "$work" | wc -l)" -eq 4
