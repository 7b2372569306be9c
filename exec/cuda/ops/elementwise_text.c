// A program whose instructions are few and light is compiled: the walker decodes for as long as it
// computes, and here that is done once. Each instruction becomes a line of PTX for each of a
// thread's four elements; where all four are one value, as constants are, a line for all. Only what
// PTX rounds and compares as the walker's formulas do is written, so the bits are the same.
#include "exec/cuda/ops/elementwise_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec/cuda/ops/elementwise_launch.h"
#include "graphcut/dtype.h"

enum { LANES = GCUT_CUDA_ELEMENT_LANES, THREADS = GCUT_CUDA_ELEMENT_THREADS, REGISTERS = 4096 };

// Registers %f (float32), %r (int32), %d (int64) or %h (16 bits) of those numbers.
typedef struct value {
  char bank;
  int lane[LANES];
} value;

typedef struct writer {
  const gcut__cuda_element_job *job;
  FILE *out;
  value inputs[GCUT_CUDA_ELEMENT_INPUTS], slots[GCUT_CUDA_ELEMENT_SLOTS], before;
  int used; // registers
  bool failed;
} writer;

// ---- lines --------------------------------------------------------------------------------------

static bool is_one(const value *v) {
  return v->lane[0] == v->lane[LANES - 1];
}

// Writes a form for a lane. A, B, C: operands; D: the result; W: bits of A.
static void write_form(writer *w, const char *form, const value *operands, char bank, int result,
                       int lane) {
  for (; *form; form++) {
    if (*form >= 'A' && *form <= 'C')
      fprintf(w->out, "%%%c%d", operands[*form - 'A'].bank, operands[*form - 'A'].lane[lane]);
    else if (*form == 'D')
      fprintf(w->out, "%%%c%d", bank, result);
    else if (*form == 'W')
      fprintf(w->out, operands[0].bank == 'd' ? "64" : "32");
    else
      fputc(*form, w->out);
  }
  fputc('\n', w->out);
}

// What a form makes of operands, in registers of a bank.
static value apply(writer *w, const char *form, char bank, const value *operands, int n) {
  value result = {.bank = bank};
  bool one = true;
  for (int k = 0; k < n; k++) one = one && is_one(&operands[k]);
  for (int i = 0; i < LANES; i++) {
    result.lane[i] = one && i > 0 ? result.lane[0] : w->used++;
    if (i == 0 || !one) write_form(w, form, operands, bank, result.lane[i], i);
  }
  return result;
}

static value failed(writer *w) {
  w->failed = true;
  return (value){'r', {0}};
}

// ---- types --------------------------------------------------------------------------------------

// How elements lie in memory, the registers they are loaded to, and those they are kept in.
typedef struct kind {
  int type, bytes;
  const char *memory;
  char raw, bank;
  const char *open, *close; // from raw to bank and back; NULL: the same
} kind;

static const kind kinds[] = {
    {GCUT_FLOAT, 4, "f32", 'f', 'f', NULL, NULL},
    {GCUT_BFLOAT16, 2, "b16", 'h', 'f', "mov.b32 D, {%z, A};", "cvt.rn.bf16.f32 D, A;"},
    {GCUT_FLOAT16, 2, "b16", 'h', 'f', "cvt.f32.f16 D, A;", "cvt.rn.f16.f32 D, A;"},
    {GCUT_BOOL, 1, "u8", 'r', 'r', NULL, NULL},
    {GCUT_UINT8, 1, "u8", 'r', 'r', NULL, NULL},
    {GCUT_INT8, 1, "s8", 'r', 'r', NULL, NULL},
    {GCUT_UINT16, 2, "u16", 'r', 'r', NULL, NULL},
    {GCUT_INT16, 2, "s16", 'r', 'r', NULL, NULL},
    {GCUT_UINT32, 4, "u32", 'r', 'r', NULL, NULL},
    {GCUT_INT32, 4, "s32", 'r', 'r', NULL, NULL},
    {GCUT_INT64, 8, "s64", 'd', 'd', NULL, NULL},
};

static const kind *kind_of(int type) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].type == type) return &kinds[i];
  return NULL;
}

// A value of a type as an instruction's class has it.
static value opened(writer *w, value v, int type, int of) {
  char bank = of == GCUT_CUDA_ELEMENT_FLOAT ? 'f' : of == GCUT_CUDA_ELEMENT_INT ? 'd' : 'r';
  bool without_sign = type == GCUT_UINT32;
  if (v.bank == bank) return v;
  if (bank == 'f')
    return apply(w, without_sign ? "cvt.rn.f32.u32 D, A;" : "cvt.rn.f32.sW D, A;", 'f', &v, 1);
  if (bank == 'd' && v.bank == 'r')
    return apply(w, without_sign ? "cvt.u64.u32 D, A;" : "cvt.s64.s32 D, A;", 'd', &v, 1);
  return failed(w);
}

