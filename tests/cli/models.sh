# Models as exporters write them, whole and cut: MODELS=FOLDER BUILD=... GRAPHCUT=... sh tests/cli/models.sh
#
# FOLDER/exported and FOLDER/trained (or FOLDER itself) hold folders of model.onnx, inputs.npz, outputs.npz;
# FOLDER/skeletons models whose weights are not there. Without such a folder the models of examples/ serve.
# Each model must match its outputs whole; cut at its layers and at MatMul, with one batch and with seven of different
# lengths, it must give the bits of the uncut run; in slices of its batches what it gives whole; and as GCIR and back it must
# be the same.
. tests/support/cli.sh
folder=${MODELS:-../shared/models}
if [ ! -d "$folder" ]; then
  echo "ok - models of $folder # SKIP no such folder"
  folder=$models
fi

# How near the outputs must come, by what the model computes in.
tolerance() {
  case $1 in
  *-f16) echo --rtol 1e-2 --atol 1e-2 ;;
  *-bf16) echo --rtol 3e-2 --atol 3e-2 ;;
  *) echo --rtol 1e-3 --atol 1e-4 ;;
  esac
}

# The target that names a model's layers and how many parts it gives; nothing for models without layers.
layers() {
  case $1 in
  llama | llama-f16 | llama-bf16 | llama-op23) echo LlamaDecoderLayer 5 ;;
  llama-ts) echo 're:m\.model\.layers\.\d+$' 5 ;;
  llama-deep-ts) echo 're:m\.model\.layers\.\d+$' 81 ;;
  mixtral) echo MixtralDecoderLayer 5 ;;
  qwen3) echo Qwen3DecoderLayer 5 ;;
  qwen3moe) echo Qwen3MoeDecoderLayer 5 ;;
  gpt2) echo GPT2Block 5 ;;
  bert) echo BertLayer 5 ;;
  vit) echo ViTLayer 5 ;;
  mllama) echo MllamaSelfAttentionDecoderLayer,MllamaCrossAttentionDecoderLayer 7 ;;
  esac
}

same_bits() { # NAME FOLDER INPUT TARGET: as uncut
  check "$1" "$GRAPHCUT" run "$2/model.onnx" --device cpu --input "$3" --targets "$4" --offload sequential --self-check \
    --json
}

at_layers() { # NAME FOLDER TARGET PARTS
  same_bits "$1: cut at $3" "$2" "$2/inputs.npz" "$3"
  says "$1: $4 parts" "\"parts\": $4,"
  rm -rf "$work/batches"
  check "$1: seven batches are written" "$BUILD/tests/generators/stretch" "$2/model.onnx" "$2/inputs.npz" 7 "$work/batches"
  same_bits "$1: seven batches" "$2" "$work/batches" "$3"
  says "$1: seven batches are run" '"batches": 7,'
}

in_slices() { # NAME FOLDER: seven batches of two samples and more, whole and in slices of 1, 2 and 3
  if [ "$1" = mllama ]; then # its batch is a number
    refuse "$1: slices" 4 'no slices' "$GRAPHCUT" run "$2/model.onnx" --device cpu --input "$2/inputs.npz" --micro-batch 1
    return
  fi
  rm -rf "$work/whole"
  check "$1: whole batches" "$GRAPHCUT" run "$2/model.onnx" --device cpu --input "$work/batches" --output "$work/whole"
  for n in 1 2 3; do
    # shellcheck disable=SC2046
    check "$1: slices of $n" "$GRAPHCUT" run "$2/model.onnx" --device cpu --input "$work/batches" --micro-batch $n \
      --expect "$work/whole" $(tolerance "$1") --json
    says "$1: seven batches in slices of $n" '"batches": 7,'
  done
}

at_products() { # NAME FOLDER
  if "$GRAPHCUT" inspect "$2/model.onnx" --json | grep -q '"MatMul":'; then
    same_bits "$1: cut at MatMul" "$2" "$2/inputs.npz" MatMul
  else
    echo "ok - $1: cut at MatMul # SKIP it has none"
  fi
}

round_trip() { # NAME FOLDER
  rm -rf "$work/trip"
  mkdir "$work/trip"
  cp "$2"/model.onnx* "$work/trip/"
  check "$1: to GCIR" "$GRAPHCUT" convert "$work/trip/model.onnx" "$work/trip/there.gcir"
  check "$1: and back" "$GRAPHCUT" convert "$work/trip/there.gcir" "$work/trip/back.onnx"
  check "$1: the same graph" "$BUILD/tests/generators/equal" "$work/trip/model.onnx" "$work/trip/back.onnx"
}

inputs=$models/llama/inputs.npz # of a run that must not get so far as to read them
for model in "$folder"/*/ "$folder"/exported/*/ "$folder"/trained/*/; do
  model=${model%/} id=$(basename "$model")
  [ -e "$model/model.onnx" ] && [ -e "$model/outputs.npz" ] || continue
  # shellcheck disable=SC2046
  check "$id: whole" "$GRAPHCUT" run "$model/model.onnx" --device cpu --offload resident \
    --input "$model/inputs.npz" --expect "$model/outputs.npz" $(tolerance "$id")
  # shellcheck disable=SC2046
  [ -z "$(layers "$id")" ] || at_layers "$id" "$model" $(layers "$id")
  [ -z "$(layers "$id")" ] || in_slices "$id" "$model"
  at_products "$id" "$model"
  round_trip "$id" "$model"
done

for model in "$folder"/skeletons/*/; do
  model=${model%/} id=$(basename "$model")
  [ -e "$model/model.onnx" ] || continue
  check "$id: inspect" "$GRAPHCUT" inspect "$model/model.onnx"
  check "$id: cut" "$GRAPHCUT" cut "$model/model.onnx" -o "$work/plan.json"
  check "$id: draw" "$GRAPHCUT" draw "$model/model.onnx" --plan "$work/plan.json" -o "$work/parts.svg"
  refuse "$id: run" 3 'weights.bin. is not there' "$GRAPHCUT" run "$model/model.onnx" --device cpu --input "$inputs"
  round_trip "$id" "$model"
done

# What a part of one layer must come to, where the model at that size is there.
sums() { # NAME TARGET TEXT
  [ -e "$folder/skeletons/$1/model.onnx" ] || return 0
  check "$1: cut at $2" "$GRAPHCUT" cut "$folder/skeletons/$1/model.onnx" --targets "$2"
  says "$1: $3" "$3"
}
sums llama-3-70b LlamaDecoderLayer '81 parts, 141.1 GB of weights'
sums llama-3.2-11b-vision \
  MllamaVisionEncoderLayer,MllamaSelfAttentionDecoderLayer,MllamaCrossAttentionDecoderLayer '81 parts'
