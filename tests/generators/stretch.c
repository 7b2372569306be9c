// Writes batches of growing sizes, for running a model at several shapes:
//
//   stretch MODEL.onnx INPUTS.npz N DIR
//
// DIR gets N files. In batch k every dimension that the model leaves open has k elements more than
// in INPUTS; what is new repeats what is there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graphcut/formats.h"

// The tensor with each axis as long as `dims` says, its elements in turn again and again.
static gcut_status repeat(const gcut_tensor *from, const int64_t *dims, gcut_tensor **out_tensor,
                          gcut_error *err) {
  gcut_status status = gcut_tensor_create(from->type, from->rank, dims, out_tensor, err);
  if (status != GCUT_OK || from->count == 0) return status;
  size_t size = from->bytes / from->count;
  for (uint64_t i = 0; i < (*out_tensor)->count; i++) {
    uint64_t place = 0, step = 1, rest = i;
    for (int d = from->rank - 1; d >= 0; d--) {
      place += rest % (uint64_t)dims[d] % (uint64_t)from->dims[d] * step;
      rest /= (uint64_t)dims[d];
      step *= (uint64_t)from->dims[d];
    }
    memcpy((char *)(*out_tensor)->data + i * size, (char *)from->data + place * size, size);
  }
  return GCUT_OK;
}

static gcut_status stretch(const gcut_value *input, const gcut_tensor *from, int64_t by,
                           gcut_batch *batch, gcut_error *err) {
  int64_t dims[32] = {0};
  gcut_tensor *tensor;
  for (int d = 0; d < from->rank && d < 32; d++)
    dims[d] = from->dims[d] + (gcut_dim_known(input->declared.dims[d]) ? 0 : by);
  gcut_status status = repeat(from, dims, &tensor, err);
  if (status == GCUT_OK) status = gcut_batch_add(batch, input->name, tensor, err);
  gcut_tensor_unref(tensor);
  return status;
}

static gcut_status write_batch(const gcut_graph *graph, const gcut_batch *from, int64_t by,
                               const char *path, gcut_error *err) {
  gcut_batch batch = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < graph->bodies[0].n_inputs && status == GCUT_OK; i++) {
    const gcut_value *input = &graph->values[graph->bodies[0].inputs[i]];
    const gcut_tensor *tensor = gcut_batch_find(from, input->name);
    if (tensor && tensor->rank == input->declared.rank && tensor->type != GCUT_STRING)
      status = stretch(input, tensor, by, &batch, err);
  }
  if (status == GCUT_OK) status = gcut_npz_write(path, &batch, err);
  gcut_batch_free(&batch);
  return status;
}

static gcut_status write_all(char **argv, gcut_graph **graph, gcut_batch *inputs, gcut_error *err) {
  gcut_status status = gcut_graph_read(argv[1], NULL, graph, err);
  if (status == GCUT_OK) status = gcut_npz_read(argv[2], inputs, err);
  mkdir(argv[4], 0777);
  for (long k = 0; k < strtol(argv[3], NULL, 10) && status == GCUT_OK; k++) {
    char path[512];
    snprintf(path, sizeof path, "%s/%02ld.npz", argv[4], k);
    status = write_batch(*graph, inputs, k, path, err);
  }
  return status;
}

int main(int argc, char **argv) {
  gcut_error err = {{0}};
  gcut_graph *graph = NULL;
  gcut_batch inputs = {0};
  if (argc != 5) {
    fprintf(stderr, "usage: stretch MODEL.onnx INPUTS.npz N DIR\n");
    return 2;
  }
  gcut_status status = write_all(argv, &graph, &inputs, &err);
  if (status != GCUT_OK) fprintf(stderr, "stretch: %s\n", err.message);
  gcut_batch_free(&inputs);
  gcut_graph_destroy(graph);
  return gcut_status_exit(status);
}
