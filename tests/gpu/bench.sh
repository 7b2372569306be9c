#!/bin/bash
# bench.sh GRAPHCUT MODEL.onnx [FOLDER]: an 8B decoder on one card, beside PyTorch on the same card, one after the other.
#
# MODEL.onnx is PyTorch's export of it without its weights file; seeded weights are written to FOLDER (a temporary one
# where left out; 16 GB, kept when FOLDER is given). Needs python3 with numpy, and with torch and transformers for the
# peers; GCUT_BENCH_ONLY=graphcut leaves the peers out. TARGET and FETCH as the model calls them.
set -u
graphcut=$1 model=${2:-} folder=${3:-}
here=$(dirname "$0")
[ -f "$model" ] || { echo "bench.sh: MODEL=FILE.onnx is a PyTorch export of a decoder; ${model:-none} is no file" >&2; exit 2; }
[ -n "$folder" ] || { folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT; }
mkdir -p "$folder"
target=${TARGET:-LlamaDecoderLayer} fetch=${FETCH:-mul_8810} tokens=${TOKENS:-2048}

"$graphcut" device --device cuda | grep -E 'driver|copies to'
[ -f "$folder/model/model.onnx" ] || "$graphcut" synth "$model" -o "$folder/model" || exit 1

batches() { # count: a folder of them
  [ -d "$folder/batches-$1" ] || python3 - "$folder/batches-$1" "$1" "$tokens" <<'P'
import os, sys
import numpy as np
folder, count, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(0)
os.makedirs(folder)
for i in range(count):
    np.savez(f"{folder}/{i:03d}.npz", input_ids=random.integers(0, 128256, (1, tokens)),
             attention_mask=np.ones((1, tokens), np.int64))
P
  echo "$folder/batches-$1"
}

number() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),*$/\1/p" "$folder/row.json" | head -n 1; }

printf '%-34s %9s %8s %8s %8s %8s %7s %9s\n' graphcut tokens/s seconds prepare 'GB/s up' 'dev GiB' hidden 'host GiB'
seconds= # of the last row
row() { # name batches passes arguments...
  local name=$1 count=$2 passes=$3
  shift 3
  if ! "$graphcut" run "$folder/model/model.onnx" --device cuda --targets "$target" --fetch "$fetch" \
    --input "$(batches "$count")" --passes "$passes" --json "$@" > "$folder/row.json" 2> "$folder/row.err"; then
    printf '%-34s %s\n' "$name" "$(tail -n 1 "$folder/row.err")"
    return
  fi
  seconds=$(number seconds)
  awk -v name="$name" -v count="$((count * passes))" -v tokens="$tokens" -v s="$seconds" -v p="$(number prepare_seconds)" \
    -v up="$(number bytes_up)" -v dev="$(number peak_device_bytes)" -v overlap="$(number overlap)" \
    -v host="$(number peak_host_bytes)" 'BEGIN {
      printf "%-34s %9.0f %8.3f %8.2f %8.1f %8.2f %6.0f%% %9.2f\n", name, count * tokens / s, s, p, up / s / 1e9,
        dev / 2^30, overlap * 100, host / 2^30 }'
}

# What a pass takes once the first is over: a row of three passes and one of a single pass, batches alike.
further() { # name batches seconds-of-one seconds-of-three
  awk -v name="$1" -v count="$2" -v tokens="$tokens" -v one="$3" -v three="$4" 'BEGIN {
    s = (three - one) / 2; printf "%-34s %9.0f %8.3f\n", name, count * tokens / s, s }'
}

row "16 batches, 2 GiB, prefetch" 16 1 --offload prefetch --budget 2GiB
row "16 batches, 2 GiB, prefetch again" 16 1 --offload prefetch --budget 2GiB
row "16 batches, 2 GiB, sequential" 16 1 --offload sequential --budget 2GiB
row "16 batches, resident" 16 1 --offload resident
one=$seconds
row "16 batches, resident, 3 passes" 16 3 --offload resident
further "  a further pass" 16 "$one" "$seconds"
row "1 batch, 2 GiB, prefetch" 1 1 --offload prefetch --budget 2GiB
one=$seconds
row "1 batch, 2 GiB, prefetch, 3 passes" 1 3 --offload prefetch --budget 2GiB
further "  a further pass" 1 "$one" "$seconds"
row "128 batches, 4 GiB, prefetch" 128 1 --offload prefetch --budget 4GiB
row "128 batches, 2 GiB, prefetch" 128 1 --offload prefetch --budget 2GiB
[ "${GCUT_BENCH_ONLY:-}" = graphcut ] || python3 "$here/peers.py" "$tokens"
