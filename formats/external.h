// External data: tensors whose elements lie in files beside the model.
//
// A location is a path beneath the model's folder and nothing else: no absolute path, no "..", no
// backslash; each component is opened relative to the one before without following links, and the
// file must be a regular one with a single name. gcut_read_options.follow_links lifts the rules on
// symbolic and hard links, which model caches need. A file that is not there is recorded without
// data.
#ifndef GCUT_FORMATS_EXTERNAL_H
#define GCUT_FORMATS_EXTERNAL_H

#include "graphcut/formats.h"
#include "tracer/base/map.h"

typedef struct gcut__externals {
  gcut_graph *graph;  // whose files they become
  const char *folder; // of the model, "." or ending in "/"
  bool follow_links;
  gcut_map files; // interned location -> files[]
} gcut__externals;

// `path` is the model's; borrowed strings live in the graph's arena.
GCUT_MUST_USE gcut_status gcut__externals_init(gcut__externals *externals, gcut_graph *graph,
                                               const char *path, bool follow_links,
                                               gcut_error *err);
void gcut__externals_free(gcut__externals *externals);

// Points a constant of known type and shape at its elements in the file that the entries name
// ("location", "offset", "length", others ignored), mapping it at need. data is NULL where the file
// is missing.
GCUT_MUST_USE gcut_status gcut__external_elements(gcut__externals *externals,
                                                  const gcut_metadata *entries, size_t n,
                                                  gcut_constant *constant, gcut_error *err);

#endif
