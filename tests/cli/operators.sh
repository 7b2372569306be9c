#!/bin/sh
# The documented table of operators is the one that is built. A build without CUDA knows fewer devices: then the devices
# are left out of the comparison.
n=0
check() { # name status
  n=$((n + 1))
  if [ "$2" -eq 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; fi
}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$GRAPHCUT" ops | sed 's/^/    /; s/ *$//' >"$folder/built"
sed 1,4d docs/operators.md >"$folder/documented"
if grep -q cuda "$folder/built"; then
  cmp "$folder/built" "$folder/documented"
else
  sed 's/ *cpu.*//' "$folder/built" >"$folder/a"
  sed 's/ *cpu.*//' "$folder/documented" >"$folder/b"
  cmp "$folder/a" "$folder/b"
fi
check "docs/operators.md is what graphcut ops prints (make docs)" $?
