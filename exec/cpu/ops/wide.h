// Loops compiled for several vector widths, the widest that the processor has being called. Nothing
// is fused or reordered, so every width gives the same bits. Not for static functions.
#ifndef GCUT_EXEC_CPU_OPS_WIDE_H
#define GCUT_EXEC_CPU_OPS_WIDE_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) &&                  \
    !defined(__clang__)
#define GCUT__WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GCUT__WIDE
#endif

#endif
