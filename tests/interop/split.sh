# graphcut split: ONNX Runtime, given the parts one after another, computes what it computes of the whole.
# PYTHON names an interpreter with onnx and onnxruntime; GCUT_INTEROP_MODELS a folder of more models, each with inputs.npz.
. tests/support/cli.sh

python=${PYTHON:-python3}
for module in numpy onnx onnxruntime; do
  if ! "$python" -c "import $module" 2>/dev/null; then
    echo "ok - parts in ONNX Runtime # SKIP $python has no module $module"
    exit 0
  fi
done

# compare NAME MODEL INPUTS CUT...: splits and runs; what ONNX Runtime cannot run whole is skipped.
compare() {
  name=$1 model=$2 inputs=$3 status=0
  shift 3
  rm -rf "$work/parts"
  if ! "$GRAPHCUT" split "$model" "$@" -o "$work/parts" >"$work/out" 2>&1; then
    echo "not ok - $name: $(tail -n 1 "$work/out")"
    return
  fi
  "$python" tests/interop/run_parts.py "$model" "$work/parts" "$inputs" >"$work/out" 2>&1 || status=$?
  case $status in
  0) echo "ok - $name" ;;
  77) echo "ok - $name # SKIP $(head -n 1 "$work/out" | cut -c 1-200)" ;;
  *) echo "not ok - $name: $(tail -n 1 "$work/out")" ;;
  esac
}

for folder in $models/llama $models/mllama ${GCUT_INTEROP_MODELS:+"$GCUT_INTEROP_MODELS"/*}; do
  title=$(basename "$folder")
  compare "$title at what it repeats" "$folder/model.onnx" "$folder/inputs.npz"
  compare "$title in 3 parts" "$folder/model.onnx" "$folder/inputs.npz" --parts 3
  compare "$title in 3 parts, packed" "$folder/model.onnx" "$folder/inputs.npz" --parts 3 --pack
  "$GRAPHCUT" cut "$folder/model.onnx" --parts 2 -o "$work/plan.json" >/dev/null
  compare "$title by a plan file" "$folder/model.onnx" "$folder/inputs.npz" --plan "$work/plan.json"
done
compare "llama at its products" $models/llama/model.onnx $models/llama/inputs.npz --targets MatMul

# What splitting must not lose.
check 'odd models' "$python" tests/interop/odd_models.py "$work/odd"
for folder in "$work"/odd/*; do
  title=$(basename "$folder")
  compare "$title in 2 parts" "$folder/model.onnx" "$folder/inputs.npz" --parts 2
  compare "$title in 2 parts, packed" "$folder/model.onnx" "$folder/inputs.npz" --parts 2 --pack --no-refine
done

# With its weights in a file beside it: read in place, and cloned.
mkdir "$work/external" "$work/elsewhere"
"$GRAPHCUT" split $models/llama/model.onnx --parts 1 -o "$work/external" >/dev/null
mv "$work/external/part_000.onnx" "$work/external/model.onnx"
for where in external elsewhere; do
  check "split, parts $where" "$GRAPHCUT" split "$work/external/model.onnx" --parts 3 -o "$work/$where"
  check "parts $where agree" "$python" tests/interop/run_parts.py "$work/external/model.onnx" "$work/$where" $models/llama/inputs.npz
done
