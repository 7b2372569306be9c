// Attributes of ai.onnx.ml's operators on maps: ZipMap, CastMap, DictVectorizer.
#ifndef GCUT_TRACER_OPS_DICTIONARY_H
#define GCUT_TRACER_OPS_DICTIONARY_H

#include "tracer/ops/classify.h"

typedef struct gcut__zip_map_attrs {
  gcut_ints classlabels_int64s;
  gcut_strings classlabels_strings;
} gcut__zip_map_attrs;

typedef struct gcut__cast_map_attrs {
  gcut_string cast_to, map_form;
  int64_t max_map;
} gcut__cast_map_attrs;

typedef struct gcut__dict_vectorizer_attrs {
  gcut_ints int64_vocabulary;
  gcut_strings string_vocabulary;
} gcut__dict_vectorizer_attrs;

gcut__classes gcut__zip_keys(const gcut__zip_map_attrs *attrs);
gcut__classes gcut__vocabulary(const gcut__dict_vectorizer_attrs *attrs);
// Whether values lie where their keys say, instead of side by side.
bool gcut__is_sparse_map(const gcut__cast_map_attrs *attrs);

#endif
