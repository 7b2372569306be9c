// Kernels on maps. A map is two vectors, its keys and its values.
#include "tracer/ops/dictionary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/typed.h"
#include "tracer/base/decimal.h"

// ---- ZipMap -------------------------------------------------------------------------------------

// The keys of every map: one tensor that all share.
static gcut_status make_keys(gcut__classes classes, gcut_tensor **out, gcut_error *err) {
  int64_t n = (int64_t)gcut__n_classes(classes);
  bool strings = classes.strings.n > 0;
  GCUT_TRY(gcut_tensor_create(strings ? GCUT_STRING : GCUT_INT64, 1, &n, out, err));
  if (!strings) memcpy((*out)->data, classes.ints.data, (*out)->bytes);
  for (int64_t i = 0; strings && i < n; i++) {
    gcut_string s = classes.strings.data[i];
    gcut_status status = gcut_tensor_set_string(*out, (uint64_t)i, s.data, s.size, err);
    if (status == GCUT_OK) continue;
    gcut_tensor_unref(*out);
    return status;
  }
  return GCUT_OK;
}

static gcut_status zip_row(gcut_tensor *keys, const float *row, gcut_tensor **out,
                           gcut_error *err) {
  gcut_tensor *values;
  GCUT_TRY(gcut_tensor_create_uninitialized(GCUT_FLOAT, 1, keys->dims, &values, err));
  memcpy(values->data, row, values->bytes);
  gcut_status status = gcut_tensor_map(keys, values, out, err);
  gcut_tensor_unref(values);
  return status;
}

gcut_status gcut__cpu_zip_map(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  size_t rows = x->rank == 2 ? (size_t)x->dims[0] : 1, made = 0;
  gcut_tensor **maps = GCUT_NEW_ARRAY(c->scratch, gcut_tensor *, rows), *keys, *sequence;
  if (!maps) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  GCUT_TRY(make_keys(gcut__zip_keys(c->attrs), &keys, err));
  gcut_status status = GCUT_OK;
  for (; made < rows && status == GCUT_OK; made += status == GCUT_OK)
    status = zip_row(keys, (const float *)x->data + made * keys->count, &maps[made], err);
  if (status == GCUT_OK) status = gcut_tensor_sequence(keys->type, maps, rows, &sequence, err);
  for (size_t i = 0; i < made; i++) gcut_tensor_unref(maps[i]);
  gcut_tensor_unref(keys);
  if (status != GCUT_OK) return status;
  gcut__cpu_output_tensor(c, 0, sequence);
  gcut_tensor_unref(sequence);
  return GCUT_OK;
}

// ---- CastMap ------------------------------------------------------------------------------------

typedef struct entry {
  int64_t key;
  uint64_t index; // of its value
} entry;

static int compare_entries(const void *a, const void *b) {
  const entry *x = a, *y = b;
  return x->key < y->key ? -1 : x->key > y->key;
}

// The number that a value is.
static gcut_status value_of(gcut__cpu_call *c, const gcut_tensor *values, uint64_t i, double *out,
                            gcut_error *err) {
  if (values->type == GCUT_FLOAT) {
    *out = (double)((const float *)values->data)[i];
    return GCUT_OK;
  }
  gcut_string s = ((const gcut_string *)values->data)[i];
  if (gcut_decimal_parse(s.data, s.size, out)) return GCUT_OK;
  return gcut__cpu_fail(c, GCUT_FORMAT, err, "value %" PRIu64 " is no number", i);
}

// Element `to` of y = value `i`, as y's type.
static gcut_status cast_value(gcut__cpu_call *c, const gcut_tensor *values, uint64_t i,
                              gcut_tensor *y, uint64_t to, gcut_error *err) {
  char text[GCUT_DECIMAL_SIZE];
  double value;
  if (y->type == GCUT_STRING && values->type == GCUT_STRING) {
    gcut_string s = ((const gcut_string *)values->data)[i];
    return gcut_tensor_set_string(y, to, s.data, s.size, err);
  }
  GCUT_TRY(value_of(c, values, i, &value, err));
  if (y->type == GCUT_STRING)
    return gcut_tensor_set_string(y, to, text, gcut_decimal_format(GCUT_FLOAT, value, text), err);
  if (y->type == GCUT_FLOAT)
    ((float *)y->data)[to] = (float)value;
  else
    ((int64_t *)y->data)[to] = gcut__truncate_int64(value);
  return GCUT_OK;
}

