// The sum with a vector comes off in front, that with a matrix at the end; instructions between are
// taken over one by one. Theirs is one operand more than what there is: where both are something
// else, one is loaded first.
#include "exec/cuda/ops/finish_program.h"

#include <math.h>

#include "exec/cuda/ops/elementwise_launch.h"

// What an operand is: a slot by its number, or one of
enum { NOTHING = -1, CURRENT = GCUT_CUDA_FINISH_ITSELF, NUMBER = GCUT_CUDA_FINISH_NUMBER };

typedef struct finder {
  const gcut__cuda_element_job *job;
  int product, first, last; // instructions between the sums
  gcut_dtype type;
  const float *numbers;
  gcut__cuda_finish_found *out;
} finder;

// ---- sums

// Whether an input has such strides along the last dimension and the others: of the product itself,
// or of one row for all.
static bool has_strides(const gcut__cuda_element_job *job, int input, bool repeats) {
  int64_t step = 1;
  for (int d = 0; d < job->rank; step *= job->dims[d++])
    if (job->inputs[input].strides[d] != (repeats && d > 0 ? 0 : step)) return false;
  return true;
}

// Whether the operand is what there is before instruction `at`.
static bool is_current(const finder *f, int at, gcut__cuda_element_operand x) {
  return at == 0 ? x.where == f->product : x.where == GCUT_CUDA_ELEMENT_BEFORE;
}

// The input that instruction `at` adds to what there is, or -1.
static int added_input(const finder *f, int at) {
  const gcut__cuda_element_step *s = &f->job->steps[at];
  for (int k = 0; k < 2 && s->op == GCUT_CUDA_ELEMENT_ADD; k++)
    if (is_current(f, at, s->operands[k]) && s->operands[1 - k].where < f->job->n_inputs &&
        s->operands[1 - k].where != f->product)
      return s->operands[1 - k].where;
  return -1;
}

static void take_sums(finder *f, int64_t n) {
  gcut__cuda_finish_found *out = f->out;
  int input = added_input(f, 0);
  if (f->job->dims[0] == n && input >= 0 && has_strides(f->job, input, true)) {
    out->vector = input;
    out->program.adds_vector = true;
    out->program.keep = f->job->steps[f->first++].keep;
  }
  input = f->last > f->first ? added_input(f, f->last - 1) : -1;
  if (input >= 0 && has_strides(f->job, input, false)) out->matrix = input, f->last--;
}

// ---- instructions

// The slot where the product is kept for later.
static int product_slot(finder *f) {
  if (f->out->vector >= 0 || f->job->n_slots == GCUT_CUDA_FINISH_SLOTS) return NOTHING;
  f->out->program.keep = f->job->n_slots;
  return f->job->n_slots;
}

static int find_operand(finder *f, int at, gcut__cuda_element_operand x, float *number) {
  if (x.type != f->type) return NOTHING;
  if (is_current(f, at, x)) return CURRENT;
  if (x.where >= GCUT_CUDA_ELEMENT_SLOT) return x.where - GCUT_CUDA_ELEMENT_SLOT;
  if (x.where == f->product) return product_slot(f);
  *number = f->numbers[x.where];
  return isnan(*number) ? NOTHING : NUMBER;
}

static bool emit(finder *f, gcut__cuda_finish_step step) {
  gcut__cuda_finish_program *p = &f->out->program;
  if (p->n_steps == GCUT_CUDA_FINISH_STEPS_MOST) return false;
  p->steps[p->n_steps++] = step;
  return true;
}

// Makes a slot what there is.
static bool load(finder *f, int slot) {
  return slot == CURRENT ||
         (slot < GCUT_CUDA_FINISH_SLOTS &&
          emit(f, (gcut__cuda_finish_step){
                      .op = GCUT_CUDA_FINISH_OP_LOAD, .with = (uint8_t)slot, .keep = -1}));
}

static int instruction(int op) {
  switch (op) {
#define X(name)                                                                                    \
  case GCUT_CUDA_ELEMENT_##name: return GCUT_CUDA_FINISH_OP_##name;
    GCUT_CUDA_FINISH_ONE(X)
    GCUT_CUDA_FINISH_TWO(X)
#undef X
  default: return NOTHING;
  }
}

// Powers and quotients by numbers that cost little.
static bool take_by_number(finder *f, gcut__cuda_finish_step step, int a, int b) {
  bool power = step.op == GCUT_CUDA_FINISH_OP_POW;
  step.q = 1 / step.p;
  return b == NUMBER &&
         (power ? step.p == 2 || step.p == 3 : fabsf(step.p) >= 1 && fabsf(step.p) <= 32768) &&
         load(f, a) && emit(f, step);
}

static bool take_two(finder *f, gcut__cuda_finish_step step, int a, int b) {
  bool turns = step.op == GCUT_CUDA_FINISH_OP_ADD || step.op == GCUT_CUDA_FINISH_OP_MUL;
  if (turns && (b == CURRENT || a == NUMBER)) { // of two numbers there are none
    int c = a;
    a = b, b = c;
  }
  if (a != CURRENT && b == CURRENT) return false;
  step.with = (uint8_t)b;
  return load(f, a) && emit(f, step);
}

static bool take_step(finder *f, int at) {
  const gcut__cuda_element_step *s = &f->job->steps[at];
  int op = instruction(s->op), a, b = NOTHING;
  gcut__cuda_finish_step step = {.op = (uint8_t)op, .keep = s->keep, .p = s->p, .q = s->q};
  if (op == NOTHING || s->of != GCUT_CUDA_ELEMENT_FLOAT || s->type != f->type) return false;
  if ((a = find_operand(f, at, s->operands[0], &step.p)) == NOTHING) return false;
  if (gcut__cuda_element_operands(s->op) == 1) return load(f, a) && emit(f, step);
  if ((b = find_operand(f, at, s->operands[1], &step.p)) == NOTHING) return false;
  if (op == GCUT_CUDA_FINISH_OP_POW || op == GCUT_CUDA_FINISH_OP_DIV)
    return take_by_number(f, step, a, b);
  return take_two(f, step, a, b);
}

bool gcut__cuda_finish_find(const gcut__cuda_element_job *job, int product, int64_t n,
                            gcut_dtype type, const float *numbers, gcut__cuda_finish_found *out) {
  finder f = {.job = job,
              .product = product,
              .last = job->n_steps,
              .type = type,
              .numbers = numbers,
              .out = out};
  *out = (gcut__cuda_finish_found){.program.keep = -1, .vector = -1, .matrix = -1};
  if (job->n_slots > GCUT_CUDA_FINISH_SLOTS || !has_strides(job, product, false)) return false;
  take_sums(&f, n);
  for (int s = f.first; s < f.last; s++)
    if (!take_step(&f, s)) return false;
  out->finish = out->program.n_steps > 0 ? GCUT_CUDA_FINISH_STEPS : GCUT_CUDA_FINISH_ADD;
  return true;
}
