// Resolving and mapping external data; the rules are in external.h.
//
// The walk opens one component after the other with O_NOFOLLOW, so no link can be slipped in
// between a check and its use: what openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS does, on
// every kernel.
#include "formats/external.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/build.h"

gcut_status gcut__externals_init(gcut__externals *externals, gcut_graph *graph, const char *path,
                                 bool follow_links, gcut_error *err) {
  const char *slash = strrchr(path, '/');
  size_t size = slash ? (size_t)(slash - path) + 1 : 0;
  *externals = (gcut__externals){.graph = graph, .follow_links = follow_links};
  externals->folder = gcut_arena_string(gcut_graph_arena(graph), path, size);
  return externals->folder ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__externals_free(gcut__externals *externals) {
  gcut_map_free(&externals->files);
}

// ---- what a tensor says -----------------------------------------------------------------------

typedef struct reference {
  const char *location;
  uint64_t offset, length;
  bool has_length;
} reference;

static bool parse_number(const char *text, uint64_t *out) {
  uint64_t value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    if (!gcut_checked_mul(value, 10, &value) ||
        !gcut_checked_add(value, (uint64_t)(*text - '0'), &value))
      return false;
  }
  *out = value;
  return value <= INT64_MAX;
}

static gcut_status read_reference(const gcut_metadata *entries, size_t n, const gcut_constant *c,
                                  reference *out, gcut_error *err) {
  *out = (reference){0};
  for (size_t i = 0; i < n; i++) {
    const char *key = entries[i].key, *value = entries[i].value;
    bool offset = strcmp(key, "offset") == 0, length = strcmp(key, "length") == 0;
    bool location = strcmp(key, "location") == 0;
    for (size_t k = 0; (offset || length || location) && k < i; k++)
      if (strcmp(key, entries[k].key) == 0)
        return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': external %s is said twice", c->name,
                         key);
    if (location) out->location = value;
    if (length) out->has_length = true;
    if ((offset || length) && !parse_number(value, offset ? &out->offset : &out->length))
      return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': external %s '%.50s' is no number",
                       c->name, key, value);
  }
  if (!out->location)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': external data without a location",
                     c->name);
  return GCUT_OK;
}

static gcut_status check_reference(const gcut_constant *c, const reference *ref, gcut_error *err) {
  uint64_t end;
  if (c->type == GCUT_STRING)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': strings as external data", c->name);
  if (ref->has_length && ref->length != c->bytes)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "tensor '%.200s': its shape needs %llu bytes, external length is %llu",
                     c->name, (unsigned long long)c->bytes, (unsigned long long)ref->length);
  if (!gcut_checked_add(ref->offset, c->bytes, &end) || end > INT64_MAX)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': external offset %llu is too large",
                     c->name, (unsigned long long)ref->offset);
  return GCUT_OK;
}

// ---- locations --------------------------------------------------------------------------------

// What is wrong with a location, or NULL.
static const char *check_location(const char *location) {
  if (!*location) return "is empty";
  if (strncmp(location, "*/", 2) == 0) return "names memory of another process";
  if (*location == '/') return "is absolute";
  if (strchr(location, '\\')) return "holds a backslash";
  for (const char *at = location; at; at = strchr(at, '/')) {
    at += *at == '/';
    size_t size = strcspn(at, "/");
    if (size == 2 && memcmp(at, "..", 2) == 0) return "leaves the model's folder";
    if (at[size] == '\0' && (size == 0 || (size == 1 && *at == '.'))) return "names a folder";
  }
  return NULL;
}

static gcut_status refuse(const char *location, const char *what, gcut_error *err) {
  return GCUT_FAIL(err, GCUT_FORMAT, "external data '%.300s' %s", location, what);
}

// ---- opening ----------------------------------------------------------------------------------

static const char link_refused[] =
    "lies behind a symbolic link; --follow-links (follow_links) allows that";

static bool is_link(int folder, const char *name) {
  struct stat info;
  return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
}

// Replaces *folder by the one of that name in it. *folder is -1 afterwards where it is missing.
static gcut_status enter(const gcut__externals *x, int *folder, const char *name,
                         const char *location, gcut_error *err) {
  int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | (x->follow_links ? 0 : O_NOFOLLOW);
  int inner = openat(*folder, name, flags), code = errno;
  bool linked = inner < 0 && !x->follow_links && is_link(*folder, name);
  close(*folder);
  *folder = inner;
  if (inner >= 0 || (code == ENOENT && !linked)) return GCUT_OK;
  return refuse(location, linked ? link_refused : strerror(code), err);
}

