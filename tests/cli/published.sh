# What others measured, predicted: ik_llama.cpp issue 255, an RTX 4090 and a 32B model of 64 blocks, 21.7 GiB, 2,048 tokens
# a pass. `make published` prints the table of docs/simulate.md.
#
# The model stands here as 64 blocks of two products each, in float16 with the bytes of the quantised original. So it has
# fewer operations a token, and the profile's compute rate is set from the resident figure; the wire is as published.
. tests/support/cli.sh

blocks() { # GCIR of the blocks
  awk 'BEGIN {
    h = 5120; m = 17776; bytes = h * m * 2; n = 64
    print "< ir_version: 10, opset_import: [\"\": 18], scopes: [0: \"\": \"Model\""
    for (i = 0; i < n; i++) printf ", %d: \"blocks.%d\": \"Block\"\n", i + 1, i
    printf "] >\nmodel (float16[tokens, %d] x0) => (float16[tokens, %d] x%d) <\n", h, h, n
    for (i = 0; i < 2 * n; i++)
      printf "  float16[%s] \"w%d\" = [\"location\": \"weights.bin\", \"offset\": \"%.0f\", \"length\": \"%d\"]%s\n",
        i % 2 ? m ", " h : h ", " m, i, i * bytes, bytes, i < 2 * n - 1 ? "," : ""
    print "> {"
    for (i = 0; i < n; i++) {
      printf "  \"up%d\" = MatMul (\"x%d\", \"w%d\") @%d\n", i, i, 2 * i, i + 1
      printf "  \"down%d\" = MatMul (\"up%d\", \"w%d\") @%d\n", i, i, 2 * i + 1, i + 1
      printf "  \"x%d\" = Add (\"x%d\", \"down%d\") @%d\n", i + 1, i, i, i + 1
    }
    print "}"
  }'
}

seconds() { # offload passes
  "$GRAPHCUT" simulate "$work/32b.gcir" --targets Block --profile tests/data/published/rtx4090-32b.json --set tokens=2048 \
    --batches 1 --passes "$2" --offload "$1" --json 2>"$work/err" | sed -n 's/^ *"seconds": \([0-9.e+-]*\),$/\1/p' | head -n 1
}

pass_of() { # offload: seconds a pass once the first are over
  awk "BEGIN { printf \"%.9f\", ($(seconds "$1" 24) - $(seconds "$1" 4)) / 20 }"
}

near() { # what predicted published percent unit
  awk -v what="$1" -v a="$2" -v b="$3" -v most="$4" -v unit="$5" 'BEGIN {
    off = 100 * (a / b - 1)
    ok = a > 0 && off <= most && off >= -most
    printf "%s - 32B on a 4090, %-44s %8.4g %s, published %.4g: %+.1f %% (within %g)\n", ok ? "ok" : "not ok", what ":", a, unit, b, off, most
  }'
}

rate() { awk "BEGIN { print 2048 / $1 }"; }
minus() { awk "BEGIN { print $1 - $2 }"; }

blocks >"$work/32b.gcir"
check '32B on a 4090: the blocks' "$GRAPHCUT" inspect "$work/32b.gcir" --json
says '32B on a 4090: 21.7 GiB' '"weight_bytes": 23299358720'
resident=$(pass_of resident) serial=$(pass_of sequential) hidden=$(pass_of prefetch)
near 'all resident (sets the compute rate)' "$(rate "$resident")" 2658 1 tokens/s
near 'all streamed, one after the other' "$(rate "$serial")" 1161 15 tokens/s
near 'all streamed, copies behind computing' "$(rate "$hidden")" 2060 3 tokens/s

# What stays saves a pass its bytes over the bandwidth: 364,052,480 a block at 23.4 GB/s. One after the other, a bit more: the
# first load after those that stay hides behind them. Behind computing as long as the wire is what a pass waits for (and
# a third slot lets it catch up while a resident computes); then a pass is what computing takes, and more saves nothing.
kept() { awk "BEGIN { print $1 * 364052480 / 23.4e9 }"; }
near '22 stay, saved one after the other' "$(minus "$serial" "$(pass_of partial:keep=22,order=prefix,ahead=0)")" "$(kept 22)" 5 s
near '8 stay, saved behind computing' "$(minus "$hidden" "$(pass_of partial:keep=8,ahead=2)")" "$(kept 8)" 3 s
near '22 stay, a pass behind computing' "$(pass_of partial:keep=22,ahead=2)" "$resident" 1 s
