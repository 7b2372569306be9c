#!/bin/sh
# Runs one test and counts what it says: tests/one.sh LOG NAME COMMAND...
#
# Appends its output to LOG and a line `PASSED FAILED SKIPPED` to LOG.counts; prints what failed or was skipped. Tests report
# in TAP, the conformance runner closes with `N passed, N failed, N skipped`. A program that dies, or tests nothing, is a
# failure of its own.
log=$1 name=$2 output=$1.$(echo "$2" | tr / .)
shift 2

is_skip='# *SKIP' # some versions of cmocka say `not ok` of what they skip
lines() { grep "^$1 " "$output" | grep -cv "$is_skip"; }

status=0
"$@" >"$output" 2>&1 </dev/null || status=$?
closing=$(tail -n 1 "$output")
case $closing in
*' passed, '*' failed, '*' skipped')
  IFS=', ' read -r passed _ failed _ skipped _ <<EOF
$closing
EOF
  ;;
*) passed=$(lines ok) failed=$(lines 'not ok') skipped=$(grep -cE "^(not )?ok .*$is_skip" "$output") ;;
esac

if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((passed + skipped)) -eq 0 ]; }; then
  failed=1
  echo "not ok - $name: exit status $status, $passed tests" >>"$output"
fi
[ "$failed" -eq 0 ] || { echo "--- $name"; grep -vE '^(ok|skip|known) ' "$output" | tail -n 40; }
grep -E "^((not )?ok .*$is_skip|skip )" "$output" | sed "s|^|$name: |"
cat "$output" >>"$log"
echo "$passed $failed $skipped" >>"$log.counts"
rm -f "$output"
