#!/bin/sh
# House rules that a compiler does not know. Prints each violation; exit status 1 where there is one.
status=0
complain() { echo "$1"; status=1; }

# The rooms' dependency rule: a room includes itself, tracer/ and include/graphcut/.
for room in tracer formats partition exec; do
  others=$(echo formats partition exec tools tests examples | tr ' ' '\n' | grep -vx "$room" | paste -sd'|')
  found=$(grep -rnE "#include \"($others)/" "$room" --include='*.[ch]' --include='*.inc') &&
    complain "$found: $room/ may include only itself, tracer/ and include/graphcut/"
done
found=$(grep -rnE '#include "(tracer|formats|partition|exec)/' tools examples --include='*.[ch]') &&
  complain "$found: tools/ and examples/ see the public headers alone"
found=$(grep -rnE '#include "(tracer|formats|partition|exec)/' include) &&
  complain "$found: a public header includes a private one"

# Foreign types stay in the folder that owns them.
foreign() { # pattern, folder
  found=$(grep -rnE "$1" tracer formats partition exec include --include='*.[ch]' --include='*.inc' | grep -v "^$2") &&
    complain "$found: belongs to $2"
}
foreign '\bOnnx__|onnx\.pb-c\.h|protobuf-c' formats/onnx/
foreign '\bAg(raph|node|edge)_t\b|<graphviz/' formats/dot/
foreign '\bdnnl_|<dnnl' exec/cpu/
foreign '\bCU(device|context|stream|event|deviceptr|module|function)\b|\bcublas|\bcudnn' exec/cuda/

# Functions that cross files without being public are gcut__x, but for those of the ground floor.
found=$(grep -rnE '^[A-Za-z].*\bgcut_[a-z0-9][a-z0-9_]*\(' tracer formats partition exec --include='*.h' |
  grep -vE '^tracer/(base/|dims\.h|build\.h|extract\.h|ops/op\.h)') && complain "$found: not public, so gcut__x"

# So are types, constants and macros; what kernels share is GCUT_CUDA_.
found=$(grep -rnE '^(typedef |\}).*\bgcut_[a-z]\w*( \{|;)$|^ *# *define +GCUT_[A-Z]' tracer formats partition exec --include='*.h' --include='*.inc' |
  grep -vE '^tracer/(base/|dims\.h|build\.h|extract\.h|ops/op\.h)' | grep -vE '\bgcut__|define GCUT_(CUDA_|\w+_H$)') &&
  complain "$found: not public, so gcut__x or GCUT__X"

# The library never prints, exits or aborts.
found=$(grep -rnE '\b(printf|puts|perror|exit|abort)\(' tracer formats partition exec --include='*.c') &&
  complain "$found: the library never prints or exits"

# Names of models reach the terminal through tool_print, tool_remark, tool_fail and tables, which clean them.
found=$(grep -nE '(^|[^a-z_])(printf|puts|fprintf)\(' tools/cmd_*.c) && complain "$found: a verb prints by tool_print or tool_remark"

# Nothing is left half-done.
found=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' --include='*.[ch]' --include='*.sh' tracer formats partition exec include tools examples tests |
  grep -v '^tests/lint.sh') && complain "$found: finish it or file it"

exit $status
