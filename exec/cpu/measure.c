// Each rate is the best of several runs: others on the machine can only make one slower.
#include "exec/cpu/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exec/cpu/call.h"
#include "exec/cpu/ops/gemm.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/build.h"

enum {
  SIDE = 768,             // of the matrices multiplied
  BLOCK = 64 << 20,       // bytes copied
  FILE_BYTES = 256 << 20, // written and read back
  CHUNK = 8 << 20,
  NODES = 20000,
  REPEATS = 5,
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void keep_best(double *best, double rate) {
  if (rate > *best) *best = rate;
}

// ---- arithmetic -------------------------------------------------------------------------------

static gcut_status measure_product(gcut__cpu_call *c, gcut_dtype type, const uint8_t *a,
                                   uint8_t *out, double *out_rate, gcut_error *err) {
  gcut__gemm g = gcut__gemm_packed(SIDE, SIDE, SIDE, false, false);
  *out_rate = 0;
  for (int i = 0; i < REPEATS; i++) {
    double begin = now();
    GCUT_TRY(gcut__gemm_run(c, type, &g, a, a, out, err));
    keep_best(out_rate, 2.0 * SIDE * SIDE * SIDE / (now() - begin));
  }
  return GCUT_OK;
}

static gcut_status measure_products(gcut_engine *out, uint8_t *a, uint8_t *b, gcut_error *err) {
  static const gcut_node node = {.name = "measure", .op_type = "MatMul"};
  gcut__cpu_call c = {.node = &node, .scratch = gcut_arena_create()};
  if (!c.scratch) return GCUT_NO_MEMORY(err);
  memset(a, 0x11, SIDE * SIDE * sizeof(float)); // a small number in every type
  gcut_status status = measure_product(&c, GCUT_FLOAT, a, b, &out->flops_f32, err);
  if (status == GCUT_OK) status = measure_product(&c, GCUT_FLOAT16, a, b, &out->flops_f16, err);
  if (status == GCUT_OK) status = measure_product(&c, GCUT_BFLOAT16, a, b, &out->flops_bf16, err);
  gcut_arena_destroy(c.scratch);
  return status;
}

// ---- a node's own cost ------------------------------------------------------------------------

static gcut_status make_node_graph(gcut_graph **out, gcut_error *err) {
  GCUT_TRY(gcut_graph_create(out, err));
  gcut_graph *g = *out;
  gcut_graph_add_opset(g, "", 18);
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {
      .name = "node", .op_type = "Abs", .inputs = &x, .outputs = &y, .n_inputs = 1, .n_outputs = 1};
  gcut_graph_add_node(g, &spec);
  gcut_graph_add_output(g, 0, y);
  return gcut_graph_finish(g, err);
}

static gcut_status run_nodes(gcut__cpu_runner *runner, gcut__cpu_env *env, double *out_seconds,
                             gcut_error *err) {
  gcut_tensor *x;
  GCUT_TRY(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){1}, &x, err));
  gcut__cpu_env_set(env, env->graph->bodies[0].inputs[0], x);
  gcut_tensor_unref(x);
  double begin = now();
  for (int i = 0; i < NODES; i++)
    GCUT_TRY(gcut__cpu_run_node(runner, env, env->graph->bodies[0].nodes[0], err));
  *out_seconds = (now() - begin) / NODES;
  return GCUT_OK;
}

static gcut_status measure_node(double *out_seconds, gcut_error *err) {
  gcut_graph *graph = NULL;
  gcut__cpu_runner *runner = NULL;
  gcut__cpu_env env = {0};
  gcut_status status = make_node_graph(&graph, err);
  if (status == GCUT_OK) status = gcut__cpu_runner_create(&runner, err);
  if (status == GCUT_OK) status = gcut__cpu_env_create(graph, &env, err);
  if (status == GCUT_OK) status = run_nodes(runner, &env, out_seconds, err);
  gcut__cpu_env_free(&env);
  gcut__cpu_runner_destroy(runner);
  gcut_graph_destroy(graph);
  return status;
}

// ---- memory -----------------------------------------------------------------------------------

static double copy_rate(const uint8_t *from, uint8_t *to, size_t size) {
  size_t times = BLOCK / size;
  double best = 0;
  for (int i = 0; i < REPEATS; i++) {
    double begin = now();
    for (size_t k = 0; k < times; k++) memcpy(to + k * size, from + k * size, size);
    keep_best(&best, (double)(size * times) / (now() - begin));
  }
  return best;
}