static value to_flag(writer *w, value v) {
  return apply(w,
               v.bank == 'f' ? "setp.neu.f32 %p0, A, 0f00000000; selp.s32 D, 1, 0, %p0;"
                             : "setp.ne.sW %p0, A, 0; selp.s32 D, 1, 0, %p0;",
               'r', &v, 1);
}

// To integers from integers, modulo a power of two.
static value to_whole(writer *w, value v, int type) {
  if (v.bank == 'f') return failed(w);
  if (type == GCUT_INT64) return v.bank == 'd' ? v : apply(w, "cvt.s64.s32 D, A;", 'd', &v, 1);
  if (v.bank == 'd') v = apply(w, "cvt.u32.u64 D, A;", 'r', &v, 1);
  switch (type) {
  case GCUT_INT32:
  case GCUT_UINT32: return v;
  case GCUT_INT16: return apply(w, "cvt.s32.s16 D, A;", 'r', &v, 1);
  case GCUT_UINT16: return apply(w, "and.b32 D, A, 65535;", 'r', &v, 1);
  case GCUT_INT8: return apply(w, "cvt.s32.s8 D, A;", 'r', &v, 1);
  default: return apply(w, "and.b32 D, A, 255;", 'r', &v, 1);
  }
}

// A result rounded to its type.
static value rounded(writer *w, value v, int type) {
  const kind *k = kind_of(type);
  if (!k) return failed(w);
  if (type == GCUT_BOOL) return to_flag(w, v);
  if (k->bank != 'f') return to_whole(w, v, type);
  if (v.bank != 'f') v = apply(w, "cvt.rn.f32.sW D, A;", 'f', &v, 1);
  if (!k->close) return v;
  value narrow = apply(w, k->close, k->raw, &v, 1);
  return apply(w, k->open, k->bank, &narrow, 1);
}

// ---- instructions -------------------------------------------------------------------------------

typedef struct form {
  int op;
  const char *of_floats, *of_integers; // NULL: not written
} form;

#define FLAG(condition) condition " selp.f32 D, 0f3F800000, 0f00000000, %p0;"
#define BIT(condition)  condition " selp.sW D, 1, 0, %p0;"
#define COMPARED(how)   FLAG("setp." how ".f32 %p0, A, B;"), BIT("setp." how ".sW %p0, A, B;")
#define CHOSEN(how)                                                                                \
  "setp.nan.f32 %p0, A, A; setp." how ".or.f32 %p0, A, B, %p0; selp.f32 D, A, B, %p0;"
#define BOTH(how) BIT("setp.ne.sW %p0, A, 0; setp.ne." how ".sW %p0, B, 0, %p0;")
#define OP(name)  GCUT_CUDA_ELEMENT_##name

static const form forms[] = {
    {OP(NOT), FLAG("setp.eq.f32 %p0, A, 0f00000000;"), BIT("setp.eq.sW %p0, A, 0;")},
    {OP(NEG), "neg.f32 D, A;", "neg.sW D, A;"},
    {OP(ABS), "abs.f32 D, A;", NULL},
    {OP(RELU), "setp.lt.f32 %p0, A, 0f00000000; selp.f32 D, 0f00000000, A, %p0;",
     "max.sW D, A, 0;"},
    {OP(ISNAN), FLAG("setp.nan.f32 %p0, A, A;"), NULL},
    {OP(SQRT), "sqrt.rn.f32 D, A;", NULL},
    {OP(RECIPROCAL), "rcp.rn.f32 D, A;", NULL},
    {OP(BITNOT), NULL, "not.bW D, A;"},
    {OP(ADD), "add.rn.f32 D, A, B;", "add.sW D, A, B;"},
    {OP(SUB), "sub.rn.f32 D, A, B;", "sub.sW D, A, B;"},
    {OP(MUL), "mul.rn.f32 D, A, B;", "mul.lo.sW D, A, B;"},
    {OP(DIV), "div.rn.f32 D, A, B;", NULL},
    {OP(MIN), CHOSEN("lt"), "min.sW D, A, B;"},
    {OP(MAX), CHOSEN("gt"), "max.sW D, A, B;"},
    {OP(EQUAL), COMPARED("eq")},
    {OP(LESS), COMPARED("lt")},
    {OP(GREATER), COMPARED("gt")},
    {OP(LESS_EQUAL), COMPARED("le")},
    {OP(GREATER_EQUAL), COMPARED("ge")},
    {OP(AND), NULL, BOTH("and")},
    {OP(OR), NULL, BOTH("or")},
    {OP(XOR), NULL, BOTH("xor")},
    {OP(BITAND), NULL, "and.bW D, A, B;"},
    {OP(BITOR), NULL, "or.bW D, A, B;"},
    {OP(BITXOR), NULL, "xor.bW D, A, B;"},
    {OP(SELECT), "setp.neu.f32 %p0, A, 0f00000000; selp.f32 D, B, C, %p0;",
     "setp.ne.sW %p0, A, 0; selp.bW D, B, C, %p0;"},
};

