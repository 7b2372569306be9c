// Tensors of the wire as constants: elements in place where they lie raw, decoded where they do
// not.
#ifndef GCUT_FORMATS_ONNX_TENSOR_H
#define GCUT_FORMATS_ONNX_TENSOR_H

#include "formats/onnx/wire.h"
#include "graphcut/graph.h"
#include "onnx.pb-c.h"

// A TensorProto unpacked without its raw elements.
typedef struct gcut__wire_tensor {
  GcutOnnx__TensorProto *message; // in the arena it was unpacked into
  gcut__span raw;                 // raw_data in place
  bool has_raw;
} gcut__wire_tensor;

// Unpacks a checked TensorProto into `scratch`.
GCUT_MUST_USE gcut_status gcut__tensor_unpack(gcut__span bytes, gcut_arena *scratch,
                                              gcut__wire_tensor *out, gcut_error *err);

// Name, type and shape, with `bytes` the packed size of the elements; no data yet. Name and dims go
// to `arena`. GCUT_FORMAT names the tensor.
GCUT_MUST_USE gcut_status gcut__tensor_shape(const gcut__wire_tensor *tensor, gcut_arena *arena,
                                             gcut_constant *out, gcut_error *err);

// Points a constant that gcut__tensor_shape made at its elements: in place where they are raw, else
// decoded into `arena`.
GCUT_MUST_USE gcut_status gcut__tensor_elements(const gcut__wire_tensor *tensor, gcut_arena *arena,
                                                gcut_constant *constant, gcut_error *err);

#endif
