// What the files of the splitter share: where weights lie, and the manifest.
#ifndef GCUT_FORMATS_SPLIT_SPLIT_H
#define GCUT_FORMATS_SPLIT_SPLIT_H

#include "graphcut/plan.h"
#include "tracer/base/arena.h"
#include "tracer/base/map.h"

typedef struct gcut__packed {
  const gcut_constant *constant;
  uint64_t offset;
} gcut__packed;

// Where the parts find their larger constants: in the files that hold them already, in the shared
// file, or (what nothing else says) in the part itself.
typedef struct gcut__weights {
  const gcut_graph *graph;
  gcut_file shared; // the file that is written; location as the parts name it
  bool in_place;    // the parts lie in the model's folder: external elements stay where they are
  uint32_t base;    // of the graph's files: the shared file begins with all of it; or GCUT_NONE
  gcut__packed *packed; // [n_packed] what follows, each once, in execution order
  uint32_t n_packed, packed_capacity;
  gcut_map places; // address of elements -> packed[]
  uint64_t bytes;  // of the shared file; 0: there is none
  bool begins;     // what is packed next begins a part's run
} gcut__weights;

// Decides for all constants that the parts read. `folder` ends in a slash; names lie in the arena.
// Free afterwards, also on failure.
GCUT_MUST_USE gcut_status gcut__weights_plan(const gcut_trace *trace, const gcut_plan *plan,
                                             const char *folder, bool pack, gcut_arena *arena,
                                             gcut__weights *out, gcut_error *err);
void gcut__weights_free(gcut__weights *weights);
// Writes the shared file, whole or not at all; nothing where there is none.
GCUT_MUST_USE gcut_status gcut__weights_write(const gcut__weights *weights, gcut_error *err);
// gcut_extract's `place`, of a gcut__weights.
void gcut__weights_place(void *weights, gcut_constant *constant);
// What the manifest tells. Files are named as they lie in the folder.
typedef struct gcut__manifest {
  const gcut_trace *trace;
  const gcut_plan *plan;
  const gcut__weights *weights;
  const char *const *files;     // [n_parts]; NULL of a part that is left out
  const uint32_t *last, n_last; // constants that the last part hands out as they are
} gcut__manifest;
GCUT_MUST_USE gcut_status gcut__manifest_write(const gcut__manifest *manifest, const char *path,
                                               gcut_error *err);

#endif
