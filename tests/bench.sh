#!/bin/sh
# Times of the command on models of growing size: tests/bench.sh BUILD [MODEL.onnx TARGET]...
#
# Each figure is the best of five whole runs of the process, printing included, with the most memory it took.
build=$1
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

best() { # name command...
  name=$1 least= memory=0
  shift
  for _ in 1 2 3 4 5; do
    took=$(/usr/bin/time -f '%e %M' -o "$folder/time" "$@" >/dev/null 2>&1; cat "$folder/time")
    seconds=${took% *} kib=${took#* }
    [ -z "$least" ] && least=$seconds
    least=$(printf '%s\n%s\n' "$least" "$seconds" | sort -n | head -n 1)
    [ "$kib" -gt "$memory" ] && memory=$kib
  done
  printf '%-44s %8s s %8d MiB\n' "$name" "$least" $((memory / 1024))
}

for nodes in 1000 10000 100000 1000000; do
  "$build/tests/generators/chain" $nodes "$folder/chain.onnx" >/dev/null || exit 1
  best "chain of $nodes nodes: inspect" "$build/graphcut" inspect "$folder/chain.onnx" --json
  best "chain of $nodes nodes: cut" "$build/graphcut" cut "$folder/chain.onnx" --no-refine --json
done
while [ $# -ge 2 ]; do
  best "$(basename "$(dirname "$1")"): cut at $2" "$build/graphcut" cut "$1" --targets "$2"
  best "$(basename "$(dirname "$1")"): draw its parts" "$build/graphcut" draw "$1" --targets "$2" -o "$folder/parts.svg"
  shift 2
done
