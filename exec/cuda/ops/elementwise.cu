// Walks an elementwise program: a thread has a few elements in hand and decodes each instruction once for all of them.
// What an instruction is depends on the job alone, so a warp never diverges on it. A result is kept in registers for the
// next instruction, in shared memory where a later one reads it: as 32 bits, or as 64 in the kernel for programs that
// need them.
#include "formulas.cuh"
#include "types.cuh"

enum { ELEMENT_THREADS = GCUT_CUDA_ELEMENT_THREADS, LANES = GCUT_CUDA_ELEMENT_LANES };

// ---- results between instructions: what would lie in memory, in 32 bits or, WIDE, in 64

template <bool WIDE> struct Sort;
template <> struct Sort<false> {
  union Cell {
    float f;
    int32_t i;
  };
  typedef int32_t Index; // of an element
  enum { GROUPS = GCUT_CUDA_ELEMENT_GROUPS, V = GROUPS * LANES };
};
template <> struct Sort<true> {
  union Cell {
    float f;
    double d;
    int64_t i;
  };
  typedef int64_t Index;
  enum { GROUPS = GCUT_CUDA_ELEMENT_WIDE_GROUPS, V = GROUPS * LANES };
};
#define CELL typename Sort<WIDE>::Cell
#define INDEX typename Sort<WIDE>::Index

// Types are looked at once for all lanes: what differs between lanes is no more than the work itself.
#define EACH(...) _Pragma("unroll") for (int v = 0; v < Sort<WIDE>::V; v++) __VA_ARGS__

template <bool WIDE, typename C> __device__ inline void open_cells(const CELL *cells, int type, C *x) {
  switch (type) {
  case T_FLOAT:
  case T_FLOAT16:
  case T_BFLOAT16: EACH(x[v] = (C)cells[v].f); break;
  case T_DOUBLE:
    if constexpr (WIDE) EACH(x[v] = (C)cells[v].d);
    break;
  case T_BOOL: EACH(x[v] = (C)(cells[v].i != 0)); break;
  case T_UINT32: EACH(x[v] = (C)(uint32_t)cells[v].i); break;
  default: EACH(x[v] = (C)cells[v].i); break;
  }
}

template <typename C> __device__ __noinline__ int64_t integer_cell(C x, int type) {
  switch (type) {
  case T_INT64: return to_int64(x);
  case T_INT32: return to_int32(x);
  case T_UINT32: return (uint32_t)to_int64(x);
  case T_INT16: return (int16_t)to_int32(x);
  case T_UINT16: return (uint16_t)to_int32(x);
  case T_INT8: return (int8_t)to_int32(x);
  default: return (uint8_t)to_int32(x);
  }
}

template <bool WIDE, typename C> __device__ inline void make_cells(const C *x, int type, CELL *cells) {
  switch (type) {
  case T_FLOAT: EACH(cells[v].f = (float)x[v]); break;
  case T_BFLOAT16: EACH(cells[v].f = __bfloat162float(__float2bfloat16_rn((float)x[v]))); break;
  case T_FLOAT16: EACH(cells[v].f = __half2float(__float2half_rn((float)x[v]))); break;
  case T_BOOL: EACH(cells[v].i = x[v] != (C)0); break;
  case T_DOUBLE:
    if constexpr (WIDE) EACH(cells[v].d = (double)x[v]);
    break;
  default: EACH(cells[v].i = (decltype(cells[v].i))integer_cell<C>(x[v], type)); break;
  }
}

// ---- groups: where they lie, loading and storing them

template <typename T> struct alignas(sizeof(T) * LANES < 16 ? sizeof(T) * LANES : 16) Four {
  T x[LANES];
};

template <bool WIDE> struct Hand {
  INDEX at[Sort<WIDE>::GROUPS][GCUT_CUDA_ELEMENT_DIMS]; // the first element of each group, the last dimension first
  INDEX out[Sort<WIDE>::GROUPS];                        // the same in the output
  int n[Sort<WIDE>::GROUPS];                            // elements to store
  bool whole;                                           // all of every group
};

__device__ inline int32_t quotient(int32_t n, const gcut__cuda_element_divisor &by, int64_t) {
  return by.multiplier ? (int32_t)((uint32_t)(((uint64_t)(uint32_t)n * by.multiplier) >> 32) >> by.shift) : n;
}
__device__ inline int64_t quotient(int64_t n, const gcut__cuda_element_divisor &, int64_t divisor) { return n / divisor; }

