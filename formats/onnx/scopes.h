// Which module of the model a node belongs to, as exporters write it down.
#ifndef GCUT_FORMATS_ONNX_SCOPES_H
#define GCUT_FORMATS_ONNX_SCOPES_H

#include "formats/onnx/keys.h"
#include "formats/onnx/wire.h"
#include "tracer/build.h"

// What a node says about its module.
typedef struct gcut__scope_hints {
  gcut__span name;           // of the node
  gcut__span names, classes; // pkg.torch.onnx.name_scopes, .class_hierarchy
  gcut__span namespace_path; // namespace
  gcut__span own_names, own_classes;
} gcut__scope_hints;

// Takes a metadata entry into the hints; true where it is one of graphcut's own.
bool gcut__scope_hint(gcut__scope_hints *hints, gcut__span key, gcut__span value);

// The last answer, for the next node usually gives the same one.
typedef struct gcut__scope_memory {
  uint32_t base, scope;
  gcut__span names, classes; // without the node at their end
} gcut__scope_memory;

// The scope the hints name below `base`, made at need; GCUT_NONE where they name none.
uint32_t gcut__scope_find(gcut_graph *graph, uint32_t base, const gcut__scope_hints *hints,
                          gcut__scope_memory *memory);

#endif
