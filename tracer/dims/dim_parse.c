// Dims from text: what exporters write ("past + 1", "floor(s0/2 - 1/2) + 1", "s0*s1", "seq // 2",
// "Max(1, n)") and what dim_format.c writes. Recursive descent of bounded depth; values are
// fractions, so that a sum of quotients is rounded once, where floor or ceil or the end says so.
//
//   sum     = ["-"] product {("+" | "-") product}
//   product = power {("*" | "/" | "//" | "%") power}
//   power   = primary [("**" | "^") number]
//   primary = number | name | quoted | "(" sum ")" | function "(" sum {"," sum} ")" | "-" primary
//
// A name may hold . : ? $ @ and, between letters, "-": "batch-size" is a name, "n-1" a difference.
#include "tracer/dims/dim_table.h"

// Deep enough for whatever dim_format.c writes: two levels for each of DIM_MAX_WEIGHT atoms.
enum { MAX_DEPTH = 2 * DIM_MAX_WEIGHT + 8, MAX_POWER = 8, MAX_TEXT = 65536, MAX_QUOTED = 1024 };

typedef struct parser {
  gcut_dims *dims; // NULL: only check
  const char *at, *end;
  int depth;
  bool failed;
  char quoted[MAX_QUOTED];
} parser;

typedef struct fraction {
  gcut_dim over, under;
} fraction;

typedef gcut_dim (*dim_fn)(gcut_dims *, gcut_dim, gcut_dim);

static gcut_dim apply(parser *p, dim_fn fn, gcut_dim a, gcut_dim b) {
  if (p->dims == NULL || p->failed) return 1;
  gcut_dim result = fn(p->dims, a, b);
  if (result == GCUT_DIM_INVALID) p->failed = true;
  return result;
}

static fraction whole(gcut_dim dim) {
  return (fraction){dim, 1};
}

static fraction fail(parser *p) {
  p->failed = true;
  return whole(1);
}

static void skip_spaces(parser *p) {
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\t')) p->at++;
}

static bool take(parser *p, const char *token) {
  skip_spaces(p);
  size_t n = strlen(token);
  if ((size_t)(p->end - p->at) < n || memcmp(p->at, token, n) != 0) return false;
  p->at += n;
  return true;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool gcut__dim_name_byte(unsigned char byte, bool first) {
  if (is_letter((char)byte) || byte == '_' || byte == '?' || byte >= 0x80) return true;
  return !first && (is_digit((char)byte) || (byte != 0 && strchr(".:$@", byte) != NULL));
}

static fraction sum(parser *p);

static fraction parse_number(parser *p) {
  int64_t value = 0;
  for (; p->at < p->end && is_digit(*p->at); p->at++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, *p->at - '0', &value))
      return fail(p);
  if (p->at < p->end && gcut__dim_name_byte((unsigned char)*p->at, false)) return fail(p);
  return whole(value);
}

static size_t name_size(const parser *p) {
  size_t n = 0, limit = (size_t)(p->end - p->at);
  while (n < limit) {
    bool hyphen = p->at[n] == '-' && n > 0 && n + 1 < limit && is_letter(p->at[n - 1]) &&
                  is_letter(p->at[n + 1]);
    if (!hyphen && !gcut__dim_name_byte((unsigned char)p->at[n], n == 0)) break;
    n++;
  }
  return n;
}

static fraction symbol(parser *p, const char *name, size_t size) {
  if (p->dims == NULL) return whole(1);
  gcut_dim dim = gcut_dim_symbol(p->dims, name, size);
  return dim == GCUT_DIM_INVALID ? fail(p) : whole(dim);
}

static fraction parse_quoted(parser *p) {
  size_t n = 0;
  for (; p->at < p->end && *p->at != '"'; p->at++) {
    if (*p->at == '\\' && ++p->at == p->end) return fail(p);
    if (n == MAX_QUOTED) return fail(p);
    p->quoted[n++] = *p->at;
  }
  return take(p, "\"") ? symbol(p, p->quoted, n) : fail(p);
}

// Whether a name is one of the alternatives in a string such as "min|Min".
static bool named(const char *name, size_t size, const char *alternatives) {
  for (const char *at = alternatives; *at != 0;) {
    size_t n = strcspn(at, "|");
    if (n == size && memcmp(at, name, n) == 0) return true;
    at += n + (at[n] == '|');
  }
  return false;
}

static fraction round_down(parser *p, fraction x) {
  return x.under == 1 ? x : whole(apply(p, gcut_dim_floor_div, x.over, x.under));
}

static fraction parse_call(parser *p, const char *name, size_t size) {
  fraction first = sum(p);
  if (named(name, size, "floor|Floor|ceil|ceiling|Ceil")) {
    if (!take(p, ")")) return fail(p);
    if (first.under == 1) return first;
    return whole(apply(p, name[0] == 'f' || name[0] == 'F' ? gcut_dim_floor_div : gcut_dim_ceil_div,
                       first.over, first.under));
  }
  dim_fn fn = named(name, size, "min|Min")        ? gcut_dim_min
              : named(name, size, "max|Max")      ? gcut_dim_max
              : named(name, size, "mod|Mod")      ? gcut_dim_mod
              : named(name, size, "FloorDiv|div") ? gcut_dim_floor_div
              : named(name, size, "CeilDiv")      ? gcut_dim_ceil_div
                                                  : NULL;
  if (fn == NULL || first.under != 1 || !take(p, ",")) return fail(p);
  do {
    fraction next = sum(p);
    if (next.under != 1) return fail(p);
    first.over = apply(p, fn, first.over, next.over);
  } while (take(p, ","));
  return take(p, ")") ? first : fail(p);
}