template <bool WIDE> __device__ inline void place_group(const gcut__cuda_element_job &job, INDEX group, int g, Hand<WIDE> *hand) {
  INDEX last = (INDEX)job.dims[0], among = min(group, (INDEX)(job.n_groups - 1));
  INDEX row = quotient(among, job.divisors[0], job.row_groups), first = (among - row * (INDEX)job.row_groups) * LANES;
  hand->n[g] = group == among ? (int)min(last - first, (INDEX)LANES) : 0;
  hand->out[g] = row * last + first;
  hand->at[g][0] = first;
#pragma unroll
  for (int d = 1; d < GCUT_CUDA_ELEMENT_DIMS; d++) {
    if (d >= job.rank) break;
    INDEX next = d + 1 < job.rank ? quotient(row, job.divisors[d], job.dims[d]) : 0;
    hand->at[g][d] = row - next * (INDEX)job.dims[d];
    row = next;
  }
}

template <bool WIDE> __device__ inline INDEX input_offset(const gcut__cuda_element_job &job, int input, const INDEX *at) {
  INDEX offset = at[0] * (INDEX)job.inputs[input].strides[0];
#pragma unroll
  for (int d = 1; d < GCUT_CUDA_ELEMENT_DIMS; d++) {
    if (d >= job.rank) break;
    offset += at[d] * (INDEX)job.inputs[input].strides[d];
  }
  return offset;
}

template <typename C, typename T> __device__ inline C opened(T x) { return (C)x; }
template <> __device__ inline float opened(__half x) { return __half2float(x); }
template <> __device__ inline float opened(__nv_bfloat16 x) { return __bfloat162float(x); }

template <bool WIDE, typename C, typename T>
__device__ inline void read_groups(const gcut__cuda_element_input &input, const INDEX *offsets, const Hand<WIDE> &hand, C *x) {
  const T *data = (const T *)input.data;
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++) {
    const T *from = data + offsets[g];
    Four<T> four;
    if (input.walk == GCUT_CUDA_ELEMENT_VECTOR && hand.whole) {
      four = *(const Four<T> *)from;
    } else {
      four.x[0] = *from;
#pragma unroll
      for (int i = 1; i < LANES; i++)
        four.x[i] = input.walk == GCUT_CUDA_ELEMENT_SAME || i >= hand.n[g] ? four.x[0] : from[i * (INDEX)input.strides[0]];
    }
#pragma unroll
    for (int i = 0; i < LANES; i++) x[g * LANES + i] = opened<C>(four.x[i]);
  }
}

template <typename C> __device__ __noinline__ C load_any(const void *data, int64_t at, int type) { return load_as<C>(data, at, type); }

template <typename C> struct Is { enum { FLOAT = 0, WHOLE = 1, LONG = sizeof(C) == 8 }; };
template <> struct Is<float> { enum { FLOAT = 1, WHOLE = 0, LONG = 0 }; };
template <> struct Is<double> { enum { FLOAT = 0, WHOLE = 0, LONG = 0 }; };

// The types that programs mostly read have code of their own.
template <bool WIDE, typename C>
__device__ inline void read_input(const gcut__cuda_element_job &job, int k, int type, const Hand<WIDE> &hand, C *x) {
  const gcut__cuda_element_input &input = job.inputs[k];
  INDEX offsets[Sort<WIDE>::GROUPS];
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++) offsets[g] = input_offset<WIDE>(job, k, hand.at[g]);
  if (Is<C>::FLOAT && type == T_FLOAT) return read_groups<WIDE, C, float>(input, offsets, hand, x);
  if constexpr (Is<C>::FLOAT)
    if (type == T_BFLOAT16) return read_groups<WIDE, C, __nv_bfloat16>(input, offsets, hand, x);
  if constexpr (Is<C>::FLOAT)
    if (type == T_FLOAT16) return read_groups<WIDE, C, __half>(input, offsets, hand, x);
  if (type == T_BOOL) return read_groups<WIDE, C, uint8_t>(input, offsets, hand, x);
  if (Is<C>::WHOLE && type == T_INT32) return read_groups<WIDE, C, int32_t>(input, offsets, hand, x);
  if (Is<C>::LONG && type == T_INT64) return read_groups<WIDE, C, int64_t>(input, offsets, hand, x);
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++)
#pragma unroll
    for (int i = 0; i < LANES; i++)
      x[g * LANES + i] = load_any<C>(input.data, offsets[g] + (i < hand.n[g] ? i * input.strides[0] : 0), type);
}

template <bool WIDE, typename T> __device__ inline T closed(CELL cell) { return (T)cell.i; }
template <> __device__ inline float closed<false, float>(Sort<false>::Cell cell) { return cell.f; }
template <> __device__ inline float closed<true, float>(Sort<true>::Cell cell) { return cell.f; }
template <> __device__ inline __half closed<false, __half>(Sort<false>::Cell cell) { return __float2half_rn(cell.f); }
template <> __device__ inline __half closed<true, __half>(Sort<true>::Cell cell) { return __float2half_rn(cell.f); }
template <> __device__ inline __nv_bfloat16 closed<false, __nv_bfloat16>(Sort<false>::Cell cell) { return __float2bfloat16_rn(cell.f); }
template <> __device__ inline __nv_bfloat16 closed<true, __nv_bfloat16>(Sort<true>::Cell cell) { return __float2bfloat16_rn(cell.f); }
template <> __device__ inline double closed<true, double>(Sort<true>::Cell cell) { return cell.d; }