typedef struct direction {
  const uint8_t *from;
  uint8_t *to;
  double rate;
} direction;

static void *copy_one_way(void *argument) {
  direction *d = argument;
  d->rate = copy_rate(d->from, d->to, BLOCK);
  return NULL;
}

// Two copies at once, as the queues up and down have them.
static gcut_status measure_both(uint8_t *a, uint8_t *b, double *out_rate, gcut_error *err) {
  direction up = {.from = a, .to = b}, down = {.from = b + BLOCK, .to = a + BLOCK};
  pthread_t thread;
  if (pthread_create(&thread, NULL, copy_one_way, &up) != 0)
    return GCUT_FAIL(err, GCUT_NOMEM, "no thread to measure with");
  copy_one_way(&down);
  pthread_join(thread, NULL);
  *out_rate = up.rate < down.rate ? up.rate : down.rate;
  return GCUT_OK;
}

gcut_status gcut__measure_copies(gcut_profile *out, gcut_error *err) {
  static const size_t sizes[] = {64 << 10, 256 << 10, 1 << 20, 16 << 20};
  uint8_t *a = malloc(2 * (size_t)BLOCK), *b = malloc(2 * (size_t)BLOCK);
  gcut_wire *up = &out->up;
  gcut_status status = a && b ? GCUT_OK : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) {
    memset(a, 1, 2 * (size_t)BLOCK);
    memset(b, 2, 2 * (size_t)BLOCK);
    up->rate = copy_rate(a, b, BLOCK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      up->points[i].bytes = (double)sizes[i];
      up->points[i].rate = copy_rate(a, b, sizes[i]);
      up->n_points = (uint32_t)i + 1;
    }
    status = measure_both(a, b, &up->both_rate, err);
  }
  out->down = *up;
  out->mapped_rate = up->rate;
  out->copy_seconds = 1e-6;
  free(a);
  free(b);
  return status;
}

// ---- disk -------------------------------------------------------------------------------------

static int open_scratch(void) {
  const char *folder = getenv("TMPDIR");
  return open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool write_file(int fd, const uint8_t *data) {
  for (off_t at = 0; at < FILE_BYTES; at += CHUNK)
    if (pwrite(fd, data, CHUNK, at) != CHUNK) return false;
  return fdatasync(fd) == 0;
}

static bool read_file(int fd, uint8_t *data) {
  posix_fadvise(fd, 0, FILE_BYTES, POSIX_FADV_DONTNEED);
  for (off_t at = 0; at < FILE_BYTES; at += CHUNK)
    if (pread(fd, data, CHUNK, at) != CHUNK) return false;
  return true;
}

static gcut_status measure_disk(gcut_profile *out, uint8_t *data, gcut_error *err) {
  int fd = open_scratch();
  double begin = now(), middle;
  bool ok = fd >= 0 && write_file(fd, data);
  middle = now();
  out->disk_write_rate = FILE_BYTES / (middle - begin);
  ok = ok && read_file(fd, data);
  out->disk_read_rate = FILE_BYTES / (now() - middle);
  if (fd >= 0) close(fd);
  return ok ? GCUT_OK
            : GCUT_FAIL(err, GCUT_IO, "cannot measure the disk with a file in TMPDIR: %s",
                        strerror(errno));
}

// ---- the host ---------------------------------------------------------------------------------

gcut_status gcut__measure_host(gcut_profile *out, gcut_error *err) {
  uint8_t *a = malloc(BLOCK), *b = malloc(BLOCK);
  gcut_engine *host = &out->host;
  gcut_status status = a && b ? GCUT_OK : GCUT_NO_MEMORY(err);
  host->memory_bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  if (status == GCUT_OK) {
    memset(b, 0, BLOCK);
    status = measure_products(host, a, b, err);
  }
  if (status == GCUT_OK) {
    memset(a, 1, BLOCK);
    host->memory_rate = 2 * copy_rate(a, b, BLOCK);
    status = measure_node(&host->node_seconds, err);
  }
  if (status == GCUT_OK) status = measure_disk(out, a, err);
  free(a);
  free(b);
  return status;
}
