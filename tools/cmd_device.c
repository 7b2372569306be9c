// graphcut device: what a device is, and its rates, as a profile that simulate takes.
#include <time.h>

#include "graphcut/output.h"
#include "graphcut/simulate.h"
#include "table.h"
#include "tool.h"

typedef struct arguments {
  tool_common common;
  const char *device, *output;
} arguments;

static void add_rate(table *t, const char *what, double value, const char *unit) {
  char text[TABLE_NUMBER];
  table_add(t, "%s", what);
  table_add(t, "%s", table_count(value, unit, text));
}

static int print_text(const gcut_profile *p, const char *description) {
  static const table_column columns[] = {{"rate", false, true}, {"measured", true, false}};
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  tool_print("%s\n\n", description);
  add_rate(t, "memory", p->device.memory_bytes, "B");
  add_rate(t, "memory, read and write", p->device.memory_rate, "B/s");
  add_rate(t, "matrix product, float32", p->device.flops_f32, "FLOP/s");
  add_rate(t, "matrix product, float16", p->device.flops_f16, "FLOP/s");
  add_rate(t, "matrix product, bfloat16", p->device.flops_bf16, "FLOP/s");
  add_rate(t, "copies to the device", p->up.rate, "B/s");
  add_rate(t, "copies from the device", p->down.rate, "B/s");
  add_rate(t, "copies, both ways at once", p->up.both_rate, "B/s");
  add_rate(t, "kernels reading host memory", p->mapped_rate, "B/s");
  add_rate(t, "disk, reading", p->disk_read_rate, "B/s");
  add_rate(t, "disk, writing", p->disk_write_rate, "B/s");
  table_add(t, "a node, beside its work");
  table_add(t, "%.2f us", 1e6 * p->device.node_seconds);
  table_print(t, stdout);
  return tool_finish();
}

static gcut_status write_profile(const gcut_profile *p, const char *description, const char *path,
                                 gcut_error *err) {
  char source[400], date[32];
  time_t now = time(NULL);
  struct tm utc;
  strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
  snprintf(source, sizeof source, "measured by graphcut device on %.200s, %s", description, date);
  if (!path) return gcut_profile_write(p, source, stdout, err);
  gcut_output output;
  gcut_status status = gcut_output_open(path, &output, err);
  if (status != GCUT_OK) return status;
  status = gcut_profile_write(p, source, output.stream, err);
  if (status == GCUT_OK) return gcut_output_commit(&output, err);
  gcut_output_abort(&output);
  return status;
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  const char *kind;
  return a->device ? gcut_device_kind(a->device, &kind, err) : GCUT_OK;
}

static int run(const void *given) {
  const arguments *a = given;
  gcut_error err = {0};
  gcut_profile profile;
  char description[256];
  gcut_error why = {0};
  const char *device = a->device ? a->device : gcut_device_default(&why);
  gcut_status status = a->output ? tool_check_writable(a->output, &err) : GCUT_OK;
  if (status == GCUT_OK)
    status =
        tool_device_measure(&a->common, device, &profile, description, sizeof description, &err);
  if (status == GCUT_OK) tool_tell_device(&a->common, device, why.message);
  if (status == GCUT_OK && a->output)
    status = write_profile(&profile, description, a->output, &err);
  if (status == GCUT_OK && a->common.json)
    status = write_profile(&profile, description, NULL, &err);
  if (status != GCUT_OK) return tool_fail(status, &err);
  return a->common.json ? tool_finish() : print_text(&profile, description);
}

static const tool_option options[] = {
    {"--device", NULL, "D", TOOL_TEXT, offsetof(arguments, device),
     "cuda, cuda:N or cpu (cuda where a card and its driver are found, else cpu)"},
    {"--output", "-o", "FILE.json", TOOL_WRITTEN, offsetof(arguments, output),
     "write the profile there, for simulate and run --profile"},
    TOOL_COMMON_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_device = {
    .name = "device",
    .operands = "",
    .summary = "Measures a device. Says what it is and how fast it computes and copies; with "
               "--json or --output as a profile.",
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
