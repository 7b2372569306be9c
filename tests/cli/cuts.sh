# Every cut of the models of examples/: verified, run, compared (tests/cuts says with what).
. tests/support/cli.sh

check 'every cut of the examples' "$BUILD/tests/cuts/cuts" $models/llama $models/mllama
says 'seven cuts of each' '14 passed, 0 failed'
