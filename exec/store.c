// The host's side of a run. Ranges of memory and of the spill file are the schedule's; nothing is
// allocated here but tensors whose size only a kernel knows.
#include "exec/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/cpu/call.h"
#include "tracer/base/error.h"

// ---- spill file -------------------------------------------------------------------------------

static const char *spill_folder(const char *asked) {
  const char *folder = asked ? asked : getenv("TMPDIR");
  return folder && *folder ? folder : "/var/tmp";
}

// All of it is used, so a disk without room for it tells at once, not after hours; a file system
// that cannot set room aside tells when it is written.
static bool set_room_aside(int descriptor, uint64_t bytes) {
  if (ftruncate(descriptor, (off_t)bytes) != 0) return false;
  return fallocate(descriptor, 0, 0, (off_t)bytes) == 0 || (errno != ENOSPC && errno != EDQUOT);
}

// A file without a name: it goes when the process does.
static gcut_status open_spill(gcut__store *s, uint64_t bytes, const char *asked, gcut_error *err) {
  const char *folder = spill_folder(asked);
  char path[4096];
  s->spill = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (s->spill < 0 &&
      snprintf(path, sizeof path, "%s/graphcut-XXXXXX", folder) < (int)sizeof path) {
    s->spill = mkostemp(path, O_CLOEXEC);
    if (s->spill >= 0) unlink(path);
  }
  if (s->spill < 0 || !set_room_aside(s->spill, bytes))
    return GCUT_FAIL(err, GCUT_IO, "no spill file of %llu bytes in '%.500s': %s",
                     (unsigned long long)bytes, folder, strerror(errno));
  return GCUT_OK;
}

