#!/bin/bash
# What a card computes: tests/gpu.sh BUILD
#
# Runs the conformance cases on the card, whole and cut at every node, then every model under MODELS (folders with
# model.onnx, inputs.npz, outputs.npz) with every strategy, then compute-sanitizer's memcheck and racecheck over some of
# both. Needs bash and graphcut and tests/conformance/conformance of BUILD, nothing else, so that a tarball of this
# folder and those two runs anywhere. GCUT_REQUIRE_GPU=1 makes what cannot run for want of a card, of models or of
# compute-sanitizer a failure; otherwise it is skipped, and counted. The last line is `N passed, N failed, N skipped`.
#
#   CASES      folders of official cases, separated by spaces
#   MODELS     folders of models, separated by spaces
#   SANITIZED  which cases run under compute-sanitizer: parts of their names
build=$1
here=$(dirname "$0")
CASES=${CASES:-/usr/share/libonnx-testdata/data}
MODELS=${MODELS:-$here/../examples/models}
SANITIZED=${SANITIZED-test_add test_reduce_ test_softmax test_gather test_scatter test_layer_norm test_top_k
  test_maxpool test_basic_conv test_lstm test_gru test_cumsum test_resize}
device=${GCUT_DEVICE:-cuda}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

pass() { passed=$((passed + 1)); }
fail() { # name
  failed=$((failed + 1))
  echo "FAIL $1"
  tail -n 20 "$log"
}
absent() { # what, why
  if [ "${GCUT_REQUIRE_GPU:-0}" = 1 ]; then failed=$((failed + 1)) && echo "FAIL $1: $2"; else
    skipped=$((skipped + 1)) && echo "skip $1: $2"
  fi
}
finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}

# Adds up a closing line `N passed, N failed, N skipped`.
count() { # name
  local closing
  closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
  [ -n "$closing" ] || { fail "$1: it died"; return; }
  read -r p f s <<<"$(tr -cd '0-9 ' <<<"$closing")"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# ---- the official cases

conformance() { # options...
  local roots=()
  for folder in $CASES; do roots+=(-r "$folder"); done
  "$build/tests/conformance/conformance" -d "$device" -f "$here/conformance/rules.cuda.txt" \
    -f "$here/conformance/rules.txt" "${roots[@]}" "$@"
}

check_cases() {
  conformance >"$log" 2>&1
  grep -q '^0 passed, 0 failed, 0 skipped$' "$log" && absent cases "there are none in $CASES" && return
  count conformance
  sed '$d' "$log"
}

# ---- models

# float16 and bfloat16 keep 11 and 8 bits.
tolerance_of() { # model
  case $(basename "$1") in
  *bf16* | *bfloat16*) echo 3e-2 ;;
  *f16* | *fp16* | *float16*) echo 1e-2 ;;
  *) echo 1e-3 ;;
  esac
}

run_model() { # folder options...
  local folder=$1 tolerance inputs=() outputs=()
  shift
  tolerance=$(tolerance_of "$folder")
  for ((i = 0; i < ${BATCHES:-1}; i++)); do inputs+=("$folder/inputs.npz") outputs+=("$folder/outputs.npz"); done
  "$build/graphcut" run "$folder/model.onnx" --input "${inputs[@]}" --expect "${outputs[@]}" \
    --device "$device" --rtol "$tolerance" --atol "$tolerance" "$@" >"$log" 2>&1
}

# Cut as graphcut proposes; every strategy but those that may compute parts on the CPU gives the bits of the uncut run,
# with two batches, for which parts keep what they make of weights alone.
check_model() { # folder
  local name
  name=$(basename "$1")
  for offload in auto hybrid:min-tokens=1; do
    if run_model "$1" --offload "$offload"; then pass; else fail "$name --offload $offload"; fi
  done
  for offload in sequential prefetch prefetch:ahead=2 uva partial:keep=2 resident; do
    if BATCHES=2 run_model "$1" --offload "$offload" --self-check; then pass; else fail "$name --offload $offload"; fi
  done
  grep -h 'computed on the host' "$log" | sed "s|^|$name: |"
}

# Where a model is cut makes no difference, within attention too. Models that lack a target are not cut there.
check_cuts() { # folder
  local name status
  name=$(basename "$1")
  for cut in '--targets MatMul' '--targets Softmax' '--targets Add --targets-per-part 3' '--parts 5' \
    '--targets MatMul --no-fuse'; do
    # shellcheck disable=SC2086
    run_model "$1" $cut --self-check && pass && continue
    status=$?
    if [ $status -ne 2 ] || ! grep -qE 'matches no|folded away|make no' "$log"; then fail "$name $cut"; fi
  done
}

check_models() {
  local n=0
  for root in $MODELS; do
    for model in "$root"/*/model.onnx "$root"/*/*/model.onnx; do
      [ -e "${model%model.onnx}inputs.npz" ] || continue
      n=$((n + 1))
      check_model "$(dirname "$model")"
      check_cuts "$(dirname "$model")"
    done
  done
  [ $n -gt 0 ] || absent models "there are none in $MODELS"
}

# ---- compute-sanitizer

sanitize() { # tool name command...
  local tool=$1 name=$2
  shift 2
  if compute-sanitizer --tool "$tool" --target-processes all --error-exitcode 99 --report-api-errors no "$@" \
    >"$log" 2>&1 && ! grep -qE '^=+ (ERROR SUMMARY: [1-9]|RACECHECK SUMMARY: [1-9])' "$log"; then
    pass
  else
    grep -E '^=+ ' "$log" | head -n 20
    fail "$tool: $name"
  fi
}

check_sanitizer() {
  [ -n "$SANITIZED" ] || return
  command -v compute-sanitizer >/dev/null || { absent compute-sanitizer "it is not on the path"; return; }
  local roots=() first
  for folder in $CASES; do roots+=(-r "$folder"); done
  first=$(for root in $MODELS; do ls -d "$root"/llama "$root"/*/llama 2>/dev/null; done | head -n 1)
  for tool in memcheck racecheck; do
    for part in $SANITIZED; do
      sanitize $tool "$part" "$build/tests/conformance/conformance" -d "$device" -j 4 \
        -f "$here/conformance/rules.cuda.txt" -f "$here/conformance/rules.txt" "${roots[@]}" "$part"
    done
    [ -z "$first" ] || sanitize $tool "$first" "$build/graphcut" run "$first/model.onnx" \
      --input "$first/inputs.npz" --device "$device" --offload prefetch
  done
}

# ---- all of it

why=$("$build/graphcut" device --device "$device" --json 2>&1 >/dev/null) || {
  absent "the card" "${why:-it does not open}"
  finish
}
check_cases
check_models
check_sanitizer
finish
