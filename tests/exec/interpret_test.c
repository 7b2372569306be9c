// The interpreter on a device that only enqueues: streams that run late, ordered by events alone.
#include "exec/interpret.h"

#include "exec/problem.h"
#include "tests/support/check.h"
#include "tests/support/late_device.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

enum { N_GRAPHS = 120, MOST_BATCHES = 4 };

typedef struct feed {
  const gcut_graph *graph;
  int64_t rows[MOST_BATCHES];
} feed;

static gcut_status read_feed(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  feed *f = context;
  for (uint32_t i = 0; i < f->graph->bodies[0].n_inputs; i++) {
    gcut_status status =
        gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){f->rows[batch], 4}, &inputs[i], err);
    if (status != GCUT_OK) return status;
    for (int64_t k = 0; k < 4 * f->rows[batch]; k++)
      ((float *)inputs[i]->data)[k] = (float)((int64_t)batch * 5 + k % 7 - (int64_t)i) / 4;
  }
  return GCUT_OK;
}

typedef struct bowl {
  gcut_digest sum[MOST_BATCHES];
  uint32_t n_outputs;
} bowl;

static gcut_status write_bowl(void *context, size_t batch, gcut_tensor *const *outputs,
                              gcut_error *err) {
  (void)err;
  bowl *b = context;
  b->sum[batch] = (gcut_digest){{0}};
  for (uint32_t i = 0; i < b->n_outputs; i++) {
    gcut_digest d = gcut_tensor_digest(outputs[i]);
    b->sum[batch].words[0] = b->sum[batch].words[0] * 31 + d.words[0];
    b->sum[batch].words[1] = b->sum[batch].words[1] * 31 + d.words[1];
  }
  return GCUT_OK;
}

typedef struct setting {
  gcut_graph *graph;
  gcut_plan *plan;
  gcut__shapes shapes;
  gcut_problem problem;
  gcut_schedule *schedule;
  gcut__program **programs;
  gcut__part_weights *weights, *host_weights;
  gcut_arena *arena;
} setting;

static void compile(setting *s, gcut__device *cpu) {
  uint32_t n = s->plan->n_parts * s->shapes.n_classes;
  s->programs = GCUT_NEW_ARRAY(s->arena, gcut__program *, n);
  for (uint32_t i = 0; i < n; i++)
    assert_ok(cpu->ops->compile(cpu, s->shapes.traces[i % s->shapes.n_classes],
                                &s->plan->parts[i / s->shapes.n_classes], &s->programs[i], err));
}

static void pose(setting *s, uint32_t n_batches, uint32_t n_passes, uint64_t host_budget) {
  uint32_t n = s->plan->n_parts * s->shapes.n_classes;
  gcut_work *work = GCUT_NEW_ARRAY(s->arena, gcut_work, n);
  for (uint32_t i = 0; i < n; i++) work[i] = s->programs[i]->work;
  gcut__problem_spec spec = {.plan = s->plan,
                             .traces = (const gcut_trace *const *)s->shapes.traces,
                             .n_classes = s->shapes.n_classes,
                             .classes = s->shapes.classes,
                             .n_batches = n_batches,
                             .n_passes = n_passes,
                             .work = work,
                             .host_budget = host_budget};
  assert_ok(gcut__problem_create(&spec, s->arena, &s->problem, err));
}

static void list_weights(setting *s) {
  s->weights = GCUT_NEW_ARRAY(s->arena, gcut__part_weights, s->plan->n_parts);
  for (uint32_t p = 0; p < s->plan->n_parts; p++) {
    const gcut_stage *stage = &s->problem.parts[p];
    uint64_t *offsets = GCUT_NEW_ARRAY(s->arena, uint64_t, stage->n_weights);
    const gcut_constant **k = GCUT_NEW_ARRAY(s->arena, const gcut_constant *, stage->n_weights);
    for (uint32_t i = 0; i < stage->n_weights; i++)
      k[i] = gcut__constant_of(s->shapes.traces[0], stage->weights[i].value);
    assert_ok(gcut_stage_layout(stage, s->schedule->mapped, offsets, err));
    s->weights[p] = (gcut__part_weights){.graph = s->graph,
                                         .weights = stage->weights,
                                         .constants = k,
                                         .offsets = offsets,
                                         .n = stage->n_weights,
                                         .part = p,
                                         .bytes = gcut_stage_bytes(stage, s->schedule->mapped)};
  }
  s->host_weights = gcut_arena_copy(s->arena, s->weights, s->plan->n_parts * sizeof *s->weights);
}

