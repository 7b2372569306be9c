// Hash-consing of atoms, products and polynomials, and the memo of operations (see dim_table.h).
#include "tracer/dims/dim_table.h"

#include <stdlib.h>

static gcut_dim out_of_memory(gcut_dims *d) {
  d->out_of_memory = true;
  return GCUT_DIM_INVALID;
}

// ---- products ---------------------------------------------------------------------------------

typedef struct atom_list {
  const uint32_t *atoms;
  uint32_t n;
} atom_list;

static bool product_equal(const gcut_dims *d, const void *key, uint32_t item) {
  const atom_list *k = key;
  return gcut__dim_product(d, item).n == k->n &&
         memcmp(gcut__dim_factors(d, item), k->atoms, k->n * sizeof *k->atoms) == 0;
}

static uint64_t product_key(const gcut_dims *d, const uint32_t *atoms, uint32_t n) {
  uint64_t key = n;
  for (uint32_t i = 0; i < n; i++) key = gcut__dim_mix(key, gcut__dim_atom(d, atoms[i]).key);
  return key | 1;
}

uint32_t gcut__dim_add_product(gcut_dims *d, const uint32_t *atoms, uint32_t n) {
  if (n == 0) return 0;
  uint64_t hash = n;
  for (uint32_t i = 0; i < n; i++) hash = gcut__dim_mix(hash, atoms[i]);
  uint32_t found = gcut__dim_find(d, &d->product_set, hash, &(atom_list){atoms, n}, product_equal);
  if (found != GCUT_NONE) return found;
  uint32_t first = d->factors.n, index = d->products.n;
  if (!gcut__dim_reserve(&d->factors, n, sizeof *atoms) ||
      !gcut__dim_reserve(&d->products, 1, sizeof(dim_product)) ||
      !gcut__dim_insert(&d->product_set, hash, index)) {
    d->out_of_memory = true;
    return GCUT_NONE;
  }
  memcpy(gcut__dim_append(&d->factors, n, sizeof *atoms), atoms, n * sizeof *atoms);
  dim_product *product = gcut__dim_append(&d->products, 1, sizeof *product);
  *product = (dim_product){first, n, product_key(d, atoms, n)};
  return index;
}

uint32_t gcut__dim_multiply_products(gcut_dims *d, uint32_t a, uint32_t b) {
  if (a == 0 || b == 0) return a + b;
  dim_product p = gcut__dim_product(d, a), q = gcut__dim_product(d, b);
  if (p.n + q.n > DIM_MAX_DEGREE) return DIM_TOO_HIGH;
  const uint32_t *x = gcut__dim_factors(d, a), *y = gcut__dim_factors(d, b);
  uint32_t merged[DIM_MAX_DEGREE], n = 0, i = 0, j = 0;
  while (i < p.n || j < q.n)
    merged[n++] = j == q.n || (i < p.n && !gcut__dim_atom_before(d, y[j], x[i])) ? x[i++] : y[j++];
  return gcut__dim_add_product(d, merged, n);
}

// ---- polynomials ------------------------------------------------------------------------------

void gcut__dim_load(const gcut_dims *d, gcut_dim dim, dim_work *out) {
  out->n = 0, out->overflow = out->large = false;
  if (gcut_dim_known(dim) || dim == GCUT_DIM_INVALID) { // the latter counts as overflow
    gcut__dim_add_term(d, out, 0, dim);
    return;
  }
  dim_poly poly = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim));
  out->n = poly.n;
  memcpy(out->terms, &DIM_AT(d, dim_term, terms, poly.first), poly.n * sizeof(dim_term));
}

void gcut__dim_add_term(const gcut_dims *d, dim_work *work, uint32_t product, int64_t coefficient) {
  if (coefficient == 0) return;
  if (!gcut_dim_known(coefficient)) work->overflow = true;
  uint32_t i = work->n;
  while (i > 0 && gcut__dim_product_before(d, product, work->terms[i - 1].product)) i--;
  if (i > 0 && work->terms[i - 1].product == product) {
    dim_term *term = &work->terms[i - 1];
    if (__builtin_add_overflow(term->coefficient, coefficient, &term->coefficient) ||
        !gcut_dim_known(term->coefficient))
      work->overflow = true;
    if (term->coefficient == 0) {
      memmove(term, term + 1, (work->n - i) * sizeof *term);
      work->n--;
    }
    return;
  }
  if (work->n == DIM_MAX_TERMS) {
    work->large = true;
    return;
  }
  memmove(work->terms + i + 1, work->terms + i, (work->n - i) * sizeof *work->terms);
  work->terms[i] = (dim_term){coefficient, product};
  work->n++;
}

