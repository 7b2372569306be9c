// Timelines on disk: JSON that parses and says what ran, a picture that is well-formed.
#include "graphcut/simulate.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/timeline/timeline.h"
#include "tests/support/check.h"
#include "tests/support/problem.h"
#include "tests/support/xml.h"
#include "tracer/base/arena.h"

// The name of a part, and what is shown of it.
#define SHOWN   "a \"name\" \\ 层<with></title><script>alert(1)</script>?&more?[2J?"
#define HOSTILE "a \"name\" \\ 层<with></title><script>alert(1)</script>\n&more\x1b[2J\xff"

typedef struct fixture {
  gcut_arena *arena;
  gcut_problem problem;
  gcut_schedule *schedule;
  gcut_timeline timeline;
  char folder[32], path[64];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  gcut_profile machine;
  *state = f;
  f->arena = gcut_arena_create();
  f->problem = test_chain(f->arena, 3, 2, 1 << 20, 4096, 4096);
  ((gcut_stage *)f->problem.parts)[1].name = HOSTILE;
  strcpy(f->folder, "/tmp/graphcut-XXXXXX");
  if (!mkdtemp(f->folder) || gcut_profile_read("h100-pcie", &machine, NULL) != GCUT_OK) return 1;
  if (gcut_schedule_create(&f->problem, "prefetch", NULL, &f->schedule, NULL) != GCUT_OK) return 1;
  return gcut_simulate(&f->problem, f->schedule, &machine, &f->timeline, NULL) == GCUT_OK ? 0 : 1;
}

static int tear_down(void **state) {
  fixture *f = *state;
  unlink(f->path);
  rmdir(f->folder);
  gcut_timeline_free(&f->timeline);
  gcut_schedule_destroy(f->schedule);
  gcut_arena_destroy(f->arena);
  free(f);
  return 0;
}

static const char *path_of(fixture *f, const char *name) {
  snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
  return f->path;
}

static void test_trace_events_parse(void **state) {
  fixture *f = *state;
  json_t *root, *event;
  size_t i, slices = 0, commands = 0, hostile = 0;
  assert_ok(
      gcut_timeline_write(&f->problem, f->schedule, &f->timeline, NULL, path_of(f, "t.json"), err));
  root = json_load_file(f->path, 0, NULL);
  assert_non_null(root);
  json_array_foreach(json_object_get(root, "traceEvents"), i, event) {
    if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0) continue;
    assert_true(json_number_value(json_object_get(event, "dur")) >= 0);
    assert_true(json_integer_value(json_object_get(event, "tid")) <= GCUT_N_QUEUES);
    hostile += strstr(json_string_value(json_object_get(event, "name")), SHOWN) != NULL;
    slices++;
  }
  for (i = 0; i < f->schedule->n_commands; i++)
    commands += f->schedule->commands[i].kind != GCUT_DROP;
  assert_int_equal(slices, commands);
  assert_int_equal(hostile, 3); // its weights, and two batches
  json_decref(root);
}

static void test_pictures_are_well_formed(void **state) {
  fixture *f = *state;
  char text[200000];
  assert_ok(
      gcut_timeline_write(&f->problem, f->schedule, &f->timeline, NULL, path_of(f, "t.svg"), err));
  FILE *file = fopen(f->path, "r");
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = 0;
  assert_non_null(strstr(text, "层&lt;with&gt;&lt;/title&gt;"));
  assert_non_null(strstr(text, "?&amp;more?[2J?"));
  assert_null(strstr(text, "predicted"));
  const char *flaw = test_xml_flaw(text);
  if (flaw) fail_msg("%s", flaw);
}

static void read_text(fixture *f, char *text, size_t size) {
  assert_ok(
      gcut_timeline_write(&f->problem, f->schedule, &f->timeline, NULL, path_of(f, "t.svg"), err));
  FILE *file = fopen(f->path, "r");
  text[fread(text, 1, size - 1, file)] = 0;
  fclose(file);
}

