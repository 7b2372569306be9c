#!/bin/sh
# Times of the command on models of growing size: tests/bench.sh BUILD [MODEL.onnx TARGET SYMBOL=N[,...] BUDGET]...
#
# Each figure is the best of five whole runs of the process, printing included: seconds on the clock, seconds of CPU time
# (what counts on a machine that does other things, too), and the most memory it took. Where PYTHON has onnx,
# onnx.utils.extract_model stands beside: it makes one part a call. MODELS (../shared/models) adds a deep decoder and one of
# 70 billion parameters; a model of 4.2 GiB is made and run in less memory where TMPDIR has the room.
build=$1 python=${PYTHON:-python3} models=${MODELS:-../shared/models}
[ -d "$models/skeletons" ] || models=../shared/models
shift
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/graphcut-bench-XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT

least() { printf '%s\n%s\n' "$1" "$2" | sort -n | head -n 1; }

best() { # name command...
  name=$1 wall= cpu= memory=0
  shift
  for _ in 1 2 3 4 5; do
    if ! /usr/bin/time -f '%e %U %S %M' -o "$folder/time" "$@" >/dev/null 2>"$folder/err"; then
      printf '%-54s fails: %s\n' "$name" "$(tail -n 1 "$folder/err")"
      return
    fi
    read -r took user system kib <"$folder/time"
    spent=$(echo "$user $system" | awk '{ printf "%.2f", $1 + $2 }')
    wall=$(least "${wall:-$took}" "$took") cpu=$(least "${cpu:-$spent}" "$spent")
    [ "$kib" -gt "$memory" ] && memory=$kib
  done
  printf '%-54s %7s s %7s s CPU %6d MiB\n' "$name" "$wall" "$cpu" $((memory / 1024))
}

"$python" -c 'import onnx' 2>/dev/null || python=
[ -n "$python" ] || echo "onnx.utils.extract_model: left out, ${PYTHON:-python3} has no module onnx"

for nodes in 1000 10000 100000 1000000; do
  chain=$folder/chain.onnx title="chain of $nodes nodes"
  "$build/tests/generators/chain" $nodes "$chain" >/dev/null || exit 1
  best "$title: inspect" "$build/graphcut" inspect "$chain" --json
  best "$title: cut, not refined" "$build/graphcut" cut "$chain" --no-refine --json
  best "$title: cut" "$build/graphcut" cut "$chain" --json
  best "$title: cut by budget" "$build/graphcut" cut "$chain" --set batch=1,seq=8 --budget 400K --json
  best "$title: split into 8 parts" "$build/graphcut" split "$chain" --parts 8 -o "$folder/parts"
  [ -n "$python" ] && best "$title: one of them by extract_model" "$python" tests/extract.py "$chain" "$folder/parts" "$folder/part.onnx"
  rm -rf "$folder/parts" "$folder/part.onnx"
done
# Schedules of models far larger than the card: planned, verified, simulated.
predict() { # name model [options]
  title=$1 model=$2
  shift 2
  for offload in sequential auto; do
    best "$title: simulate $offload" "$build/graphcut" simulate "$model" --profile laptop-8gb-assumed --batches 512 \
      --set batch=1,seq=2048 --offload $offload "$@"
  done
}
"$build/graphcut" synth hidden=16384,layers=126,heads=128,kv_heads=8,intermediate=53248,vocab=128256 --no-weights \
  -o "$folder/405b" >/dev/null || exit 1
predict '405B at its blocks in 16 GB' "$folder/405b/model.onnx" --targets 're:model\.layers\.\d+$' --budget 16000000000
predict '405B cut to 8 GB' "$folder/405b/model.onnx" --budget 8000000000
[ -e "$models/skeletons/llama-3-70b/model.onnx" ] &&
  predict '70B at its blocks in 8 GB' "$models/skeletons/llama-3-70b/model.onnx" --targets LlamaDecoderLayer
while [ $# -ge 4 ]; do
  title=$(basename "$(dirname "$1")")
  best "$title: cut at $2" "$build/graphcut" cut "$1" --targets "$2"
  best "$title: cut by $4, $3" "$build/graphcut" cut "$1" --set "$3" --budget "$4"
  best "$title: draw its parts" "$build/graphcut" draw "$1" --targets "$2" -o "$folder/parts.svg"
  shift 4
done

draws() { # name model views...
  title=$1 model=$2
  shift 2
  for view in "$@"; do
    if [ "$view" = page ]; then best "$title: draw a page" "$build/graphcut" draw "$model" -o "$folder/page.html"
    else best "$title: draw $view" "$build/graphcut" draw "$model" --view "$view" -o "$folder/view.svg"; fi
  done
}
deep=$models/exported/llama-deep-ts/model.onnx large=$models/skeletons/llama-3-70b/model.onnx
[ -e "$deep" ] && best 'llama-deep-ts, 18848 nodes: load, trace, cut' "$build/graphcut" cut "$deep" --targets 're:m\.model\.layers\.\d+$'
[ -e "$deep" ] && draws llama-deep-ts "$deep" parts layers page
draws 'chain of 1000000 nodes' "$folder/chain.onnx" parts layers
[ -e "$large" ] && best 'llama-3-70b, 141 GB: load, trace, cut' "$build/graphcut" cut "$large" --targets LlamaDecoderLayer

# On the CPU a layer at a time: what it takes must be a layer's, not the model's.
title='a model of 4.2 GiB' input=$folder/input
if [ "$(df -Pk "$folder" | awk 'END { print $4 }')" -lt $((6 << 20)) ]; then
  echo "$title: left out, $folder has no 6 GiB"
  exit 0
fi
"$build/graphcut" synth hidden=2048,layers=22,heads=16,kv_heads=4,intermediate=5632,vocab=32000,type=float,opset=18 \
  -o "$folder/large" >/dev/null || exit 1
mkdir "$input" # int64 [1, 4] as TensorProto: tokens 1 to 4, and a mask of ones
printf '\010\001\010\004\020\007\072\004\001\002\003\004' >"$input/input_0.pb"
printf '\010\001\010\004\020\007\072\004\001\001\001\001' >"$input/input_1.pb"
for offload in sequential prefetch; do
  best "$title: run, $offload" "$build/graphcut" run "$folder/large/model.onnx" --device cpu --input "$input" --offload $offload
done
