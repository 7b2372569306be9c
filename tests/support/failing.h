// Allocations that fail when they are told to: for programs that the linker gives these functions
// before malloc and its kin (wrap_flags of the Makefile). What other libraries allocate, the C
// library included, is not concerned.
#ifndef GCUT_TESTS_SUPPORT_FAILING_H
#define GCUT_TESTS_SUPPORT_FAILING_H

#include <stdbool.h>

// From now on `n` allocations succeed and the next one fails, once; a negative number: none fails.
void failing_after(long n);
// Whether one has failed since, and how many there were.
bool failing_has(void);
long failing_count(void);

#endif