static const char *form_of(const gcut__cuda_element_step *s) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (forms[i].op == s->op)
      return s->of == GCUT_CUDA_ELEMENT_FLOAT ? forms[i].of_floats : forms[i].of_integers;
  return NULL;
}

static value operand(writer *w, const gcut__cuda_element_step *s, int k) {
  gcut__cuda_element_operand o = s->operands[k];
  value v = o.where == GCUT_CUDA_ELEMENT_BEFORE ? w->before
            : o.where < GCUT_CUDA_ELEMENT_SLOT  ? w->inputs[o.where]
                                                : w->slots[o.where - GCUT_CUDA_ELEMENT_SLOT];
  return opened(w, v, o.type, s->of);
}

static void write_step(writer *w, const gcut__cuda_element_step *s) {
  int n = gcut__cuda_element_operands(s->op);
  const char *form = form_of(s);
  value operands[3];
  if (s->of == GCUT_CUDA_ELEMENT_DOUBLE || (!form && s->op != GCUT_CUDA_ELEMENT_COPY)) {
    w->failed = true;
    return;
  }
  for (int k = 0; k < n; k++) operands[k] = operand(w, s, k);
  value v = form ? apply(w, form, operands[0].bank, operands, n) : operands[0];
  w->before = rounded(w, v, s->type);
  if (s->keep >= 0) w->slots[s->keep] = w->before;
}

// ---- memory -------------------------------------------------------------------------------------

// Where the thread's group is, by dimension: %c0, .., the last first.
static void write_place(writer *w) {
  const gcut__cuda_element_job *job = w->job;
  fprintf(w->out,
          "mov.u32 %%i0, %%ctaid.x; mov.u32 %%i1, %%tid.x; mad.lo.u32 %%i0, %%i0, %d, %%i1;\n"
          "setp.ge.u32 %%p0, %%i0, %u; @%%p0 exit;\nmov.u32 %%i1, %%i0;\n",
          THREADS, (uint32_t)job->n_groups);
  for (int d = 0; d < job->rank; d++) {
    gcut__cuda_element_divisor by = job->divisors[d];
    uint32_t dim = (uint32_t)(d == 0 ? job->row_groups : job->dims[d]);
    if (d + 1 == job->rank)
      fprintf(w->out, "mov.u32 %%c%d, %%i1;\n", d);
    else if (by.multiplier)
      fprintf(w->out,
              "mul.hi.u32 %%i2, %%i1, %u; shr.u32 %%i2, %%i2, %u; mul.lo.u32 %%i3, %%i2, %u;\n"
              "sub.u32 %%c%d, %%i1, %%i3; mov.u32 %%i1, %%i2;\n",
              by.multiplier, by.shift, dim, d);
    else
      fprintf(w->out, "mov.u32 %%c%d, 0;\n", d);
  }
  fprintf(w->out, "shl.b32 %%c0, %%c0, 2; shl.b32 %%i0, %%i0, 2;\n");
}

// %a: the address of the group in memory whose argument is `k`, from an element in %i1 on.
static void write_address(writer *w, int k, int bytes) {
  fprintf(w->out, "ld.param.u64 %%a, [p%d]; mad.wide.u32 %%a, %%i1, %d, %%a;\n", k, bytes);
}

// Names of as many registers as one access takes.
static void write_registers(writer *w, const value *v, int from, int n) {
  fprintf(w->out, n > 1 ? "{" : "");
  for (int i = from; i < from + n; i++)
    fprintf(w->out, "%s%%%c%d", i > from ? ", " : "", v->bank, v->lane[i]);
  fprintf(w->out, n > 1 ? "}" : "");
}

