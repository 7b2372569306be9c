// A tensor in host memory, reference-counted: graph inputs and outputs, activations between parts,
// operands of CPU kernels. A sequence holds tensors instead of elements.
#ifndef GRAPHCUT_TENSOR_H
#define GRAPHCUT_TENSOR_H

#include "graphcut/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCUT_MAX_RANK 32

typedef enum gcut_kind {
  GCUT_KIND_TENSOR = 0,
  GCUT_KIND_SEQUENCE, // of tensors
  GCUT_KIND_OPTIONAL, // at run time: an optional without a value (one with a value is the value
                      // itself)
  GCUT_KIND_MAP,      // items[0] its keys, items[1] its values: two vectors of one length
} gcut_kind;

// Fields are for reading; tensors are made by the calls below. Immutable once more than one owner
// holds it.
typedef struct gcut_tensor {
  gcut_kind kind;
  gcut_dtype type; // element type; of a sequence, its items' (GCUT_UNDEFINED if unknown); of a map,
                   // its keys'
  int32_t rank;    // 0 to GCUT_MAX_RANK
  int64_t *dims;   // [rank]
  uint64_t count;  // elements: the product of dims
  uint64_t bytes;  // of data
  void *data; // packed row-major elements, aligned to 64 bytes unless borrowed; NULL if bytes is 0
  struct gcut_tensor **items; // [n_items] of a sequence or map, each holding a reference
  size_t n_items;
  struct gcut_tensor *base; // the tensor whose data this one shares, held by a reference; or NULL
  void (*free_data)(void *context, void *data,
                    uint64_t bytes); // NULL: data is not this tensor's to free
  void *free_context;
  int n_references; // changed atomically
} gcut_tensor;

// A zero-filled tensor with its own memory. Negative or overflowing dims: GCUT_ARGUMENT.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_create(gcut_dtype type, int rank,
                                                      const int64_t *dims, gcut_tensor **out_tensor,
                                                      gcut_error *err);
// The same with uninitialised elements (string elements are always cleared).
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_create_uninitialized(gcut_dtype type, int rank,
                                                                    const int64_t *dims,
                                                                    gcut_tensor **out_tensor,
                                                                    gcut_error *err);
// A tensor over borrowed memory that must outlive it; alignment to the element is the caller's
// duty.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_wrap(gcut_dtype type, int rank, const int64_t *dims,
                                                    const void *data, gcut_tensor **out_tensor,
                                                    gcut_error *err);
// The elements of `base` under another shape of as many elements (and the same element size).
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_view(gcut_tensor *base, gcut_dtype type, int rank,
                                                    const int64_t *dims, gcut_tensor **out_tensor,
                                                    gcut_error *err);
// Elements [first, first + n) of an axis: by reference where they lie together, else a copy.
// GCUT_ARGUMENT where there are none such, or where an element is no whole bytes.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_slice(gcut_tensor *base, int axis, int64_t first,
                                                     int64_t n, gcut_tensor **out_tensor,
                                                     gcut_error *err);
// Copies `part` over elements [first, ...) of an axis of `whole`, whose other dims are the same.
// GCUT_ARGUMENT where it does not fit.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_place(gcut_tensor *whole, int axis, int64_t first,
                                                     const gcut_tensor *part, gcut_error *err);
// A sequence of `n` tensors or maps; takes its own reference to each. n may be 0.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_sequence(gcut_dtype type, gcut_tensor *const *items,
                                                        size_t n, gcut_tensor **out_tensor,
                                                        gcut_error *err);
// A map from the elements of `keys` (int64 or strings) to those of `values`; takes its own
// references.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_map(gcut_tensor *keys, gcut_tensor *values,
                                                   gcut_tensor **out_tensor, gcut_error *err);
// An optional of that element type without a value.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_none(gcut_dtype type, gcut_tensor **out_tensor,
                                                    gcut_error *err);
// Sets element `index` of a string tensor to a copy of `size` bytes owned by the tensor.
GCUT_API GCUT_MUST_USE gcut_status gcut_tensor_set_string(gcut_tensor *tensor, uint64_t index,
                                                          const char *data, size_t size,
                                                          gcut_error *err);

GCUT_API gcut_tensor *gcut_tensor_ref(gcut_tensor *tensor);
// Gives up one reference; the last frees. NULL is allowed.
GCUT_API void gcut_tensor_unref(gcut_tensor *tensor);

// Same kind, type, shape and bits (string elements by their bytes).
GCUT_API bool gcut_tensor_equal(const gcut_tensor *a, const gcut_tensor *b);

#ifdef __cplusplus
}
#endif
#endif