static fraction parse_primary(parser *p) {
  if (take(p, "(")) {
    fraction inner = sum(p);
    return take(p, ")") ? inner : fail(p);
  }
  if (take(p, "\"")) return parse_quoted(p);
  if (p->at < p->end && is_digit(*p->at)) return parse_number(p);
  const char *name = p->at;
  size_t size = name_size(p);
  if (size == 0) return fail(p);
  p->at += size;
  return take(p, "(") ? parse_call(p, name, size) : symbol(p, name, size);
}

static fraction negate(parser *p, fraction x) {
  return (fraction){apply(p, gcut_dim_mul, x.over, -1), x.under};
}

static fraction power(parser *p) {
  if (take(p, "-")) {
    if (p->depth >= MAX_DEPTH) return fail(p);
    p->depth++;
    fraction x = negate(p, power(p));
    p->depth--;
    return x;
  }
  fraction base = parse_primary(p), result = base;
  if (!take(p, "**") && !take(p, "^")) return base;
  skip_spaces(p);
  if (p->at == p->end || !is_digit(*p->at)) return fail(p);
  gcut_dim exponent = parse_number(p).over;
  if (exponent < 1 || exponent > MAX_POWER) return fail(p);
  for (gcut_dim i = 1; i < exponent; i++) {
    result.over = apply(p, gcut_dim_mul, result.over, base.over);
    result.under = apply(p, gcut_dim_mul, result.under, base.under);
  }
  return result;
}

static fraction divide(parser *p, fraction x, fraction y) {
  if (p->dims != NULL && y.over == 0) return fail(p);
  return (fraction){apply(p, gcut_dim_mul, x.over, y.under),
                    apply(p, gcut_dim_mul, x.under, y.over)};
}

static fraction product(parser *p) {
  fraction x = power(p);
  while (!p->failed) {
    if (take(p, "*")) {
      fraction y = power(p);
      x.over = apply(p, gcut_dim_mul, x.over, y.over);
      x.under = apply(p, gcut_dim_mul, x.under, y.under);
    } else if (take(p, "//")) {
      x = round_down(p, divide(p, x, power(p)));
    } else if (take(p, "/")) {
      x = divide(p, x, power(p));
    } else if (take(p, "%")) {
      fraction y = power(p);
      if (x.under != 1 || y.under != 1) return fail(p);
      x.over = apply(p, gcut_dim_mod, x.over, y.over);
    } else {
      break;
    }
  }
  return x;
}

static fraction add(parser *p, fraction x, fraction y) {
  if (x.under == y.under) return (fraction){apply(p, gcut_dim_add, x.over, y.over), x.under};
  gcut_dim a = apply(p, gcut_dim_mul, x.over, y.under), b = apply(p, gcut_dim_mul, y.over, x.under);
  return (fraction){apply(p, gcut_dim_add, a, b), apply(p, gcut_dim_mul, x.under, y.under)};
}

static fraction sum(parser *p) {
  if (p->failed || p->depth >= MAX_DEPTH) return fail(p);
  p->depth++;
  fraction x = product(p);
  while (!p->failed) {
    if (take(p, "+"))
      x = add(p, x, product(p));
    else if (take(p, "-"))
      x = add(p, x, negate(p, product(p)));
    else
      break;
  }
  p->depth--;
  return x;
}

static void begin(parser *p, gcut_dims *dims, const char *text, size_t size) {
  p->dims = dims, p->at = text, p->end = text + size;
  p->depth = 0, p->failed = false;
}

// The text as an expression, or GCUT_DIM_INVALID.
static gcut_dim parse_all(gcut_dims *dims, const char *text, size_t size) {
  parser p;
  begin(&p, dims, text, size);
  fraction x = round_down(&p, sum(&p));
  skip_spaces(&p);
  return p.failed || p.at != p.end ? GCUT_DIM_INVALID : x.over;
}

bool gcut_dim_is_expression(const char *text, size_t size) {
  return size <= MAX_TEXT && parse_all(NULL, text, size) != GCUT_DIM_INVALID;
}

bool gcut__dim_means_more(const char *text, size_t size) {
  parser p;
  begin(&p, NULL, text, size);
  skip_spaces(&p);
  size_t n = name_size(&p);
  return (n == 0 || n < size) && gcut_dim_is_expression(text, size);
}

gcut_dim gcut_dim_parse(gcut_dims *dims, const char *text, size_t size) {
  if (size == 0) return gcut_dim_fresh(dims);
  if (!gcut__dim_means_more(text, size)) return gcut_dim_symbol(dims, text, size);
  gcut_dim dim = parse_all(dims, text, size);
  bool size_like = dim != GCUT_DIM_INVALID && (!gcut_dim_known(dim) || dim >= 0);
  return size_like ? dim : gcut_dim_symbol(dims, text, size);
}