static bool poly_equal(const gcut_dims *d, const void *key, uint32_t item) {
  const dim_work *work = key;
  dim_poly poly = DIM_AT(d, dim_poly, polys, item);
  if (poly.n != work->n) return false;
  const dim_term *terms = &DIM_AT(d, dim_term, terms, poly.first);
  for (uint32_t i = 0; i < poly.n; i++)
    if (terms[i].product != work->terms[i].product ||
        terms[i].coefficient != work->terms[i].coefficient)
      return false;
  return true;
}

static uint32_t work_weight(const gcut_dims *d, const dim_work *work) {
  uint32_t weight = 0;
  for (uint32_t i = 0; i < work->n; i++) {
    const uint32_t *factors = gcut__dim_factors(d, work->terms[i].product);
    uint32_t n = gcut__dim_product(d, work->terms[i].product).n;
    if (n == 0) weight++;
    for (uint32_t j = 0; j < n; j++) weight += gcut__dim_atom(d, factors[j]).weight;
  }
  return weight;
}

static uint64_t work_key(const gcut_dims *d, const dim_work *work) {
  uint64_t key = work->n;
  for (uint32_t i = 0; i < work->n; i++)
    key = gcut__dim_mix(gcut__dim_mix(key, gcut__dim_product(d, work->terms[i].product).key),
                        (uint64_t)work->terms[i].coefficient);
  return key;
}

gcut_dim gcut__dim_finish(gcut_dims *d, const dim_work *work) {
  if (work->overflow) return GCUT_DIM_INVALID;
  if (work->large) return DIM_LARGE;
  if (work->n == 0) return 0;
  if (work->n == 1 && work->terms[0].product == 0)
    return gcut_dim_known(work->terms[0].coefficient) ? work->terms[0].coefficient
                                                      : GCUT_DIM_INVALID;
  uint64_t hash = work->n;
  for (uint32_t i = 0; i < work->n; i++)
    hash = gcut__dim_mix(gcut__dim_mix(hash, work->terms[i].product),
                         (uint64_t)work->terms[i].coefficient);
  uint32_t found = gcut__dim_find(d, &d->poly_set, hash, work, poly_equal);
  if (found != GCUT_NONE) return INT64_MIN + 1 + (int64_t)found;
  uint32_t weight = work_weight(d, work), first = d->terms.n;
  if (weight > DIM_MAX_WEIGHT) return DIM_LARGE;
  if (!gcut__dim_reserve(&d->terms, work->n, sizeof(dim_term)) ||
      !gcut__dim_reserve(&d->polys, 1, sizeof(dim_poly)) ||
      !gcut__dim_insert(&d->poly_set, hash, d->polys.n))
    return out_of_memory(d);
  dim_term *terms = gcut__dim_append(&d->terms, work->n, sizeof *terms);
  memcpy(terms, work->terms, work->n * sizeof *terms);
  dim_poly *poly = gcut__dim_append(&d->polys, 1, sizeof *poly);
  *poly = (dim_poly){.first = first, .n = work->n, .weight = weight, .key = work_key(d, work)};
  return INT64_MIN + (int64_t)d->polys.n;
}

uint32_t gcut__dim_sole_atom(const gcut_dims *d, gcut_dim dim) {
  if (gcut_dim_known(dim) || dim == GCUT_DIM_INVALID) return GCUT_NONE;
  dim_poly poly = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim));
  dim_term term = DIM_AT(d, dim_term, terms, poly.first);
  if (poly.n != 1 || term.coefficient != 1 || gcut__dim_product(d, term.product).n != 1)
    return GCUT_NONE;
  return gcut__dim_factors(d, term.product)[0];
}

// ---- atoms ------------------------------------------------------------------------------------

gcut_dim gcut__dim_of_atom(gcut_dims *d, uint32_t atom) {
  uint32_t product = gcut__dim_add_product(d, &atom, 1);
  if (product == GCUT_NONE) return GCUT_DIM_INVALID;
  dim_work work;
  gcut__dim_load(d, 0, &work);
  gcut__dim_add_term(d, &work, product, 1);
  return gcut__dim_finish(d, &work);
}

static bool atom_equal(const gcut_dims *d, const void *key, uint32_t item) {
  const dim_atom *k = key;
  dim_atom atom = gcut__dim_atom(d, item);
  return atom.op == k->op && atom.a == k->a && atom.b == k->b;
}

static uint32_t dim_weight(const gcut_dims *d, gcut_dim dim) {
  return gcut_dim_known(dim) ? 1 : DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim)).weight;
}

static uint64_t dim_key(const gcut_dims *d, gcut_dim dim) {
  return gcut_dim_known(dim) ? gcut__dim_mix(3, (uint64_t)dim)
                             : DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim)).key;
}

static uint64_t operation_key(const gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  uint64_t x = dim_key(d, a), y = dim_key(d, b);
  bool ordered = op == DIM_FLOOR || op == DIM_MOD;
  return ordered ? gcut__dim_mix(gcut__dim_mix((uint64_t)op, x), y)
                 : gcut__dim_mix((uint64_t)op, gcut__dim_mix(4, x) + gcut__dim_mix(4, y));
}

