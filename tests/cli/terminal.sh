# What the command does on a terminal, and what its shells complete. script(1) is the terminal.
. tests/support/cli.sh

# on_terminal COLUMNS COMMAND: its output on a terminal so wide, in $work/out.
on_terminal() {
  script -qec "stty cols $1; $2" "$work/typescript" </dev/null >"$work/out" 2>&1
}
# The columns of the longest line of $work/out, escapes and carriage returns apart.
widest() { sed 's/\x1b\[[0-9;]*[mK]//g; s/\r//g' "$work/out" | LC_ALL=C.UTF-8 wc -L; }
fits() { # name columns
  if [ "$(widest)" -le "$2" ] && [ -s "$work/out" ]; then echo "ok - $1 fits $2 columns"; else
    echo "not ok - $1: a line of $(widest) in $2 columns"
  fi
}

model=$models/llama/model.onnx
for columns in 60 80 120; do
  on_terminal $columns "'$GRAPHCUT' cut $model --targets LlamaDecoderLayer --set batch=1,seq=8"
  sed -i '/^bytes crossing/d' "$work/out" # a sentence, which the terminal wraps
  fits "the table of parts" $columns
  on_terminal $columns "'$GRAPHCUT' help draw"
  fits 'help' $columns
  on_terminal $columns "'$GRAPHCUT' inspect $model"
  sed -i 1d "$work/out" # the file's name
  fits 'what a model is made of' $columns
done
says 'weights have bars' '████████████'

bold=$(printf '\033[1m')
on_terminal 100 "'$GRAPHCUT' cut $model --targets LlamaDecoderLayer"
says 'a terminal gets colour' "$bold"
on_terminal 100 "NO_COLOR=1 '$GRAPHCUT' cut $model --targets LlamaDecoderLayer"
if grep -qF "$bold" "$work/out"; then echo 'not ok - NO_COLOR: has colour'; else echo 'ok - NO_COLOR'; fi
check 'a pipe' "$GRAPHCUT" cut $model --targets LlamaDecoderLayer
if grep -q "$(printf '\033')" "$work/out" "$work/err"; then echo 'not ok - a pipe: has escapes'; else echo 'ok - a pipe gets no escapes'; fi

on_terminal 80 "'$GRAPHCUT' run $model --input $models/llama/inputs.npz --targets LlamaDecoderLayer --device cpu --passes 800"
if tr '\r' '\n' <"$work/out" | grep -q '\[#.*/4000 parts, .*/s, .* left'; then echo 'ok - progress, rate and time left'; else
  echo "not ok - progress: $(tr '\r' '\n' <"$work/out" | tail -n 4 | tr '\n' '|')"
fi
check 'no progress in a pipe' "$GRAPHCUT" run $model --input $models/llama/inputs.npz --device cpu --passes 20
if grep -q 'left' "$work/err"; then echo 'not ok - a pipe: has progress'; else echo 'ok - a pipe gets no progress'; fi

# completes NAME EXPECTED WORD...: what bash offers for the last of the words of a command line.
completes() {
  name=$1 expected=$2
  shift 2
  bash -c 'eval "$("$0" help --bash)"; COMP_WORDS=(graphcut "$@"); COMP_CWORD=$#; _graphcut; printf "%s\n" "${COMPREPLY[@]}"' \
    "$GRAPHCUT" "$@" >"$work/out" 2>"$work/err"
  found=$(sort "$work/out" | tr '\n' ' ')
  if [ "$found" = "$expected " ]; then echo "ok - bash completes $name"; else echo "not ok - bash completes $name: '$found'$(cat "$work/err")"; fi
}
completes 'verbs' 'cut' cu
completes 'verbs of help' 'draw' help dr
completes 'options' '--targets --targets-per-part' cut m.onnx --targ
completes 'options of each verb' '--host-budget' run m.onnx --host
completes 'views' 'layers' draw m.onnx --view la
completes 'views after =' 'parts' draw m.onnx --view = pa
completes 'measures' 'flops' draw m.onnx --by f
completes 'strategies' 'partial prefetch' run m.onnx --offload p
completes 'devices' 'cpu cuda' run m.onnx --device c
completes 'machines' 'h100-pcie h200-assumed' simulate m.onnx --profile h
completes 'files' "$models/llama" inspect $models/ll
completes 'files after -o' "$models/llama" draw m.onnx -o $models/ll
check 'the script of bash' bash -n -c "$("$GRAPHCUT" help --bash)"
for shell in zsh fish; do
  "$GRAPHCUT" help --$shell >"$work/completion"
  if command -v $shell >/dev/null; then
    check "the script of $shell" $shell -n "$work/completion"
  else
    echo "ok - the script of $shell # SKIP $shell is not there"
  fi
done
if command -v fish >/dev/null; then
  check 'fish completes' fish -c "source $work/completion; complete -C 'graphcut draw --view la'"
  says 'fish completes views' 'layers'
fi

# The manual page says what help says.
"$GRAPHCUT" help --man >"$work/graphcut.1"
for verb in $("$GRAPHCUT" help | sed -n 's/^  graphcut \([a-z]*\) .*/\1/p'); do
  for option in $("$GRAPHCUT" help "$verb" | sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p'); do
    escaped=$(printf '%s' "$option" | sed 's/-/\\\\-/g')
    grep -q "$escaped" "$work/graphcut.1" || echo "not ok - the manual page lacks $verb $option"
  done
done
if command -v man >/dev/null && man --warnings -l "$work/graphcut.1" >"$work/out" 2>"$work/err" </dev/null; then
  if [ -s "$work/err" ]; then echo "not ok - the manual page: $(head -n 1 "$work/err")"; else echo 'ok - the manual page is set without warnings'; fi
else
  echo 'ok - the manual page is set # SKIP man is not there'
fi