// What a sparse row holds where the map says nothing.
static gcut_status clear(gcut_tensor *y, gcut_error *err) {
  if (y->type != GCUT_STRING && y->bytes > 0) memset(y->data, 0, y->bytes);
  for (uint64_t i = 0; y->type == GCUT_STRING && i < y->count; i++)
    GCUT_TRY(gcut_tensor_set_string(y, i, "0", 1, err));
  return GCUT_OK;
}

gcut_status gcut__cpu_cast_map(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *keys = c->inputs[0]->items[0], *values = c->inputs[0]->items[1];
  gcut_tensor *y = c->outputs[0];
  bool sparse = gcut__is_sparse_map(c->attrs);
  if (values->type != GCUT_FLOAT && values->type != GCUT_STRING)
    return gcut__cpu_type_unsupported(c, values->type, err);
  entry *entries = GCUT_NEW_ARRAY(c->scratch, entry, keys->count);
  if (!entries) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t i = 0; i < keys->count; i++)
    entries[i] = (entry){((const int64_t *)keys->data)[i], i};
  qsort(entries, keys->count, sizeof *entries, compare_entries);
  if (sparse) GCUT_TRY(clear(y, err));
  for (uint64_t i = 0; i < keys->count; i++) {
    int64_t at = sparse ? entries[i].key : (int64_t)i;
    if (at < 0 || (uint64_t)at >= y->count)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "key %" PRId64 " in a row of %" PRIu64, at,
                            y->count);
    GCUT_TRY(cast_value(c, values, entries[i].index, y, (uint64_t)at, err));
  }
  return GCUT_OK;
}

// ---- DictVectorizer -----------------------------------------------------------------------------

// The place of key `i` in the vocabulary, or -1.
static int64_t place_of(const gcut_tensor *keys, uint64_t i, gcut__classes words) {
  if (keys->type == GCUT_INT64) {
    for (size_t k = 0; k < words.ints.n; k++)
      if (words.ints.data[k] == ((const int64_t *)keys->data)[i]) return (int64_t)k;
    return -1;
  }
  gcut_string s = ((const gcut_string *)keys->data)[i];
  for (size_t k = 0; k < words.strings.n; k++) {
    gcut_string word = words.strings.data[k];
    if (word.size == s.size && (s.size == 0 || memcmp(word.data, s.data, s.size) == 0))
      return (int64_t)k;
  }
  return -1;
}

// Keys that no word names are left out, as other engines do.
gcut_status gcut__cpu_dict_vectorizer(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *keys = c->inputs[0]->items[0], *values = c->inputs[0]->items[1];
  gcut_tensor *y = c->outputs[0];
  size_t size = gcut_dtype_bits(values->type) / 8;
  if (size == 0) return gcut__cpu_type_unsupported(c, values->type, err);
  if (y->type != GCUT_STRING && y->bytes > 0) memset(y->data, 0, y->bytes);
  for (uint64_t i = 0; i < keys->count; i++) {
    int64_t at = place_of(keys, i, gcut__vocabulary(c->attrs));
    if (at < 0) continue;
    const uint8_t *value = (const uint8_t *)values->data + i * size;
    if (y->type == GCUT_STRING) {
      const gcut_string *s = (const gcut_string *)value;
      GCUT_TRY(gcut_tensor_set_string(y, (uint64_t)at, s->data, s->size, err));
    } else {
      memcpy((uint8_t *)y->data + (size_t)at * size, value, size);
    }
  }
  return GCUT_OK;
}
