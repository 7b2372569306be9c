// Edit distance (one row at a time, letter case free), in which a letter left out counts less than
// a wrong one or one too many, for people shorten names more often than they misspell them. Given
// up as soon as it cannot beat the third best: so a hundred thousand candidates are offered in
// little time. Long names are compared by their first 64 bytes.
#include "graphcut/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tracer/base/error.h"

enum { LONGEST = 64, MISSING = 1, WRONG = 2, TOO_MANY = 2 };

void gcut_nearest_begin(gcut_nearest *near, const char *wanted) {
  *near = (gcut_nearest){.wanted = wanted};
  for (int i = 0; i < GCUT_N_NEAREST; i++) near->distances[i] = UINT32_MAX;
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t m = a < b ? a : b;
  return m < c ? m : c;
}

// Distance from what was typed to a name, or `limit` where it is at least that.
static uint32_t distance(const char *a, size_t na, const char *b, size_t nb, uint32_t limit) {
  size_t gap = na > nb ? TOO_MANY * (na - nb) : MISSING * (nb - na);
  if (gap >= limit) return limit;
  uint32_t row[LONGEST + 1];
  for (size_t j = 0; j <= nb; j++) row[j] = MISSING * (uint32_t)j;
  for (size_t i = 1; i <= na; i++) {
    uint32_t diagonal = row[0], least = row[0] = TOO_MANY * (uint32_t)i;
    for (size_t j = 1; j <= nb; j++) {
      uint32_t differs = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
      uint32_t d = min3(row[j] + TOO_MANY, row[j - 1] + MISSING, diagonal + WRONG * differs);
      diagonal = row[j];
      row[j] = d;
      if (d < least) least = d;
    }
    if (least >= limit) return limit;
  }
  return row[nb];
}

void gcut_nearest_offer(gcut_nearest *near, const char *name) {
  if (!*name) return;
  uint32_t worst = near->distances[GCUT_N_NEAREST - 1];
  uint32_t d =
      distance(near->wanted, strnlen(near->wanted, LONGEST), name, strnlen(name, LONGEST), worst);
  if (d >= worst) return;
  for (int i = 0; i < GCUT_N_NEAREST && near->names[i]; i++)
    if (!strcmp(near->names[i], name)) return;
  int at = GCUT_N_NEAREST - 1;
  for (; at > 0 && near->distances[at - 1] > d; at--) {
    near->names[at] = near->names[at - 1];
    near->distances[at] = near->distances[at - 1];
  }
  near->names[at] = name;
  near->distances[at] = d;
}

const char *gcut_nearest_format(const gcut_nearest *near, char *buffer, size_t size) {
  size_t used = 0;
  buffer[0] = 0;
  for (int i = 0; i < GCUT_N_NEAREST && near->names[i] && used < size; i++) {
    char shown[128];
    used += (size_t)snprintf(buffer + used, size - used, "%s'%s'", i ? ", " : "; nearest: ",
                             gcut__printable(near->names[i], shown, sizeof shown));
  }
  return buffer;
}

const char *gcut_nearest_meant(const gcut_nearest *near) {
  return near->distances[0] < strlen(near->wanted) ? near->names[0] : NULL;
}
