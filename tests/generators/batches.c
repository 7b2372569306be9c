// Writes many batches from one: batches IN.npz N FOLDER
//
// Batch k has the elements of each array rotated by 7 k places, so batches differ, and every
// element is still one that the model may meet in that array (a token of its vocabulary, a mask's 0
// or 1).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graphcut/formats.h"

static gcut_status rotate(gcut_tensor *from, uint64_t places, gcut_tensor **out, gcut_error *err) {
  if (from->type == GCUT_STRING || gcut_dtype_bits(from->type) % 8) {
    *out = gcut_tensor_ref(from);
    return GCUT_OK;
  }
  gcut_status status = gcut_tensor_create(from->type, from->rank, from->dims, out, err);
  if (status != GCUT_OK || from->bytes == 0) return status;
  uint64_t size = gcut_dtype_bits(from->type) / 8, n = from->bytes / size;
  uint64_t at = size * (places % n);
  memcpy((*out)->data, (const char *)from->data + at, from->bytes - at);
  memcpy((char *)(*out)->data + from->bytes - at, from->data, at);
  return GCUT_OK;
}

static gcut_status write_batch(const gcut_batch *from, uint64_t places, const char *path,
                               gcut_error *err) {
  gcut_batch batch = {0};
  gcut_status status = GCUT_OK;
  for (size_t i = 0; i < from->n && status == GCUT_OK; i++) {
    gcut_tensor *tensor = NULL;
    status = rotate(from->tensors[i], places, &tensor, err);
    if (status == GCUT_OK) status = gcut_batch_add(&batch, from->names[i], tensor, err);
    gcut_tensor_unref(tensor);
  }
  if (status == GCUT_OK) status = gcut_npz_write(path, &batch, err);
  gcut_batch_free(&batch);
  return status;
}

int main(int argc, char **argv) {
  gcut_error err = {0};
  gcut_batch first = {0};
  char path[4096];
  if (argc != 4 || (mkdir(argv[3], 0755) != 0 && errno != EEXIST)) {
    fprintf(stderr, "usage: batches IN.npz N FOLDER\n");
    return 2;
  }
  gcut_status status = gcut_npz_read(argv[1], &first, &err);
  for (int k = 0; k < atoi(argv[2]) && status == GCUT_OK; k++) {
    snprintf(path, sizeof path, "%s/%03d.npz", argv[3], k);
    status = write_batch(&first, 7 * (uint64_t)k, path, &err);
  }
  gcut_batch_free(&first);
  if (status != GCUT_OK) fprintf(stderr, "batches: %s\n", err.message);
  return status == GCUT_OK ? 0 : 1;
}
