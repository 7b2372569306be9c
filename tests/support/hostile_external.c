// External data: where it must not lie, and where it may.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/hostile_build.h"

static void in_folder(const char *folder, const char *name, char path[512]) {
  snprintf(path, 512, "%s/%s", folder, name);
}
static void must(int failed, const char *path) {
  if (!failed) return;
  perror(path);
  exit(1);
}
static void put_file(const char *folder, const char *name, size_t bytes) {
  char path[512];
  in_folder(folder, name, path);
  proto p = {0};
  for (size_t i = 0; i < bytes; i++) pb_raw(&p, "\1", 1);
  pb_write_file(&p, path);
  pb_free(&p);
}
static void put_link(const char *folder, const char *target, const char *name) {
  char path[512];
  in_folder(folder, name, path);
  unlink(path);
  must(symlink(target, path) != 0, path);
}
static void prepare_file(const char *folder) {
  put_file(folder, "w.bin", 32);
}
static void prepare_folder(const char *folder) {
  char path[512];
  in_folder(folder, "dir", path);
  mkdir(path, 0777);
}
static void prepare_fifo(const char *folder) {
  char path[512];
  in_folder(folder, "fifo", path);
  unlink(path);
  must(mkfifo(path, 0666) != 0, path);
}
static void prepare_link(const char *folder) {
  prepare_file(folder);
  put_link(folder, "w.bin", "link.bin");
}
static void prepare_device_link(const char *folder) {
  put_link(folder, "/dev/zero", "zero");
}
static void prepare_folder_link(const char *folder) {
  prepare_folder(folder);
  put_file(folder, "dir/w.bin", 32);
  put_link(folder, "dir", "other");
}
static void prepare_inner(const char *folder) {
  prepare_folder(folder);
  put_file(folder, "dir/w.bin", 32);
}
static void prepare_hard_link(const char *folder) {
  char from[512], to[512];
  put_file(folder, "first.bin", 32);
  in_folder(folder, "first.bin", from);
  in_folder(folder, "second.bin", to);
  unlink(to);
  must(link(from, to) != 0, to);
}

#define LONG_NAME                                                                                  \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"                                                                                             \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"                                                                                             \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"

const hostile_external hostile_externals[] = {
    {"good", NULL, "w.bin", "16", "16", prepare_file, 0},
    {"good-folder", NULL, "./dir//w.bin", "0", "16", prepare_inner, 0},
    {"good-no-length", NULL, "w.bin", "8", NULL, prepare_file, 0},
    {"good-no-offset", NULL, "w.bin", NULL, "16", prepare_file, 0},
    {"missing", NULL, "absent.bin", "0", "16", NULL, 1},
    {"missing-folder", NULL, "absent/w.bin", "0", "16", NULL, 1},
    {"parent", "leaves the model's folder", "../w.bin", "0", "16", prepare_file, 0},
    {"parent-inside", "leaves the model's folder", "a/../../x", "0", "16", NULL, 0},
    {"parent-only", "leaves the model's folder", "..", "0", "16", NULL, 0},
    {"absolute", "is absolute", "/etc/passwd", "0", "16", NULL, 0},
    {"backslash", "holds a backslash", "..\\w.bin", "0", "16", NULL, 0},
    {"empty", "is empty", "", "0", "16", NULL, 0},
    {"dot", "names a folder", ".", "0", "16", NULL, 0},
    {"slash", "names a folder", "dir/", "0", "16", prepare_folder, 0},
    {"folder", "is a folder", "dir", "0", "16", prepare_folder, 0},
    {"fifo", "is not a regular file", "fifo", "0", "16", prepare_fifo, 0},
    {"device", "symbolic link", "zero", "0", "16", prepare_device_link, 0},
    {"link", "symbolic link", "link.bin", "0", "16", prepare_link, 0},
    {"link-folder", "symbolic link", "other/w.bin", "0", "16", prepare_folder_link, 0},
    {"hard-link", "hard link", "second.bin", "0", "16", prepare_hard_link, 0},
    {"file-as-folder", "Not a directory", "w.bin/x", "0", "16", prepare_file, 0},
    {"memory", "memory of another process", "*/_ORT_MEM_ADDR_/*", "0", "16", NULL, 0},
    {"long-name", "255", LONG_NAME "/w.bin", "0", "16", NULL, 0},
    {"offset-wraps", "too large", "w.bin", "9223372036854775807", "16", prepare_file, 0},
    {"offset-overflows", "no number", "w.bin", "18446744073709551600", "16", prepare_file, 0},
    {"offset-past-end", "which has 32", "w.bin", "24", "16", prepare_file, 0},
    {"offset-negative", "no number", "w.bin", "-16", "16", prepare_file, 0},
    {"length-negative", "no number", "w.bin", "0", "-1", prepare_file, 0},
    {"length-words", "no number", "w.bin", "0", "sixteen", prepare_file, 0},
    {"length-empty", "no number", "w.bin", "0", "", prepare_file, 0},
    {"length-wrong", "needs 16 bytes, external length is 12", "w.bin", "0", "12", prepare_file, 0},
    {"no-location", "without a location", NULL, "0", "16", NULL, 0},
};
const size_t n_hostile_externals = sizeof hostile_externals / sizeof *hostile_externals;

proto hostile_external_model(const hostile_external *c) {
  proto graph = begin_relu(), model, tensor = onnx_tensor("w", FLOAT, 1, (const int64_t[]){4});
  const char *keys[] = {"location", "offset", "length"};
  const char *values[] = {c->location, c->offset, c->length};
  for (int i = 0; i < 3; i++) {
    if (!values[i]) continue;
    proto entry = onnx_entry(keys[i], values[i]);
    pb_message(&tensor, TENSOR_EXTERNAL, &entry);
  }
  pb_int(&tensor, TENSOR_LOCATION, 1);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  model = onnx_model(&graph);
  return model;
}
