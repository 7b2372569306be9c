#!/bin/sh
# Runs every test of a build and counts: tests/run.sh BUILD [TEST.sh...], or those shell tests alone.
#
# cmocka programs (BUILD/tests/**/*_test) report in TAP; shell tests (tests/cli, tests/interop) print the same lines; the
# conformance runner prints its own closing line. The last line is `N passed, N failed, N skipped`; the exit status
# is 1 where anything failed.
build=$1
shift
log=$build/tests/log
mkdir -p "$build/tests"
: >"$log"
export GRAPHCUT="$PWD/$build/graphcut" BUILD="$PWD/$build" CMOCKA_MESSAGE_OUTPUT=TAP
# Sizes nobody has are refused, not fatal.
export ASAN_OPTIONS="allocator_may_return_null=1:max_allocation_size_mb=3072:${ASAN_OPTIONS:-}"
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0:fast_unwind_on_malloc=0"
passed=0 failed=0 skipped=0

# Counts the TAP lines of one program's output; a program that dies, or tests nothing, is a failure of its own.
count() { # name status output
  local ok not_ok skip
  skip=$(grep -cE '^(not )?ok .*# *SKIP' "$3") # some versions of cmocka say `not ok` of what they skip
  ok=$(grep '^ok ' "$3" | grep -cv '# *SKIP')
  not_ok=$(grep '^not ok ' "$3" | grep -cv '# *SKIP')
  if [ "$not_ok" -eq 0 ] && { [ "$2" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
    not_ok=1
    echo "not ok - $1: exit status $2, $ok tests"
  fi
  [ "$not_ok" -eq 0 ] || { echo "--- $1"; grep -v '^ok ' "$3" | tail -n 40; }
  grep -E '^(not )?ok .*# *SKIP' "$3" | sed "s|^|$1: |"
  passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
}

run() { # name command...
  local name=$1 status=0
  shift
  "$@" >"$log.one" 2>&1 </dev/null || status=$?
  cat "$log.one" >>"$log"
  count "$name" "$status" "$log.one"
}

all() {
  local test example
  for test in $(find "$build/tests" -name '*_test' -type f -perm -u+x | LC_ALL=C sort); do
    run "${test#"$build"/}" "$test"
  done
  for test in tests/cli/*.sh tests/interop/*.sh; do
    [ -e "$test" ] && run "$test" sh "$test"
  done
  for example in examples/*.c; do
    [ -e "$example" ] && run "$example" sh tests/example.sh "$build/${example%.c}"
  done
}

# The conformance runner counts for itself.
conformance() {
  "$build/tests/conformance/conformance" "$@" >"$log.one" 2>&1
  cat "$log.one" >>"$log"
  closing=$(tail -n 1 "$log.one")
  case $closing in
  *' passed, '*' failed, '*' skipped')
    # shellcheck disable=SC2046
    set -- $(echo "$closing" | tr -cd '0-9 ')
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)) ;;
  *) echo "conformance died: $closing"; failed=$((failed + 1)) ;;
  esac
}

if [ $# -gt 0 ]; then
  for test; do run "$test" sh "$test"; done
else
  all
  conformance
  sed '$d' "$log.one"
  if [ -e "$build/emulated/libcuda.so.1" ]; then # a card in software
    export LD_LIBRARY_PATH="$build/emulated"
    conformance -d cuda -f tests/conformance/rules.cuda.txt -f tests/conformance/rules.txt
    unset LD_LIBRARY_PATH
    grep '^FAIL' "$log.one"
  fi
  conformance -m 20 # damaged models
  grep '^FAIL' "$log.one"
fi

rm -f "$log.one"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
