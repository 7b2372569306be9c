// Fuzzing of .npz archives: any bytes give a batch or an error.
#include <stddef.h>
#include <stdint.h>

#include "graphcut/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  gcut_batch batch;
  gcut_error err;
  if (gcut_npz_parse(data, size, "fuzz.npz", &batch, &err) == GCUT_OK) gcut_batch_free(&batch);
  return 0;
}
