// The one data file that all parts read.
//
// Where the parts lie in the model's own folder they name its data files, and nothing is written.
// Elsewhere a model with one data file has it cloned: shared blocks where the file system can
// (FICLONE), else copied inside the kernel, else written from the mapping; offsets stay. Elements
// that no such file holds (inside the model, folded, of several files) follow in the order the
// parts need them, each once however many parts read it. Packing puts all of them there.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/packing.h"
#include "formats/split/split.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"
#include "tracer/extract.h"

enum { SMALL = 1024, PAGE = 4096 }; // the least that leaves a part; the most between two tensors

static bool is_external(const gcut__weights *w, const gcut_constant *c) {
  return c->file != GCUT_NONE && *w->graph->files[c->file].location;
}

static bool is_small(const gcut_constant *c) {
  return c->type == GCUT_STRING || c->bytes < SMALL;
}

// ---- deciding ---------------------------------------------------------------------------------

typedef gcut_status visit(gcut__weights *w, const gcut_constant *constant, gcut_error *err);

// Calls back for the larger constants that are there, part by part.
static gcut_status each_large(gcut__weights *w, const gcut_trace *trace, const gcut_plan *plan,
                              visit *call, gcut_error *err) {
  for (uint32_t p = 0; p < plan->n_parts; p++) {
    w->begins = true;
    for (uint32_t i = 0; i < plan->parts[p].n_constants; i++) {
      const gcut_constant *c = gcut_extract_constant(trace, plan->parts[p].constants[i]);
      if (c && c->data && !is_small(c)) GCUT_TRY(call(w, c, err));
    }
  }
  return GCUT_OK;
}

enum { SEVERAL = GCUT_NONE - 1 };

static gcut_status find_base(gcut__weights *w, const gcut_constant *c, gcut_error *err) {
  (void)err;
  if (is_external(w, c) && w->base != c->file) w->base = w->base == GCUT_NONE ? c->file : SEVERAL;
  return GCUT_OK;
}

static gcut_status pack(gcut__weights *w, const gcut_constant *c, gcut_error *err) {
  uint64_t key = (uint64_t)(uintptr_t)c->data;
  if (is_external(w, c) && (w->in_place || c->file == w->base)) return GCUT_OK;
  if (gcut_map_get(&w->places, key) != UINT32_MAX) return GCUT_OK;
  if (!gcut_vector_reserve((void **)&w->packed, &w->packed_capacity, w->n_packed, 1,
                           sizeof *w->packed) ||
      !gcut_map_set(&w->places, key, w->n_packed))
    return GCUT_NO_MEMORY(err);
  uint64_t offset = gcut__packing_next(w->bytes, w->begins);
  w->packed[w->n_packed++] = (gcut__packed){c, offset};
  w->bytes = offset + c->bytes;
  w->begins = false;
  return GCUT_OK;
}

// Whether a data file of the model has that name: it lies in the folder, or is to be put there.
static bool is_taken(const gcut_graph *g, const char *name, bool own_folder) {
  for (uint32_t f = 0; f < g->n_files; f++)
    if ((own_folder || !g->files[f].data) && strcmp(g->files[f].location, name) == 0) return true;
  return false;
}

// weights.bin, or weights_1.bin and so on where the model's own data has that name.
static gcut_status name_shared(gcut__weights *w, const char *folder, bool own_folder,
                               gcut_arena *arena, gcut_error *err) {
  char name[32] = "weights.bin";
  for (unsigned n = 1; is_taken(w->graph, name, own_folder); n++)
    snprintf(name, sizeof name, "weights_%u.bin", n);
  w->shared.path = gcut_arena_format(arena, "%s%s", folder, name);
  if (!w->shared.path) return GCUT_NO_MEMORY(err);
  w->shared.location = w->shared.path + strlen(folder);
  return GCUT_OK;
}