gcut_dim gcut__dim_operation(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  dim_atom atom = {.op = op, .a = a, .b = b};
  uint64_t hash = gcut__dim_mix(gcut__dim_mix((uint64_t)op, (uint64_t)a), (uint64_t)b);
  uint32_t found = gcut__dim_find(d, &d->atom_set, hash, &atom, atom_equal);
  if (found != GCUT_NONE) return gcut__dim_of_atom(d, found);
  atom.weight = dim_weight(d, a) + dim_weight(d, b);
  if (atom.weight > DIM_MAX_WEIGHT) return DIM_LARGE;
  atom.bounds = gcut__dim_operation_bounds(d, op, a, b);
  atom.key = operation_key(d, op, a, b);
  uint32_t index = d->atoms.n;
  if (!gcut__dim_reserve(&d->atoms, 1, sizeof atom) || !gcut__dim_insert(&d->atom_set, hash, index))
    return out_of_memory(d);
  *(dim_atom *)gcut__dim_append(&d->atoms, 1, sizeof atom) = atom;
  return gcut__dim_of_atom(d, index);
}

// ---- symbols ----------------------------------------------------------------------------------

static bool symbol_equal(const gcut_dims *d, const void *key, uint32_t item) {
  const gcut_string *name = key;
  const char *other = DIM_AT(d, dim_symbol, symbols, item).name;
  return strncmp(other, name->data, name->size) == 0 && other[name->size] == 0;
}

static uint64_t name_hash(const char *name, size_t size) {
  uint64_t hash = size;
  for (size_t i = 0; i < size; i++) hash = gcut__dim_mix(hash, (unsigned char)name[i]);
  return hash;
}

uint32_t gcut__dim_find_symbol(const gcut_dims *d, const char *name, size_t size) {
  gcut_string key = {name, size};
  return gcut__dim_find(d, &d->symbol_set, name_hash(name, size), &key, symbol_equal);
}

static gcut_dim add_symbol(gcut_dims *d, const char *name, size_t size, int64_t low) {
  uint32_t index = d->symbols.n, atom_index = d->atoms.n;
  char *copy = gcut_arena_string(d->names, name, size);
  if (copy == NULL || !gcut__dim_reserve(&d->symbols, 1, sizeof(dim_symbol)) ||
      !gcut__dim_reserve(&d->atoms, 1, sizeof(dim_atom)) ||
      !gcut__dim_insert(&d->symbol_set, name_hash(name, size), index))
    return out_of_memory(d);
  dim_symbol *symbol = gcut__dim_append(&d->symbols, 1, sizeof *symbol);
  dim_atom *atom = gcut__dim_append(&d->atoms, 1, sizeof *atom);
  *symbol = (dim_symbol){.name = copy, .atom = atom_index};
  *atom = (dim_atom){.op = DIM_SYMBOL,
                     .symbol = index,
                     .weight = 1,
                     .key = name_hash(name, size),
                     .bounds = {low, DIM_INFINITE}};
  return gcut__dim_of_atom(d, atom_index);
}

// The number of a name such as "?12", or GCUT_NONE.
static uint32_t fresh_number(const char *name, size_t size) {
  if (size < 2 || size > 10 || name[0] != '?') return GCUT_NONE;
  uint32_t number = 0;
  for (size_t i = 1; i < size; i++) {
    if (name[i] < '0' || name[i] > '9') return GCUT_NONE;
    number = number * 10 + (uint32_t)(name[i] - '0');
  }
  return number;
}

gcut_dim gcut_dim_symbol(gcut_dims *d, const char *name, size_t size) {
  const char *zero = memchr(name, 0, size);
  if (zero != NULL) size = (size_t)(zero - name);
  uint32_t found = gcut__dim_find_symbol(d, name, size);
  if (found != GCUT_NONE) return gcut__dim_of_atom(d, DIM_AT(d, dim_symbol, symbols, found).atom);
  uint32_t number = fresh_number(name, size); // of an earlier table: later ones must differ
  if (number != GCUT_NONE && number >= d->next_fresh) d->next_fresh = number + 1;
  return add_symbol(d, name, size, number != GCUT_NONE ? 0 : 1);
}

gcut_dim gcut_dim_fresh(gcut_dims *d) {
  char name[16];
  size_t at = sizeof name;
  for (uint32_t n = d->next_fresh; at == sizeof name || n > 0; n /= 10)
    name[--at] = (char)('0' + n % 10);
  name[--at] = '?';
  d->next_fresh++;
  return add_symbol(d, name + at, sizeof name - at, 0);
}

uint32_t gcut_dims_n_symbols(const gcut_dims *d) {
  return d->symbols.n;
}

