// Where the elements of each constant of a written GCIR file stand.
//
// Small ones and strings in the text. Those in a file of the model stay there where source and
// destination share a folder and the reader's rules let the file be referred to: a regular file of
// one name, not replaced by what is being written. The rest go to "<destination>.data",
// behind what a packing has a place for. A constant whose file is missing keeps its reference,
// whatever it is worth in another folder.
#include <string.h>
#include <sys/stat.h>

#include "formats/gcir/print.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

enum { SMALL_BYTES = 256, ALIGNMENT = 64 };

typedef struct placer {
  const gcut_graph *graph;
  const gcut__packing *packing; // or NULL
  gcut_arena *arena;
  const char *path, *side; // destination and the file beside it
  const char **locations;  // [n_files]: as the destination names it; NULL: its bytes are copied
  bool *replaced;          // [n_files]: is the side file
} placer;

// ---- files ------------------------------------------------------------------------------------

static bool same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static const char *folder_of(placer *p, const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? gcut_arena_string(p->arena, path, (size_t)(slash - path) + 1) : ".";
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// The model file itself has no location yet: readers refuse links and several names.
static bool may_refer(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
         !strchr(base_name(path), '\\') && *base_name(path);
}

static void locate_file(placer *p, uint32_t i, bool same_folder) {
  const gcut_file *f = &p->graph->files[i];
  p->replaced[i] = f->data && same_file(f->path, p->side);
  if (!f->data)
    p->locations[i] = *f->location ? f->location : NULL;
  else if (!same_folder || same_file(f->path, p->path))
    p->locations[i] = NULL;
  else if (*f->location)
    p->locations[i] = f->location;
  else
    p->locations[i] = may_refer(f->path) ? base_name(f->path) : NULL;
}

static gcut_status locate_files(placer *p, gcut_error *err) {
  p->locations = GCUT_NEW_ARRAY(p->arena, const char *, p->graph->n_files);
  p->replaced = GCUT_NEW_ARRAY(p->arena, bool, p->graph->n_files);
  const char *source = folder_of(p, p->graph->path), *destination = folder_of(p, p->path);
  if (!p->locations || !p->replaced || !source || !destination) return GCUT_NO_MEMORY(err);
  bool same_folder = *p->graph->path && same_file(source, destination);
  for (uint32_t i = 0; i < p->graph->n_files; i++) locate_file(p, i, same_folder);
  return GCUT_OK;
}

// ---- constants --------------------------------------------------------------------------------

typedef enum choice { TEXT, REFERENCE, SIDE } choice;

static bool is_packed(const placer *p, uint32_t constant) {
  return p->packing && p->packing->offsets[constant] != GCUT__UNPACKED;
}

static choice choose(const placer *p, uint32_t constant, bool side_is_written) {
  const gcut_constant *c = &p->graph->constants[constant];
  if (is_packed(p, constant)) return SIDE;
  if (c->type == GCUT_STRING || c->bytes == 0) return TEXT;
  if (c->data && c->bytes <= SMALL_BYTES) return TEXT;
  if (c->file == GCUT_NONE || !p->locations[c->file]) return SIDE;
  return side_is_written && p->replaced[c->file] ? SIDE : REFERENCE;
}

static gcut_status check(const gcut_constant *c, choice how, gcut_error *err) {
  if (c->data || c->bytes == 0 || how == REFERENCE) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "constant '%.200s': its elements are not there", c->name);
}

// A place in the side file; tied constants share theirs.
static gcut_status place_in_side(const gcut_graph *g, uint32_t i, gcut_map *offsets, uint64_t *end,
                                 gcir_places *out, gcut_error *err) {
  const gcut_constant *c = &g->constants[i];
  uint64_t key = (uint64_t)(uintptr_t)c->data;
  uint32_t found = gcut_map_get(offsets, key);
  if (found != UINT32_MAX && g->constants[found].bytes == c->bytes) {
    out->items[i].offset = out->items[found].offset;
    return GCUT_OK;
  }
  out->items[i].offset = *end;
  *end = (*end + c->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  out->order[out->n_order++] = i;
  return gcut_map_set(offsets, key, i) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static void place_packed(const gcut__packing *packing, gcir_places *out, uint64_t *end) {
  memcpy(out->order, packing->order, packing->n * sizeof *out->order);
  out->n_order = packing->n;
  *end = gcut__packing_next(packing->bytes, false);
}

static gcut_status place_all(const placer *p, bool side_is_written, gcut_map *offsets,
                             gcir_places *out, gcut_error *err) {
  const gcut_graph *g = p->graph;
  uint64_t end = 0;
  if (p->packing) place_packed(p->packing, out, &end);
  for (uint32_t i = 0; i < g->n_constants; i++) {
    const gcut_constant *c = &g->constants[i];
    choice how = choose(p, i, side_is_written);
    GCUT_TRY(check(c, how, err));
    if (how == REFERENCE) out->items[i] = (gcir_place){p->locations[c->file], c->offset};
    if (how != SIDE) continue;
    out->items[i].location = base_name(p->side);
    if (is_packed(p, i))
      out->items[i].offset = p->packing->offsets[i];
    else
      GCUT_TRY(place_in_side(g, i, offsets, &end, out, err));
  }
  return GCUT_OK;
}

static gcut_status place(placer *p, gcir_places *out, gcut_error *err) {
  const gcut_graph *g = p->graph;
  gcut_map offsets = {0};
  bool side_is_written = false;
  out->items = GCUT_NEW_ARRAY(p->arena, gcir_place, g->n_constants);
  out->order = GCUT_NEW_ARRAY(p->arena, uint32_t, g->n_constants);
  out->side = gcut_arena_format(p->arena, "%s.data", p->path);
  if (!out->items || !out->order || !out->side) return GCUT_NO_MEMORY(err);
  p->side = out->side;
  GCUT_TRY(locate_files(p, err));
  for (uint32_t i = 0; i < g->n_constants; i++) side_is_written |= choose(p, i, false) == SIDE;
  gcut_status status = place_all(p, side_is_written, &offsets, out, err);
  gcut_map_free(&offsets);
  if (!side_is_written) out->side = NULL;
  return status;
}

gcut_status gcut__gcir_place(const gcut_graph *graph, const gcut__packing *packing,
                             const char *path, gcir_places *out, gcut_error *err) {
  placer p = {.graph = graph, .packing = packing, .arena = gcut_arena_create(), .path = path};
  *out = (gcir_places){.memory = p.arena};
  if (!p.arena) return GCUT_NO_MEMORY(err);
  gcut_status status = place(&p, out, err);
  if (status != GCUT_OK) gcut__gcir_places_free(out);
  return status;
}

void gcut__gcir_places_free(gcir_places *places) {
  gcut_arena_destroy(places->memory);
  *places = (gcir_places){0};
}
