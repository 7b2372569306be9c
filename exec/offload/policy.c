// What all strategies share: the order of the loops and the place of activations.
#include <string.h>

#include "exec/offload/offload.h"
#include "tracer/base/error.h"

gcut_status gcut__policy_init(const gcut_problem *problem, const gcut__options *options,
                              gcut_arena *arena, gcut__policy *out, gcut_error *err) {
  static const char *const loops[] = {"parts", "batches", NULL};
  static const char *const places[] = {"host", "device", NULL};
  // A plain run, with all weights there, has batches outside; streaming puts parts outside.
  bool resident =
      strcmp(options->strategy, "resident") == 0 || strcmp(options->strategy, "uva") == 0;
  uint32_t loop, place;
  uint64_t chunk, all = problem->n_batches ? problem->n_batches : 1;
  *out = (gcut__policy){.keep = GCUT_NEW_ARRAY(arena, bool, problem->n_parts),
                        .host = GCUT_NEW_ARRAY(arena, bool, problem->n_parts),
                        .mapped = GCUT_NEW_ARRAY(arena, bool, problem->n_weights)};
  if (!out->keep || !out->host || !out->mapped) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__option_choice(options, "loop", loops, resident, &loop, err));
  GCUT_TRY(gcut__option_number(options, "batches", 1, UINT32_MAX, loop ? 1 : all, &chunk, err));
  out->chunk = chunk < all ? (uint32_t)chunk : (uint32_t)all;
  // Without a budget, activations of many batches would pile up on the device.
  GCUT_TRY(gcut__option_choice(options, "place", places, problem->budget || out->chunk == 1, &place,
                               err));
  out->park = place == 1;
  return GCUT_OK;
}
