// Files: models (ONNX, GCIR), tensors (npy/npz, ONNX test data), drawings.
#ifndef GRAPHCUT_FORMATS_H
#define GRAPHCUT_FORMATS_H

#include "graphcut/graph.h"
#include "graphcut/output.h"
#include "graphcut/plan.h"
#include "graphcut/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gcut_read_options {
  bool follow_links; // allow external data behind symbolic or hard links (model caches use them)
  gcut_progress progress; // in bytes of an ONNX file
} gcut_read_options;

// Reads a model by its extension: .gcir is GCIR, everything else ONNX. options may be NULL.
GCUT_API GCUT_MUST_USE gcut_status gcut_graph_read(const char *path,
                                                   const gcut_read_options *options,
                                                   gcut_graph **out_graph, gcut_error *err);
// Writes a model by its extension, .onnx or .gcir (another: GCUT_ARGUMENT); whole or not at all (a
// temporary file, then a rename). Constants in external files stay there where source and
// destination share a folder.
GCUT_API GCUT_MUST_USE gcut_status gcut_graph_write(const gcut_graph *graph, const char *path,
                                                    gcut_error *err);

// The same, with all weights of a KiB or more (but those of Constant nodes) in "<path>.data", tied
// ones once: in the order in which the plan's parts need them, what a part is the first to need in
// one run that begins a page, tensors at GCUT_RANGE_ALIGN. GCUT_ARGUMENT where that would write
// over a file that the model is read from.
GCUT_API GCUT_MUST_USE gcut_status gcut_graph_pack(const gcut_trace *trace, const gcut_plan *plan,
                                                   const char *path, gcut_error *err);

