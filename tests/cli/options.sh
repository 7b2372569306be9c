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
# Options that the documentation shows are those of the verb.
verbs=$("$GRAPHCUT" help | sed -n 's/^  graphcut \([a-z]*\) .*/\1/p' | tr '\n' '|')
sed -e ':a' -e '/\\$/{N;s/\\\n//;ta' -e '}' README.md docs/*.md | grep -oE "graphcut (${verbs%|}) [^\`|]*" >"$work/shown"
lost=$(while read -r _ verb rest; do
  for word in $rest; do
    case $word in --[a-z]* | -[a-z]) ;; *) continue ;; esac
    option=$(printf '%s' "${word%%=*}" | tr -cd 'a-z-')
    "$GRAPHCUT" help "$verb" | grep -qE -- "^  (-[a-z], )?$option( |$)|^  $option, " || echo "$verb $option"
  done
done <"$work/shown")
if [ -n "$lost" ] || [ "$(wc -l <"$work/shown")" -lt 20 ]; then echo "not ok - shown, but no options: $lost"; else
  echo 'ok - options that the documentation shows are there'
fi
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
refuse 'an option for a value' 2 'option --output lacks its PLAN.json' "$GRAPHCUT" cut m.onnx -o --json
refuse 'a number after a space' 2 "' 3' is no K" "$GRAPHCUT" cut m.onnx --targets-per-part ' 3'
refuse 'a number with a sign' 2 "'+3' is no N" "$GRAPHCUT" cut m.onnx --parts +3
refuse 'a target without a name' 2 "option --targets: 'MatMul,' is no T" "$GRAPHCUT" cut m.onnx --targets MatMul,
refuse 'a value without a name' 2 "option --fetch: '' is no VALUE" "$GRAPHCUT" run m.onnx -i x.npz --fetch ''
refuse 'an input without a name' 2 "option --input: '' is no PATH" "$GRAPHCUT" run m.onnx -i ''
refuse 'a model without a name' 2 "'' is no MODEL" "$GRAPHCUT" cut ''
refuse 'a symbol twice' 2 "option --set: 'batch' is given twice" "$GRAPHCUT" cut m.onnx --set batch=1 --set seq=2,batch=1
refuse 'no view' 2 "option --view: 'Parts' is no parts|layers|ops" "$GRAPHCUT" draw m.onnx -o x.svg --view Parts
refuse 'no heat' 2 "option --by: 'none' is no weights" "$GRAPHCUT" draw m.onnx -o x.svg --by none
refuse 'no tolerance' 2 "'0x1' is no R" "$GRAPHCUT" run m.onnx -i x.npz --rtol 0x1
refuse 'a tolerance of nothing' 2 'are of --expect' "$GRAPHCUT" run m.onnx -i x.npz --rtol 1
refuse 'standard output as a plan' 2 "option --output: '-' is no PLAN.json" "$GRAPHCUT" cut m.onnx -o -
refuse 'two files of one name' 2 'options --output and --timeline: both write x.npz' "$GRAPHCUT" run m.onnx -i i.npz -o x.npz --timeline x.npz
check 'help help' "$GRAPHCUT" help help
says 'help help tells the verbs' 'graphcut cut'
long=$(printf '%5000s' a | tr ' ' a)
refuse 'a name too long' 3 'aaa: File name too long' "$GRAPHCUT" cut "$long"
refuse 'a name too long to be written' 7 'a: cannot be written: File name too long' "$GRAPHCUT" cut m.onnx -o "$long"
refuse 'simulate: nowhere to write' 7 'nowhere/t: cannot be written' "$GRAPHCUT" simulate m.onnx --profile h100-pcie \
  --batches 1 --schedule "$work/nowhere/t"
refuse 'draw: nowhere to write' 7 'nowhere/x.svg: cannot be written' "$GRAPHCUT" draw m.onnx -o "$work/nowhere/x.svg"
refuse 'two words to help' 2 "'more' is too much" "$GRAPHCUT" help cut more
refuse 'a word to the version' 2 "'more' is too much" "$GRAPHCUT" --version more
refuse 'a schedule and JSON' 2 'both write to standard output' "$GRAPHCUT" simulate m.onnx --profile h100-pcie --batches 1 --schedule - --json
for device in '' cpu:1 cuda: cuda:x cuda:-1 cuda0 CUDA cudax sim:0; do
  refuse "run: no device '$device'" 2 'device' "$GRAPHCUT" run m.onnx -i x.npz --device "$device"
  refuse "bench: no device '$device'" 2 'device' "$GRAPHCUT" bench m.onnx -i x.npz --device "$device"
  refuse "cut: no device '$device'" 2 'device' "$GRAPHCUT" cut m.onnx --device "$device"
  refuse "ops: no device '$device'" 2 'device' "$GRAPHCUT" ops --device "$device"
  refuse "device: no device '$device'" 2 'device' "$GRAPHCUT" device --device "$device"
done
for option in '--output x.npz' '--expect x.npz' --self-check; do
  # shellcheck disable=SC2086
  refuse "sim and $option" 2 "leave ${option%% *} out" "$GRAPHCUT" run m.onnx -i x.npz --device sim $option
done
refuse 'nothing to measure' 2 'sim runs nothing' "$GRAPHCUT" bench m.onnx -i x.npz --device sim
refuse 'run: no strategy' 2 'there are resident' "$GRAPHCUT" run m.onnx -i x.npz --offload fastest
refuse 'simulate: an option of no strategy' 2 "has no option 'ahed=1'" "$GRAPHCUT" simulate m.onnx --profile h100-pcie \
  --batches 1 --offload prefetch:ahed=1
refuse 'bench: no strategy' 2 'there are resident' "$GRAPHCUT" bench m.onnx -i x.npz --offload sequential fastest
for option in '--targets MatMul' '--parts 2' '--targets-per-part 2' '--ignore MatMul' --no-refine --no-fuse; do
  for verb in 'run -i x.npz' 'simulate --profile h100-pcie --batches 1' 'bench -i x.npz' 'draw -o x.svg' 'split -o x'; do
    # shellcheck disable=SC2086
    refuse "${verb%% *}: a plan and $option" 2 "the plan says where to cut: leave ${option%% *} out" \
      "$GRAPHCUT" $verb m.onnx --plan plan.json $option
  done
done
refuse 'draw: a plan and a budget' 2 'leave --budget out' "$GRAPHCUT" draw m.onnx -o x.svg --plan plan.json --budget 1G
refuse 'split: a plan and a budget' 2 'leave --budget out' "$GRAPHCUT" split m.onnx -o x --plan plan.json --budget 1G
refuse 'size that is none' 2 "'2Q' is no SIZE" "$GRAPHCUT" cut m.onnx --budget 2Q
refuse 'size below one' 2 "is no SIZE" "$GRAPHCUT" cut m.onnx --budget -1
refuse 'size in another base' 2 "'0x10M' is no SIZE" "$GRAPHCUT" cut m.onnx --budget 0x10M
refuse 'a tolerance of anything' 2 "'inf' is no R" "$GRAPHCUT" run m.onnx -i x.npz --rtol inf
refuse 'a file without a name' 2 "option --output: '' is no PLAN.json" "$GRAPHCUT" cut m.onnx -o ''
refuse 'a card without a number' 2 "device 'cuda:x'" "$GRAPHCUT" cut m.onnx --device cuda:x
check 'operators of a second card' "$GRAPHCUT" ops --device cuda:1
refuse 'binding that is none' 2 "'batch' is no SYM=N" "$GRAPHCUT" cut m.onnx --set batch
refuse 'binding of zero' 2 'is no SYM=N' "$GRAPHCUT" cut m.onnx --set batch=0
refuse 'two ways to cut' 2 'give one of them' "$GRAPHCUT" cut $models/llama/model.onnx --targets MatMul --parts 2
refuse 'no model' 2 'takes MODEL' "$GRAPHCUT" cut
refuse 'no picture' 2 'draw needs --output' "$GRAPHCUT" draw m.onnx
refuse 'no machine' 2 'simulate needs --profile' "$GRAPHCUT" simulate m.onnx --batches 2
refuse 'a shape that has no such thing' 2 "no 'hiden'; there are hidden, layers" "$GRAPHCUT" synth hiden=64 -o "$work/decoder"
refuse 'a shape of no number' 2 'hidden=1e9, expected a number' "$GRAPHCUT" synth hidden=1e9 -o "$work/decoder"
refuse 'a shape of a spaced number' 2 'hidden= 64, expected a number' "$GRAPHCUT" synth 'hidden= 64' -o "$work/decoder"
refuse 'a shape that ends in nothing' 2 "'', expected NAME=NUMBER" "$GRAPHCUT" synth hidden=64, -o "$work/decoder"
refuse 'a shape without end' 2 'layers=16777216, expected at most' "$GRAPHCUT" synth layers=16777216 --no-weights -o "$work/decoder"
refuse 'a shape beyond all files' 2 'is too large' "$GRAPHCUT" synth hidden=16777216,layers=9000,heads=2,vocab=16777216 \
  --no-weights -o "$work/decoder"
refuse 'a shape that does not share out' 2 'hidden=63 makes no 4 heads' "$GRAPHCUT" synth hidden=63,heads=4 -o "$work/decoder"
refuse 'two models' 2 "'b' is too much" "$GRAPHCUT" cut a b
refuse 'a model that is not there' 3 'nowhere.onnx' "$GRAPHCUT" cut nowhere.onnx
refuse 'a folder for a model' 3 "$models" "$GRAPHCUT" inspect "$models"
refuse 'a symbol that is not there' 2 "'sequence'" "$GRAPHCUT" cut $models/llama/model.onnx --set sequence=3
refuse 'targets beyond the budget, drawn' 5 'takes .* bytes' "$GRAPHCUT" draw $models/llama/model.onnx --set batch=1,seq=64 \
  --targets LlamaDecoderLayer --budget 500K -o "$work/x.svg"
refuse 'a budget for targets of unknown sizes' 2 'give them sizes' "$GRAPHCUT" cut $models/llama/model.onnx \
  --targets LlamaDecoderLayer --budget 500K
refuse 'a page of one view' 2 'all views' "$GRAPHCUT" draw $models/llama/model.onnx --view layers -o "$work/x.html"
check 'an extension in capitals' "$GRAPHCUT" draw $models/llama/model.onnx -o "$work/x.DOT"
refuse 'standard output closed' 7 'standard output' sh -c "\"$GRAPHCUT\" help >&-"
check 'errors closed' sh -c "\"$GRAPHCUT\" cut '$models/llama/model.onnx' -o '$work/closed.json' 2>&-"
refuse 'a full disk' 7 'standard output' sh -c "\"$GRAPHCUT\" help >/dev/full"

# What is read is not written over, by whatever name.
cp $models/llama/model.onnx $models/llama/inputs.npz "$work"
chmod u+w "$work/model.onnx" "$work/inputs.npz"
ln -s model.onnx "$work/link.onnx"
ln "$work/inputs.npz" "$work/link.npz"
check 'a plan' "$GRAPHCUT" cut "$work/model.onnx" -o "$work/plan.json"
simulate="$GRAPHCUT simulate $work/model.onnx --profile h100-pcie --batches 1 --set batch=1,seq=8 --offload sequential"
run="$GRAPHCUT run $work/model.onnx -i $work/inputs.npz"
refuse 'cut: over the model' 2 '--output: .*is read, too' "$GRAPHCUT" cut "$work/model.onnx" -o "$work/link.onnx"
refuse 'draw: over the model' 2 'is read, too' "$GRAPHCUT" draw "$work/model.onnx" -o "$work/model.onnx"
refuse 'simulate: over the model' 2 '--schedule: .*is read, too' $simulate --schedule "$work/model.onnx"
refuse 'run: over the inputs' 2 'is read, too' $run -o "$work/link.npz"
refuse 'run: a timeline over the plan' 2 '--timeline: .*is read, too' $run --plan "$work/plan.json" --timeline "$work/plan.json"
refuse "run: over a batch" 2 'inputs.npz: outputs would be written over what is read' $run -o "$work"
cp $models/llama/outputs.npz "$work/expected.npz"
refuse 'run: over what is expected' 2 'is read, too' $run --expect "$work/expected.npz" -o "$work/expected.npz"
mkdir "$work/expected"
mv "$work/expected.npz" "$work/expected/inputs.npz"
refuse 'convert: over what is read' 2 'is read, too' "$GRAPHCUT" convert "$work/link.onnx" "$work/model.onnx"
refuse 'run: over a batch expected' 2 'over what is read' $run --expect "$work/expected" -o "$work/expected"
cmp -s $models/llama/model.onnx "$work/model.onnx" && cmp -s $models/llama/inputs.npz "$work/inputs.npz" &&
  cmp -s $models/llama/outputs.npz "$work/expected/inputs.npz" && echo 'ok - all are as they were' ||
  echo 'not ok - something was written over'

# Disks that fill up while a file is written: one line, status 7, and nothing half-written.
mkdir "$work/full"
limited() { (trap '' XFSZ && ulimit -f 4 && "$@"); }
model=$models/llama/model.onnx
for format in svg png pdf dot html; do
  refuse "draw: a full disk, $format" 7 'File too large' limited "$GRAPHCUT" draw $model --targets MatMul -o "$work/full/x.$format"
done
refuse 'run: a full disk' 7 'File too large' limited "$GRAPHCUT" run $model -q --device cpu -i $models/llama/inputs.npz -o "$work/full/x.npz"
refuse 'cut: a full disk' 7 'File too large' limited "$GRAPHCUT" cut $model --targets Add --no-fuse -o "$work/full/plan.json"
refuse 'convert: a full disk' 7 'File too large' limited "$GRAPHCUT" convert $model "$work/full/x.gcir"
refuse 'convert: a full disk, ONNX' 7 'File too large' limited "$GRAPHCUT" convert $model "$work/full/x.onnx"
refuse 'simulate: a full disk' 7 'File too large' limited "$GRAPHCUT" simulate $model --profile h100-pcie --batches 9 \
  --set batch=1,seq=8 --offload sequential --schedule "$work/full/schedule"
refuse 'synth: a full disk' 7 'File too large' limited "$GRAPHCUT" synth hidden=64,layers=2 -o "$work/full/folder"
if [ -z "$(find "$work/full" -type f)" ]; then echo 'ok - nothing is left of them'; else
  echo "not ok - left: $(find "$work/full" -type f)"
fi

# Addresses that run out (a sanitizer takes all there are): status 7, too, also within libraries that end what runs out.
case $BUILD in
*/release | */debug)
  scarce() { (ulimit -v 240000 && "$@"); }
  refuse 'run: out of memory' 7 'out of memory' scarce "$GRAPHCUT" run $model --input $models/llama/inputs.npz
  for format in png html; do
    refuse "draw: out of memory, $format" 7 'out of memory' scarce "$GRAPHCUT" draw $model -o "$work/full/x.$format"
  done
  truncate -s 1G "$work/full/x.onnx"
  refuse 'inspect: a model that cannot be mapped' 7 'cannot be mapped' scarce "$GRAPHCUT" inspect "$work/full/x.onnx"
  ;;
esac
