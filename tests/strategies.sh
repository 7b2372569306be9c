#!/bin/sh
# Every strategy on every model of a folder, on the CPU and on the sim device: tests/strategies.sh BUILD MODELS
#
# MODELS/exported/*, where that is there, else MODELS/*: folders with model.onnx and inputs.npz. Nine batches, no two alike.
# A strategy gets half as much again as the least that one part at a time runs in, or, where it needs more than that, the
# least that it names itself. On the CPU its outputs have the bits of the uncut run (the self-check); on both devices the
# budget is held; and what does not weigh rates takes the same peak on both, being the same schedule.
build=$1 models=$2
[ -d "$models/exported" ] && models=$models/exported
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

number() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$work/out" | head -n 1; }

least() { # strategy: the least budget that it names, nothing where it needs none
  "$build/graphcut" run "$model" --input "$work/in" --plan "$work/plan" --device cpu --budget 1 --offload "$1" 2>&1 >/dev/null |
    sed -n 's/.*needs at least \([0-9]*\).*/\1/p'
}

attempt() { # device budget: 0 where it ran, held the budget and gave the right bits; says what it came to
  bits=same
  set -- "$1" "$2" $([ "$1" = cpu ] && echo --self-check || echo --profile rtx4090-assumed)
  if ! "$build/graphcut" run "$model" --input "$work/in" --plan "$work/plan" --offload "$strategy" --device "$1" --budget "$2" \
    --json $3 $4 >"$work/out" 2>"$work/err"; then
    said="$1: $(tail -n 1 "$work/err")"
    return 1
  fi
  peak=$(number peak_device_bytes)
  said="$1: $peak of $2"
  [ "$peak" -le "$2" ] || return 1
  [ "$1" = sim ] || grep -q '"self_check": true' "$work/out"
}

check() { # what status text
  if [ "$2" -eq 0 ]; then passed=$((passed + 1)) row="$row $3"; else
    failed=$((failed + 1)) row="$row FAILED"
    echo "FAILED $(basename "$folder"), $1: $said"
  fi
}

printf '%-16s %5s  %s\n' model parts 'bytes of device memory at the peak, of the budget (CPU)'
for folder in "$models"/*/; do
  folder=${folder%/} model=$folder/model.onnx
  if [ ! -e "$model" ] || [ ! -e "$folder/inputs.npz" ]; then
    echo "$(basename "$folder"): skipped, it has no model.onnx with inputs.npz"
    skipped=$((skipped + 14))
    continue
  fi
  rm -rf "$work/in"
  "$build/tests/generators/batches" "$folder/inputs.npz" 9 "$work/in" || exit 1
  "$build/graphcut" cut "$model" -o "$work/plan" >/dev/null || exit 1
  base=$(least sequential) row=
  base=$((${base:-0} * 3 / 2))
  for strategy in resident sequential prefetch uva partial hybrid auto; do
    needs=$(least $strategy)
    budget=$base
    [ "${needs:-0}" -gt "$budget" ] && budget=$needs
    attempt cpu "$budget"
    check "$strategy on the CPU" $? "$strategy $peak/$budget"
    cpu_peak=$peak shown=
    attempt sim "$budget"
    ok=$?
    case $strategy in hybrid | auto) ;; *) [ "$peak" = "$cpu_peak" ] || ok=1 said="$said, on the CPU $cpu_peak" ;; esac
    check "$strategy on sim" $ok ''
  done
  printf '%-16s %5s %s\n' "$(basename "$folder")" "$(number parts)" "$row"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
