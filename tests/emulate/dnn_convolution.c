// Convolutions by plain loops, sums in float32, for any strides.
#include <stdlib.h>
#include <string.h>

#include "tests/emulate/dnn.h"
#include "tracer/base/narrow.h"

// ---- tensors ----------------------------------------------------------------------------------

bool dnn_read_tensor(const descriptor *d, tensor *t) {
  bool whole = d && d->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR;
  const attribute *inner = dnn_find(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL);
  int64_t align;
  *t = (tensor){0};
  if (!whole || dnn_ints(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, &align) != 1) return false;
  t->type = (cudnnDataType_t)dnn_number(d, CUDNN_ATTR_TENSOR_DATA_TYPE);
  t->rank = dnn_ints(d, CUDNN_ATTR_TENSOR_DIMENSIONS, t->dims);
  if (inner) memcpy(&t->inner, inner->data, sizeof t->inner);
  return dnn_ints(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, &t->id) == 1 && t->rank >= 4 &&
         dnn_ints(d, CUDNN_ATTR_TENSOR_STRIDES, t->strides) == t->rank;
}

static float load(const void *data, int64_t i, cudnnDataType_t type) {
  switch (type) {
  case CUDNN_DATA_HALF: return gcut_from_float16(((const uint16_t *)data)[i]);
  case CUDNN_DATA_BFLOAT16: return gcut_from_bfloat16(((const uint16_t *)data)[i]);
  default: return ((const float *)data)[i];
  }
}

static void store(void *data, int64_t i, cudnnDataType_t type, float x) {
  switch (type) {
  case CUDNN_DATA_HALF: ((uint16_t *)data)[i] = gcut_to_float16(x); break;
  case CUDNN_DATA_BFLOAT16: ((uint16_t *)data)[i] = gcut_to_bfloat16(x); break;
  default: ((float *)data)[i] = x; break;
  }
}

// ---- a graph: a convolution, and a bias or none -------------------------------------------------

