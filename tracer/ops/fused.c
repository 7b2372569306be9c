// Names of the activations that fused operators carry.
#include "tracer/ops/fused.h"

#include <float.h>

bool gcut__fused_find(gcut_string name, gcut__fused_activation *out) {
  static const struct {
    const char *name;
    float alpha, beta;
  } known[] = {
#define X(text, name, alpha, beta) {text, alpha, beta},
      GCUT__ACTIVATION_LIST(X)
#undef X
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (name.size != strlen(known[i].name) || memcmp(name.data, known[i].name, name.size) != 0)
      continue;
    *out = (gcut__fused_activation){(gcut__activation_function)i, known[i].alpha, known[i].beta};
    return true;
  }
  return false;
}
