// In the place of dnn.c where graphcut is built without cuDNN's headers: never there.
#include "exec/cuda/program.h"

gcut_status gcut__cuda_dnn_open(gcut__cuda *cuda, gcut_error *err) {
  (void)err;
  if (!cuda->base.note) cuda->base.note = gcut__cuda_dnn_name(NULL);
  return GCUT_OK;
}

void gcut__cuda_dnn_close(gcut__cuda_dnn *dnn) {
  (void)dnn;
}

const char *gcut__cuda_dnn_name(const gcut__cuda_dnn *dnn) {
  (void)dnn;
  return "built without cuDNN: convolutions by our own kernels";
}

gcut_status gcut__cuda_dnn_compile(const gcut__cuda_compile *c,
                                   const gcut__cuda_convolution *convolution, gcut_error *err) {
  (void)convolution;
  return gcut__cuda_dnn_open(c->cuda, err);
}

gcut_status gcut__cuda_dnn_warm(gcut__cuda_dnn *dnn, CUdeviceptr memory, uint64_t bytes,
                                CUstream stream, gcut_error *err) {
  (void)dnn, (void)memory, (void)bytes, (void)stream, (void)err;
  return GCUT_OK;
}
