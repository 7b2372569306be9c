#!/bin/sh
# Runs every test of a build and counts: tests/run.sh BUILD [TEST.sh...], or those shell tests alone.
#
# As many at a time as there are processors (JOBS=N: N). cmocka programs (BUILD/tests/**/*_test) and shell tests
# (tests/cli, tests/interop) report in TAP, the conformance runner in its own way; tests/one.sh counts each. The last line is
# `N passed, N failed, N skipped`; the exit status is 1 where anything failed.
build=$1
shift
log=$build/tests/log
mkdir -p "$build/tests"
: >"$log"
: >"$log.counts"
export GRAPHCUT="$PWD/$build/graphcut" BUILD="$PWD/$build" CMOCKA_MESSAGE_OUTPUT=TAP
# Sizes nobody has are refused, not fatal.
export ASAN_OPTIONS="allocator_may_return_null=1:max_allocation_size_mb=3072:${ASAN_OPTIONS:-}"
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"

# A line a test: its name and its command. What takes longest comes first, so that no processor waits for it at the end.
conformance() {
  local runner="$build/tests/conformance/conformance"
  echo "conformance-damaged $runner -m 20"
  echo "conformance $runner"
  [ -e "$build/emulated/libcuda.so.1" ] || return # a card in software
  echo "conformance-card env LD_LIBRARY_PATH=$build/emulated $runner" \
    "-d cuda -f tests/conformance/rules.cuda.txt -f tests/conformance/rules.txt"
}
programs() {
  find "$build/tests" -name '*_test' -type f -perm -u+x | LC_ALL=C sort | sed "s|^$build/\(.*\)|\1 &|"
}
shells() {
  for test; do echo "$test sh $test"; done
}
examples() {
  for example in examples/*.c; do echo "$example sh tests/example.sh $build/${example%.c}"; done
}
all() {
  conformance
  shells tests/cli/*.sh tests/interop/*.sh
  programs
  examples
}

if [ $# -gt 0 ]; then shells "$@"; else all; fi >"$log.tests"
xargs -P "${JOBS:-$(nproc)}" -L 1 tests/one.sh "$log" <"$log.tests"

# Who was killed before it counted has failed.
awk -v tests="$(wc -l <"$log.tests")" '{ passed += $1; failed += $2; skipped += $3 }
  END { failed += tests - NR
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || NR == 0 }' "$log.counts"