// Opens the folder that holds the file; *out_name is the last component. -1 where it is missing.
static gcut_status open_folder(const gcut__externals *x, const char *location, int *out_folder,
                               const char **out_name, gcut_error *err) {
  char component[256];
  int folder = open(*x->folder ? x->folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "the model's folder '%s': %s", x->folder, strerror(errno));
  const char *at = location;
  gcut_status status = GCUT_OK;
  for (const char *slash; folder >= 0 && status == GCUT_OK && (slash = strchr(at, '/'));
       at = slash + 1) {
    size_t size = (size_t)(slash - at);
    if (size == 0 || (size == 1 && *at == '.')) continue;
    if (size >= sizeof component) {
      status = refuse(location, "has a component of over 255 bytes", err);
      break;
    }
    memcpy(component, at, size);
    component[size] = '\0';
    status = enter(x, &folder, component, location, err);
  }
  if (status != GCUT_OK && folder >= 0) close(folder);
  *out_folder = status == GCUT_OK ? folder : -1;
  *out_name = at;
  return status;
}

// What forbids reading a file of that description, or NULL.
static const char *check_file(const gcut__externals *x, const struct stat *info) {
  if (S_ISLNK(info->st_mode)) return link_refused;
  if (S_ISDIR(info->st_mode)) return "is a folder";
  if (!S_ISREG(info->st_mode)) return "is not a regular file";
  if (info->st_nlink > 1 && !x->follow_links)
    return "is a hard link to a file of other names; --follow-links (follow_links) allows that";
  return NULL;
}

// Opens the file; -1 where it is missing.
static gcut_status open_file(const gcut__externals *x, int folder, const char *name,
                             const char *location, int *out_file, gcut_error *err) {
  struct stat before, after;
  int follow = x->follow_links ? 0 : AT_SYMLINK_NOFOLLOW;
  *out_file = -1;
  if (fstatat(folder, name, &before, follow) != 0)
    return errno == ENOENT ? GCUT_OK : refuse(location, strerror(errno), err);
  const char *wrong = check_file(x, &before);
  if (wrong) return refuse(location, wrong, err);
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (x->follow_links ? 0 : O_NOFOLLOW);
  int file = openat(folder, name, flags);
  if (file < 0) return refuse(location, strerror(errno), err);
  if (fstat(file, &after) != 0 || after.st_ino != before.st_ino || after.st_dev != before.st_dev) {
    close(file);
    return refuse(location, "changed while it was opened", err);
  }
  *out_file = file;
  return GCUT_OK;
}

static gcut_status open_location(const gcut__externals *x, const char *location, int *out_file,
                                 gcut_error *err) {
  int folder;
  const char *name;
  *out_file = -1;
  GCUT_TRY(open_folder(x, location, &folder, &name, err));
  if (folder < 0) return GCUT_OK;
  gcut_status status = open_file(x, folder, name, location, out_file, err);
  close(folder);
  return status;
}

// ---- files of the graph -----------------------------------------------------------------------

static gcut_status add_file(gcut__externals *x, const char *location, uint32_t *out_file,
                            gcut_error *err) {
  const char *wrong = check_location(location);
  if (wrong) return refuse(location, wrong, err);
  char *path = gcut_arena_format(gcut_graph_arena(x->graph), "%s%s", x->folder, location);
  if (!path) return GCUT_NO_MEMORY(err);
  int file;
  const void *data = NULL;
  uint64_t bytes = 0;
  GCUT_TRY(open_location(x, location, &file, err));
  if (file >= 0) {
    gcut_status status = gcut__file_map_descriptor(file, path, &data, &bytes, err);
    close(file);
    GCUT_TRY(status);
  }
  *out_file = gcut_graph_add_file(x->graph, path, location, data, bytes);
  return *out_file == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static gcut_status find_file(gcut__externals *x, const char *location, uint32_t *out_file,
                             gcut_error *err) {
  uint64_t key = (uint64_t)(uintptr_t)gcut_graph_intern(x->graph, location, strlen(location));
  *out_file = gcut_map_get(&x->files, key);
  if (*out_file != GCUT_NONE) return GCUT_OK;
  GCUT_TRY(add_file(x, location, out_file, err));
  return gcut_map_set(&x->files, key, *out_file) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__external_elements(gcut__externals *externals, const gcut_metadata *entries,
                                    size_t n, gcut_constant *constant, gcut_error *err) {
  reference ref;
  GCUT_TRY(read_reference(entries, n, constant, &ref, err));
  GCUT_TRY(check_reference(constant, &ref, err));
  GCUT_TRY(find_file(externals, ref.location, &constant->file, err));
  const gcut_file *file = &externals->graph->files[constant->file];
  constant->offset = ref.offset;
  if (!file->data) return GCUT_OK;
  if (ref.offset > file->bytes || constant->bytes > file->bytes - ref.offset)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "tensor '%.200s': bytes %llu to %llu of '%.200s', which has %llu",
                     constant->name, (unsigned long long)ref.offset,
                     (unsigned long long)(ref.offset + constant->bytes), ref.location,
                     (unsigned long long)file->bytes);
  constant->data = file->data + ref.offset;
  return GCUT_OK;
}