gcut_status gcut__weights_plan(const gcut_trace *trace, const gcut_plan *plan, const char *folder,
                               bool all, gcut_arena *arena, gcut__weights *w, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  bool own_folder = *g->path && gcut__same_folder(folder, g->path);
  *w = (gcut__weights){.graph = g, .in_place = own_folder && !all, .base = GCUT_NONE};
  GCUT_TRY(name_shared(w, folder, own_folder, arena, err));
  if (!all && !w->in_place) GCUT_TRY(each_large(w, trace, plan, find_base, err));
  if (w->base == SEVERAL) w->base = GCUT_NONE;
  if (w->base != GCUT_NONE) w->bytes = g->files[w->base].bytes;
  return each_large(w, trace, plan, pack, err);
}

void gcut__weights_free(gcut__weights *w) {
  free(w->packed);
  gcut_map_free(&w->places);
}

void gcut__weights_place(void *context, gcut_constant *c) {
  const gcut__weights *w = context;
  uint32_t at =
      c->data && !is_small(c) ? gcut_map_get(&w->places, (uint64_t)(uintptr_t)c->data) : UINT32_MAX;
  if (at != UINT32_MAX) {
    c->file = w->graph->n_files;
    c->offset = w->packed[at].offset;
  } else if (!is_external(w, c) || (c->data && is_small(c))) {
    c->file = GCUT_NONE;
  } else if (c->file == w->base) {
    c->file = w->graph->n_files;
  } else if (!w->in_place && c->data) {
    c->file = GCUT_NONE;
  }
}

// ---- writing ----------------------------------------------------------------------------------

static bool cannot_copy(int code) {
  return code == EXDEV || code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM ||
         code == EBADF;
}

// Copies inside the kernel; how far it came. *out_code is what went wrong, where another way would
// not help.
static uint64_t copy_file(int from, int to, uint64_t bytes, int *out_code) {
  uint64_t done = 0;
  *out_code = 0;
  if (ioctl(to, FICLONE, from) == 0) return bytes;
  while (done < bytes) {
    ssize_t n = copy_file_range(from, NULL, to, NULL, bytes - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && !cannot_copy(errno)) *out_code = errno;
    if (n <= 0) break;
    done += (uint64_t)n;
  }
  return done;
}

// The file of that path, if it is still the one that was mapped, as far as can be told.
static int open_again(const gcut_file *file) {
  struct stat info;
  int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return -1;
  if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) &&
      (uint64_t)info.st_size == file->bytes)
    return descriptor;
  close(descriptor);
  return -1;
}

static gcut_status write_base(const gcut_file *file, gcut_output *out, gcut_error *err) {
  int from = open_again(file), code = 0;
  uint64_t done = 0;
  if (from >= 0) {
    done = copy_file(from, fileno(out->stream), file->bytes, &code);
    close(from);
  }
  if (code) return GCUT_FAIL(err, GCUT_IO, "%s: cannot be written: %s", out->path, strerror(code));
  if (done > 0 && fseeko(out->stream, (off_t)done, SEEK_SET) != 0)
    return GCUT_FAIL(err, GCUT_IO, "%s: cannot be written: %s", out->path, strerror(errno));
  fwrite(file->data + done, 1, file->bytes - done, out->stream); // errors are seen on commit
  return GCUT_OK;
}

static gcut_status write_all(const gcut__weights *w, gcut_output *out, gcut_error *err) {
  static const char zeros[PAGE];
  uint64_t at = 0;
  if (w->base != GCUT_NONE) {
    GCUT_TRY(write_base(&w->graph->files[w->base], out, err));
    at = w->graph->files[w->base].bytes;
  }
  for (uint32_t i = 0; i < w->n_packed && !ferror(out->stream); i++) {
    const gcut__packed *p = &w->packed[i];
    fwrite(zeros, 1, p->offset - at, out->stream);
    fwrite(p->constant->data, 1, p->constant->bytes, out->stream);
    at = p->offset + p->constant->bytes;
  }
  return GCUT_OK;
}

gcut_status gcut__weights_write(const gcut__weights *w, gcut_error *err) {
  if (w->bytes == 0) return GCUT_OK;
  gcut_output out;
  GCUT_TRY(gcut_output_open(w->shared.path, &out, err));
  gcut_status status = write_all(w, &out, err);
  if (status == GCUT_OK) return gcut_output_commit(&out, err);
  gcut_output_abort(&out);
  return status;
}
