// What `auto` varies of each strategy: slots, residents, thresholds, batches a step, the place of
// activations.
#include "exec/offload/axes.h"

#include <assert.h>
#include <stdio.h>

static gcut__axis *add_axis(gcut__axes *f, const char *key) {
  assert(f->n < GCUT__MOST_AXES);
  gcut__axis *a = &f->items[f->n++];
  *a = (gcut__axis){.key = key, .n = 1};
  return a;
}

static void add_value(gcut__axis *a, uint64_t value) {
  if (a->n < GCUT__MOST_VALUES)
    snprintf(a->values[a->n++], sizeof *a->values, "%llu", (unsigned long long)value);
}

static void add_text(gcut__axis *a, const char *text) {
  snprintf(a->values[a->n++], sizeof *a->values, "%s", text);
}

// Batches a step: one, all, and powers of two between.
static void add_batches(gcut__axes *f, const gcut_problem *p) {
  gcut__axis *a = add_axis(f, "batches");
  for (uint32_t n = 1; n < p->n_batches; n *= 2) add_value(a, n);
  add_value(a, p->n_batches);
  gcut__axis *place = add_axis(f, "place");
  add_text(place, "host");
  add_text(place, "device");
}

static void add_ahead(gcut__axes *f, uint32_t first) {
  gcut__axis *a = add_axis(f, "ahead");
  for (uint32_t n = first; n <= 3; n++) add_value(a, n);
}

// Every few parts one or more that stay: what is left of a group after `stream`.
static void add_groups(gcut__axes *f) {
  gcut__axis *a = add_axis(f, "group");
  for (uint32_t group = 2; group <= 4; group++)
    for (uint32_t stream = 1; stream < group; stream++)
      snprintf(a->values[a->n++], sizeof *a->values, "%u,stream=%u", group, stream);
}

// Weights read in place: up to each one where they are few, else about as many amounts.
static void add_mapped(gcut__axes *f, const gcut_problem *p) {
  gcut__axis *a = add_axis(f, "bytes");
  uint32_t step = p->n_weights / (GCUT__MOST_VALUES - 1) + 1, n = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < p->n_parts; i++)
    for (uint32_t k = 0; k < p->parts[i].n_weights; k++) {
      bytes += p->parts[i].weights[k].bytes;
      if (++n % step == 0 || n == p->n_weights) add_value(a, bytes);
    }
}

// Residents: each number where there are few parts, else about as many values.
static void add_keep(gcut__axes *f, const gcut_problem *p) {
  gcut__axis *a = add_axis(f, "keep");
  uint32_t step = p->n_parts / (GCUT__MOST_VALUES - 2) + 1;
  for (uint32_t n = 0; n <= p->n_parts; n += step) add_value(a, n);
  gcut__axis *order = add_axis(f, "order");
  add_text(order, "prefix");
}

static uint64_t tokens_of(const gcut_problem *p, uint32_t part) {
  uint64_t tokens = 0;
  for (uint32_t b = 0; b < p->n_batches; b++) tokens += p->parts[part].work[p->classes[b]].tokens;
  return tokens;
}

// Thresholds just above the tokens of each part: all that make a difference, where they are few.
// The last is above all: everything computes on the host, whatever the device's memory.
static void add_thresholds(gcut__axes *f, const gcut_problem *p) {
  gcut__axis *a = add_axis(f, "min-tokens");
  uint64_t last = 0, most = 0;
  for (uint32_t i = 0; i < p->n_parts; i++)
    if (tokens_of(p, i) > most) most = tokens_of(p, i);
  for (bool more = true; more && a->n < GCUT__MOST_VALUES - 1;) {
    uint64_t next = UINT64_MAX;
    more = false;
    for (uint32_t i = 0; i < p->n_parts; i++) {
      uint64_t tokens = tokens_of(p, i);
      if (tokens >= last && tokens + 1 < next) next = tokens + 1, more = true;
    }
    if (more) add_value(a, next);
    last = next;
  }
  if (last <= most) add_value(a, most + 1);
}

uint32_t gcut__axes_list(const gcut_problem *p, gcut__axes *f) {
  uint32_t n = 0;
  f[n++] = (gcut__axes){.strategy = "resident"};
  f[n++] = (gcut__axes){.strategy = "sequential"};
  f[n] = (gcut__axes){.strategy = "prefetch"};
  add_groups(&f[n]);
  add_ahead(&f[n++], 2);
  f[n] = (gcut__axes){.strategy = "uva"};
  add_mapped(&f[n++], p);
  f[n] = (gcut__axes){.strategy = "partial"};
  add_keep(&f[n], p);
  add_ahead(&f[n++], 0);
  f[n] = (gcut__axes){.strategy = "hybrid"};
  add_thresholds(&f[n], p);
  add_ahead(&f[n++], 2);
  for (uint32_t i = 0; i < n; i++) add_batches(&f[i], p);
  return n;
}

void gcut__axes_text(const gcut__axes *f, const uint32_t *at, char text[GCUT__MOST_TEXT]) {
  size_t used = (size_t)snprintf(text, GCUT__MOST_TEXT, "%s", f->strategy);
  char before = ':';
  for (uint32_t i = 0; i < f->n && used < GCUT__MOST_TEXT; i++) {
    const char *value = f->items[i].values[at[i]];
    if (!*value) continue;
    used += (size_t)snprintf(text + used, GCUT__MOST_TEXT - used, "%c%s=%s", before,
                             f->items[i].key, value);
    before = ',';
  }
}

uint64_t gcut__axes_combinations(const gcut__axes *f) {
  uint64_t n = 1;
  for (uint32_t i = 0; i < f->n; i++) n *= f->items[i].n;
  return n;
}
