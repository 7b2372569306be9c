# graphcut inspect and cut on the models of examples/.
. tests/support/cli.sh
llama=$models/llama/model.onnx

check 'inspect' "$GRAPHCUT" inspect $llama
says 'inspect: inputs' 'int64[batch,seq]'
says 'inspect: modules' 'LlamaDecoderLayer'
says 'inspect: what is spelled out' '4 attention, 8 rotary, 9 rms_norm, 4 swiglu'
cat >"$work/branch.gcir" <<'END'
<ir_version: 8, opset_import: ["": 16], scopes: [1: "inner"]>
g (float[2] x, bool c) => (float[2] y) {
  y = If (c) <then_branch: graph = a () => (float[2] t) { t = Relu (x) @1 },
              else_branch: graph = b () => (float[2] e) { e = Neg (x) @1 }>
}
END
check 'inspect: modules within branches alone' "$GRAPHCUT" inspect "$work/branch.gcir"
lacks 'inspect: no empty table of them' 'module'
rm "$work/branch.gcir"
check 'inspect --set' "$GRAPHCUT" inspect $llama --set batch=2,seq=7 --depth 1
says 'inspect --set binds' 'int64[2,7]'
check 'inspect --json' "$GRAPHCUT" inspect $llama --json
for key in model opset nodes parameters weight_bytes operators fused inputs outputs modules targets; do
  says "inspect --json: $key" "\"$key\":"
done

check 'cut' "$GRAPHCUT" cut $llama
says 'cut: parts' '5 parts'
check 'cut at a class' "$GRAPHCUT" cut $llama --targets LlamaDecoderLayer --targets-per-part 3 --set batch=1,seq=16
says 'cut: 4 layers by 3' '3 parts'
check 'cut at a pattern' "$GRAPHCUT" cut $llama --targets 're:m\.model\.layers\.[13]{1,1}$'
says 'cut: head and two' '3 parts'
check 'cut at every product' "$GRAPHCUT" cut $llama --targets MatMul
says 'cut: products within attention are one' '35 parts'
tells 'cut: and says so' 'targets: 8 lie within 4 fused groups'
check 'cut --no-fuse' "$GRAPHCUT" cut $llama --targets MatMul --no-fuse -o "$work/unfused.json"
says 'cut --no-fuse: each product is one' '39 parts'
check 'a plan that cuts through attention' "$GRAPHCUT" draw $llama --plan "$work/unfused.json" -o "$work/unfused.dot"
sed 's/"fuse": false/"fuse": true/' "$work/unfused.json" >"$work/divided.json"
refuse 'a part by another view' 2 'leave --view out' "$GRAPHCUT" draw $llama --part 1 --view layers -o "$work/part.svg"
refuse 'a plan that divides what it says is fused' 3 'cut off from the fused attention' "$GRAPHCUT" draw $llama --plan "$work/divided.json" -o "$work/divided.dot"
quantized=tests/data/runtime/quantized/model.onnx
check 'inspect: quantised products' "$GRAPHCUT" inspect $quantized
says 'inspect: quantised products are found' '16 quantized'
check 'cut at convolutions of bytes' "$GRAPHCUT" cut $quantized --targets Conv
tells 'cut: each stands for its group' 'targets: 7 lie within 7 fused groups'
check 'cut through them' "$GRAPHCUT" cut $quantized --targets Conv --no-fuse --no-refine -o "$work/unfused.json"
sed 's/"fuse": false/"fuse": true/' "$work/unfused.json" >"$work/divided.json"
refuse 'a plan that divides quantised products' 3 'cut off from the fused quantized' "$GRAPHCUT" draw $quantized --plan "$work/divided.json" -o "$work/divided.dot"
rm "$work/unfused.json" "$work/unfused.dot" "$work/divided.json"
check 'cut, leaving some out' "$GRAPHCUT" cut $llama --targets MatMul --ignore LlamaDecoderLayer
refuse 'leaving out what is not there' 2 "ignore 'Nope' matches no" "$GRAPHCUT" cut $llama --ignore Nope
refuse 'leaving out of balanced parts' 2 'leave --targets-per-part and --ignore out' "$GRAPHCUT" cut $llama --parts 3 --ignore MatMul
check 'cut, leaving some out, within a budget' "$GRAPHCUT" cut $llama --set batch=1,seq=16 --ignore 're:.*layers\.1$' --budget 2M
says 'cut at targets, not by budget' '4 parts'
check 'cut --json of unknown sizes' "$GRAPHCUT" cut $llama --json
for key in input_bytes output_bytes peak_bytes flops crossing_bytes unrefined_crossing_bytes pipeline_crossing_bytes; do
  says "cut --json of unknown sizes: $key" "\"$key\": null"
