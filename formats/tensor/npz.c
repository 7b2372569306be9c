// Reads .npz files: zip archives of .npy arrays, from a mapping.
//
// Sizes in an archive are claims. An array is allocated only when its header's product equals the
// entry's declared size to the byte, and that is no more than deflate can make of the bytes that
// are there; so a file of n bytes never makes us take more than about 1032 n.
#include "formats/tensor/npz.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "formats/file.h"
#include "formats/tensor/npy.h"
#include "tracer/base/error.h"

enum { MAX_ARRAYS = 10000, MAX_DEFLATE_RATIO = 1032 };

// ---- reading ----------------------------------------------------------------------------------

// An entry being read, and what messages call it.
typedef struct entry {
  zip_file_t *file;
  const char *path, *name;
  uint64_t left; // bytes of the declared size not read yet
} entry;

static gcut_status entry_fail(const entry *e, gcut_error *err, const char *what) {
  return GCUT_FAIL(err, GCUT_FORMAT, "%.500s: array '%.300s': %s", e->path, e->name, what);
}

static gcut_status read_bytes(entry *e, void *data, uint64_t bytes, gcut_error *err) {
  if (bytes > e->left) return entry_fail(e, err, "ends early");
  for (uint64_t at = 0; at < bytes;) {
    zip_int64_t n = zip_fread(e->file, (uint8_t *)data + at, bytes - at);
    if (n <= 0) return entry_fail(e, err, n < 0 ? zip_file_strerror(e->file) : "ends early");
    at += (uint64_t)n;
  }
  e->left -= bytes;
  return GCUT_OK;
}

// Reads past the last byte, which makes libzip check the CRC.
static gcut_status read_end(entry *e, gcut_error *err) {
  char more;
  zip_int64_t n = zip_fread(e->file, &more, 1);
  if (n == 0) return GCUT_OK;
  return entry_fail(e, err, n < 0 ? zip_file_strerror(e->file) : "is longer than declared");
}

// Puts file and array before a message of npy.h's functions.
static gcut_status name_entry(const entry *e, gcut_status status, gcut_error *err) {
  if (status == GCUT_OK || !err) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "%.300s: array '%.200s': %s", e->path, e->name, inner.message);
}

static gcut_status read_header(entry *e, gcut_dtype wanted, gcut__npy *out, gcut_error *err) {
  uint8_t start[NPY_START_BYTES];
  size_t bytes, text;
  GCUT_TRY(read_bytes(e, start, sizeof start, err));
  GCUT_TRY(name_entry(e, gcut__npy_header_bytes(start, sizeof start, &bytes, &text, err), err));
  uint8_t *header = malloc(bytes);
  if (!header) return GCUT_NO_MEMORY(err);
  memcpy(header, start, sizeof start);
  gcut_status status = read_bytes(e, header + sizeof start, bytes - sizeof start, err);
  if (status == GCUT_OK)
    status = name_entry(
        e, gcut__npy_parse_header((const char *)header + text, bytes - text, wanted, out, err),
        err);
  free(header);
  return status;
}

static gcut_status read_converted(entry *e, const gcut__npy *npy, gcut_tensor *tensor,
                                  gcut_error *err) {
  uint8_t *items = malloc(npy->bytes + 1);
  if (!items) return GCUT_NO_MEMORY(err);
  gcut_status status = read_bytes(e, items, npy->bytes, err);
  if (status == GCUT_OK) status = name_entry(e, gcut__npy_convert(npy, items, tensor, err), err);
  free(items);
  return status;
}

static gcut_status read_elements(entry *e, const gcut__npy *npy, gcut_tensor *tensor,
                                 gcut_error *err) {
  if (!gcut__npy_is_plain(npy)) {
    GCUT_TRY(read_converted(e, npy, tensor, err));
  } else {
    GCUT_TRY(read_bytes(e, tensor->data, tensor->bytes, err));
    gcut__npy_settle(npy, tensor);
  }
  return read_end(e, err);
}

static gcut_status read_array(entry *e, gcut_dtype wanted, gcut_tensor **out, gcut_error *err) {
  gcut__npy npy;
  GCUT_TRY(read_header(e, wanted, &npy, err));
  if (npy.bytes != e->left)
    return entry_fail(e, err, "its header and its size in the archive disagree");
  // Strings of no characters take no bytes, so nothing else bounds their number.
  if (npy.item_bytes == 0 && npy.count > 1) return entry_fail(e, err, "strings without characters");
  gcut_status status = gcut_tensor_create_uninitialized(npy.type, npy.rank, npy.dims, out, err);
  GCUT_TRY(name_entry(e, status, err));
  status = read_elements(e, &npy, *out, err);
  if (status == GCUT_OK) return GCUT_OK;
  gcut_tensor_unref(*out);
  *out = NULL;
  return status;
}

