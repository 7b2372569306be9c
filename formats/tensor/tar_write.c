// Writes tar archives of .npy arrays, one after another as they come: an archive that needs no way
// back, so it can go down a pipe, and any reader of tar takes it array by array.
//
// POSIX ustar; what its header has no room for, a name of more than 100 bytes or a size of 8 GiB
// and more, stands in an extended header before it (pax). Owner and time are fixed: the same arrays
// give the same bytes. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/tensor/npy.h"
#include "graphcut/formats.h"
#include "tracer/base/error.h"

enum { BLOCK = 512, MAX_NAME = 100, MAX_LINE = 8192, DATE = 315532800 }; // 1980-01-01

static const uint64_t MAX_SIZE = UINT64_C(077777777777);

typedef struct header { // of ustar, as its standard names the fields
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100];
  char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], pad[12];
} header;

_Static_assert(sizeof(header) == BLOCK, "a header is a block");

static gcut_status put(gcut_output *out, const void *data, uint64_t bytes, gcut_error *err) {
  if (bytes == 0 || fwrite(data, 1, bytes, out->stream) == bytes) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_IO, "%.600s: cannot be written: %s", out->path, strerror(errno));
}

static gcut_status fill_block(gcut_output *out, uint64_t written, gcut_error *err) {
  static const uint8_t zeros[BLOCK];
  return put(out, zeros, (BLOCK - written % BLOCK) % BLOCK, err);
}

static gcut_status put_header(gcut_output *out, const char *name, char kind, uint64_t size,
                              gcut_error *err) {
  header h = {.typeflag = kind, .magic = "ustar", .version = {'0', '0'}};
  const uint8_t *bytes = (const uint8_t *)&h;
  unsigned sum = 0;
  memcpy(h.name, name, strnlen(name, sizeof h.name));
  snprintf(h.mode, sizeof h.mode, "%07o", 0644u);
  snprintf(h.uid, sizeof h.uid, "%07o", 0u);
  snprintf(h.gid, sizeof h.gid, "%07o", 0u);
  snprintf(h.size, sizeof h.size, "%011" PRIo64, size > MAX_SIZE ? 0 : size);
  snprintf(h.mtime, sizeof h.mtime, "%011o", (unsigned)DATE);
  memset(h.chksum, ' ', sizeof h.chksum);
  for (size_t i = 0; i < sizeof h; i++) sum += bytes[i];
  snprintf(h.chksum, sizeof h.chksum, "%06o", sum);
  return put(out, &h, sizeof h, err);
}

// "LENGTH key=value\n", whose length counts itself.
static size_t format_record(const char *key, const char *value, char *line) {
  size_t bytes = strlen(key) + strlen(value) + 3, digits = 1;
  while (snprintf(NULL, 0, "%zu", bytes + digits) > (int)digits) digits++;
  return (size_t)sprintf(line, "%zu %s=%s\n", bytes + digits, key, value);
}

static gcut_status put_extended(gcut_output *out, const char *name, uint64_t size,
                                gcut_error *err) {
  char lines[MAX_LINE + 64], number[24];
  size_t bytes = 0;
  if (strlen(name) > MAX_NAME) bytes += format_record("path", name, lines);
  snprintf(number, sizeof number, "%" PRIu64, size);
  if (size > MAX_SIZE) bytes += format_record("size", number, lines + bytes);
  if (bytes == 0) return GCUT_OK;
  GCUT_TRY(put_header(out, "PaxHeader", 'x', bytes, err));
  GCUT_TRY(put(out, lines, bytes, err));
  return fill_block(out, bytes, err);
}

static gcut_status put_array(gcut_output *out, const char *name, const gcut_tensor *tensor,
                             const void *items, uint64_t bytes, uint64_t item_bytes,
                             gcut_error *err) {
  uint8_t start[NPY_MAX_TEXT + 22 * GCUT_MAX_RANK];
  size_t start_bytes = gcut__npy_format_header(tensor, item_bytes, start);
  uint64_t size = start_bytes + bytes;
  GCUT_TRY(put_extended(out, name, size, err));
  GCUT_TRY(put_header(out, name, '0', size, err));
  GCUT_TRY(put(out, start, start_bytes, err));
  GCUT_TRY(put(out, items, bytes, err));
  return fill_block(out, size, err);
}

// Whether who unpacks the archive would leave its folder: a name of a model may be "../x".
static bool leaves_folder(const char *name) {
  if (*name == '/') return true;
  for (const char *part = name; part; part = strchr(part, '/')) {
    part += *part == '/';
    if (strcspn(part, "/") == 2 && part[0] == '.' && part[1] == '.') return true;
  }
  return false;
}

gcut_status gcut_tar_add(gcut_output *archive, const char *name, const gcut_tensor *tensor,
                         gcut_error *err) {
  const void *items;
  uint64_t bytes, item_bytes;
  void *owned = NULL;
  if (strlen(name) > MAX_LINE - 32)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "'%.100s...': a name of more than %d bytes", name,
                     MAX_LINE - 32);
  if (leaves_folder(name))
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "'%.300s': a name that leaves the archive's folder; .npz files hold any",
                     name);
  if (tensor->kind != GCUT_KIND_TENSOR)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                     "'%.300s' is a sequence or an optional: .npy holds a tensor only", name);
  GCUT_TRY(gcut__npy_encode(tensor, &items, &bytes, &owned, &item_bytes, err));
  gcut_status status = put_array(archive, name, tensor, items, bytes, item_bytes, err);
  free(owned);
  if (status == GCUT_OK && fflush(archive->stream) != 0)
    status =
        GCUT_FAIL(err, GCUT_IO, "%.600s: cannot be written: %s", archive->path, strerror(errno));
  return status;
}

gcut_status gcut_tar_commit(gcut_output *archive, gcut_error *err) {
  static const uint8_t end[2 * BLOCK];
  gcut_status status = put(archive, end, sizeof end, err);
  if (status == GCUT_OK) return gcut_output_commit(archive, err);
  gcut_output_abort(archive);
  return status;
}