const char *gcut_dims_symbol_name(const gcut_dims *d, uint32_t index) {
  return index < d->symbols.n ? DIM_AT(d, dim_symbol, symbols, index).name : "";
}

// ---- memo -------------------------------------------------------------------------------------

static bool memo_equal(const gcut_dims *d, const void *key, uint32_t item) {
  const dim_memo *k = key, *memo = &DIM_AT(d, dim_memo, memos, item);
  return memo->a == k->a && memo->b == k->b && memo->op == k->op;
}

static uint64_t memo_hash(const dim_memo *memo) {
  return gcut__dim_mix(gcut__dim_mix(memo->op, (uint64_t)memo->a), (uint64_t)memo->b);
}

bool gcut__dim_recall(const gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b, gcut_dim *out) {
  dim_memo key = {.a = a, .b = b, .op = op};
  uint32_t found = gcut__dim_find(d, &d->memo_set, memo_hash(&key), &key, memo_equal);
  if (found != GCUT_NONE) *out = DIM_AT(d, dim_memo, memos, found).result;
  return found != GCUT_NONE;
}

bool gcut__dim_remember(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b, gcut_dim result) {
  dim_memo memo = {.a = a, .b = b, .result = result, .op = op};
  if (!gcut__dim_reserve(&d->memos, 1, sizeof memo) ||
      !gcut__dim_insert(&d->memo_set, memo_hash(&memo), d->memos.n)) {
    d->out_of_memory = true;
    return false;
  }
  *(dim_memo *)gcut__dim_append(&d->memos, 1, sizeof memo) = memo;
  return true;
}

// ---- the table --------------------------------------------------------------------------------

gcut_dims *gcut_dims_create(void) {
  gcut_dims *d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  d->names = gcut_arena_create();
  d->epoch = 1;
  // A factor that is none, so that factors[] is never NULL.
  if (d->names == NULL || !gcut__dim_reserve(&d->products, 1, sizeof(dim_product)) ||
      !gcut__dim_reserve(&d->factors, 1, sizeof(uint32_t))) {
    gcut_dims_destroy(d);
    return NULL;
  }
  *(dim_product *)gcut__dim_append(&d->products, 1, sizeof(dim_product)) = (dim_product){0};
  *(uint32_t *)gcut__dim_append(&d->factors, 1, sizeof(uint32_t)) = 0;
  return d;
}

bool gcut_dims_out_of_memory(const gcut_dims *d) {
  return d == NULL || d->out_of_memory;
}

static bool copy_names(gcut_dims *to) {
  if ((to->names = gcut_arena_create()) == NULL) return false;
  for (uint32_t i = 0; i < to->symbols.n; i++) {
    const char **name = &DIM_AT(to, dim_symbol, symbols, i).name;
    if ((*name = gcut_arena_string(to->names, *name, strlen(*name))) == NULL) return false;
  }
  return true;
}

gcut_dims *gcut_dims_copy(const gcut_dims *other) {
  gcut_dims *d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  d->epoch = other->epoch, d->n_bound = other->n_bound, d->next_fresh = other->next_fresh;
  bool ok = gcut__dim_copy_array(&d->atoms, &other->atoms, sizeof(dim_atom)) &&
            gcut__dim_copy_array(&d->symbols, &other->symbols, sizeof(dim_symbol)) &&
            gcut__dim_copy_array(&d->products, &other->products, sizeof(dim_product)) &&
            gcut__dim_copy_array(&d->factors, &other->factors, sizeof(uint32_t)) &&
            gcut__dim_copy_array(&d->polys, &other->polys, sizeof(dim_poly)) &&
            gcut__dim_copy_array(&d->terms, &other->terms, sizeof(dim_term)) &&
            gcut__dim_copy_array(&d->memos, &other->memos, sizeof(dim_memo)) &&
            gcut__dim_copy_set(&d->atom_set, &other->atom_set) &&
            gcut__dim_copy_set(&d->symbol_set, &other->symbol_set) &&
            gcut__dim_copy_set(&d->product_set, &other->product_set) &&
            gcut__dim_copy_set(&d->poly_set, &other->poly_set) &&
            gcut__dim_copy_set(&d->memo_set, &other->memo_set) && copy_names(d);
  if (ok) return d;
  gcut_dims_destroy(d);
  return NULL;
}

void gcut_dims_destroy(gcut_dims *d) {
  if (d == NULL) return;
  dim_array *arrays[] = {&d->atoms, &d->symbols, &d->products, &d->factors,
                         &d->polys, &d->terms,   &d->memos};
  dim_set *sets[] = {&d->atom_set, &d->symbol_set, &d->product_set, &d->poly_set, &d->memo_set};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]->data);
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) free(sets[i]->slots);
  gcut_arena_destroy(d->names);
  free(d);
}
