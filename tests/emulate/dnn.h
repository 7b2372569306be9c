// What the card's cuDNN in software is made of: descriptors (dnn.c), and the convolutions that they
// describe (dnn_convolution.c).
#ifndef GCUT_TESTS_EMULATE_DNN_H
#define GCUT_TESTS_EMULATE_DNN_H

#include <cudnn_graph.h>
#include <stdbool.h>

enum { ATTRIBUTES = 16, BYTES = 64, AXES = 8 };

typedef struct attribute {
  int name;
  int64_t n;
  unsigned char data[BYTES];
} attribute;

typedef struct descriptor {
  cudnnBackendDescriptorType_t type;
  attribute attributes[ATTRIBUTES];
  int n;
  bool finished;
} descriptor;

// NULL where it was not set.
const attribute *dnn_find(const descriptor *d, int name);
// Descriptor `i` of an attribute; NULL where it was not finished.
const descriptor *dnn_part(const descriptor *d, int name, int64_t i);
// -1 where it was not set.
int dnn_number(const descriptor *d, int name);
// How many there are.
int64_t dnn_ints(const descriptor *d, int name, int64_t *values);

typedef struct tensor {
  cudnnDataType_t type;
  int64_t id, rank, dims[AXES], strides[AXES];
  bool inner;
} tensor;

// A graph: a convolution, and a bias or none. Backward: from near to far.
typedef struct convolution {
  bool backward;
  tensor far, near, weights, bias, out;
  bool has_bias;
  int64_t axes, begin[AXES], end[AXES], stride[AXES], dilation[AXES];
} convolution;

bool dnn_read_tensor(const descriptor *d, tensor *out);
// False where the descriptors do not fit together.
bool dnn_read_graph(const descriptor *d, convolution *out);
// False where memory is out.
bool dnn_convolve(const convolution *c, const void *x, const void *w, const void *bias, void *y);

#endif
