// Col2Im: each tap of the block is a transposed convolution by a kernel of one element, moved by
// the tap's place in the block.
#include "tracer/ops/fold.h"

#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/typed.h"

typedef struct fold {
  gcut__convolution tap;
  int64_t taps, blocks, image;                         // elements of a block, blocks, of the image
  int64_t kernel[GCUT_MAX_RANK], begin[GCUT_MAX_RANK]; // of the block
  int64_t columns[GCUT_MAX_RANK];                      // blocks along each axis
} fold;

static gcut_status read_fold(gcut__cpu_call *c, fold *f, gcut_error *err) {
  const gcut__fold_attrs *attrs = c->attrs;
  const gcut_tensor *image = c->outputs[0];
  const int64_t *block = c->inputs[2]->data;
  gcut__window *w = &f->tap.window;
  *f = (fold){.tap = {.transposed = true,
                      .batch = 1,
                      .groups = 1,
                      .in_channels = 1,
                      .out_channels = 1,
                      .in = f->columns,
                      .out = image->dims + 2},
              .taps = 1,
              .blocks = 1,
              .image = 1};
  GCUT_TRY(gcut__window_read(&attrs->window, image->rank - 2, w, err));
  for (int i = 0; i < w->n; i++) {
    int64_t span = (block[i] - 1) * w->dilation[i] + 1, room = w->begin[i] + w->end[i];
    f->kernel[i] = block[i];
    f->begin[i] = w->begin[i];
    f->columns[i] = (image->dims[2 + i] + room - span + w->stride[i]) / w->stride[i];
    f->taps *= block[i];
    f->blocks *= f->columns[i];
    f->image *= image->dims[2 + i];
    w->kernel[i] = 1;
  }
  return GCUT_OK;
}

// Adds all columns of one channel into its image.
static void fold_channel(fold *f, const double *columns, double *image) {
  gcut__window *w = &f->tap.window;
  int64_t k[GCUT_MAX_RANK] = {0};
  static const double one = 1;
  do {
    for (int i = 0; i < w->n; i++) w->begin[i] = f->begin[i] - k[i] * w->dilation[i];
    gcut__convolve_plain(&f->tap, columns, &one, image);
    columns += f->blocks;
  } while (gcut__index_next(w->n, f->kernel, k));
}

gcut_status gcut__cpu_col2im(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  fold f;
  if (out->count == 0) return GCUT_OK;
  if (gcut__class_of(out->type) == GCUT__CLASS_NONE || out->type == GCUT_BOOL)
    return gcut__cpu_type_unsupported(c, out->type, err);
  GCUT_TRY(read_fold(c, &f, err));
  const double *columns = gcut__tensor_doubles(c, c->inputs[0]);
  double *image = gcut_arena_alloc(c->scratch, out->count, sizeof *image);
  if (!columns || !image) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < out->dims[0] * out->dims[1]; i++)
    fold_channel(&f, columns + i * f.taps * f.blocks, image + i * f.image);
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, image);
  return GCUT_OK;
}
