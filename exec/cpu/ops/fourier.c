// Powers of two by the iterative radix-2 algorithm; short lengths by the definition; others by
// Bluestein's: with jk = (j^2 + k^2 - (k - j)^2) / 2 the transform is a convolution with a chirp,
// and that is three transforms of a power of two.
#include "exec/cpu/ops/fourier.h"

#include <math.h>

enum { DIRECT_LENGTH = 48 };

struct gcut__fourier {
  int64_t n;
  gcut__complex *roots;                // [n] of unity; of Bluestein's, the chirp
  gcut__complex *work;                 // [n] where direct, [padded->n] in Bluestein's
  gcut__complex *chirp;                // [padded->n] its transform
  gcut__fourier *padded, *padded_back; // of a power of two
};

static gcut__complex multiply(gcut__complex a, gcut__complex b) {
  return (gcut__complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// exp(sign * 2 pi i * k / n), exact at the quarters.
static gcut__complex root(int64_t k, int64_t n, double sign) {
  int64_t quarter = 4 * k / n;
  double angle = 2 * M_PI * (double)(4 * k - quarter * n) / (double)n / 4;
  double c = cos(angle), s = sin(angle);
  gcut__complex turned[4] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
  gcut__complex r = turned[quarter & 3];
  return (gcut__complex){r.re, sign * r.im};
}

static bool is_power_of_two(int64_t n) {
  return (n & (n - 1)) == 0;
}

// x becomes the convolution's input: k^2 mod 2n keeps the angle small.
static gcut__complex chirp_at(int64_t k, int64_t n, double sign) {
  int64_t square = (int64_t)(((__int128)k * k) % (2 * n));
  return root(square, 2 * n, sign);
}

static gcut_status plan_bluestein(gcut_arena *arena, gcut__fourier *f, double sign,
                                  gcut_error *err) {
  int64_t size = 1, n = f->n;
  while (size < 2 * n) size *= 2;
  GCUT_TRY(gcut__fourier_create(arena, size, false, &f->padded, err));
  GCUT_TRY(gcut__fourier_create(arena, size, true, &f->padded_back, err));
  f->work = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)size);
  f->chirp = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)size);
  if (!f->work || !f->chirp) return GCUT_NO_MEMORY(err);
  for (int64_t k = 0; k < n; k++) {
    f->roots[k] = chirp_at(k, n, sign);
    gcut__complex conjugate = {f->roots[k].re, -f->roots[k].im};
    f->chirp[k] = conjugate;
    if (k > 0) f->chirp[size - k] = conjugate;
  }
  gcut__fourier_run(f->padded, f->chirp);
  return GCUT_OK;
}

gcut_status gcut__fourier_create(gcut_arena *arena, int64_t n, bool backward, gcut__fourier **out,
                                 gcut_error *err) {
  gcut__fourier *f = *out = NULL;
  if (n < 1 || n > INT64_MAX / 64) return GCUT_FAIL(err, GCUT_FORMAT, "a transform of that length");
  f = GCUT_NEW(arena, gcut__fourier);
  if (!f || !(f->roots = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)n)))
    return GCUT_NO_MEMORY(err);
  f->n = n;
  double sign = backward ? 1 : -1;
  *out = f;
  if (!is_power_of_two(n) && n > DIRECT_LENGTH) return plan_bluestein(arena, f, sign, err);
  f->work = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)n);
  if (!f->work) return GCUT_NO_MEMORY(err);
  for (int64_t k = 0; k < n; k++) f->roots[k] = root(k, n, sign);
  return GCUT_OK;
}

static void run_direct(gcut__fourier *f, gcut__complex *x) {
  for (int64_t k = 0; k < f->n; k++) {
    gcut__complex sum = {0, 0};
    for (int64_t j = 0, at = 0; j < f->n; j++, at = (at + k) % f->n) {
      gcut__complex term = multiply(x[j], f->roots[at]);
      sum.re += term.re, sum.im += term.im;
    }
    f->work[k] = sum;
  }
  memcpy(x, f->work, (size_t)f->n * sizeof *x);
}

static void reverse_bits(gcut__complex *x, int64_t n) {
  for (int64_t i = 1, j = 0; i < n; i++) {
    int64_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      gcut__complex swap = x[i];
      x[i] = x[j], x[j] = swap;
    }
  }
}

static void run_radix2(gcut__fourier *f, gcut__complex *x) {
  reverse_bits(x, f->n);
  for (int64_t half = 1; half < f->n; half *= 2)
    for (int64_t start = 0; start < f->n; start += 2 * half)
      for (int64_t k = 0; k < half; k++) {
        gcut__complex *a = &x[start + k], *b = a + half;
        gcut__complex turned = multiply(*b, f->roots[k * (f->n / (2 * half))]);
        *b = (gcut__complex){a->re - turned.re, a->im - turned.im};
        *a = (gcut__complex){a->re + turned.re, a->im + turned.im};
      }
}

static void run_bluestein(gcut__fourier *f, gcut__complex *x) {
  int64_t size = f->padded->n;
  memset(f->work, 0, (size_t)size * sizeof *f->work);
  for (int64_t k = 0; k < f->n; k++) f->work[k] = multiply(x[k], f->roots[k]);
  gcut__fourier_run(f->padded, f->work);
  for (int64_t k = 0; k < size; k++) f->work[k] = multiply(f->work[k], f->chirp[k]);
  gcut__fourier_run(f->padded_back, f->work);
  for (int64_t k = 0; k < f->n; k++) {
    gcut__complex y = multiply(f->work[k], f->roots[k]);
    x[k] = (gcut__complex){y.re / (double)size, y.im / (double)size};
  }
}

void gcut__fourier_run(gcut__fourier *f, gcut__complex *x) {
  if (f->padded)
    run_bluestein(f, x);
  else if (is_power_of_two(f->n))
    run_radix2(f, x);
  else
    run_direct(f, x);
}
