// The memory that a part's intermediate values take at once.
#ifndef GCUT_PARTITION_PEAK_H
#define GCUT_PARTITION_PEAK_H

#include "graphcut/schedule.h"
#include "partition/draft.h"

typedef struct gcut__peak gcut__peak;

// Scratch for many parts; lives in the draft's, but for what gcut__peak_close frees.
gcut_status gcut__peak_create(const gcut__draft *draft, gcut__peak **out_peak, gcut_error *err);
void gcut__peak_close(gcut__peak *peak); // NULL is allowed
// Most bytes that values made and used up within the part take at any time, its nodes run in order
// and each value put where it fits best, as devices do it. Inputs and outputs are not among them:
// they are there all along. False where a size is not static, or memory is out.
bool gcut__peak_workspace(gcut__peak *peak, const gcut_part *part, uint64_t *out_bytes);
bool gcut__peak_failed(const gcut__peak *peak); // memory was out

#endif
