// Colours by kind of module or operator, for light and dark pages.
#ifndef GCUT_FORMATS_DOT_PAINT_H
#define GCUT_FORMATS_DOT_PAINT_H

#include <stdbool.h>

#include "graphcut/graph.h"

// X(name, legend, fill light, line light, fill dark, line dark, words found in module classes and
// paths,
//   operators). Words and operators are separated by spaces; the first row that matches wins.
// The hues keep their order of lightness in grey print; text on every fill has a contrast of at
// least 7 : 1. Red is for cuts alone.
#define GCUT__PAINT_LIST(X)                                                                        \
  X(EXPERT, "experts", "#f3e3f7", "#8e44ad", "#3d2947", "#c58adf",                                 \
    "moe expert sparse router gate.", "")                                                          \
  X(CONV, "convolution", "#fde5d6", "#cf6a1f", "#47301f", "#f0a26b", "conv",                       \
    "Conv ConvTranspose ConvInteger QLinearConv MaxPool AveragePool GlobalAveragePool")            \
  X(NORM, "normalization", "#fdf3cf", "#b08900", "#423a17", "#e0c04a", "norm ln_",                 \
    "LayerNormalization RMSNormalization BatchNormalization InstanceNormalization "                \
    "GroupNormalization SimplifiedLayerNormalization SkipLayerNormalization "                      \
    "SkipSimplifiedLayerNormalization")                                                            \
  X(ATTENTION, "attention", "#dceafc", "#2f6fbf", "#1f3350", "#79aef0", "attention attn",          \
    "Attention GroupQueryAttention MultiHeadAttention RotaryEmbedding Softmax")                    \
  X(EMBEDDING, "embedding", "#e0f2ef", "#1f8a78", "#1c3b36", "#5cc4b2", "embed wte wpe rotary",    \
    "")                                                                                            \
  X(MLP, "feed-forward", "#e4f3dc", "#4c9a2a", "#263c1c", "#8ccf6b",                               \
    "mlp feed_forward feedforward intermediate ffn dense", "")                                     \
  X(PRODUCT, "matrix product", "#f1e4d8", "#8a5a2f", "#3b2d21", "#cba27c",                         \
    "linear lm_head classifier proj c_fc fc1 fc2",                                                 \
    "MatMul Gemm MatMulNBits MatMulBnb4 MatMulInteger QLinearMatMul Einsum")                       \
  X(BLOCK, "layers and blocks", "#e6ecf5", "#3f5f8a", "#233044", "#8fb1de",                        \
    "layer block stage bottleneck residual model encoder decoder backbone tower", "")              \
  X(RECURRENT, "recurrent", "#e2e0fa", "#5b4fc7", "#2c2950", "#9d94f0", "lstm gru rnn",            \
    "LSTM GRU RNN")                                                                                \
  X(CONTROL, "control flow", "#ffe0f0", "#c2257d", "#47203a", "#f07fc0", "",                       \
    "If Loop Scan SequenceMap")                                                                    \
  X(OTHER, "other", "#eef0f2", "#5f6b76", "#2b3138", "#a3afba", "", "")

typedef enum gcut__paint {
#define X(name, legend, light, light_line, dark, dark_line, words, operators) GCUT__PAINT_##name,
  GCUT__PAINT_LIST(X)
#undef X
      GCUT__N_PAINTS
} gcut__paint;

typedef struct gcut__theme {
  const char *page, *text, *faint_text, *line, *frame;
  const char *cut, *cut_other, *cut_both; // of the plan, of the one it is held against, of both
} gcut__theme;

enum { GCUT__HEAT_STEPS = 8 };

const gcut__theme *gcut__theme_get(bool dark);
const char *gcut__paint_fill(gcut__paint paint, bool dark);
const char *gcut__paint_line(gcut__paint paint, bool dark);
const char *gcut__paint_legend(gcut__paint paint);
// The fill of one of GCUT__HEAT_STEPS, coldest first: lighter to darker in grey print.
const char *gcut__heat_fill_color(unsigned step, bool dark);

// Each colour of the light theme with its counterpart of the dark one: for what is drawn once and
// shown in both. NULL past the last.
const char *gcut__theme_pair(unsigned i, const char **out_dark);

// The paint of a module by its class and path, of an operator by its type and the module it stands
// in.
gcut__paint gcut__paint_of_scope(const gcut_graph *graph, uint32_t scope);
// Of what stands in a module: what holds modules says nothing of it.
gcut__paint gcut__paint_inside(const gcut_graph *graph, uint32_t scope);
gcut__paint gcut__paint_of_node(const gcut_graph *graph, const gcut_node *node);

#endif
