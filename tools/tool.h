// What the verbs share: failing, opening a model.
#ifndef GRAPHCUT_TOOLS_TOOL_H
#define GRAPHCUT_TOOLS_TOOL_H

#include "graphcut/formats.h"
#include "graphcut/simulate.h"
#include "options.h"

// Every verb: X(name), with a `const tool_verb tool_verb_<name>` in cmd_<name>.c. Help lists them
// in this order.
#define TOOL_VERB_LIST(X)                                                                          \
  X(inspect)                                                                                       \
  X(cut)                                                                                           \
  X(draw)                                                                                          \
  X(run)                                                                                           \
  X(simulate)                                                                                      \
  X(bench)                                                                                         \
  X(split)                                                                                         \
  X(convert)                                                                                       \
  X(synth)                                                                                         \
  X(ops)                                                                                           \
  X(device)

#define X(name) extern const tool_verb tool_verb_##name;
TOOL_VERB_LIST(X)
#undef X

// Prints to stdout whatever names there are in it: see gcut_utf8_clean. Lines stay lines.
void tool_print(const char *format, ...) GCUT_PRINTF(1, 2);
// The same on stderr, unless the user wants none: for what is no error.
void tool_remark(const tool_common *common, const char *format, ...) GCUT_PRINTF(2, 3);
// The nodes that no device computes, if there are any.
void tool_print_refused(const gcut_trace *trace);
// Prints "graphcut: " and the message; gives the exit status.
int tool_fail(gcut_status status, const gcut_error *err);
// The same for GCUT_NOMEM, and ends the command: for what is small, and made before or after all
// work.
_Noreturn void tool_out_of_memory(void);
// Cleared memory for `n` items of `size` bytes, never NULL: for free.
void *tool_alloc(size_t n, size_t size);
// The memory with room for `n` items, likewise.
void *tool_grow(void *memory, size_t n, size_t size);
// The exit status of a verb that has printed its result: what could not be written is a failure.
int tool_finish(void);

// A model read and traced with the symbols bound.
typedef struct tool_model {
  gcut_graph *graph;
  gcut_trace *trace;
} tool_model;
// The graph alone.
gcut_status tool_graph_open(const tool_common *common, const char *path, gcut_graph **out_graph,
                            gcut_error *err);
gcut_status tool_model_open(const tool_common *common, const char *path, const tool_bindings *set,
                            tool_model *out_model, gcut_error *err);
void tool_model_close(tool_model *model); // of an unopened one, too

// The kind of device whose kernels a name asks for: "cuda" of "cuda:1". GCUT_ARGUMENT: none has
// any.
gcut_status tool_device_kind(const char *device, const char **out_kind, gcut_error *err);
// The first line on stderr: which device computes, and `why` it is that one (or NULL).
void tool_tell_device(const tool_common *common, const char *device, const char *why);
// Measures the device, and tells that it does.
gcut_status tool_device_measure(const tool_common *common, const char *device,
                                gcut_profile *out_profile, char *description, size_t size,
                                gcut_error *err);

// Of all constants.
uint64_t tool_weight_bytes(const gcut_graph *graph);
// Whether a file can be made at `path`: what a long run ends with is looked at before it begins.
gcut_status tool_check_writable(const char *path, gcut_error *err);
// The same of files in a folder, which is made where it is not there, or must be there.
gcut_status tool_make_folder(const char *path, gcut_error *err);
gcut_status tool_check_folder(const char *path, gcut_error *err);

#endif
