// A reader of portable anymaps. Samples are scaled to 255; in a bitmap 1 is black.
#include "exec/cpu/ops/pnm.h"

enum { LARGEST_SIDE = 1 << 24 };

static bool is_space(uint8_t byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// The next number of the text, comments skipped; -1 where there is none.
static int64_t next_number(gcut__pnm *p) {
  while (p->data < p->end && (is_space(*p->data) || *p->data == '#')) {
    if (*p->data == '#')
      while (p->data < p->end && *p->data != '\n') p->data++;
    else
      p->data++;
  }
  if (p->data == p->end || *p->data < '0' || *p->data > '9') return -1;
  int64_t number = 0;
  for (; p->data < p->end && *p->data >= '0' && *p->data <= '9'; p->data++)
    if (number <= LARGEST_SIDE) number = 10 * number + (*p->data - '0');
  return number;
}

bool gcut__pnm_open(const uint8_t *data, size_t size, gcut__pnm *p) {
  if (size < 3 || data[0] != 'P' || data[1] < '1' || data[1] > '6') return false;
  *p = (gcut__pnm){.kind = data[1] - '0', .data = data + 2, .end = data + size};
  p->width = next_number(p);
  p->height = next_number(p);
  p->highest = p->kind == 1 || p->kind == 4 ? 1 : next_number(p);
  if (p->data < p->end) p->data++; // the one space that ends the header
  return p->width > 0 && p->height > 0 && p->width <= LARGEST_SIDE && p->height <= LARGEST_SIDE &&
         p->highest > 0 && p->highest < 65536;
}

// The digit of a bitmap in text, which need no spaces between them.
static int64_t next_digit(gcut__pnm *p) {
  while (p->data < p->end && is_space(*p->data)) p->data++;
  return p->data < p->end && (*p->data == '0' || *p->data == '1') ? *p->data++ - '0' : -1;
}

// A sample of a row at column `x`; -1 past the end.
static int64_t next_sample(gcut__pnm *p, int64_t x) {
  if (p->kind == 1) return next_digit(p);
  if (p->kind < 4) return next_number(p);
  size_t bytes = p->highest > 255 ? 2 : 1;
  if ((size_t)(p->end - p->data) < bytes) return -1;
  if (p->kind == 4) {
    int64_t bit = *p->data >> (7 - x % 8) & 1;
    if (x % 8 == 7 || x == p->width - 1) p->data++; // rows end on bytes
    return bit;
  }
  int64_t sample = bytes == 2 ? p->data[0] << 8 | p->data[1] : p->data[0];
  p->data += bytes;
  return sample;
}

bool gcut__pnm_read(gcut__pnm *p, uint8_t *rgb) {
  bool bitmap = p->kind == 1 || p->kind == 4, color = p->kind == 3 || p->kind == 6;
  for (int64_t y = 0; y < p->height; y++)
    for (int64_t x = 0; x < p->width; x++, rgb += 3)
      for (int channel = 0; channel < 3; channel++) {
        if (channel > 0 && !color) {
          rgb[channel] = rgb[0];
          continue;
        }
        int64_t sample = next_sample(p, x);
        if (sample < 0 || sample > p->highest) return false;
        if (bitmap) sample = 1 - sample;
        rgb[channel] = (uint8_t)((sample * 255 + p->highest / 2) / p->highest);
      }
  return true;
}
