# The page in a real browser: a copy of it gets a script that does what people do and tells what came of it.
. tests/support/cli.sh

if ! command -v chromium >/dev/null; then
  echo 'ok - page # SKIP chromium is not there: ./install-deps.sh --ci installs it'
  exit 0
fi

# drive NAME PAGE: runs the page under test; prints its lines with NAME.
drive() {
  {
    echo '<script>'; cat tests/browser/watch.js; echo '</script>'
    cat "$2"
    echo '<script>'; cat tests/browser/drive.js; echo '</script>'
  } >"$work/driven.html"
  for _ in 1 2; do # a machine under load may keep a browser from starting
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --window-size=1400,900 \
      --user-data-dir="$work/profile" --virtual-time-budget=20000 --dump-dom "file://$work/driven.html" \
      >"$work/dom" 2>"$work/chromium"
    grep -q '^@END' "$work/dom" && break
  done
  if grep -q '^@END' "$work/dom"; then
    sed -n '/^@BEGIN/,/^@END/p' "$work/dom" | sed -n "s/^\(ok\|not ok\) - page: /\1 - $1: /p"
  else
    echo "not ok - $1: the page did not come to its end: $(tail -n 1 "$work/chromium" | cut -c1-200)"
  fi
}

model=$models/llama/model.onnx
"$GRAPHCUT" run $model --input $models/llama/inputs.npz --targets LlamaDecoderLayer --device cpu --timeline "$work/t.json" \
  >/dev/null 2>&1
"$GRAPHCUT" cut $model --parts 3 -o "$work/other.json" >/dev/null
check 'a page with all that there is' "$GRAPHCUT" draw $model --targets LlamaDecoderLayer --timeline "$work/t.json" \
  --against "$work/other.json" -o "$work/full.html"
drive decoder "$work/full.html"

# Names that would end a string, a tag, a comment or a script, and one of a megabyte.
bad='\"}]]></script><script>window.owned=1</script><img src=x onerror=\"window.owned=1\">{{\`\${alert(1)}\`}} --> <!-- &#60;
 %s \\\\N'
long=$(awk 'BEGIN { for (i = 0; i < 131072; i++) printf "<b>long" }')
{
  echo '< ir_version: 10, opset_import: ["": 18], scopes: ['
  echo "  1: \"$bad\": \"$bad\", 2: 1/\"inner$bad\": \"$bad\", 3: \"three\": \"$bad\", 4: 2/\"deep\": \"Linear\" ] >"
  echo "\"$bad\" (float[2, 2] \"in$bad\") => (float[2, 2] \"out$bad\") < float[2, 2] \"w$bad\" = {1, 2, 3, 4} > {"
  echo "  [\"first$bad\"] \"a$bad\" = MatMul (\"in$bad\", \"w$bad\") @4"
  echo "  [\"second$bad\"] \"b$long\" = Softmax <axis = -1> (\"a$bad\") @2"
  echo "  [\"$long\"] \"c$bad\" = Relu (\"b$long\") @3"
  echo "  [\"last$bad\"] \"out$bad\" = Relu (\"c$bad\") @1"
  echo '}'
} >"$work/hostile.gcir"
"$GRAPHCUT" simulate "$work/hostile.gcir" --parts 2 --profile h100-pcie --batches 2 --timeline "$work/t.json" >/dev/null
"$GRAPHCUT" cut "$work/hostile.gcir" --parts 3 -o "$work/other.json" >/dev/null
check 'hostile names are drawn' "$GRAPHCUT" draw "$work/hostile.gcir" --parts 2 --timeline "$work/t.json" --against "$work/other.json" \
  -o "$work/hostile.html"
check 'a megabyte of name stays short' test "$(wc -c <"$work/hostile.html")" -lt 200000
drive 'hostile names' "$work/hostile.html"
