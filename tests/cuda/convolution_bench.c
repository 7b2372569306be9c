// Convolutions of well-known networks on a card, back to back: microseconds each. Says whether
// cuDNN was there; run without it to see what our own kernels take.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/device.h"
#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/cuda/card.h"

typedef struct layer {
  const char *name;
  int images, in, size, out, kernel, stride, pad, groups;
} layer;

static const layer layers[] = {
    {"ResNet-50 1x1, 64 to 256", 32, 64, 56, 256, 1, 1, 0, 1},
    {"ResNet-50 1x1, 1024 to 256", 32, 1024, 14, 256, 1, 1, 0, 1},
    {"ResNet-50 1x1 / 2, 256 to 512", 32, 256, 56, 512, 1, 2, 0, 1},
    {"ResNet-50 3x3, 64 to 64", 32, 64, 56, 64, 3, 1, 1, 1},
    {"ResNet-50 3x3, 512 to 512", 32, 512, 7, 512, 3, 1, 1, 1},
    {"ResNet-50 7x7 / 2, 3 to 64", 32, 3, 224, 64, 7, 2, 3, 1},
    {"MobileNet 3x3, 96 groups", 32, 96, 112, 96, 3, 1, 1, 96},
    {"MobileNet 3x3, 960 groups", 32, 960, 7, 960, 3, 1, 1, 960},
    {"MobileNet 3x3 / 2, 144 groups", 32, 144, 56, 144, 3, 2, 1, 144},
    {"ConvNeXt 7x7, 192 groups", 32, 192, 28, 192, 7, 1, 3, 192},
    {"ResNeXt 3x3, 32 groups of 8", 32, 256, 28, 256, 3, 1, 1, 32},
    {"UNet 3x3, 320 to 320", 2, 320, 64, 320, 3, 1, 1, 1},
    {"UNet 3x3, 640 to 640", 2, 640, 32, 640, 3, 1, 1, 1},
    {"ViT-base patches of 16x16", 32, 3, 224, 768, 16, 16, 0, 1},
    {"ResNet-50 1x1, 1024 to 256", 1, 1024, 14, 256, 1, 1, 0, 1},
    {"ResNet-50 3x3, 64 to 64", 1, 64, 56, 64, 3, 1, 1, 1},
    {"ResNet-50 3x3, 256 to 256", 1, 256, 14, 256, 3, 1, 1, 1},
    {"ResNet-50 3x3, 512 to 512", 1, 512, 7, 512, 3, 1, 1, 1},
    {"ResNet-50 7x7 / 2, 3 to 64", 1, 3, 224, 64, 7, 2, 3, 1},
    {"MobileNet 3x3, 96 groups", 1, 96, 112, 96, 3, 1, 1, 96},
    {"ViT-base patches of 16x16", 1, 3, 224, 768, 16, 16, 0, 1},
};
static const char *const types[] = {"float", "float16", "bfloat16"};
enum { LAYERS = sizeof layers / sizeof *layers, TYPES = 3, OPERANDS = 4, RUNS = 50, TIMES = 5 };

typedef struct job {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut__program *program;
  gcut__operand operands[OPERANDS];
  uint64_t bytes; // of its operands, before its workspace
} job;

static gcut__device *device;

static void place_operands(job *j) {
  const gcut_body *body = &j->graph->bodies[0];
  for (uint32_t i = 0; i < OPERANDS; i++) {
    bool output = i == OPERANDS - 1;
    uint32_t value = output ? body->outputs[0] : body->inputs[i];
    uint64_t bytes = 0;
    if (!gcut__static_bytes(j->trace, value, &bytes)) exit(1);
    j->operands[i] = (gcut__operand){.value = value, .output = output, .offset = j->bytes};
    j->bytes += gcut_range_bytes(bytes);
  }
}

