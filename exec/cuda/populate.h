// Pages brought into a mapping ahead of their use, in fewer steps than one fault a page.
#ifndef GCUT_EXEC_CUDA_POPULATE_H
#define GCUT_EXEC_CUDA_POPULATE_H

#include <stdbool.h>
#include <stdint.h>

// Both only help: where the kernel knows no such advice, pages come when they are touched.

// Pages to be read, in this thread; a file's are read from the disk where they must. False where
// the file has no such pages any more, and touching them would raise a signal.
bool gcut__cuda_populate_read(const void *data, uint64_t bytes);
// Fresh memory to be written, from the start of a page on, by several threads: clearing it takes
// them longer than mapping it.
void gcut__cuda_populate_write(void *data, uint64_t bytes);

#endif
