// Writes the models that must be refused, and the odd ones that must not, as files:
//
//   hostile DIR
//
// DIR/bad holds one NAME.onnx a case, DIR/odd the right ones, DIR/external/NAME a folder a case of
// external data. For trying the command, and as a corpus to start fuzzing from.
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/hostile.h"

static void write_model(const char *folder, const char *name, proto *model) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s.onnx", folder, name);
  pb_write_file(model, path);
  pb_free(model);
}

static void write_external(const hostile_external *c) {
  char folder[128];
  snprintf(folder, sizeof folder, "external/%s", c->name);
  mkdir(folder, 0777);
  if (c->prepare) c->prepare(folder);
  proto model = hostile_external_model(c);
  write_model(folder, "model", &model);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: hostile DIR\n");
    return 2;
  }
  mkdir(argv[1], 0777);
  if (chdir(argv[1]) != 0) {
    perror(argv[1]);
    return 1;
  }
  mkdir("bad", 0777);
  mkdir("odd", 0777);
  mkdir("external", 0777);
  const hostile_case *c;
  for (size_t i = 0; (c = hostile_case_at(i)); i++) {
    proto model = {0};
    c->make(&model);
    write_model("bad", c->name, &model);
  }
  for (size_t i = 0; i < n_odd_cases; i++) {
    proto model = {0};
    odd_cases[i].make(&model);
    write_model("odd", odd_cases[i].name, &model);
  }
  for (size_t i = 0; i < n_hostile_externals; i++) write_external(&hostile_externals[i]);
  return 0;
}
