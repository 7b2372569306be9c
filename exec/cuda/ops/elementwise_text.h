// Elementwise programs as text in the card's assembly, which the driver compiles.
#ifndef GCUT_EXEC_CUDA_OPS_ELEMENTWISE_TEXT_H
#define GCUT_EXEC_CUDA_OPS_ELEMENTWISE_TEXT_H

#include "exec/cuda/ops/elementwise.h"

// The kernel "program" of a job that gcut__cuda_elements_load filled in: the addresses of its
// inputs and then of its output are the arguments, each aligned to four elements, a thread of
// blocks of GCUT_CUDA_ELEMENT_THREADS for each group. NULL where an instruction, a type or a size
// is none that this writes, or memory is out. The caller frees it.
char *gcut__cuda_elements_text(const gcut__cuda_element_job *job);

#endif
