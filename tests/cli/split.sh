# graphcut split: what it writes, and where it refuses.
. tests/support/cli.sh
model=$models/llama/model.onnx

mkdir "$work/parts"
echo mine >"$work/parts/notes"
check 'split at the layers' "$GRAPHCUT" split $model --targets LlamaDecoderLayer -o "$work/parts"
says 'five parts' '5 parts in'
check 'other files stay' grep -q mine "$work/parts/notes"
check 'no temporary file is left' test "$(ls "$work/parts" | wc -l)" -eq 8
check 'split again' "$GRAPHCUT" split $model --targets LlamaDecoderLayer -o "$work/parts/" --json
says 'says so in JSON' '"parts": 5'
check 'a part can be read' "$GRAPHCUT" inspect "$work/parts/part_001.onnx"
check 'the manifest forwards' grep -q '"from": "part_000.onnx"' "$work/parts/manifest.json"
check 'shapes fixed' "$GRAPHCUT" split $model --parts 2 --set batch=1,seq=4 -o "$work/fixed"
"$GRAPHCUT" cut $model --parts 3 -o "$work/plan.json" >/dev/null
check 'by a plan' "$GRAPHCUT" split $model --plan "$work/plan.json" -o "$work/planned"
says 'three parts' '3 parts in'

# Targets that are cheap operators run in their part alone, so every part has something to hand on.
check 'parts at operators' "$GRAPHCUT" split $models/mllama/model.onnx --targets Mul -o "$work/products"
files=$(ls "$work/products" | grep -c '^part_')
check 'every part has a file' test "$(grep -c 'part_.*onnx  ' "$work/out")" -eq "$files"
check 'every part in the manifest has outputs' test "$(grep -c '"outputs": \[$' "$work/products/manifest.json")" -eq $((files + 1))
# A plan by hand may run all of a part again in those that read it: such a part has no file.
"$GRAPHCUT" cut $models/llama/model.onnx --targets Cos --no-refine -o "$work/cos.json" >/dev/null
sed '/"name": "node_cos"/,/"node_cos",/c "name": "alone", "nodes": ["node_cos"] }, { "name": "rest", "recomputed": ["node_cos"], "nodes": [' \
  "$work/cos.json" >"$work/again.json"
check 'a part without outputs' "$GRAPHCUT" split $models/llama/model.onnx --plan "$work/again.json" -o "$work/again"
says 'has no file' '-              alone'
check 'in the folder either' test ! -e "$work/again/part_001.onnx" -a -e "$work/again/part_002.onnx"

cp $model "$work/part_000.onnx"
refuse 'over its source' 2 'part_000.onnx' "$GRAPHCUT" split "$work/part_000.onnx" --parts 2 -o "$work"
check 'the source stays' cmp $model "$work/part_000.onnx"
refuse 'no folder named' 2 'needs --output DIR' "$GRAPHCUT" split $model
refuse 'no folder to make it in' 7 'no/where' "$GRAPHCUT" split $model -o "$work/no/where"
refuse 'a file for a folder' 7 'plan.json' "$GRAPHCUT" split $model -o "$work/plan.json"
refuse 'a target that is not there' 2 'LlamaDecoderLayers' "$GRAPHCUT" split $model --targets LlamaDecoderLayers -o "$work/none"
check 'and then no folder is made' test ! -e "$work/none"
# A full disk stands for itself: a file may not grow beyond 100 blocks of 512 bytes.
refuse 'a folder that is full' 7 'cannot be written' sh -c "trap '' XFSZ; ulimit -f 100; exec '$GRAPHCUT' split $model -o '$work/full'"
refuse 'a folder that is read-only' 7 '/sys/parts' "$GRAPHCUT" split $model -o /sys/parts
check 'nothing is left half-written' test "$(ls "$work/full" | wc -l)" -eq 0
