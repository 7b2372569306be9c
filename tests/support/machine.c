#include "tests/support/machine.h"

#include "tests/support/check.h"
#include "tests/support/problem.h"

gcut_profile plain_machine(void) {
  gcut_engine engine = {.memory_bytes = 1e12,
                        .memory_rate = 1e18,
                        .flops_f32 = 1e12,
                        .flops_f16 = 1e12,
                        .flops_bf16 = 1e12};
  return (gcut_profile){.name = "plain",
                        .device = engine,
                        .host = engine,
                        .up = {.rate = 1e9, .both_rate = 1e9},
                        .down = {.rate = 1e9, .both_rate = 1e9},
                        .mapped_rate = 1e9,
                        .disk_read_rate = 1e18,
                        .disk_write_rate = 1e18};
}

gcut_problem make_chain(gcut_arena *arena, uint32_t parts, uint32_t batches, double copy,
                        double compute) {
  gcut_problem p = test_chain(arena, parts, batches, (uint64_t)(copy * 1e9), 0, 0);
  for (uint32_t i = 0; i < parts; i++) {
    gcut_work *w = (gcut_work *)p.parts[i].work;
    w->flops = compute * 1e12;
    w->traffic = 0;
  }
  return p;
}

gcut_summary clock_schedule(const gcut_problem *p, gcut_schedule *s, const gcut_profile *m) {
  gcut_timeline t;
  gcut_summary sum;
  assert_ok(gcut_schedule_verify(p, s, err));
  assert_ok(gcut_simulate(p, s, m, &t, err));
  assert_ok(gcut_timeline_summarise(p, s, &t, &sum, err));
  gcut_timeline_free(&t);
  gcut_schedule_destroy(s);
  return sum;
}
