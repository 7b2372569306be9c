// Past and fresh keys or values, copied to one cache.
#include "exec/cpu/ops/heads.h"

static void copy_fresh(const gcut__heads *h, int64_t b, int64_t head, float *to) {
  const float *from = (const float *)h->fresh.data + b * h->fresh.batch + head * h->fresh.head;
  for (int64_t j = 0; j < h->length; j++, to += h->size)
    for (int64_t d = 0; d < h->size; d++)
      to[d] = from[j * h->fresh.row + d] + (h->bias ? h->bias[head * h->size + d] : 0);
}

void gcut__gather_heads(const gcut__heads *h, float *to) {
  int64_t past = h->n_past * h->size, fresh = h->length * h->size;
  for (int64_t b = 0; b < h->batch; b++)
    for (int64_t head = 0; head < h->heads; head++) {
      if (past > 0) memcpy(to, h->past + (b * h->heads + head) * past, (size_t)past * sizeof *to);
      to += past;
      copy_fresh(h, b, head, to);
      to += fresh;
    }
}
