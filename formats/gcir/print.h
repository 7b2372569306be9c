// Writing GCIR: where each constant's elements go, and the text.
#ifndef GCUT_FORMATS_GCIR_PRINT_H
#define GCUT_FORMATS_GCIR_PRINT_H

#include <stdio.h>

#include "formats/packing.h"
#include "graphcut/formats.h"

// Where the elements of a constant stand. location NULL: in the text.
typedef struct gcir_place {
  const char *location;
  uint64_t offset;
} gcir_place;

typedef struct gcir_places {
  gcir_place *items; // [n_constants]
  char *side;        // path of the file for what has no other place; NULL where nothing goes there
  uint32_t *order;   // [n_order]: constants to be written there, in order of their offsets
  uint32_t n_order;
  void *memory; // arena
} gcir_places;

// place.c
GCUT_MUST_USE gcut_status gcut__gcir_place(const gcut_graph *graph, const gcut__packing *packing,
                                           const char *path, gcir_places *out, gcut_error *err);
void gcut__gcir_places_free(gcir_places *places);

typedef struct gcir_printer {
  FILE *out;
  const gcut_graph *graph;
  const gcir_place *places;
  const uint32_t *body_values, *first_value; // values by body: [n_values], [n_bodies + 1]
  bool *printed;                             // [n_values]: outputs whose types stand in the text
  unsigned depth;
} gcir_printer;

// print_word.c: strings, names, numbers.
void gcut__gcir_put(gcir_printer *p, const char *text);
void gcut__gcir_put_string(gcir_printer *p, const char *data, size_t size);
void gcut__gcir_put_text(gcir_printer *p, const char *text); // the same, zero-terminated
// An identifier as it is, anything else (and words that mean something) as a string.
void gcut__gcir_put_name(gcir_printer *p, const char *name);
void gcut__gcir_put_int(gcir_printer *p, int64_t value);
void gcut__gcir_put_float(gcir_printer *p, float value);
void gcut__gcir_put_double(gcir_printer *p, double value);

// print_type.c
bool gcut__gcir_type_says(const gcut_type *type); // whether it says anything
void gcut__gcir_put_type(gcir_printer *p, const gcut_type *type);
// Type and shape of a constant, then its elements or where they are; `name` may be "".
void gcut__gcir_put_constant(gcir_printer *p, uint32_t constant, const char *name,
                             bool initializer);

// print_graph.c
GCUT_MUST_USE gcut_status gcut__gcir_put_body(gcir_printer *p, uint32_t body, gcut_error *err);
void gcut__gcir_put_metadata(gcir_printer *p, uint32_t first, uint32_t n);

#endif