gcut_status gcut__store_spill(gcut__store *s, uint64_t from, uint64_t to, uint64_t bytes,
                              gcut_error *err) {
  for (uint64_t done = 0; done < bytes;) {
    ssize_t n = pwrite(s->spill, s->memory + from + done, bytes - done, (off_t)(to + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return GCUT_FAIL(err, GCUT_IO, "cannot write %llu bytes to the spill file: %s",
                       (unsigned long long)bytes, strerror(n < 0 ? errno : ENOSPC));
    done += (uint64_t)n;
  }
  return GCUT_OK;
}

gcut_status gcut__store_unspill(gcut__store *s, uint64_t from, uint64_t to, uint64_t bytes,
                                gcut_error *err) {
  for (uint64_t done = 0; done < bytes;) {
    ssize_t n = pread(s->spill, s->memory + to + done, bytes - done, (off_t)(from + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return GCUT_FAIL(err, GCUT_IO, "cannot read %llu bytes back from the spill file: %s",
                       (unsigned long long)bytes, strerror(n < 0 ? errno : EIO));
    done += (uint64_t)n;
  }
  return GCUT_OK;
}

// ---- open and close ---------------------------------------------------------------------------

static gcut_status list_fetches(gcut__store *s, gcut_error *err) {
  s->fetched = calloc(s->plan->n_fetches + 1, sizeof *s->fetched);
  if (!s->fetched) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < s->plan->n_fetches; i++) {
    s->fetched[i] = GCUT_NONE;
    for (uint32_t a = 0; a < s->problem->n_activations; a++)
      if (s->problem->activations[a].value == s->plan->fetches[i]) s->fetched[i] = a;
  }
  return GCUT_OK;
}

gcut_status gcut__store_open(gcut__store *s, uint64_t spill_bytes, const char *folder,
                             gcut_error *err) {
  s->spill = -1;
  s->heap = calloc((size_t)s->problem->n_activations * s->problem->n_batches + 1, sizeof *s->heap);
  if (!s->heap) return GCUT_NO_MEMORY(err);
  GCUT_TRY(list_fetches(s, err));
  return spill_bytes ? open_spill(s, spill_bytes, folder, err) : GCUT_OK;
}

void gcut__store_close(gcut__store *s) {
  size_t n = s->problem ? (size_t)s->problem->n_activations * s->problem->n_batches : 0;
  for (size_t i = 0; s->heap && i < n; i++) gcut_tensor_unref(s->heap[i]);
  free(s->heap);
  free(s->fetched);
  if (s->heap && s->spill >= 0) close(s->spill);
  s->heap = NULL;
}

// ---- heap -------------------------------------------------------------------------------------

gcut_tensor **gcut__store_heap(gcut__store *s, uint32_t activation, uint32_t batch) {
  return &s->heap[(size_t)activation * s->problem->n_batches + batch];
}

static uint64_t bytes_in(const gcut_tensor *t) {
  uint64_t bytes = t ? t->bytes : 0;
  for (size_t i = 0; t && i < t->n_items; i++) bytes += t->items[i]->bytes;
  return bytes;
}

void gcut__store_count(gcut__store *s, const gcut_tensor *tensor, bool added) {
  uint64_t bytes = bytes_in(tensor);
  if (!added) {
    atomic_fetch_sub(&s->heap_bytes, bytes);
    return;
  }
  uint64_t now = atomic_fetch_add(&s->heap_bytes, bytes) + bytes, peak = atomic_load(&s->heap_peak);
  while (now > peak && !atomic_compare_exchange_weak(&s->heap_peak, &peak, now)) continue;
}

// ---- batches in -------------------------------------------------------------------------------

static uint32_t input_index(const gcut_graph *graph, uint32_t value) {
  uint32_t i = 0;
  while (graph->bodies[0].inputs[i] != value) i++;
  return i;
}

static gcut_tensor *input_at(const gcut__store *s, const gcut_place *place,
                             gcut_tensor *const *inputs) {
  return inputs[input_index(s->graph, s->problem->activations[place->activation].value)];
}

// Whether it is what it was when its shapes were read.
static bool is_as_before(const gcut__store *s, uint32_t batch, const gcut_place *places, uint32_t n,
                         gcut_tensor *const *inputs) {
  for (uint32_t i = 0; i < n; i++)
    if (!input_at(s, &places[i], inputs)) return false;
  return gcut__shapes_match(s->shapes->traces[s->shapes->classes[batch]], inputs);
}

static void keep_input(gcut__store *s, uint32_t batch, const gcut_place *place, gcut_tensor *t) {
  if (place->offset == GCUT_ON_HEAP) {
    *gcut__store_heap(s, place->activation, batch) = gcut_tensor_ref(t);
    gcut__store_count(s, t, true);
  } else if (t->bytes) {
    memcpy(s->memory + place->offset, t->data, t->bytes);
  }
}

gcut_status gcut__store_read(gcut__store *s, uint32_t batch, const gcut_place *places, uint32_t n,
                             gcut_error *err) {
  uint32_t n_inputs = s->graph->bodies[0].n_inputs;
  gcut_tensor **inputs = calloc(n_inputs + 1, sizeof *inputs);
  if (!inputs) return GCUT_NO_MEMORY(err);
  gcut_status status = s->source->read(s->source->context, batch, inputs, err);
  if (status == GCUT_OK && !is_as_before(s, batch, places, n, inputs))
    status = GCUT_FAIL(err, GCUT_FORMAT, "batch %u changed while it was used", batch);
  for (uint32_t i = 0; i < n && status == GCUT_OK; i++)
    keep_input(s, batch, &places[i], input_at(s, &places[i], inputs));
  for (uint32_t i = 0; i < n_inputs; i++) gcut_tensor_unref(inputs[i]);
  free(inputs);
  return status;
}

// ---- batches out ------------------------------------------------------------------------------

static bool is_constant(const gcut__store *s, uint32_t batch, uint32_t fetch) {
  uint32_t a = s->fetched[fetch];
  return a == GCUT_NONE ||
         s->problem->activations[a].forms[s->problem->classes[batch]] == GCUT_FORM_CONSTANT;
}

// NULL where the output is in none of the places.
static gcut_status placed_output(gcut__store *s, uint32_t batch, uint32_t fetch,
                                 const gcut_place *places, uint32_t n, gcut_tensor **out,
                                 gcut_error *err) {
  const gcut_trace *trace = s->shapes->traces[s->shapes->classes[batch]];
  const gcut_type *type = &trace->facts[s->plan->fetches[fetch]].type;
  for (uint32_t i = 0; i < n; i++) {
    if (places[i].activation != s->fetched[fetch]) continue;
    if (places[i].offset == GCUT_ON_HEAP) {
      *out = gcut_tensor_ref(*gcut__store_heap(s, places[i].activation, batch));
      return GCUT_OK;
    }
    return gcut_tensor_wrap((gcut_dtype)type->type, type->rank, type->dims,
                            s->memory + places[i].offset, out, err);
  }
  return GCUT_OK;
}

static gcut_status constant_output(const gcut__store *s, uint32_t batch, uint32_t fetch,
                                   gcut_tensor **out, gcut_error *err) {
  const gcut_trace *trace = s->shapes->traces[s->shapes->classes[batch]];
  uint32_t value = s->plan->fetches[fetch];
  const gcut_constant *k = trace->facts[value].constant;
  if (!k && s->graph->values[value].constant != GCUT_NONE)
    k = &s->graph->constants[s->graph->values[value].constant];
  if (!k)
    return GCUT_FAIL(err, GCUT_DEVICE, "output '%.200s' was never made",
                     s->graph->values[value].name);
  return gcut__cpu_constant_tensor(s->graph, k, out, err);
}

static gcut_status hand_over(gcut__store *s, uint32_t batch, const gcut_place *places, uint32_t n,
                             bool constants, gcut_error *err) {
  uint32_t n_outputs = s->plan->n_fetches;
  bool any = false;
  gcut_tensor **outputs = calloc(n_outputs + 1, sizeof *outputs);
  if (!outputs) return GCUT_NO_MEMORY(err);
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < n_outputs && status == GCUT_OK; i++) {
    if (!is_constant(s, batch, i))
      status = placed_output(s, batch, i, places, n, &outputs[i], err);
    else if (constants)
      status = constant_output(s, batch, i, &outputs[i], err);
    any |= outputs[i] != NULL;
  }
  if (status == GCUT_OK && any) status = s->sink->write(s->sink->context, batch, outputs, err);
  for (uint32_t i = 0; i < n_outputs; i++) gcut_tensor_unref(outputs[i]);
  free(outputs);
  return status;
}

gcut_status gcut__store_write(gcut__store *s, uint32_t batch, const gcut_place *places, uint32_t n,
                              gcut_error *err) {
  return hand_over(s, batch, places, n, !s->sink->early, err);
}

gcut_status gcut__store_write_constants(gcut__store *s, uint32_t batch, gcut_error *err) {
  return hand_over(s, batch, NULL, 0, true, err);
}