static bool read_window(const descriptor *d, convolution *c) {
  int64_t n = 0;
  return d && dnn_ints(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, &n) == 1 && n == c->far.rank - 2 &&
         dnn_number(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT &&
         dnn_number(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE) == CUDNN_CROSS_CORRELATION &&
         dnn_ints(d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c->begin) == n &&
         dnn_ints(d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, c->end) == n &&
         dnn_ints(d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c->stride) == n &&
         dnn_ints(d, CUDNN_ATTR_CONVOLUTION_DILATIONS, c->dilation) == n;
}

static bool sizes_agree(const convolution *c) {
  const tensor *w = &c->weights;
  bool ok = c->near.rank == c->far.rank && w->rank == c->far.rank &&
            c->near.dims[0] == c->far.dims[0] && w->dims[0] == c->near.dims[1] && w->dims[1] > 0 &&
            c->far.dims[1] % w->dims[1] == 0;
  for (int64_t a = 0; a + 2 < c->far.rank && ok; a++) {
    int64_t reach = (w->dims[a + 2] - 1) * c->dilation[a] + 1;
    ok = (c->far.dims[a + 2] + c->begin[a] + c->end[a] - reach) / c->stride[a] + 1 ==
         c->near.dims[a + 2];
  }
  return ok;
}

static bool read_convolution(const descriptor *op, convolution *c) {
  if (!op) return false;
  c->backward = op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  bool back = c->backward;
  return dnn_read_tensor(dnn_part(op,
                                  back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX
                                       : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                  0),
                         &c->far) &&
         dnn_read_tensor(dnn_part(op,
                                  back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY
                                       : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                  0),
                         &c->near) &&
         dnn_read_tensor(dnn_part(op,
                                  back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W
                                       : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                  0),
                         &c->weights) &&
         read_window(dnn_part(op,
                              back ? (int)CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC
                                   : (int)CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                              0),
                     c) &&
         sizes_agree(c);
}

// The sum's operands are the convolution's result, which is inside the graph, and a row of biases.
static bool read_sum(const descriptor *op, const tensor *sum, convolution *c) {
  const descriptor *how = dnn_part(op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, 0);
  tensor x;
  int64_t biases = 1;
  if (!how || dnn_number(how, CUDNN_ATTR_POINTWISE_MODE) != CUDNN_POINTWISE_ADD ||
      !dnn_read_tensor(dnn_part(op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, 0), &x) ||
      !dnn_read_tensor(dnn_part(op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, 0), &c->bias) ||
      !dnn_read_tensor(dnn_part(op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, 0), &c->out))
    return false;
  for (int64_t i = 0; i < c->bias.rank; i++) biases *= c->bias.dims[i];
  c->has_bias = true;
  return x.id == sum->id && sum->inner && biases == c->out.dims[1] && c->bias.dims[1] == biases;
}

bool dnn_read_graph(const descriptor *d, convolution *c) {
  const attribute *ops = dnn_find(d, CUDNN_ATTR_OPERATIONGRAPH_OPS);
  *c = (convolution){0};
  if (!ops || ops->n > 2 || !read_convolution(dnn_part(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, 0), c))
    return false;
  const tensor *result = c->backward ? &c->far : &c->near;
  c->out = *result;
  if (ops->n == 2 && !read_sum(dnn_part(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, 1), result, c))
    return false;
  return !c->out.inner;
}

// ---- computing ----------------------------------------------------------------------------------

static int64_t count(const int64_t *dims, int64_t rank) {
  int64_t n = 1;
  for (int64_t i = 0; i < rank; i++) n *= dims[i];
  return n;
}

// Row-major number i to a place.
static void place(int64_t i, const int64_t *dims, int64_t rank, int64_t *at) {
  for (int64_t a = rank - 1; a >= 0; a--) at[a] = i % dims[a], i /= dims[a];
}

static int64_t offset(const tensor *t, const int64_t *at) {
  int64_t i = 0;
  for (int64_t a = 0; a < t->rank; a++) i += at[a] * t->strides[a];
  return i;
}

static int64_t row_major(const tensor *t, const int64_t *at) {
  int64_t i = 0;
  for (int64_t a = 0; a < t->rank; a++) i = i * t->dims[a] + at[a];
  return i;
}

// Where weight `w` at near place `o` meets the far image; false in the padding.
static bool meet(const convolution *c, const int64_t *o, const int64_t *w, int64_t *far) {
  int64_t groups = c->far.dims[1] / c->weights.dims[1];
  bool inside = true;
  far[0] = o[0];
  far[1] = o[1] / (c->near.dims[1] / groups) * c->weights.dims[1] + w[1];
  for (int64_t a = 2; a < c->far.rank; a++) {
    far[a] = o[a] * c->stride[a - 2] - c->begin[a - 2] + w[a] * c->dilation[a - 2];
    inside = inside && far[a] >= 0 && far[a] < c->far.dims[a];
  }
  return inside;
}

static void add_products(const convolution *c, const void *x, const void *weights, float *sums) {
  const tensor *w = &c->weights;
  int64_t taps = count(w->dims + 1, w->rank - 1), o[AXES], at[AXES], far[AXES];
  for (int64_t i = 0; i < count(c->near.dims, c->near.rank); i++)
    for (int64_t k = 0; k < taps; k++) {
      place(i, c->near.dims, c->near.rank, o);
      place(k, w->dims + 1, w->rank - 1, at + 1);
      at[0] = o[1];
      if (!meet(c, o, at, far)) continue;
      float factor = load(weights, offset(w, at), w->type);
      if (c->backward)
        sums[row_major(&c->far, far)] += load(x, offset(&c->near, o), c->near.type) * factor;
      else
        sums[i] += load(x, offset(&c->far, far), c->far.type) * factor;
    }
}

bool dnn_convolve(const convolution *c, const void *x, const void *w, const void *bias, void *y) {
  int64_t n = count(c->out.dims, c->out.rank), at[AXES];
  float *sums = calloc((size_t)n, sizeof *sums);
  if (!sums) return false;
  add_products(c, x, w, sums);
  for (int64_t i = 0; i < n; i++) {
    place(i, c->out.dims, c->out.rank, at);
    float sum = sums[i] + (c->has_bias ? load(bias, at[1], c->bias.type) : 0);
    store(y, offset(&c->out, at), c->out.type, sum);
  }
  free(sums);
  return true;
}
