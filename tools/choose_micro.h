// How batches are computed: whole, or in slices. What --micro-batch says; where it says nothing,
// auto takes what is fastest in simulation, and others are told what would fit.
#ifndef GRAPHCUT_TOOLS_CHOOSE_MICRO_H
#define GRAPHCUT_TOOLS_CHOOSE_MICRO_H

#include <jansson.h>

#include "choose_plan.h"
#include "graphcut/slicing.h"

typedef struct tool_micro {
  gcut_slicing *slicing; // along what batches may be sliced; NULL where nobody asked, or may not be
  uint32_t micro_batch;  // 0: whole batches
  char note[TOOL_CUT_NOTE]; // what auto has to say of it; "" mostly
} tool_micro;

// As tool_choose_plan. GCUT_UNSUPPORTED where slices are asked for and the model mixes samples.
gcut_status tool_choose_micro(const tool_choice *choice, gcut_plan **out_plan, tool_micro *out,
                              gcut_error *err);
void tool_micro_close(tool_micro *micro);
// Adds to a refusal for want of device memory which slices would fit, where some would.
void tool_micro_advise(const tool_choice *choice, const tool_micro *micro, const gcut_plan *plan,
                       gcut_error *err);
enum { TOOL_SLICES = 128 };
// " in 12 slices along 'batch'" where there are more than batches, else "".
const char *tool_micro_text(const tool_micro *micro, uint64_t batches, uint64_t slices,
                            char text[TOOL_SLICES]);
// What a verb's JSON says of it: micro_batch, sliced_along, slices, micro_note.
void tool_micro_json(json_t *object, const tool_micro *micro, uint64_t slices);

#endif
