#!/bin/sh
# Every cut of every model of a folder, run and compared: tests/cuts.sh BUILD MODELS
#
# MODELS/exported/*, where that is there, else MODELS/*: folders with model.onnx and inputs.npz. Prints the table of
# tests/cuts, then (where PYTHON has onnx and onnxruntime) what ONNX Runtime computes of the parts, and counts both.
build=$1 models=$2 python=${PYTHON:-python3}
[ -d "$models/exported" ] && models=$models/exported
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

set --
for model in "$models"/*/; do
  [ -e "$model/model.onnx" ] && [ -e "$model/inputs.npz" ] && set -- "$@" "${model%/}"
done
[ $# -gt 0 ] || { echo "cuts: no folder of $models has model.onnx and inputs.npz" >&2; exit 2; }

add() { # counts of a closing line
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}
passed=0 failed=0 skipped=0
"$build/tests/cuts/cuts" -o "$folder/parts" "$@" >"$folder/table"
sed '$d' "$folder/table"
# shellcheck disable=SC2046
add $(tail -n 1 "$folder/table" | tr -cd '0-9 ')

if "$python" -c 'import onnx, onnxruntime' 2>/dev/null; then
  echo
  "$python" tests/interop/run_cuts.py "$folder/parts" >"$folder/table"
  sed '$d' "$folder/table"
  # shellcheck disable=SC2046
  add $(tail -n 1 "$folder/table" | tr -cd '0-9 ')
else
  n=$(ls "$folder/parts" | wc -l)
  echo "parts in ONNX Runtime: skipped, $python has no onnx and onnxruntime"
  add 0 0 "$n"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