static void run_late(setting *s, late_device *d, const gcut_source *source, bowl *b) {
  gcut_timeline timeline;
  gcut__device *host;
  gcut_sink sink = {.write = write_bowl, .context = b};
  void *memory;
  b->n_outputs = s->plan->n_fetches;
  assert_ok(d->base.ops->reserve(&d->base, s->schedule->extent[GCUT_SPACE_DEVICE],
                                 s->schedule->extent[GCUT_SPACE_HOST], &memory, err));
  assert_ok(gcut__cpu_device_create(&host, err));
  gcut__cpu_device_adopt(host, memory, s->schedule->extent[GCUT_SPACE_HOST]);
  gcut__store store = {.graph = s->graph,
                       .plan = s->plan,
                       .problem = &s->problem,
                       .shapes = &s->shapes,
                       .source = source,
                       .sink = &sink,
                       .memory = memory};
  assert_ok(gcut__store_open(&store, s->schedule->extent[GCUT_SPACE_SPILL], "/tmp", err));
  gcut__execution x = {.problem = &s->problem,
                       .schedule = s->schedule,
                       .device = &d->base,
                       .host = host,
                       .programs = s->programs,
                       .host_programs = s->programs,
                       .weights = s->weights,
                       .host_weights = s->host_weights,
                       .store = &store};
  assert_ok(gcut__interpret(&x, &timeline, err));
  for (uint32_t i = 0; i < timeline.n; i++) assert_true(timeline.start_ns[i] <= timeline.end_ns[i]);
  for (uint32_t p = 0; p < s->plan->n_parts; p++) {
    if (s->weights[p].state) d->base.ops->unload(&d->base, &s->weights[p]);
    if (s->host_weights[p].state) host->ops->unload(host, &s->host_weights[p]);
  }
  gcut_timeline_free(&timeline);
  gcut__store_close(&store);
  host->ops->destroy(host);
}

static void expect_plain_bits(const setting *s, const gcut_source *source, const bowl *found) {
  gcut_run_options plain = {.offload = "resident"};
  gcut_run_result result;
  bowl expected = {.n_outputs = s->plan->n_fetches};
  gcut_sink sink = {.write = write_bowl, .context = &expected};
  assert_ok(gcut_run(s->graph, s->plan, &plain, source, &sink, &result, err));
  for (size_t b = 0; b < source->n_batches; b++)
    assert_memory_equal(&found->sum[b], &expected.sum[b], sizeof expected.sum[b]);
}

static uint32_t check_graph(uint64_t seed) {
  static const char *const offloads[] = {
      "prefetch",       "sequential:place=host", "prefetch:ahead=2",
      "partial:keep=1", "hybrid:min-tokens=6",   "prefetch:loop=batches"};
  uint64_t random = seed;
  late_device d;
  bowl found = {0};
  setting s = {.arena = gcut_arena_create()};
  s.graph = random_graph(&random, 4 + random_below(&random, 20));
  if (seed % 3 == 0) { // a value of unknown size
    toy_node(s.graph, 0, "special0", "NonZero", "v0", "special_a");
    toy_node(s.graph, 0, "special1", "Transpose", "special_a", "special_b");
    toy_output(s.graph, "special_b");
  }
  if (seed % 4 == 0) random_prepared(s.graph);
  for (uint32_t i = 0; i < s.graph->n_constants; i++)
    for (uint64_t k = 0; k < s.graph->constants[i].bytes / 4; k++)
      ((float *)s.graph->constants[i].data)[k] = (float)random_below(&random, 5) / 4;
  gcut_trace *trace = toy_trace(s.graph, 0);
  s.plan = random_cut(trace, &random, 3);
  feed f = {.graph = s.graph, .rows = {1, 2, 1, 3}};
  gcut_source source = {read_feed, &f, 1 + random_below(&random, MOST_BATCHES)};
  late_open(&d, seed);
  assert_ok(gcut__shapes_create(s.graph, s.plan, &source, &s.shapes, err));
  compile(&s, d.cpu);
  pose(&s, (uint32_t)source.n_batches, 1 + random_below(&random, 2), 0);
  assert_ok(gcut_schedule_create(&s.problem, offloads[seed % 6], NULL, &s.schedule, err));
  assert_ok(gcut_schedule_verify(&s.problem, s.schedule, err));
  list_weights(&s);
  run_late(&s, &d, &source, &found);
  uint32_t enqueued = d.enqueued;
  expect_plain_bits(&s, &source, &found);
  for (uint32_t i = 0; i < s.plan->n_parts * s.shapes.n_classes; i++)
    d.cpu->ops->program_destroy(s.programs[i]);
  late_close(&d);
  gcut_schedule_destroy(s.schedule);
  gcut__shapes_free(&s.shapes);
  gcut_plan_destroy(s.plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(s.graph);
  gcut_arena_destroy(s.arena);
  return enqueued;
}

static void test_queues_are_ordered_by_events_alone(void **state) {
  (void)state;
  uint32_t enqueued = 0;
  for (uint64_t seed = 1; seed <= N_GRAPHS; seed++) enqueued += check_graph(seed);
  assert_true(enqueued >
              N_GRAPHS); // work was put behind unfinished work: nothing waited on the host
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_queues_are_ordered_by_events_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
