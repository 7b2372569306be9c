#!/bin/sh
# Every fuzz target over its seeds, in whatever build this is: no crash, no sanitizer's complaint.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
"$BUILD/tests/generators/hostile" "$dir" || echo "not ok - the hostile models are written"
for replay in "$BUILD"/tests/fuzz/*_replay; do
  name=$(basename "$replay" _replay)
  case $name in
  onnx) seeds="$dir/bad $dir/odd" ;;
  gcir) seeds="tests/fuzz/corpus/gcir examples/models/mlp.gcir" ;;
  npz) seeds="tests/fuzz/corpus/npz examples/models/llama/inputs.npz examples/models/llama/outputs.npz" ;;
  *) seeds=tests/fuzz/corpus/$name ;;
  esac
  [ -e "${seeds%% *}" ] || continue
  n=$((n + 1))
  # shellcheck disable=SC2086
  if "$replay" $seeds; then echo "ok $n - replay of $name"; else echo "not ok $n - replay of $name"; fi
done
