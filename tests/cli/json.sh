# --json of every verb is one object, and its keys are those of docs/json.md: all of them, and no others.
. tests/support/cli.sh
llama=$models/llama/model.onnx
inputs=$models/llama/inputs.npz

# Words in backticks of a verb's section: of the first column, or of all.
section() { sed -n "/^## $1\$/,/^## /p" docs/json.md; }
rows() { section "$1" | sed -n 's/^| \(`[^|]*\) |.*/\1/p' | grep -o '`[a-z0-9_]*`' | tr -d '`' | sort; }
words() { section "$1" | grep -o '`[a-z0-9_]*`' | tr -d '`' | sort -u; }
# Keys of the output: at the top, or of lists and objects whose keys are not names of the model.
top() { sed -n 's/^  "\([^"]*\)":.*/\1/p' "$work/out" | sort; }
inner() {
  sed '/^  "\(operators\|opsets\|fused\|host_operators\)": {/,/^  }/d' "$work/out" |
    sed -n 's/^   *"\([^"]*\)":.*/\1/p' | sort -u
}

for verb in $("$GRAPHCUT" help | sed -n 's/^  graphcut \([a-z]*\) .*/\1/p'); do
  if [ -n "$(rows "$verb")" ]; then echo "ok - $verb is documented"; else echo "not ok - docs/json.md lacks $verb"; fi
done

keys() { # verb arguments...
  verb=$1
  check "$verb --json" "$GRAPHCUT" "$@" --json --quiet
  rows "$verb" >"$work/rows"
  top >"$work/top"
  if cmp -s "$work/rows" "$work/top"; then echo "ok - $verb: keys as documented"; else
    echo "not ok - $verb: documented, or there: $(comm -3 "$work/rows" "$work/top" | tr '\n' ' ')"
  fi
  words "$verb" >"$work/words"
  inner >"$work/inner"
  if [ -z "$(comm -13 "$work/words" "$work/inner")" ]; then echo "ok - $verb: inner keys are documented"; else
    echo "not ok - $verb: not documented: $(comm -13 "$work/words" "$work/inner" | tr '\n' ' ')"
  fi
}
sizes='--set batch=2,seq=16'
cat >"$work/acme.gcir" <<'EOF'
<ir_version: 8, opset_import: ["": 18, "com.acme": 1]> g (float[2] x) => (float[2] y) { y = com.acme.Magic (x) }
EOF
keys inspect $llama
keys inspect "$work/acme.gcir"
keys cut $llama $sizes --device cpu
keys run $llama --input $inputs --expect $models/llama/outputs.npz --self-check --device cpu
keys simulate $llama $sizes --profile h100-pcie --batches 2 --budget 400K --targets LlamaDecoderLayer
keys bench $llama --input $inputs --device cpu --profile h100-pcie --budget 600K
keys draw $llama -o "$work/x.dot"
keys split $llama -o "$work/parts"
keys convert $llama "$work/x.gcir"
keys synth layers=1,heads=2,hidden=8,vocab=4 -o "$work/decoder"
keys ops
keys device --device cpu
