// Reading by mmap.
#include "formats/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/base/error.h"

// What an empty file is mapped to: mmap refuses a length of zero.
static const char empty[1];

gcut_status gcut__file_map_descriptor(int descriptor, const char *path, const void **out_data,
                                      uint64_t *out_bytes, gcut_error *err) {
  *out_data = NULL;
  *out_bytes = 0;
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s", path, strerror(errno));
  if (!S_ISREG(info.st_mode)) return GCUT_FAIL(err, GCUT_FORMAT, "%s: not a regular file", path);
  if (info.st_size == 0) {
    *out_data = empty;
    return GCUT_OK;
  }
  void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED)
    return GCUT_FAIL(err, errno == ENOMEM ? GCUT_NOMEM : GCUT_FORMAT, "%s: cannot be mapped: %s",
                     path, strerror(errno));
  *out_data = data;
  *out_bytes = (uint64_t)info.st_size;
  return GCUT_OK;
}

gcut_status gcut__file_map(const char *path, const void **out_data, uint64_t *out_bytes,
                           gcut_error *err) {
  *out_data = NULL;
  *out_bytes = 0;
  // O_NONBLOCK: a FIFO must not make us wait before it is refused.
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return GCUT_FAIL(err, GCUT_FORMAT, "%s: %s", path, strerror(errno));
  gcut_status status = gcut__file_map_descriptor(descriptor, path, out_data, out_bytes, err);
  close(descriptor);
  return status;
}

void gcut__file_unmap(const void *data, uint64_t bytes) {
  if (data && bytes > 0) munmap((void *)data, (size_t)bytes);
}

bool gcut__same_folder(const char *a, const char *b) {
  struct stat info[2];
  const char *paths[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    const char *slash = strrchr(paths[i], '/');
    char *folder = slash ? strndup(paths[i], (size_t)(slash - paths[i]) + 1) : strdup(".");
    int failed = !folder || stat(folder, &info[i]) != 0;
    free(folder);
    if (failed) return false;
  }
  return info[0].st_dev == info[1].st_dev && info[0].st_ino == info[1].st_ino;
}

gcut_status gcut__output_check(const gcut_graph *g, const char *path, gcut_error *err) {
  struct stat target, source;
  if (stat(path, &target) != 0) return GCUT_OK;
  for (uint32_t i = 0; i < g->n_files; i++)
    if (stat(g->files[i].path, &source) == 0 && source.st_dev == target.st_dev &&
        source.st_ino == target.st_ino)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "%s: the model is read from this file; choose another",
                       path);
  return GCUT_OK;
}
