# What the command does on a terminal, and what its shells complete. script(1) is the terminal.
. tests/support/cli.sh

# on_terminal COLUMNS COMMAND: its output on a terminal so wide, in $work/out.
on_terminal() {
  script -qec "stty cols $1; $2" "$work/typescript" </dev/null >"$work/out" 2>&1
}
# The columns of the longest line of $work/out, escapes and carriage returns apart; progress makes room for what follows.
widest() { sed 's/\r\x1b\[K/\n/g; s/\x1b\[[0-9;]*[mK]//g; s/\r//g' "$work/out" | LC_ALL=C.UTF-8 wc -L; }
fits() { # name columns
  if [ "$(widest)" -le "$2" ] && [ -s "$work/out" ]; then echo "ok - $1 fits $2 columns"; else
    echo "not ok - $1: a line of $(widest) in $2 columns"
  fi
}

model=$models/llama/model.onnx
for columns in 60 80 120; do
  on_terminal $columns "'$GRAPHCUT' cut $model --targets LlamaDecoderLayer --set batch=1,seq=8"
  fits 'the table of parts' $columns
  on_terminal $columns "'$GRAPHCUT' simulate $model --targets LlamaDecoderLayer --set batch=1,seq=8 --profile h100-pcie --batches 2 -q"
  fits 'what was simulated' $columns
  on_terminal $columns "'$GRAPHCUT' bench $model --targets LlamaDecoderLayer --input $models/llama/inputs.npz --profile h100-pcie -q"
  fits 'strategies beside each other' $columns
  on_terminal $columns "'$GRAPHCUT' split $model --targets LlamaDecoderLayer -o $work/parts"
  sed -i "\\|$work|d" "$work/out" # the folder's name
  fits 'what was split' $columns
  on_terminal $columns "'$GRAPHCUT' ops"
  fits 'operators' $columns
  on_terminal $columns "'$GRAPHCUT' help"
  fits 'verbs' $columns
  on_terminal $columns "'$GRAPHCUT' help offload"
  fits 'strategies' $columns
  on_terminal $columns "'$GRAPHCUT' help draw"
  fits 'help' $columns
  on_terminal $columns "'$GRAPHCUT' inspect $model"
  sed -i 1d "$work/out" # the file's name
  fits 'what a model is made of' $columns
done
says 'weights have bars' '████████████'

on_terminal 80 "'$GRAPHCUT' run $model --input $models/llama/inputs.npz -o -"
says 'no archive on a terminal' 'an archive is nothing for a terminal'

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
on_terminal 80 "'$GRAPHCUT' simulate $model --targets LlamaDecoderLayer --set batch=1,seq=8 --profile h100-pcie --batches 20000"
if tr '\r' '\n' <"$work/out" | grep -q 'scheduling \[#.*trials, .*/s, .* left\|simulating \[#.*/[0-9]* strategies, .*/s, .* left'; then
  echo 'ok - simulating shows progress'
else echo "not ok - simulating: $(tr '\r' '\n' <"$work/out" | head -n 3 | tr '\n' '|')"; fi
check 'no progress in a pipe' "$GRAPHCUT" run $model --input $models/llama/inputs.npz --device cpu --passes 20
if grep -q 'left' "$work/err"; then echo 'not ok - a pipe: has progress'; else echo 'ok - a pipe gets no progress'; fi

on_terminal 80 "'$GRAPHCUT' run $model --input $models/llama/inputs.npz --device cpu --passes 800 --quiet"
if grep -q 'left\|device:' "$work/out"; then echo 'not ok - --quiet: there is progress'; else echo 'ok - --quiet'; fi

# Names that hold what a terminal takes for commands (escape sequences, of eight bits too, carriage returns) and what writes
# backwards: none of it reaches the terminal, as a table, a sentence, JSON or a message.
escape=$(printf '\033]0;owned\007\033[2J') eight=$(printf '\302\23331m') back=$(printf '\342\200\256') cr=$(printf '\r')
name="n$escape$eight$back$cr"
{
  printf '< ir_version: 10, opset_import: ["": 18, "d%s": 1], producer_name: "p%s",\n' "$name" "$name"
  printf '  scopes: [ 1: "s%s": "C%s" ] >\n' "$name" "$name"
  printf '"%s" (float[2, 2] "in%s") => (float[2, 2] "out%s") < float[2, 2] "w%s" = {1, 2, 3, 4} > {\n' "$name" "$name" "$name" "$name"
  printf '  ["a%s"] "a%s" = MatMul ("in%s", "w%s") @1\n' "$name" "$name" "$name" "$name"
  printf '  ["o%s"] "o%s" = "d%s".Op%s ("a%s") @1\n' "$name" "$name" "$name" "" "$name"
  printf '  ["z%s"] "out%s" = Relu ("o%s") @1\n}\n' "$name" "$name" "$name"
} >"$work/hostile.gcir"
commands=$(printf '[\001-\010\013-\037\177]\|\302[\200-\237]\|\342\200\256')
# harmless NAME COMMAND: it runs, names nodes, and the terminal gets no control character but ends of lines.
harmless() {
  NO_COLOR=1 on_terminal 100 "$2"
  tr -d '\r' <"$work/out" | sed 's/\x1b\[K//g' >"$work/clean"
  if ! grep -q owned "$work/clean"; then echo "not ok - $1: names nothing: $(head -n 2 "$work/clean" | cat -v)"
  elif LC_ALL=C grep -q "$commands" "$work/clean"; then
    echo "not ok - $1: $(LC_ALL=C grep "$commands" "$work/clean" | head -n 1 | cat -v)"
  else echo "ok - $1 sends the terminal no commands"; fi
}
hostile=$work/hostile.gcir
harmless 'inspect' "'$GRAPHCUT' inspect $hostile"
harmless 'inspect --json' "'$GRAPHCUT' inspect $hostile --json"
harmless 'cut' "'$GRAPHCUT' cut $hostile --targets re:a"
harmless 'cut --json' "'$GRAPHCUT' cut $hostile --targets re:a --json"
harmless 'a refusal' "'$GRAPHCUT' cut $hostile --targets 'an]0;owned[2J31m'"
harmless 'a schedule' "'$GRAPHCUT' simulate $hostile --targets re:a --profile h100-pcie --batches 2 --schedule - --offload sequential"
harmless 'split' "'$GRAPHCUT' split $hostile --targets re:a -o $work/parts"
harmless 'a mistyped option' "'$GRAPHCUT' cut $hostile '--$name'"
harmless 'a file that is not there' "'$GRAPHCUT' cut '$work/$name'"

