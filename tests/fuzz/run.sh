#!/bin/sh
# Fuzzes every target of a build for a time each, seeds first: tests/fuzz/run.sh BUILD SECONDS
#
# Seeds of NAME lie in tests/fuzz/corpus/NAME; ONNX models are made by the generator of hostile ones. The corpus grows
# in BUILD/corpus/NAME, findings go to BUILD/found.
build=$1 seconds=$2 status=0
mkdir -p "$build/found"
"$build/tests/generators/hostile" "$build/hostile" || exit 1
rm -f "$build/hostile/bad/functions-exponential.onnx" # meets its bound, but not in a fuzzer's time
for target in "$build"/tests/fuzz/*_fuzz; do
  name=$(basename "$target" _fuzz)
  corpus=$build/corpus/$name seeds=
  mkdir -p "$corpus"
  [ -d "tests/fuzz/corpus/$name" ] && seeds=tests/fuzz/corpus/$name
  [ "$name" = onnx ] && seeds="$build/hostile/odd $build/hostile/bad"
  echo "--- $name: $seconds s"
  # shellcheck disable=SC2086
  "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=25 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$build/found/$name-" "$corpus" $seeds >"$build/found/$name.log" 2>&1 || status=1
  tail -n 8 "$build/found/$name.log"
done
exit $status
