// Metadata keys of graphcut's own, for what ONNX has no field for.
#ifndef GCUT_FORMATS_ONNX_KEYS_H
#define GCUT_FORMATS_ONNX_KEYS_H

// The scope of a node: the same lists as torch's, of plain segments and without the node at their
// end. Written where the node's other metadata and name do not tell it; not kept as metadata.
#define GCUT__SCOPE_NAMES   "graphcut.name_scopes"
#define GCUT__SCOPE_CLASSES "graphcut.class_hierarchy"

// Before the keys of a quantization annotation, which the graph keeps as metadata of its value.
#define GCUT__QUANTIZATION "graphcut.quantization:"

#endif