# Names of East Asia are two columns a letter.
wide=$(printf '层%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30)
{
  echo "< ir_version: 10, opset_import: [\"\": 18], scopes: [ 1: \"$wide\": \"$wide\" ] >"
  echo '"m" (float[2] "x") => (float[2] "y") { ["r"] "y" = Relu ("x") @1 }'
} >"$work/wide.gcir"
for columns in 60 81; do
  on_terminal $columns "'$GRAPHCUT' cut $work/wide.gcir --targets '$wide'"
  fits 'a table of wide letters' $columns
done

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
completes 'strategies of help' 'offload' help of
completes 'no files for a number' '' run m.onnx --passes ''
completes 'slices' 'off' run m.onnx --micro-batch o
completes 'views in one word' '--view=layers' draw m.onnx --view=la
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
# What zsh makes of the tab key the first time, which loads the script, and within an option's word: what a command of that
# name is then given.
if command -v zsh >/dev/null; then
  mkdir "$work/functions" "$work/bin"
  "$GRAPHCUT" help --zsh >"$work/functions/_graphcut"
  printf '#!/bin/sh\necho "got: $*."\n' >"$work/bin/graphcut"
  chmod +x "$work/bin/graphcut"
  cat >"$work/tab.zsh" <<'END'
zmodload zsh/zpty
zpty shell "env PATH=$1/bin:$PATH TERM=dumb zsh -f -i"
zpty -w shell "fpath=($1/functions \$fpath); autoload -Uz compinit; compinit -u -D; print rea''dy"
zpty -r -m shell text '*ready*'
zpty -w shell $'graphcut cu\t'
zpty -r -m shell text '*got: cut.*'
zpty -w shell $'graphcut draw m.onnx --view=la\t'
zpty -r -m shell text '*got: draw m.onnx --view=layers.*'
zpty -d shell
END
  check 'zsh completes, the first time and after =' timeout 60 zsh -f "$work/tab.zsh" "$work"
else
  echo 'ok - zsh completes # SKIP zsh is not there'
fi
if command -v fish >/dev/null; then
  check 'fish completes' fish -c "source $work/completion; complete -C 'graphcut draw --view la'"
  says 'fish completes views' 'layers'
  check 'fish completes verbs' fish -c "source $work/completion; complete -C 'graphcut help '"
  says 'fish completes strategies of help' 'offload'
  check 'fish completes a number' fish -c "source $work/completion; cd /; complete -C 'graphcut run m --passes '"
  lacks 'fish completes no files for a number' 'etc'
fi

# The manual page and every shell know each option of each verb, with its short form.
"$GRAPHCUT" help --man >"$work/graphcut.1"
for shell in bash zsh fish; do "$GRAPHCUT" help --$shell >"$work/all.$shell"; done
# section VERB SHELL: what its script says of the verb.
section() {
  case $2 in
  fish) grep "__fish_seen_subcommand_from $1'" "$work/all.fish" ;;
  *) sed -n "/^  $1) *\$/,/;;\$/p" "$work/all.$2" ;;
  esac
}
knows() { # verb option shell text
  section "$1" "$3" | grep -qF -e "$4" || echo "not ok - $3 lacks $1 $2"
}
n=0
for verb in $("$GRAPHCUT" help | sed -n 's/^  graphcut \([a-z]*\) .*/\1/p'); do
  page=$(sed -n "/^\.SS graphcut $verb /,/^\.S[SH] /p" "$work/graphcut.1")
  for option in $("$GRAPHCUT" help "$verb" | sed -n 's/^  \(-[a-z]\), \(--[a-z-]*\).*/\1 \2/p; s/^  \(--[a-z-]*\).*/\1/p'); do
    n=$((n + 1))
    escaped=$(printf '%s' "$option" | sed 's/-/\\-/g')
    case $page in *"$escaped"*) ;; *) echo "not ok - the manual page lacks $verb $option" ;; esac
    knows "$verb" "$option" bash " $option"
    knows "$verb" "$option" zsh " $option"
    case $option in
    --*) knows "$verb" "$option" fish " -l ${option#--} " ;;
    *) knows "$verb" "$option" fish " -s ${option#-} " ;;
    esac
  done
done
if [ $n -gt 100 ]; then echo "ok - $n options are in the manual and in three shells"; else echo "not ok - help lists $n options"; fi
if command -v man >/dev/null && man --warnings -l "$work/graphcut.1" >"$work/out" 2>"$work/err" </dev/null; then
  if [ -s "$work/err" ]; then echo "not ok - the manual page: $(head -n 1 "$work/err")"; else echo 'ok - the manual page is set without warnings'; fi
else
  echo 'ok - the manual page is set # SKIP man is not there'
fi