// The readers themselves, over memory that outlives the graph. `path` names it in messages and
// resolves external data.
GCUT_API GCUT_MUST_USE gcut_status gcut_onnx_read(const char *path,
                                                  const gcut_read_options *options,
                                                  gcut_graph **out_graph, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_onnx_parse(const void *data, size_t size, const char *path,
                                                   const gcut_read_options *options,
                                                   gcut_graph **out_graph, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_onnx_write(const gcut_graph *graph, const char *path,
                                                   gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_gcir_read(const char *path,
                                                  const gcut_read_options *options,
                                                  gcut_graph **out_graph, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_gcir_parse(const void *data, size_t size, const char *path,
                                                   const gcut_read_options *options,
                                                   gcut_graph **out_graph, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_gcir_write(const gcut_graph *graph, const char *path,
                                                   gcut_error *err);

typedef struct gcut_split_options {
  bool pack; // write all larger weights anew, aligned, in the order the parts need them
} gcut_split_options;

// Writes each part of a plan as an ONNX model of its own into a folder, made if need be:
// part_000.onnx and so on, and manifest.json, which says what each part reads from which, and where
// the model's outputs come from. Larger weights are shared: in the model's own folder its data
// files are read in place; elsewhere weights.bin is a clone of its data file where it has one
// (blocks shared where the file system can), and holds, each once, what no such file does. Values
// that the trace knows are written as they are: an input with a default stays at it. Each file is
// whole or not at all; none is written over one that the model is read from (GCUT_ARGUMENT).
// GCUT_IO where the folder cannot be written. options may be NULL.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_split(const gcut_trace *trace, const gcut_plan *plan,
                                                   const char *folder,
                                                   const gcut_split_options *options,
                                                   gcut_error *err);

// Named tensors: one batch of inputs or outputs. Owns names and references.
typedef struct gcut_batch {
  char **names;
  gcut_tensor **tensors;
  size_t n;
} gcut_batch;
GCUT_API void gcut_batch_free(gcut_batch *batch);
// Takes a reference to the tensor.
GCUT_API GCUT_MUST_USE gcut_status gcut_batch_add(gcut_batch *batch, const char *name,
                                                  gcut_tensor *tensor, gcut_error *err);
// The tensor of that name, or NULL.
GCUT_API gcut_tensor *gcut_batch_find(const gcut_batch *batch, const char *name);

// An .npz file: a zip of .npy arrays (stored or deflated).
GCUT_API GCUT_MUST_USE gcut_status gcut_npz_read(const char *path, gcut_batch *out_batch,
                                                 gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_npz_parse(const void *data, size_t size, const char *path,
                                                  gcut_batch *out_batch, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_npz_write(const char *path, const gcut_batch *batch,
                                                  gcut_error *err);
// Adds a tensor to a tar archive of .npy arrays, under the name of a file in it
// ("batch/value.npy"); it is on its way when the call returns, so an archive may be a pipe.
// GCUT_UNSUPPORTED of what numpy does not hold.
GCUT_API GCUT_MUST_USE gcut_status gcut_tar_add(gcut_output *archive, const char *name,
                                                const gcut_tensor *tensor, gcut_error *err);
// Ends archive and output, as gcut_output_commit does.
GCUT_API GCUT_MUST_USE gcut_status gcut_tar_commit(gcut_output *archive, gcut_error *err);
// A serialized TensorProto, SequenceProto or OptionalProto; `kind` says which. Copies the elements.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_read_pb(const char *path, gcut_kind kind,
                                                       gcut_tensor **out_tensor, char **out_name,
                                                       gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_write_pb(const char *path, const gcut_tensor *tensor,
                                                        const char *name, gcut_error *err);

// Batches of a --input, --output or --expect path: an .npz file, a directory of .npz files, or an
// ONNX test data directory. Paths are listed first and each batch read when its turn comes.
typedef struct gcut_batch_list {
  char **paths;
  size_t n;
  bool test_data; // one ONNX test data directory: n is 1
} gcut_batch_list;
GCUT_API GCUT_MUST_USE gcut_status gcut_batch_list_open(const char *path, gcut_batch_list *out_list,
                                                        gcut_error *err);
GCUT_API void gcut_batch_list_free(gcut_batch_list *list);
// Reads one batch. `outputs` tells input_N.pb from output_N.pb; the graph names positions and
// kinds.
GCUT_API GCUT_MUST_USE gcut_status gcut_batch_read(const gcut_batch_list *list, size_t index,
                                                   const gcut_graph *graph, bool outputs,
                                                   gcut_batch *out_batch, gcut_error *err);

// Drawings of a plan, by extension: .dot .svg .png .pdf .html.
typedef enum gcut_view { GCUT_VIEW_PARTS, GCUT_VIEW_LAYERS, GCUT_VIEW_OPS } gcut_view;

// What boxes may be coloured by: X(name, text, what it is)
#define GCUT_HEAT_LIST(X)                                                                          \
  X(NONE, "none", "")                                                                              \
  X(WEIGHTS, "weights", "weights")                                                                 \
  X(FLOPS, "flops", "compute a batch")                                                             \
  X(BYTES, "bytes", "activations made a batch")                                                    \
  X(TIME, "time", "time computing")
typedef enum gcut_heat {
#define X(name, text, what) GCUT_HEAT_##name,
  GCUT_HEAT_LIST(X)
#undef X
      GCUT_N_HEATS
} gcut_heat;

typedef struct gcut_draw_options {
  gcut_view view;
  uint32_t part;  // for ops: which; GCUT_NONE all
  uint32_t depth; // of modules, 0: default
  bool all;       // shape code and constants too
  bool dark;
  bool linked;          // .svg, .pdf: parts link to drawings of their own, written beside it as
                        // NAME.part-N.EXT
  gcut_heat by;         // NONE: boxes are coloured by kind
  const char *timeline; // a run's or simulation's trace (JSON) of this plan: for TIME, and, on a
                        // page, to stand beside the graph. NULL: none
  const gcut_plan *against; // another plan of the same graph, whose cuts are shown, too; or NULL
  gcut_progress progress;   // in drawings, where there are several: a page, linked parts
} gcut_draw_options;
// A timeline of another plan, or none for TIME, is GCUT_ARGUMENT.
GCUT_API GCUT_MUST_USE gcut_status gcut_draw(const gcut_trace *trace, const gcut_plan *plan,
                                             const gcut_draw_options *options, const char *path,
                                             gcut_error *err);

#ifdef __cplusplus
}
#endif
#endif