// Elements that one load brings.
static int at_once(const gcut__cuda_element_job *job, const int64_t *strides, int bytes) {
  bool neighbours = strides[0] == 1;
  for (int d = 1; d < job->rank; d++) neighbours = neighbours && strides[d] % LANES == 0;
  return !neighbours ? 1 : bytes == 8 ? 2 : LANES;
}

static void write_loads(writer *w, const kind *k, const value *v, const int64_t *strides) {
  int n = at_once(w->job, strides, k->bytes);
  if (strides[0] > INT32_MAX / (LANES * k->bytes)) w->failed = true; // no offset of a load
  for (int i = 0; i < (strides[0] == 0 ? 1 : LANES); i += n) {
    fprintf(w->out, "ld.global.%s%s ", n == 4 ? "v4." : n == 2 ? "v2." : "", k->memory);
    write_registers(w, v, i, n);
    fprintf(w->out, ", [%%a + %lld];\n", (long long)(i * strides[0] * k->bytes));
  }
}

static void write_input(writer *w, int input) {
  const int64_t *strides = w->job->inputs[input].strides;
  const kind *k = kind_of(gcut__cuda_element_input_type(w->job, input));
  if (!k) {
    w->failed = true;
    return;
  }
  fprintf(w->out, "mov.u32 %%i1, 0;\n");
  for (int d = 0; d < w->job->rank; d++)
    if (strides[d]) fprintf(w->out, "mad.lo.u32 %%i1, %%c%d, %u, %%i1;\n", d, (uint32_t)strides[d]);
  write_address(w, input, k->bytes);
  value v = {.bank = k->raw};
  for (int i = 0; i < LANES; i++) v.lane[i] = strides[0] == 0 && i > 0 ? v.lane[0] : w->used++;
  write_loads(w, k, &v, strides);
  w->inputs[input] = k->open ? apply(w, k->open, k->bank, &v, 1) : v;
}

static void write_output(writer *w) {
  const kind *k = kind_of(w->job->steps[w->job->n_steps - 1].type);
  if (w->failed || !k) return;
  value v = k->close ? apply(w, k->close, k->raw, &w->before, 1) : w->before;
  int n = k->bytes == 8 ? 2 : LANES;
  fprintf(w->out, "mov.u32 %%i1, %%i0;\n");
  write_address(w, w->job->n_inputs, k->bytes);
  for (int i = 0; i < LANES; i += n) {
    fprintf(w->out, "st.global.v%d.%s [%%a + %d], ", n, k->memory, i * k->bytes);
    write_registers(w, &v, i, n);
    fprintf(w->out, ";\n");
  }
}

// ---- all of it ----------------------------------------------------------------------------------

// bfloat16 is rounded by cards from compute capability 8.0 on; those before refuse the text.
static int target_of(const gcut__cuda_element_job *job) {
  for (int s = 0; s < job->n_steps; s++)
    if (job->steps[s].type == GCUT_BFLOAT16) return 80;
  return 75;
}

static void write_program(writer *w) {
  const gcut__cuda_element_job *job = w->job;
  fprintf(w->out, ".version 7.0\n.target sm_%d\n.address_size 64\n.visible .entry program(",
          target_of(job));
  for (int k = 0; k <= job->n_inputs; k++) fprintf(w->out, "%s.param .u64 p%d", k ? ", " : "", k);
  fprintf(w->out,
          ")\n{\n.reg .u32 %%i<4>, %%c<%d>;\n.reg .u64 %%a;\n.reg .pred %%p0;\n.reg .b16 %%z;\n"
          ".reg .f32 %%f<%d>;\n.reg .b32 %%r<%d>;\n.reg .b64 %%d<%d>;\n.reg .b16 %%h<%d>;\n"
          "mov.u16 %%z, 0;\n",
          GCUT_CUDA_ELEMENT_DIMS, REGISTERS, REGISTERS, REGISTERS, REGISTERS);
  write_place(w);
  for (int k = 0; k < job->n_inputs; k++) write_input(w, k);
  for (int s = 0; s < job->n_steps && !w->failed; s++) write_step(w, &job->steps[s]);
  write_output(w);
  fprintf(w->out, "exit;\n}\n");
}

char *gcut__cuda_elements_text(const gcut__cuda_element_job *job) {
  char *text = NULL;
  size_t size = 0;
  writer w = {.job = job};
  if (job->dims[0] % LANES != 0 || job->n_groups == 0) return NULL;
  w.out = open_memstream(&text, &size);
  if (!w.out) return NULL;
  write_program(&w);
  if (fclose(w.out) == 0 && !w.failed && w.used <= REGISTERS) return text;
  free(text);
  return NULL;
}