static job prepare(const layer *l, const char *type) {
  char text[1024];
  job j = {0};
  int made = (l->size + 2 * l->pad - l->kernel) / l->stride + 1;
  snprintf(text, sizeof text,
           "<ir_version: 10, opset_import: [\"\": 22]> g (%1$s[%2$d,%3$d,%4$d,%4$d] x, "
           "%1$s[%5$d,%6$d,%7$d,%7$d] w, %1$s[%5$d] b) => (%1$s[%2$d,%5$d,%8$d,%8$d] y) "
           "{ y = Conv<strides = [%9$d, %9$d], pads = [%10$d, %10$d, %10$d, %10$d], "
           "group = %11$d>(x, w, b) }",
           type, l->images, l->in, l->size, l->out, l->in / l->groups, l->kernel, made, l->stride,
           l->pad, l->groups);
  CHECK(gcut_gcir_parse(text, strlen(text), "layer", NULL, &j.graph, err));
  CHECK(gcut_trace_folded(j.graph, NULL, &j.trace, err));
  CHECK(gcut_plan_whole(j.trace, NULL, &j.plan, err));
  CHECK(device->ops->compile(device, j.trace, &j.plan->parts[0], &j.program, err));
  place_operands(&j);
  return j;
}

static int64_t stamp(void) {
  gcut__event *event;
  int64_t ns;
  CHECK(device->ops->record(device, GCUT_QUEUE_COMPUTE, &event, err));
  CHECK(device->ops->sync(device, event, &ns, err));
  device->ops->release(device, event);
  return ns;
}

// The least of a few rounds.
static double time_job(const job *j) {
  gcut__part_weights none = {.graph = j->graph};
  gcut__run_args args = {.program = j->program,
                         .prepared = GCUT_NOT_PREPARED,
                         .weights = &none,
                         .workspace = j->bytes,
                         .operands = j->operands,
                         .n_operands = OPERANDS};
  double best = 1e9;
  for (int t = 0; t < TIMES; t++) {
    int64_t before = stamp();
    for (int i = 0; i < RUNS; i++) CHECK(device->ops->run(device, &args, err));
    double us = (double)(stamp() - before) / 1e3 / RUNS;
    if (us < best) best = us;
  }
  device->ops->unload(device, &none);
  return best;
}

// Numbers about 1, whatever the type: a card that multiplies zeros takes less power.
static void fill(uint64_t bytes) {
  enum { WORDS = 1 << 22 };
  uint32_t *words = malloc(WORDS * sizeof *words), seed = 1;
  for (int i = 0; i < WORDS && words; i++) {
    seed = seed * 1664525 + 1013904223;
    words[i] = 0x38003800 | (seed >> 3 & 0x83ff83ff);
  }
  for (uint64_t at = 0; at + WORDS * sizeof *words <= bytes; at += WORDS * sizeof *words)
    CHECK(device->ops->push(device, words, at, WORDS * sizeof *words, err));
}

static void print_layer(const layer *l, const job *jobs) {
  int64_t made = (l->size + 2 * l->pad - l->kernel) / l->stride + 1;
  double flops = 2.0 * l->images * l->out * (double)(made * made) * (l->in / l->groups) *
                 l->kernel * l->kernel;
  printf("%-32s %3d", l->name, l->images);
  for (int t = 0; t < TYPES; t++) {
    double us = time_job(&jobs[t]);
    printf(" %9.1f us %6.1f TFLOP/s", us, flops / us / 1e6);
  }
  printf("\n");
  fflush(stdout);
}

int main(void) {
  static job jobs[LAYERS][TYPES];
  uint64_t most = 0;
  void *host;
  CHECK(gcut__device_open("cuda", &device, err));
  for (size_t i = 0; i < LAYERS; i++)
    for (int t = 0; t < TYPES; t++) {
      jobs[i][t] = prepare(&layers[i], types[t]);
      uint64_t bytes = jobs[i][t].bytes + jobs[i][t].program->work.workspace;
      if (bytes > most) most = bytes;
    }
  CHECK(device->ops->reserve(device, most, 0, &host, err));
  fill(most);
  printf("%s\n%-32s %3s %12s %26s %25s\n", device->note ? device->note : "by its libraries",
         "layer", "x", types[0], types[1], types[2]);
  for (size_t i = 0; i < LAYERS; i++) print_layer(&layers[i], jobs[i]);
  return 0;
}
