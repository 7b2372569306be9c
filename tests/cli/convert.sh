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
refuse 'nothing to convert' 3 'nowhere.onnx' "$GRAPHCUT" convert nowhere.onnx "$work/x.gcir"
refuse 'nowhere to convert to' 7 'nowhere/x.gcir' "$GRAPHCUT" convert $models/llama/model.onnx "$work/nowhere/x.gcir"
refuse 'one operand' 2 'takes IN OUT' "$GRAPHCUT" convert $models/llama/model.onnx
