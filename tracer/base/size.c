#include "graphcut/size.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// The factor of a unit, or 0 where it is none.
static double unit_factor(const char *unit) {
  static const char letters[] = "KMGT";
  if (!*unit || !strcasecmp(unit, "B")) return 1;
  const char *letter = strchr(letters, toupper((unsigned char)*unit));
  if (!letter) return 0;
  int power = (int)(letter - letters) + 1;
  if (!unit[1] || !strcasecmp(unit + 1, "iB")) return pow(1024, power);
  return !strcasecmp(unit + 1, "B") ? pow(1000, power) : 0;
}

bool gcut_size_parse(const char *text, uint64_t *out_bytes) {
  char *end;
  // Neither signs and spaces, which strtod takes, nor its hexadecimal numbers.
  if ((!isdigit((unsigned char)*text) && *text != '.') || strpbrk(text, "xX")) return false;
  double number = strtod(text, &end), factor = unit_factor(end);
  if (end == text || factor == 0 || !(number * factor < 0x1p63)) return false;
  *out_bytes = (uint64_t)(number * factor);
  return true;
}
