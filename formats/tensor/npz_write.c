// Writes .npz files: zip archives of .npy arrays, by libzip into a file that appears whole or not
// at all. (Left to itself libzip writes a temporary file with a name, which stays if the process is
// killed.)
#include <stdlib.h>
#include <zip.h>

#include "formats/tensor/npy.h"
#include "formats/tensor/npz.h"
#include "graphcut/output.h"
#include "tracer/base/error.h"

// ---- the archive, on its way to a stream ------------------------------------------------------

static zip_int64_t seek_stream(FILE *stream, void *data, zip_uint64_t size) {
  const zip_source_args_seek_t *args = data;
  return size < sizeof *args ? -1 : fseeko(stream, args->offset, args->whence);
}

// To libzip it is an empty file that can be read, too.
static zip_int64_t on_archive(void *context, void *data, zip_uint64_t size, zip_source_cmd_t what) {
  FILE *stream = context;
  zip_error_t failed;
  switch (what) {
  case ZIP_SOURCE_STAT:
    if (size < sizeof(zip_stat_t)) return -1;
    zip_stat_init(data);
    ((zip_stat_t *)data)->valid = ZIP_STAT_SIZE;
    return 0;
  case ZIP_SOURCE_WRITE: return (zip_int64_t)fwrite(data, 1, size, stream);
  case ZIP_SOURCE_SEEK_WRITE: return seek_stream(stream, data, size);
  case ZIP_SOURCE_TELL_WRITE: return ftello(stream);
  case ZIP_SOURCE_ERROR:
    zip_error_init(&failed);
    zip_error_set(&failed, ZIP_ER_WRITE, 0);
    return zip_error_to_data(&failed, data, size);
  case ZIP_SOURCE_SUPPORTS: return ZIP_SOURCE_SUPPORTS_WRITABLE;
  default: return 0; // opens, closes and reads nothing; begins, commits and frees what is ours
  }
}

// ---- arrays -----------------------------------------------------------------------------------

// What libzip reads until the archive is closed: two pieces an array.
typedef struct piece {
  uint8_t header[NPY_MAX_TEXT + 22 * GCUT_MAX_RANK];
  void *owned; // converted elements, or NULL
} piece;

// A zip entry that is a header and elements, neither copied.
static zip_source_t *array_source(const piece *p, size_t header_bytes, const void *items,
                                  uint64_t bytes, zip_error_t *error) {
  zip_buffer_fragment_t parts[] = {{(zip_uint8_t *)p->header, header_bytes},
                                   {(zip_uint8_t *)items, bytes}};
  return zip_source_buffer_fragment_create(parts, bytes > 0 ? 2 : 1, 0, error);
}

static gcut_status add_array(zip_t *archive, const char *name, const gcut_tensor *tensor, piece *p,
                             gcut_error *err) {
  char file_name[NPZ_MAX_NAME];
  if ((size_t)snprintf(file_name, sizeof file_name, "%s.npy", name) >= sizeof file_name)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "array '%.100s...': a name of more than %d bytes", name,
                     NPZ_MAX_NAME);
  if (tensor->kind != GCUT_KIND_TENSOR)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "'%.300s' is a sequence or an optional: .npz holds tensors only", name);
  const void *items;
  uint64_t bytes, item_bytes;
  GCUT_TRY(gcut__npy_encode(tensor, &items, &bytes, &p->owned, &item_bytes, err));
  size_t header_bytes = gcut__npy_format_header(tensor, item_bytes, p->header);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = array_source(p, header_bytes, items, bytes, &error);
  if (!source) return gcut__zip_failed(&error, name, GCUT_IO, err);
  zip_error_fini(&error);
  zip_int64_t index = zip_file_add(archive, file_name, source, ZIP_FL_ENC_UTF_8);
  if (index < 0) // control characters are not UTF-8 to it; names are read as they are
    index = zip_file_add(archive, file_name, source, ZIP_FL_ENC_GUESS);
  if (index < 0) {
    zip_source_free(source);
    return GCUT_FAIL(err, GCUT_IO, "array '%.300s': %s", name, zip_strerror(archive));
  }
  // Stored, as numpy does, and with a fixed date: the same arrays give the same file.
  if (zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, (zip_uint64_t)index, 0, 0x21, 0) != 0)
    return GCUT_FAIL(err, GCUT_IO, "array '%.300s': %s", name, zip_strerror(archive));
  return GCUT_OK;
}

static gcut_status fill_archive(zip_t *archive, const gcut_batch *batch, piece *pieces,
                                gcut_output *out, gcut_error *err) {
  gcut_status status = GCUT_OK;
  for (size_t i = 0; i < batch->n && status == GCUT_OK; i++)
    status = add_array(archive, batch->names[i], batch->tensors[i], &pieces[i], err);
  if (status == GCUT_OK && zip_close(archive) == 0) return gcut_output_commit(out, err);
  if (status == GCUT_OK && ferror(out->stream)) // commit says why, and drops what there is
    status = gcut_output_commit(out, err);
  else if (status == GCUT_OK)
    status = gcut__zip_failed(zip_get_error(archive), out->path, GCUT_IO, err);
  zip_discard(archive);
  return status;
}

static gcut_status write_arrays(const char *path, const gcut_batch *batch, piece *pieces,
                                gcut_error *err) {
  gcut_output out;
  zip_error_t error;
  zip_t *archive = NULL;
  GCUT_TRY(gcut_output_open(path, &out, err));
  zip_error_init(&error);
  zip_source_t *source = zip_source_function_create(on_archive, out.stream, &error);
  if (source) archive = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (source && !archive) zip_source_free(source);
  gcut_status status = archive ? fill_archive(archive, batch, pieces, &out, err)
                               : gcut__zip_failed(&error, path, GCUT_IO, err);
  gcut_output_abort(&out);
  return status;
}

gcut_status gcut_npz_write(const char *path, const gcut_batch *batch, gcut_error *err) {
  if (batch->n == 0) // libzip leaves no file at all then
    return GCUT_FAIL(err, GCUT_ARGUMENT, "%s: no tensors to write", path);
  piece *pieces = calloc(batch->n + 1, sizeof *pieces);
  if (!pieces) return GCUT_NO_MEMORY(err);
  gcut_status status = write_arrays(path, batch, pieces, err);
  for (size_t i = 0; i < batch->n; i++) free(pieces[i].owned);
  free(pieces);
  return status;
}