template <bool WIDE, typename T>
__device__ inline void store_groups(const gcut__cuda_element_job &job, const Hand<WIDE> &hand, const CELL *cells) {
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++) {
    T *to = (T *)job.output + hand.out[g];
    Four<T> four;
#pragma unroll
    for (int i = 0; i < LANES; i++) four.x[i] = closed<WIDE, T>(cells[g * LANES + i]);
    if (job.store_vectors && hand.whole) {
      *(Four<T> *)to = four;
    } else {
#pragma unroll
      for (int i = 0; i < LANES; i++)
        if (i < hand.n[g]) to[i] = four.x[i];
    }
  }
}

template <bool WIDE>
__device__ inline void store_result(const gcut__cuda_element_job &job, int type, const Hand<WIDE> &hand, const CELL *cells) {
  switch (type) {
  case T_FLOAT: store_groups<WIDE, float>(job, hand, cells); break;
  case T_BFLOAT16: store_groups<WIDE, __nv_bfloat16>(job, hand, cells); break;
  case T_FLOAT16: store_groups<WIDE, __half>(job, hand, cells); break;
  case T_DOUBLE:
    if constexpr (WIDE) store_groups<WIDE, double>(job, hand, cells);
    break;
  case T_INT64:
    if constexpr (WIDE) store_groups<WIDE, int64_t>(job, hand, cells);
    break;
  case T_INT32:
  case T_UINT32: store_groups<WIDE, int32_t>(job, hand, cells); break;
  case T_INT16:
  case T_UINT16: store_groups<WIDE, int16_t>(job, hand, cells); break;
  default: store_groups<WIDE, uint8_t>(job, hand, cells); break;
  }
}

// ---- instructions

// A slot holds the groups of all threads, group by group.
template <bool WIDE> __device__ inline Four<CELL> *slot_at(void *slots, int slot) {
  return (Four<CELL> *)slots + slot * Sort<WIDE>::GROUPS * ELEMENT_THREADS + threadIdx.x;
}

template <bool WIDE, typename C>
__device__ inline void read_operand(const gcut__cuda_element_job &job, gcut__cuda_element_operand o, const Hand<WIDE> &hand,
                                    void *slots, const CELL *before, C *x) {
  if (o.where == GCUT_CUDA_ELEMENT_BEFORE) return open_cells<WIDE, C>(before, o.type, x);
  if (o.where < GCUT_CUDA_ELEMENT_SLOT) return read_input<WIDE, C>(job, o.where, o.type, hand, x);
  const Four<CELL> *slot = slot_at<WIDE>(slots, o.where - GCUT_CUDA_ELEMENT_SLOT);
  CELL cells[Sort<WIDE>::V];
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++) {
    Four<CELL> four = slot[g * ELEMENT_THREADS];
#pragma unroll
    for (int i = 0; i < LANES; i++) cells[g * LANES + i] = four.x[i];
  }
  open_cells<WIDE, C>(cells, o.type, x);
}

// Called, not inlined: many instructions, which all lanes share.
template <typename C, int OP> __device__ __noinline__ C heavy_one(C x, float p, float q) { return Formula<C>::one(OP, x, (C)p, (C)q); }
template <typename C, int OP> __device__ __noinline__ C heavy_two(C a, C b) { return Formula<C>::two(OP, a, b); }

template <bool WIDE, bool ALL, typename C> __device__ inline void apply(const gcut__cuda_element_step &s, C *a, const C *b, const C *c) {
#define ONE(name) case GCUT_CUDA_ELEMENT_##name: EACH(a[v] = Formula<C>::one(GCUT_CUDA_ELEMENT_##name, a[v], (C)s.p, (C)s.q)); return;
#define TWO(name) case GCUT_CUDA_ELEMENT_##name: EACH(a[v] = Formula<C>::two(GCUT_CUDA_ELEMENT_##name, a[v], b[v])); return;
#define CALL(name) case GCUT_CUDA_ELEMENT_##name: EACH(a[v] = heavy_one<C, GCUT_CUDA_ELEMENT_##name>(a[v], s.p, s.q)); return;
#define CALL_TWO(name) case GCUT_CUDA_ELEMENT_##name: EACH(a[v] = heavy_two<C, GCUT_CUDA_ELEMENT_##name>(a[v], b[v])); return;
  switch (s.op) {
    GCUT_CUDA_ELEMENT_LIGHT(ONE)
    GCUT_CUDA_ELEMENT_TWO_LIGHT(TWO)
  case GCUT_CUDA_ELEMENT_SELECT: EACH(a[v] = a[v] != (C)0 ? b[v] : c[v]); return;
  default: break;
  }
  if constexpr (ALL) {
    switch (s.op) {
      GCUT_CUDA_ELEMENT_TWO_HEAVY(CALL_TWO)
    default: break;
    }
    if constexpr (!Is<C>::WHOLE) { // of integers there are none of these
      switch (s.op) {
        GCUT_CUDA_ELEMENT_MIDDLE(ONE)
        GCUT_CUDA_ELEMENT_HEAVY(CALL)
      default: break;
      }
    }
  }
#undef ONE
#undef TWO
#undef CALL
#undef CALL_TWO
}

