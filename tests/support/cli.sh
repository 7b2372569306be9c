# What the tests of the command share. Each sources it, calls `check` and `refuse`, and ends.
models=examples/models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME COMMAND...: the command must succeed; its output is in $work/out, $work/err.
check() {
  name=$1
  shift
  if "$@" >"$work/out" 2>"$work/err"; then echo "ok - $name"; else
    echo "not ok - $name: exit status $?: $(head -n 1 "$work/err")"
  fi
}

# refuse NAME STATUS TEXT COMMAND...: it must fail so, with one line on stderr that has the text.
refuse() {
  name=$1 expected=$2 text=$3 status=0
  shift 3
  "$@" >"$work/out" 2>"$work/err" || status=$?
  if [ "$status" -ne "$expected" ]; then echo "not ok - $name: exit status $status"
  elif [ "$(wc -l <"$work/err")" -ne 1 ]; then echo "not ok - $name: $(wc -l <"$work/err") lines"
  elif ! grep -q "^graphcut: .*$text" "$work/err"; then echo "not ok - $name: $(cat "$work/err")"
  else echo "ok - $name"; fi
}

# tells NAME TEXT: the last command has said that on stderr.
tells() {
  if grep -qF -- "$2" "$work/err"; then echo "ok - $1"; else echo "not ok - $1: $(cat "$work/err")"; fi
}

# says NAME TEXT: the output of the last command has a line with that text.
says() {
  if grep -qF -- "$2" "$work/out"; then echo "ok - $1"; else echo "not ok - $1: lacks '$2'"; fi
}

# lacks NAME TEXT: it has none.
lacks() {
  if grep -qF -- "$2" "$work/out"; then echo "not ok - $1: has '$2'"; else echo "ok - $1"; fi
}
