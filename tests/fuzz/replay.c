// Runs a fuzz target over files, and over all files beneath folders, without a fuzzing engine:
//
//   NAME_replay PATH...
//
// for findings, for corpora in the test suite, and for compilers that have no libFuzzer. Prints how
// many files it ran; whatever a target does wrong ends the program.
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_files;

static void run_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(size ? size : 1); // no byte to spare, so that a sanitizer sees overruns
  if (!file || !data || fread(data, 1, size, file) != size) {
    perror(path);
    exit(1);
  }
  fclose(file);
  LLVMFuzzerTestOneInput(data, size);
  free(data);
  n_files++;
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *where) {
  (void)where;
  if (type == FTW_F && S_ISREG(info->st_mode)) run_file(path, (size_t)info->st_size);
  return 0;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (nftw(argv[i], visit, 16, FTW_PHYS) != 0) {
      perror(argv[i]);
      return 1;
    }
  printf("%d files\n", n_files);
  return n_files > 0 ? 0 : 1;
}
