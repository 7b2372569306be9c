# Verbs, options and help.
. tests/support/cli.sh

check 'help' "$GRAPHCUT" help
says 'help lists verbs' 'graphcut cut'
for verb in $(sed -n 's/^  graphcut \([a-z]*\) .*/\1/p' "$work/out"); do
  check "help $verb" "$GRAPHCUT" help "$verb"
  cp "$work/out" "$work/help"
  check "$verb --help" "$GRAPHCUT" "$verb" --help
  if cmp -s "$work/help" "$work/out"; then echo "ok - $verb: one help"; else echo "not ok - $verb: two helps"; fi
done
check 'version' "$GRAPHCUT" --version
says 'version says it' 'graphcut '

refuse 'unknown verb' 2 "no verb 'frob'" "$GRAPHCUT" frob
refuse 'unknown option' 2 "no option '--frob'" "$GRAPHCUT" cut --frob x
refuse 'a verb mistyped' 2 "no verb 'isnpect'; nearest: 'inspect'" "$GRAPHCUT" isnpect m.onnx
refuse 'an option mistyped' 2 "no option '--tragets'; nearest: '--targets'" "$GRAPHCUT" cut m.onnx --tragets=x
refuse 'an option cut short' 2 "no option '-output'; nearest: '--output'" "$GRAPHCUT" draw m.onnx -output x.svg
if "$GRAPHCUT" frob 2>&1 | grep -q nearest; then echo 'not ok - what is like nothing: is like something'; else
  echo 'ok - what is like nothing gets no suggestion'
fi
refuse 'option without value' 2 'lacks its' "$GRAPHCUT" cut m.onnx --targets
refuse 'flag with value' 2 'takes no value' "$GRAPHCUT" cut m.onnx --json=yes
refuse 'count of nothing' 2 "'0' is no K" "$GRAPHCUT" cut m.onnx --targets-per-part 0
refuse 'size that is none' 2 "'2Q' is no SIZE" "$GRAPHCUT" cut m.onnx --budget 2Q
refuse 'size below one' 2 "is no SIZE" "$GRAPHCUT" cut m.onnx --budget -1
refuse 'binding that is none' 2 "'batch' is no SYM=N" "$GRAPHCUT" cut m.onnx --set batch
refuse 'binding of zero' 2 'is no SYM=N' "$GRAPHCUT" cut m.onnx --set batch=0
refuse 'two ways to cut' 2 'give one of them' "$GRAPHCUT" cut $models/llama/model.onnx --targets MatMul --parts 2
refuse 'no model' 2 'takes MODEL' "$GRAPHCUT" cut
refuse 'no picture' 2 'draw needs --output' "$GRAPHCUT" draw m.onnx
refuse 'no machine' 2 'simulate needs --profile' "$GRAPHCUT" simulate m.onnx --batches 2
refuse 'a shape that has no such thing' 2 "no 'hiden'; there are hidden, layers" "$GRAPHCUT" synth hiden=64 -o "$work/decoder"
refuse 'a shape of no number' 2 'hidden=1e9, expected a number' "$GRAPHCUT" synth hidden=1e9 -o "$work/decoder"
refuse 'a shape that does not share out' 2 'hidden=63 makes no 4 heads' "$GRAPHCUT" synth hidden=63,heads=4 -o "$work/decoder"
refuse 'two models' 2 "'b' is too much" "$GRAPHCUT" cut a b
refuse 'a model that is not there' 3 'nowhere.onnx' "$GRAPHCUT" cut nowhere.onnx
refuse 'a folder for a model' 3 "$models" "$GRAPHCUT" inspect "$models"
refuse 'a symbol that is not there' 2 "'sequence'" "$GRAPHCUT" cut $models/llama/model.onnx --set sequence=3
refuse 'a full disk' 7 'standard output' sh -c "\"$GRAPHCUT\" help >/dev/full"

# Disks that fill up while a file is written: one line, status 7, and nothing half-written.
mkdir "$work/full"
limited() { (trap '' XFSZ && ulimit -f 4 && "$@"); }
model=$models/llama/model.onnx
for format in svg png pdf dot html; do
  refuse "draw: a full disk, $format" 7 'File too large' limited "$GRAPHCUT" draw $model --view ops -o "$work/full/x.$format"
done
refuse 'cut: a full disk' 7 'File too large' limited "$GRAPHCUT" cut $model --targets Add --no-fuse -o "$work/full/plan.json"
refuse 'convert: a full disk' 7 'File too large' limited "$GRAPHCUT" convert $model "$work/full/x.gcir"
refuse 'convert: a full disk, ONNX' 7 'File too large' limited "$GRAPHCUT" convert $model "$work/full/x.onnx"
refuse 'simulate: a full disk' 7 'File too large' limited "$GRAPHCUT" simulate $model --profile h100-pcie --batches 9 \
  --set batch=1,seq=8 --offload sequential --schedule "$work/full/schedule"
refuse 'synth: a full disk' 7 'File too large' limited "$GRAPHCUT" synth hidden=64,layers=2 -o "$work/full/folder"
if [ -z "$(find "$work/full" -type f)" ]; then echo 'ok - nothing is left of them'; else
  echo "not ok - left: $(find "$work/full" -type f)"
fi
