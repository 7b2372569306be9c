# graphcut convert: there and back again.
. tests/support/cli.sh

for model in llama mllama; do
  check "convert $model to GCIR" "$GRAPHCUT" convert $models/$model/model.onnx "$work/$model.gcir"
  check "convert $model back" "$GRAPHCUT" convert "$work/$model.gcir" "$work/$model.onnx"
  for form in "$models/$model/model.onnx" "$work/$model.gcir" "$work/$model.onnx"; do
    "$GRAPHCUT" inspect "$form" --json | grep -v '"model"' >"$work/json"
    [ -e "$work/$model.json" ] || cp "$work/json" "$work/$model.json"
    check "inspect says the same of $(basename "$form")" cmp "$work/json" "$work/$model.json"
  done
  check "plan of $model" "$GRAPHCUT" cut $models/$model/model.onnx -o "$work/plan.json"
  sed 's/"model": .*/"model": "",/' "$work/plan.json" >"$work/plan.first"
  check "plan of $model, converted" "$GRAPHCUT" cut "$work/$model.onnx" -o "$work/plan.json"
  sed 's/"model": .*/"model": "",/' "$work/plan.json" >"$work/plan.second"
  check "one plan for both" cmp "$work/plan.first" "$work/plan.second"
done

# Packed: in the order of the parts, the same bits, and never over its source.
llama=$models/llama
check 'convert --pack' "$GRAPHCUT" convert $llama/model.onnx "$work/packed.onnx" --pack --targets LlamaDecoderLayer
check 'weights lie beside it' test -s "$work/packed.onnx.data"
check 'packed, it computes the same' "$GRAPHCUT" run "$work/packed.onnx" --input $llama/inputs.npz --expect $llama/outputs.npz --atol 1e-5 --self-check
"$GRAPHCUT" run $llama/model.onnx --input $llama/inputs.npz -o "$work/whole.npz" 2>/dev/null >/dev/null
check 'packed, the same bits' "$GRAPHCUT" run "$work/packed.onnx" --input $llama/inputs.npz --expect "$work/whole.npz" --rtol 0 --atol 0
check 'packed as GCIR' "$GRAPHCUT" convert "$work/packed.onnx" "$work/packed.gcir" --pack --parts 3
check 'that computes the same' "$GRAPHCUT" run "$work/packed.gcir" --input $llama/inputs.npz --expect "$work/whole.npz" --rtol 0 --atol 0
refuse 'packing over its source' 2 'packed.onnx' "$GRAPHCUT" convert "$work/packed.onnx" "$work/packed.onnx" --pack
refuse 'cutting without packing' 2 '--pack asks for it' "$GRAPHCUT" convert $llama/model.onnx "$work/x.onnx" --parts 3
refuse 'packing for a target that is not there' 2 'matches no' "$GRAPHCUT" convert $llama/model.onnx "$work/x.onnx" --pack --targets None
check 'leaves nothing' test ! -e "$work/x.onnx"
mkdir "$work/full"
for how in '' --pack; do
  refuse "a folder that is full $how" 7 'cannot be written' sh -c "trap '' XFSZ; ulimit -f 100; exec '$GRAPHCUT' convert $llama/model.onnx '$work/full/x.onnx' $how"
  check "holds no half of a model $how" test -z "$(ls "$work/full")"
done
refuse 'nothing to convert' 3 'nowhere.onnx' "$GRAPHCUT" convert nowhere.onnx "$work/x.gcir"
refuse 'nowhere to convert to' 7 'nowhere/x.gcir' "$GRAPHCUT" convert $models/llama/model.onnx "$work/nowhere/x.gcir"
refuse 'a format without a name' 2 '.onnx or .gcir' "$GRAPHCUT" convert $models/llama/model.onnx "$work/x.txt"
refuse 'one operand' 2 'takes IN OUT' "$GRAPHCUT" convert $models/llama/model.onnx
