// Experts spelled out, in one step: rows are sorted by the matrix that their index picks, and those
// of one matrix, a block at a time, are gathered, multiplied together and put back. So a matrix is
// read once a block, none is copied, and only those that somebody picked are read.
#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/routes.h"
#include "tracer/fuse/fuse.h"

enum { BLOCK = 1024 }; // rows

typedef struct experts {
  gcut_dtype type;
  int64_t n;       // matrices
  int64_t rows;    // products: indices
  int64_t shared;  // rows that follow one another and have a row of x in common
  gcut__gemm gemm; // of one row
  const char *w, *x;
  char *y, *in, *out; // in, out: a block
  size_t size;        // of an element
} experts;

// Indices are at fault as those of the node that reads them.
static gcut__cpu_call call_of_picker(const gcut__cpu_call *c, const gcut_fused *group) {
  gcut__cpu_call call = *c;
  for (uint32_t i = 0; i < group->n_nodes; i++) {
    const gcut_node *node = &c->graph->nodes[group->nodes[i]];
    if (node->n_inputs == 2 && gcut_node_inputs(c->graph, node)[1] == group->reads[1])
      call.node = node;
  }
  return call;
}

// Sizes follow from the trace; tensors must agree.
static gcut_status read_sizes(const gcut__cpu_call *c, experts *m, gcut_error *err) {
  const gcut_fused *group = c->attrs;
  const gcut_tensor *w = c->inputs[0], *ids = c->inputs[1], *x = c->inputs[2], *y = c->outputs[0];
  if (w->rank != 3 || w->type != x->type || w->type != y->type)
    return gcut__cpu_fail(c, GCUT_FORMAT, err, "experts of rank %d or of another type than rows",
                          w->rank);
  int64_t k = w->dims[group->turned ? 1 : 2], n = w->dims[group->turned ? 2 : 1];
  *m = (experts){.type = w->type,
                 .n = w->dims[0],
                 .rows = (int64_t)ids->count,
                 .gemm = gcut__gemm_packed(1, n, k, false, !group->turned),
                 .w = w->data,
                 .x = x->data,
                 .y = y->data,
                 .size = gcut_dtype_bits(w->type) / 8};
  m->shared = gcut__fuse_shared_rows(ids->count, x->count, k);
  if ((m->shared > 0 || ids->count == 0) && y->count == ids->count * (uint64_t)n) return GCUT_OK;
  return gcut__cpu_fail(c, GCUT_FORMAT, err,
                        "%llu indices, %llu elements in rows of %lld, %llu in results of %lld",
                        (unsigned long long)ids->count, (unsigned long long)x->count, (long long)k,
                        (unsigned long long)y->count, (long long)n);
}

// Rows of one expert.
static gcut_status multiply(gcut__cpu_call *c, experts *m, int64_t expert, const int64_t *rows,
                            int64_t n, gcut_error *err) {
  size_t in = (size_t)m->gemm.k * m->size, out = (size_t)m->gemm.n * m->size;
  for (int64_t i = 0; i < n; i += BLOCK) {
    m->gemm.m = n - i < BLOCK ? n - i : BLOCK;
    gcut__gather_rows(m->in, m->x, rows + i, m->gemm.m, m->shared, in);
    GCUT_TRY(gcut__gemm_run(c, m->type, &m->gemm, m->in,
                            m->w + (size_t)expert * in * (size_t)m->gemm.n, m->out, err));
    gcut__scatter_rows(m->y, m->out, rows + i, m->gemm.m, out);
    gcut_arena_reset(c->scratch);
  }
  return GCUT_OK;
}

static gcut_status run(gcut__cpu_call *c, experts *m, const gcut__routes *routes, gcut_error *err) {
  size_t block = (size_t)(routes->most < BLOCK ? routes->most : BLOCK);
  m->in = gcut_arena_alloc(c->scratch, block, (size_t)m->gemm.k * m->size);
  m->out = gcut_arena_alloc(c->scratch, block, (size_t)m->gemm.n * m->size);
  gcut__cpu_call each = *c;
  each.scratch = gcut_arena_create(); // what a product takes, it gives back
  gcut_status status = m->in && m->out && each.scratch ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (int64_t e = 0; e < m->n && status == GCUT_OK; e++)
    status = multiply(&each, m, e, routes->rows + routes->first[e],
                      routes->first[e + 1] - routes->first[e], err);
  gcut_arena_destroy(each.scratch);
  return status;
}

gcut_status gcut__cpu_group_experts(gcut__cpu_call *c, gcut_error *err) {
  gcut__cpu_call picker = call_of_picker(c, c->attrs);
  gcut__routes routes;
  experts m;
  const int64_t *ids;
  uint64_t n;
  GCUT_TRY(read_sizes(c, &m, err));
  GCUT_TRY(gcut__indices_within(&picker, 1, m.n, &ids, &n, err));
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__routes_create(c->scratch, m.n, ids, m.rows, &routes, err));
  return run(c, &m, &routes, err);
}
