#!/bin/sh
# Runs one example program: it must succeed. tests/example.sh PROGRAM
if "$1"; then echo "ok 1 - $(basename "$1")"; else echo "not ok 1 - $(basename "$1")"; fi