done
check 'cut --json' "$GRAPHCUT" cut $llama --json --set batch=1,seq=16
for key in fuse fused index name nodes weight_bytes input_bytes output_bytes peak_bytes flops inputs outputs consumed crossing_bytes; do
  says "cut --json: $key" "\"$key\":"
done
check 'cut --json of known sizes: no null' test "$(grep -c null "$work/out")" -eq 0
refuse 'a target that matches nothing' 2 "nearest: 'LlamaDecoderLayer'" "$GRAPHCUT" cut $llama --targets LlamaDecoder
refuse 'a node that is not there' 2 "nearest: 'node_linear_9'" "$GRAPHCUT" cut $llama --targets node_linear_99
refuse 'a target that is no pattern' 2 'no pattern' "$GRAPHCUT" cut $llama --targets 're:('

set_sizes='--set batch=2,seq=64'
check 'cut by budget' "$GRAPHCUT" cut $llama $set_sizes --budget 2M
refuse 'a budget that nothing meets' 5 'the least that would do is' "$GRAPHCUT" cut $llama $set_sizes --budget 1000
refuse 'a budget of unknown sizes' 2 'give sizes to its symbols' "$GRAPHCUT" cut $llama --budget 2M
refuse 'targets beyond the budget' 5 'takes .* bytes' "$GRAPHCUT" cut $llama $set_sizes --targets LlamaDecoderLayer --budget 500K
check 'cut into balanced parts' "$GRAPHCUT" cut $llama $set_sizes --parts 3
says 'balanced: as many as asked' '3 parts'
refuse 'more parts than nodes' 2 'make no 9999 parts' "$GRAPHCUT" cut $llama --parts 9999
check 'cut, not refined' "$GRAPHCUT" cut $llama $set_sizes --no-refine
check 'cut, refined' "$GRAPHCUT" cut $llama --set batch=2,seq=512
says 'refined: says what it was' 'before refining'

check 'cut -o' "$GRAPHCUT" cut $llama -o "$work/plan.json"
cp "$work/plan.json" "$work/first.json"
check 'cut -o again' "$GRAPHCUT" cut $llama -o "$work/plan.json"
check 'plan files are stable' cmp "$work/plan.json" "$work/first.json"
check 'cut --device' "$GRAPHCUT" cut $llama --device cpu
says 'cut --device: what stays on the host' '0 nodes without a kernel for cpu'
refuse 'cut --device: none such' 2 'abacus' "$GRAPHCUT" cut $llama --device abacus
refuse 'a folder that is not there' 7 'nowhere/plan.json' "$GRAPHCUT" cut $llama -o "$work/nowhere/plan.json"
# A full disk stands for itself: a file may not grow beyond 2 blocks of 512 bytes. /sys takes no file, from root either.
refuse 'a folder that is full' 7 'plan.json' sh -c "trap '' XFSZ; ulimit -f 2; exec '$GRAPHCUT' cut $llama -o '$work/plan.json'"
check 'the plan stays as it was' cmp "$work/plan.json" "$work/first.json"
refuse 'a folder that is read-only' 7 '/sys/plan.json' "$GRAPHCUT" cut $llama -o /sys/plan.json
check 'nothing else is left' test "$(ls "$work" | wc -l)" -eq 4
sed 's/"fuse"/"fuze"/' "$work/first.json" >"$work/misspelt.json"
refuse 'a plan with a misspelt key' 3 "a plan has no 'fuze'; nearest: 'fuse'" "$GRAPHCUT" draw $llama --plan "$work/misspelt.json" -o "$work/misspelt.dot"
refuse 'cut: no such symbol' 2 "no symbolic dimension 'length'; nearest: 'batch', 'seq'" "$GRAPHCUT" cut $models/llama/model.onnx --set length=1
