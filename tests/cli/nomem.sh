# Every verb with its first, second, third ... allocation failing: one line that says so and exit status 7, or, where it
# can do without, the whole result. STRIDE: how many are left out from one to the next.
. tests/support/cli.sh

failing=$BUILD/tests/cli/failing
llama=$models/llama

# survives NAME VERB...: with allocations failing one by one. What differs from one run to the next is no result.
survives() {
  name=$1 wrong=
  shift
  FAILING_COUNT=$work/count "$failing" "$@" >"$work/out" 2>"$work/err" || wrong="exit status $?: $(head -n 1 "$work/err")"
  n=$(cat "$work/count") at=0
  while [ "$at" -lt "$n" ] && [ -z "$wrong" ]; do
    status=0
    FAILING=$at "$failing" "$@" >"$work/out.$at" 2>"$work/err" || status=$?
    case $status in
    0) [ "$(wc -l <"$work/out")" -eq "$(wc -l <"$work/out.$at")" ] || wrong="allocation $at of $n: another result" ;;
    7) grep -q '^graphcut: .*memory' "$work/err" || wrong="allocation $at of $n: $(tail -n 1 "$work/err")" ;;
    *) wrong="allocation $at of $n: exit status $status: $(tail -n 1 "$work/err")" ;;
    esac
    rm "$work/out.$at"
    at=$((at + ${STRIDE:-7}))
  done
  if [ -z "$wrong" ]; then echo "ok - $name"; else echo "not ok - $name: $wrong"; fi
}

survives 'inspect' inspect $llama/model.onnx
survives 'cut' cut $llama/model.onnx --targets LlamaDecoderLayer -o "$work/plan.json"
survives 'draw' draw $llama/model.onnx --targets LlamaDecoderLayer -o "$work/plan.dot"
survives 'run' run $llama/model.onnx --targets LlamaDecoderLayer --device cpu --offload prefetch --input $llama/inputs.npz -o "$work/out.npz"
survives 'simulate' simulate $models/mlp.gcir --set batch=2 --parts 2 --profile h100-pcie --batches 2 --offload prefetch
survives 'split' split $llama/model.onnx --targets LlamaDecoderLayer -o "$work/parts"
survives 'convert to GCIR' convert $llama/model.onnx "$work/model.gcir"
survives 'convert to ONNX' convert $models/mlp.gcir "$work/model.onnx"
survives 'help' help run

# Those of jansson, too, as it writes.
export FAILING_JSON=1
survives 'inspect, as JSON' inspect $models/mlp.gcir --json
survives 'cut, as JSON' cut $models/mlp.gcir --set batch=2 --parts 2 --json
survives 'cut to a plan' cut $models/mlp.gcir --parts 2 -o "$work/mlp.json"
survives 'run, as JSON' run $llama/model.onnx --targets LlamaDecoderLayer --device cpu --input $llama/inputs.npz --json
survives 'draw a page' draw $models/mlp.gcir --parts 2 -o "$work/plan.html"