template <bool WIDE, bool ALL, typename C>
__device__ inline void run_step(const gcut__cuda_element_job &job, const gcut__cuda_element_step &s, const Hand<WIDE> &hand,
                                void *slots, CELL *results) {
  C a[Sort<WIDE>::V] = {0}, b[Sort<WIDE>::V] = {0}, c[Sort<WIDE>::V] = {0};
#pragma unroll 1
  for (int k = s.op == GCUT_CUDA_ELEMENT_SELECT ? 2 : s.op >= GCUT_CUDA_ELEMENT_ADD ? 1 : 0; k >= 0; k--) { // the last first
    EACH(c[v] = b[v], b[v] = a[v]);
    read_operand<WIDE, C>(job, s.operands[k], hand, slots, results, a);
  }
  apply<WIDE, ALL, C>(s, a, b, c);
  make_cells<WIDE, C>(a, s.type, results);
  if (s.keep < 0) return;
#pragma unroll
  for (int g = 0; g < Sort<WIDE>::GROUPS; g++) {
    Four<CELL> four;
#pragma unroll
    for (int i = 0; i < LANES; i++) four.x[i] = results[g * LANES + i];
    slot_at<WIDE>(slots, s.keep)[g * ELEMENT_THREADS] = four;
  }
}

template <bool WIDE, bool ALL>
__device__ inline void run_program(const gcut__cuda_element_job &job, const Hand<WIDE> &hand, void *slots) {
  CELL results[Sort<WIDE>::V];
#pragma unroll 1
  for (int k = 0; k < job.n_steps; k++) {
    const gcut__cuda_element_step &s = job.steps[k];
    if (WIDE && s.of == GCUT_CUDA_ELEMENT_DOUBLE) run_step<WIDE, ALL, double>(job, s, hand, slots, results);
    else if (s.of == GCUT_CUDA_ELEMENT_INT) run_step<WIDE, ALL, int64_t>(job, s, hand, slots, results);
    else if (!WIDE && s.of == GCUT_CUDA_ELEMENT_NARROW) run_step<WIDE, ALL, int32_t>(job, s, hand, slots, results);
    else run_step<WIDE, ALL, float>(job, s, hand, slots, results);
  }
  store_result<WIDE>(job, job.steps[job.n_steps - 1].type, hand, results);
}

template <bool WIDE, bool ALL> __device__ inline void walk_groups(const gcut__cuda_element_job &job, void *slots) {
  enum { PIECE = Sort<WIDE>::GROUPS * ELEMENT_THREADS };
  for (INDEX piece = (INDEX)blockIdx.x * PIECE; piece < (INDEX)job.n_groups; piece += (INDEX)gridDim.x * PIECE) {
    Hand<WIDE> hand;
    hand.whole = true;
#pragma unroll
    for (int g = 0; g < Sort<WIDE>::GROUPS; g++) {
      place_group<WIDE>(job, piece + g * ELEMENT_THREADS + (INDEX)threadIdx.x, g, &hand);
      hand.whole = hand.whole && hand.n[g] == LANES;
    }
    run_program<WIDE, ALL>(job, hand, slots);
  }
}

// Light instructions only, results of 32 bits.
extern "C" __global__ void __launch_bounds__(ELEMENT_THREADS, 4) gcut_elementwise_light(const __grid_constant__ gcut__cuda_element_job job) {
  extern __shared__ uint4 kept[];
  walk_groups<false, false>(job, kept);
}

// Any instruction, results of 32 bits.
extern "C" __global__ void __launch_bounds__(ELEMENT_THREADS, 4) gcut_elementwise(const __grid_constant__ gcut__cuda_element_job job) {
  extern __shared__ uint4 kept[];
  walk_groups<false, true>(job, kept);
}

// Any instruction, results of 64 bits, any number of elements.
extern "C" __global__ void __launch_bounds__(ELEMENT_THREADS) gcut_elementwise_wide(const __grid_constant__ gcut__cuda_element_job job) {
  extern __shared__ uint4 kept[];
  walk_groups<true, true>(job, kept);
}
