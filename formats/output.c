// Writing by a file without a name, a link and a rename.
//
// O_TMPFILE makes a file that goes with its last descriptor, whatever ends the process; it is
// linked beside the destination once it is whole, and the rename puts it there atomically. File
// systems without such files get a temporary one with a name from the start. Names are made with
// O_EXCL or by linking, so nothing is written through a link that someone left there.
#include "graphcut/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/base/error.h"

// A descriptor, or -1 where there are no such files: named ones tell why nothing can be written.
static int open_nameless(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  bool linkable = folder && access("/proc/self/fd", X_OK) == 0;
  int descriptor = linkable ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
  free(folder);
  return descriptor;
}

// "<path>.<pid>-<n>.tmp" for the first n that `make` finds free: -1 where there is none.
static int try_names(const char *path, int (*make)(const char *name, int descriptor),
                     int descriptor, char **out_name) {
  size_t size = strlen(path) + 48;
  char *name = malloc(size);
  errno = ENOMEM;
  for (int n = 0; name && n < 1000; n++) {
    snprintf(name, size, "%s.%ld-%d.tmp", path, (long)getpid(), n);
    int made = make(name, descriptor);
    if (made >= 0) {
      *out_name = name;
      return made;
    }
    if (errno != EEXIST) break;
  }
  int code = errno;
  free(name);
  errno = code;
  return -1;
}

static int make_file(const char *name, int descriptor) {
  (void)descriptor;
  return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static int make_link(const char *name, int descriptor) {
  char open_file[48];
  snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", descriptor);
  return linkat(AT_FDCWD, open_file, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static void output_free(gcut_output *out) {
  free(out->path);
  free(out->temporary);
  *out = (gcut_output){0};
}

static gcut_status output_failed(gcut_output *out, int code, gcut_error *err) {
  gcut_status status =
      GCUT_FAIL(err, GCUT_IO, "%s: cannot be written: %s", out->path, strerror(code ? code : EIO));
  gcut_output_abort(out);
  return status;
}

gcut_status gcut_output_open(const char *path, gcut_output *out, gcut_error *err) {
  *out = (gcut_output){.path = strdup(path)};
  if (!out->path) return GCUT_NO_MEMORY(err);
  struct stat info;
  out->direct = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
  int descriptor = out->direct ? open(path, O_WRONLY | O_CLOEXEC) : open_nameless(path);
  if (descriptor < 0 && !out->direct) descriptor = try_names(path, make_file, -1, &out->temporary);
  if (descriptor < 0) return output_failed(out, errno, err);
  out->stream = fdopen(descriptor, "wb");
  if (out->stream) return GCUT_OK;
  int code = errno;
  close(descriptor);
  return output_failed(out, code, err);
}

// All that was written is in the file afterwards, and the file has a name: 0, or errno.
static int finish(gcut_output *out) {
  bool bad = ferror(out->stream) != 0;
  clearerr(out->stream);
  errno = 0;
  // A stream forgets why it failed; one more byte, of a file that is dropped anyway, tells.
  if (bad) fputc(0, out->stream);
  if (fflush(out->stream) != 0) bad = true;
  if (!bad && !out->direct && !out->temporary)
    bad = try_names(out->path, make_link, fileno(out->stream), &out->temporary) < 0;
  int code = errno;
  if (fclose(out->stream) != 0 && !bad) {
    bad = true;
    code = errno;
  }
  out->stream = NULL;
  return !bad ? 0 : code ? code : EIO;
}

gcut_status gcut_output_commit(gcut_output *out, gcut_error *err) {
  int code = finish(out);
  if (code == 0 && out->temporary && rename(out->temporary, out->path) != 0) code = errno;
  if (code != 0) return output_failed(out, code, err);
  output_free(out);
  return GCUT_OK;
}

void gcut_output_abort(gcut_output *out) {
  if (out->stream) fclose(out->stream);
  if (out->temporary) unlink(out->temporary);
  output_free(out);
}