// What a run does before its first command is no part of the picture.
static void test_time_counts_from_the_first_command(void **state) {
  fixture *f = *state;
  static char text[200000], later[200000];
  const int64_t wait = 5000000000;
  read_text(f, text, sizeof text);
  for (uint32_t i = 0; i < f->timeline.n; i++)
    f->timeline.start_ns[i] += wait, f->timeline.end_ns[i] += wait;
  read_text(f, later, sizeof later);
  for (uint32_t i = 0; i < f->timeline.n; i++)
    f->timeline.start_ns[i] -= wait, f->timeline.end_ns[i] -= wait;
  assert_string_equal(text, later);
  assert_non_null(strstr(text, "<rect x=\"84.0\""));
}

static void test_a_prediction_stands_above(void **state) {
  fixture *f = *state;
  static char text[400000];
  assert_ok(gcut_timeline_write(&f->problem, f->schedule, &f->timeline, &f->timeline,
                                path_of(f, "t.svg"), err));
  FILE *file = fopen(f->path, "r");
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  const char *predicted = strstr(text, "predicted: "), *measured = strstr(text, "measured: ");
  assert_true(predicted && measured && predicted < measured);
}

static void test_traces_are_read_back(void **state) {
  fixture *f = *state;
  gcut__slices slices;
  uint32_t runs = 0, predicted = 0;
  assert_ok(gcut_timeline_write(&f->problem, f->schedule, &f->timeline, &f->timeline,
                                path_of(f, "t.json"), err));
  assert_ok(gcut__timeline_read(f->path, f->arena, &slices, err));
  assert_int_equal(slices.n_parts, f->problem.n_parts);
  assert_string_equal(slices.offload, f->schedule->offload);
  for (uint32_t i = 0; i < slices.n; i++) {
    predicted += slices.items[i].predicted;
    if (slices.items[i].predicted || slices.items[i].kind != GCUT_RUN) continue;
    assert_true(slices.items[i].part < f->problem.n_parts);
    assert_true(slices.items[i].batch < f->problem.n_batches);
    assert_int_equal(slices.items[i].queue, GCUT_QUEUE_COMPUTE);
    runs++;
  }
  assert_int_equal(runs, f->problem.n_parts * f->problem.n_batches);
  assert_int_equal(predicted, slices.n / 2);
}

static void test_what_is_no_trace_is_refused(void **state) {
  fixture *f = *state;
  static const char *const texts[] = {"", "[]", "{\"traceEvents\": 1}", "{\"traceEvents\": [",
                                      "{\"otherData\": {\"parts\": []}}"};
  static const char odd[] =
      "{\"otherData\":{\"parts\":[3,\"x\"]},\"traceEvents\":[1,{},{\"ph\":\"X\",\"cat\":\"run\","
      "\"tid\":99},"
      "{\"ph\":\"X\",\"cat\":\"run\",\"tid\":3,\"ts\":-1e300,\"dur\":1},"
      "{\"ph\":\"X\",\"cat\":\"run\",\"tid\":3,\"ts\":1,\"dur\":1,\"args\":{\"part\":7}}]}";
  gcut__slices slices;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    FILE *file = fopen(path_of(f, "t.json"), "w");
    fputs(texts[i], file);
    fclose(file);
    assert_fails(gcut__timeline_read(f->path, f->arena, &slices, err), GCUT_FORMAT, "t.json: ");
  }
  FILE *file = fopen(f->path, "w");
  fputs(odd, file);
  fclose(file);
  assert_ok(gcut__timeline_read(f->path, f->arena, &slices, err));
  assert_int_equal(slices.n, 1);
  assert_int_equal(slices.items[0].part, GCUT_NONE);
}

static void test_what_does_not_belong_together_is_refused(void **state) {
  fixture *f = *state;
  gcut_timeline shorter = f->timeline;
  shorter.n--;
  assert_fails(
      gcut_timeline_write(&f->problem, f->schedule, &shorter, NULL, path_of(f, "t.json"), err),
      GCUT_ARGUMENT, "timeline");
  assert_fails(gcut_timeline_write(&f->problem, f->schedule, &f->timeline, NULL,
                                   "/nowhere/at/all.json", err),
               GCUT_IO, "/nowhere");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_trace_events_parse, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_pictures_are_well_formed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_time_counts_from_the_first_command, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_prediction_stands_above, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_traces_are_read_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_is_no_trace_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_does_not_belong_together_is_refused, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
