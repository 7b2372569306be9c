// What the files that write a decoder share: nodes as text, weights that lie one after another.
#ifndef GRAPHCUT_TOOLS_SYNTH_EMIT_H
#define GRAPHCUT_TOOLS_SYNTH_EMIT_H

#include <stdarg.h>
#include <stdio.h>

#include "synth_shape.h"

enum { NAME = 256 }; // room for a name

typedef struct emitter {
  FILE *text, *weights; // nodes; the list of initializers, which stands before them
  synth_shape s;
  long head_size;
  const char *type; // name of the element type
  uint64_t offset;  // of the next weight
} emitter;

__attribute__((format(printf, 2, 3))) static inline void put(char buffer[NAME], const char *format,
                                                             ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, NAME, format, args);
  va_end(args);
}

// An initializer in weights.bin of that many elements and dimensions, written out.
static inline void add_weight(emitter *e, const char *name, uint64_t count, const char *dims) {
  uint64_t bytes = count * gcut_dtype_bits(e->s.type) / 8;
  fprintf(e->weights,
          "  %s[%s] \"%s\" = [\"location\": \"weights.bin\", \"offset\": \"%llu\", \"length\": "
          "\"%llu\"],\n",
          e->type, dims, name, (unsigned long long)e->offset, (unsigned long long)bytes);
  e->offset = (e->offset + bytes + 63) / 64 * 64;
}

// Of one or two dimensions (columns 0: one).
static inline void weight(emitter *e, const char *name, long rows, long columns) {
  char dims[NAME];
  put(dims, columns ? "%ld, %ld" : "%ld", rows, columns);
  add_weight(e, name, (uint64_t)rows * (uint64_t)(columns ? columns : 1), dims);
}

// A mixture of experts of `x` as `out`; `p` begins the names of weights and values.
void synth_mixture(emitter *e, const char *p, const char *x, const char *out, const char *scope);

#endif