// Whether the sizes that an entry declares can be true.
static gcut_status check_entry(const entry *e, const zip_stat_t *info, uint64_t archive_bytes,
                               gcut_error *err) {
  const zip_uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((info->valid & needed) != needed) return entry_fail(e, err, "has no size in the archive");
  if ((info->valid & ZIP_STAT_ENCRYPTION_METHOD) && info->encryption_method != ZIP_EM_NONE)
    return entry_fail(e, err, "is encrypted");
  if (info->comp_method != ZIP_CM_STORE && info->comp_method != ZIP_CM_DEFLATE)
    return entry_fail(e, err, "is compressed by something other than deflate");
  if (info->comp_size > archive_bytes || info->size / MAX_DEFLATE_RATIO > info->comp_size ||
      (info->comp_method == ZIP_CM_STORE && info->size != info->comp_size))
    return entry_fail(e, err, "declares more than the archive can hold");
  return GCUT_OK;
}

// The array's name: the entry's without ".npy".
static gcut_status array_name(entry *e, const char *file_name, char name[NPZ_MAX_NAME],
                              gcut_error *err) {
  size_t size = strlen(file_name);
  e->name = file_name;
  if (size < 4 || size >= NPZ_MAX_NAME || strcmp(file_name + size - 4, ".npy") != 0)
    return entry_fail(e, err, "no .npy file");
  memcpy(name, file_name, size - 4);
  name[size - 4] = 0;
  e->name = name;
  return GCUT_OK;
}

static gcut_status read_entry(zip_t *archive, zip_uint64_t index, const char *path,
                              uint64_t archive_bytes, gcut__wanted wanted, gcut_batch *batch,
                              gcut_error *err) {
  zip_stat_t info;
  char name[NPZ_MAX_NAME];
  entry e = {.path = path, .name = ""};
  if (zip_stat_index(archive, index, ZIP_FL_ENC_RAW, &info) != 0)
    return entry_fail(&e, err, zip_strerror(archive));
  GCUT_TRY(array_name(&e, info.name ? info.name : "", name, err));
  GCUT_TRY(check_entry(&e, &info, archive_bytes, err));
  if (gcut_batch_find(batch, name)) return entry_fail(&e, err, "is there twice");
  e.left = info.size;
  e.file = zip_fopen_index(archive, index, 0);
  if (!e.file) return entry_fail(&e, err, zip_strerror(archive));
  gcut_tensor *tensor = NULL;
  gcut_dtype type = wanted.type ? wanted.type(wanted.context, name) : GCUT_UNDEFINED;
  gcut_status status = read_array(&e, type, &tensor, err);
  zip_fclose(e.file);
  if (status == GCUT_OK) status = gcut_batch_add(batch, name, tensor, err);
  gcut_tensor_unref(tensor);
  return status;
}

static gcut_status read_entries(zip_t *archive, const char *path, uint64_t archive_bytes,
                                gcut__wanted wanted, gcut_batch *batch, gcut_error *err) {
  zip_int64_t n = zip_get_num_entries(archive, 0);
  if (n > MAX_ARRAYS)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: %lld arrays: at most %d", path, (long long)n,
                     MAX_ARRAYS);
  for (zip_int64_t i = 0; i < n; i++)
    GCUT_TRY(read_entry(archive, (zip_uint64_t)i, path, archive_bytes, wanted, batch, err));
  return GCUT_OK;
}

gcut_status gcut__zip_failed(zip_error_t *error, const char *path, gcut_status status,
                             gcut_error *err) {
  if (zip_error_code_zip(error) == ZIP_ER_MEMORY) status = GCUT_NOMEM;
  status = GCUT_FAIL(err, status, "%.700s: %.200s", path, zip_error_strerror(error));
  zip_error_fini(error);
  return status;
}

static gcut_status parse(const void *data, size_t size, const char *path, gcut__wanted wanted,
                         gcut_batch *out, gcut_error *err) {
  *out = (gcut_batch){0};
  if (size == 0) // libzip takes it for an archive without entries
    return GCUT_FAIL(err, GCUT_FORMAT, "%.700s: Not a zip archive: the file is empty", path);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(data, size, 0, &error);
  if (!source) return gcut__zip_failed(&error, path, GCUT_FORMAT, err);
  zip_t *archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!archive) {
    zip_source_free(source);
    return gcut__zip_failed(&error, path, GCUT_FORMAT, err);
  }
  zip_error_fini(&error);
  gcut_status status = read_entries(archive, path, size, wanted, out, err);
  zip_discard(archive);
  if (status != GCUT_OK) gcut_batch_free(out);
  return status;
}

gcut_status gcut_npz_parse(const void *data, size_t size, const char *path, gcut_batch *out_batch,
                           gcut_error *err) {
  return parse(data, size, path, (gcut__wanted){0}, out_batch, err);
}

gcut_status gcut__npz_read_as(const char *path, gcut__wanted wanted, gcut_batch *out_batch,
                              gcut_error *err) {
  const void *data;
  uint64_t bytes;
  *out_batch = (gcut_batch){0};
  GCUT_TRY(gcut__file_map(path, &data, &bytes, err));
  gcut_status status = parse(data, bytes, path, wanted, out_batch, err);
  gcut__file_unmap(data, bytes);
  return status;
}

gcut_status gcut_npz_read(const char *path, gcut_batch *out_batch, gcut_error *err) {
  return gcut__npz_read_as(path, (gcut__wanted){0}, out_batch, err);
}
