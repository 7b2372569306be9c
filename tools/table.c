#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "graphcut/utf8.h"
#include "tool.h"

struct table {
  const table_column *columns;
  size_t n_columns, n; // cells
  char **cells;
};

table *table_create(const table_column *columns, size_t n_columns) {
  table *t = tool_alloc(1, sizeof *t);
  *t = (table){.columns = columns, .n_columns = n_columns};
  return t;
}

void table_add(table *t, const char *format, ...) {
  t->cells = tool_grow(t->cells, t->n + 1, sizeof *t->cells);
  va_list args;
  va_start(args, format);
  int length = vasprintf(&t->cells[t->n], format, args);
  va_end(args);
  if (length < 0) tool_out_of_memory();
  gcut_utf8_clean(t->cells[t->n++], "");
}

size_t table_width(FILE *stream) {
  struct winsize size;
  if (!isatty(fileno(stream))) return 0;
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

// Whether the stream is a terminal that wants colour (NO_COLOR is not set).
static bool wants_colour(FILE *stream) {
  const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
  return isatty(fileno(stream)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

// Columns of the character that `text` begins with, and its bytes: two columns for those of East
// Asia and for pictures, none for marks on the letter before.
static size_t character_width(const char *text, size_t *out_bytes) {
  static const struct {
    uint32_t first, last;
    size_t columns;
  } ranges[] = {{0x300, 0x36f, 0},    {0x200b, 0x200d, 0}, {0xfe00, 0xfe0f, 0},
                {0x1100, 0x115f, 2},  {0x2e80, 0x303e, 2}, {0x3041, 0xa4cf, 2},
                {0xac00, 0xd7a3, 2},  {0xf900, 0xfaff, 2}, {0xfe30, 0xfe6f, 2},
                {0xff00, 0xff60, 2},  {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2},
                {0x20000, 0x3fffd, 2}};
  uint32_t code = gcut_utf8_read(text, 4, out_bytes); // a zero byte ends it before
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (code >= ranges[i].first && code <= ranges[i].last) return ranges[i].columns;
  return 1;
}

static size_t width_of(const char *text) {
  size_t width = 0, bytes;
  for (; *text; text += bytes) width += character_width(text, &bytes);
  return width;
}

// The end of the longest beginning of `text` that is at most `width` columns wide.
static const char *within(const char *text, size_t width) {
  size_t bytes;
  for (size_t at = 0; *text; text += bytes) {
    at += character_width(text, &bytes);
    if (at > width) break;
  }
  return text;
}

// The beginning of the longest end of `text` that is at most `width` columns wide.
static const char *last_within(const char *text, size_t width) {
  size_t bytes;
  for (size_t all = width_of(text); *text && all > width; text += bytes)
    all -= character_width(text, &bytes);
  return text;
}

static void pad(size_t n, FILE *stream) {
  fprintf(stream, "%*s", (int)n, "");
}

// The text in exactly `width` columns, its middle left out where it is longer.
static void print_cell(const char *text, size_t width, bool right, FILE *stream) {
  size_t n = width_of(text), bytes;
  if (n <= width) {
    if (right) pad(width - n, stream);
    fputs(text, stream);
    if (!right) pad(width - n, stream);
    return;
  }
  size_t front = (width - 1) / 2;
  const char *end = within(text, front), *rest = last_within(text, width - 1 - front);
  n = width_of(rest) + 1;
  for (const char *c = text; c < end; c += bytes) n += character_width(c, &bytes);
  fprintf(stream, "%.*s\u2026%s", (int)(end - text), text, rest);
  if (n < width) pad(width - n, stream); // half a wide character
}

enum { GAP = 2, LEAST_SHRUNK = 12 };

static size_t total_width(const table *t, const size_t *widths) {
  size_t total = 0, shown = 0;
  for (size_t c = 0; c < t->n_columns; c++) total += widths[c], shown += widths[c] > 0;
  return shown ? total + GAP * (shown - 1) : 0;
}

static void measure(const table *t, size_t *widths) {
  for (size_t c = 0; c < t->n_columns; c++) {
    widths[c] = width_of(t->columns[c].title);
    for (size_t i = c; i < t->n; i += t->n_columns)
      if (width_of(t->cells[i]) > widths[c]) widths[c] = width_of(t->cells[i]);
  }
}

// The widest of those that shrink gives way, a column at a time.
static void shrink(const table *t, size_t *widths, size_t available) {
  for (size_t total = total_width(t, widths); total > available; total--) {
    size_t widest = t->n_columns;
    for (size_t c = 0; c < t->n_columns; c++)
      if (t->columns[c].shrinks && widths[c] > LEAST_SHRUNK &&
          (widest == t->n_columns || widths[c] > widths[widest]))
        widest = c;
    if (widest == t->n_columns) return;
    widths[widest]--;
  }
}

// Whether the table would fit with all shrinking columns at their least.
static bool can_fit(const table *t, const size_t *widths, size_t available) {
  size_t spared = 0;
  for (size_t c = 0; c < t->n_columns; c++)
    if (t->columns[c].shrinks && widths[c] > LEAST_SHRUNK) spared += widths[c] - LEAST_SHRUNK;
  return total_width(t, widths) - spared <= available;
}

// Widths as the cells ask for, made to fit; 0 for a column that is left out.
static void fit(const table *t, size_t *widths, size_t available) {
  measure(t, widths);
  if (!available) return;
  for (size_t c = t->n_columns; c-- > 0 && !can_fit(t, widths, available);)
    if (t->columns[c].spare) widths[c] = 0;
  shrink(t, widths, available);
}

static void print_row(const table *t, const size_t *widths, char *const *cells, size_t n,
                      FILE *stream) {
  bool begun = false;
  for (size_t c = 0; c < n; c++) {
    bool last = c + 1 == t->n_columns;
    if (widths[c] == 0) continue;
    size_t width = last && !t->columns[c].right ? width_of(cells[c]) : widths[c];
    if (width > widths[c]) width = widths[c];
    if (begun) pad(GAP, stream);
    print_cell(cells[c], width, t->columns[c].right, stream);
    begun = true;
  }
  fputc('\n', stream);
}

void table_print(table *t, FILE *stream) {
  size_t *widths = tool_alloc(t->n_columns, sizeof *widths);
  char **titles = tool_alloc(t->n_columns, sizeof *titles);
  fit(t, widths, table_width(stream));
  for (size_t c = 0; c < t->n_columns; c++) titles[c] = (char *)t->columns[c].title;
  if (wants_colour(stream)) fputs("\033[1m", stream);
  print_row(t, widths, titles, t->n_columns, stream);
  if (wants_colour(stream)) fputs("\033[0m", stream);
  for (size_t i = 0; i < t->n; i += t->n_columns)
    print_row(t, widths, t->cells + i, t->n - i < t->n_columns ? t->n - i : t->n_columns, stream);
  for (size_t i = 0; i < t->n; i++) free(t->cells[i]);
  free(t->cells);
  free(widths);
  free(titles);
  free(t);
}

const char *table_bar(double share, char buffer[TABLE_BAR]) {
  static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  enum { WIDTH = 12, STEPS = 8 };
  int eighths = share > 0 ? (int)(share * WIDTH * STEPS + 0.5) : 0;
  if (eighths > WIDTH * STEPS) eighths = WIDTH * STEPS;
  if (eighths == 0 && share > 0) eighths = 1;
  char *to = buffer;
  for (int i = 0; i < eighths / STEPS; i++) to = stpcpy(to, "█");
  strcpy(to, parts[eighths % STEPS]);
  return buffer;
}

static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};

static const char *scaled(double value, const char *unit_name, char *buffer) {
  size_t n = sizeof prefixes / sizeof *prefixes;
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < n; unit++) value /= 1000;
  int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  if (unit > 0 && value >= 99.95) digits = 1;
  const char *space = *prefixes[unit] || *unit_name ? " " : "";
  snprintf(buffer, TABLE_NUMBER, "%.*f%s%s%s", digits, value, space, prefixes[unit], unit_name);
  return buffer;
}

const char *table_bytes(uint64_t bytes, char buffer[TABLE_NUMBER]) {
  return scaled((double)bytes, "B", buffer);
}

const char *table_count(double count, const char *unit, char buffer[TABLE_NUMBER]) {
  return scaled(count, unit, buffer);
}
