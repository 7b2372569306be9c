// Which module of the model a node belongs to, as exporters write it down.
#ifndef GCUT_FORMATS_SCOPES_H
#define GCUT_FORMATS_SCOPES_H

#include "formats/onnx/keys.h"
#include "tracer/build.h"

// What a node says about its module.
typedef struct gcut__scope_hints {
  gcut_string name;           // of the node
  gcut_string names, classes; // pkg.torch.onnx.name_scopes, .class_hierarchy
  gcut_string namespace_path; // namespace
  gcut_string own_names, own_classes;
} gcut__scope_hints;

// Takes a metadata entry into the hints; true where it is one of graphcut's own.
bool gcut__scope_hint(gcut__scope_hints *hints, gcut_string key, gcut_string value);

// The last answer, for the next node usually gives the same one.
typedef struct gcut__scope_memory {
  uint32_t base, scope;
  gcut_string names, classes; // without the node at their end
} gcut__scope_memory;

// The scope the hints name below `base`, made at need; GCUT_NONE where they name none.
uint32_t gcut__scope_find(gcut_graph *graph, uint32_t base, const gcut__scope_hints *hints,
                          gcut__scope_memory *memory);

#endif
