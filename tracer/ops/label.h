// LabelEncoder, CategoryMapper, OneHotEncoder: tables from keys to values.
#ifndef GCUT_TRACER_OPS_LABEL_H
#define GCUT_TRACER_OPS_LABEL_H

#include "tracer/ops/op.h"

typedef struct gcut__label_attrs {
  gcut_strings classes_strings; // version 1
  gcut_strings keys_strings, values_strings;
  gcut_ints keys_int64s, values_int64s;
  gcut_floats keys_floats, values_floats;
  uint32_t keys_tensor, values_tensor, default_tensor; // of constants[]
  gcut_string default_string;
  int64_t default_int64;
  float default_float;
} gcut__label_attrs;

// A list of elements of one type, maybe unaligned; NULL data: 0, 1, 2, ... of int64.
typedef struct gcut__labels {
  gcut_dtype type;
  size_t n;
  const void *data;
} gcut__labels;

typedef struct gcut__label_table {
  gcut__labels keys, values;
  const void *absent; // the value of a key that is in no list
} gcut__label_table;

// The table for an input of type `in`; false where the attributes make none.
bool gcut__label_table_of(const gcut_graph *graph, int32_t version, const gcut__label_attrs *attrs,
                          gcut_dtype in, gcut__label_table *out);

typedef struct gcut__category_attrs {
  gcut_ints cats_int64s;
  gcut_strings cats_strings;
  int64_t default_int64, zeros; // of CategoryMapper, of OneHotEncoder
  gcut_string default_string;
} gcut__category_attrs;

// CategoryMapper's table for an input of type `in`: the one list to the other.
bool gcut__category_table_of(const gcut__category_attrs *attrs, gcut_dtype in,
                             gcut__label_table *out);
// OneHotEncoder's categories.
gcut__labels gcut__categories_of(const gcut__category_attrs *attrs);

#endif
