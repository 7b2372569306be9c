#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tool.h"
#include "tool_json.h"

static gcut_status fail(gcut_error *err, gcut_status status, const char *text, const char *name) {
  snprintf(err->message, sizeof err->message, text, name);
  return status;
}

static const char *output_name(const tool_results *r, uint32_t i) {
  return r->graph->values[r->plan->fetches[i]].name;
}

// ---- where outputs go -------------------------------------------------------------------------

typedef struct stem {
  const char *text;
  int length;
} stem;

// The last part of a batch's path, without ".npz".
static stem stem_of(const char *path) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  if (end - begin > 4 && !memcmp(path + end - 4, ".npz", 4)) end -= 4;
  return (stem){path + begin, (int)(end - begin)};
}

static int compare_stems(const void *a, const void *b) {
  const stem *x = a, *y = b;
  int order = memcmp(x->text, y->text, (size_t)(x->length < y->length ? x->length : y->length));
  return order ? order : x->length - y->length;
}

static bool is_dots(const stem *s) {
  return s->text[0] == '.' && (s->length == 1 || (s->length == 2 && s->text[1] == '.'));
}

// Whether names of batches will not do for their outputs: two are the same, of inputs in several
// folders, or one is none ("."). Then all of them are numbered.
static void choose_names(tool_results *r) {
  size_t n = r->inputs->n;
  stem *stems = tool_alloc(n, sizeof *stems);
  for (size_t i = 0; i < n; i++) stems[i] = stem_of(tool_batches_path(r->inputs, i));
  qsort(stems, n, sizeof *stems, compare_stems);
  for (size_t i = 0; i < n; i++)
    r->numbered |= is_dots(&stems[i]) || (i > 0 && !compare_stems(&stems[i - 1], &stems[i]));
  free(stems);
}

static void batch_name(const tool_results *r, size_t batch, char *buffer, size_t size) {
  stem name = stem_of(tool_batches_path(r->inputs, batch));
  if (r->numbered)
    snprintf(buffer, size, "%06zu", batch);
  else
    snprintf(buffer, size, "%.*s", name.length, name.text);
}

static void output_path(const tool_results *r, size_t batch, char *buffer, size_t size) {
  char name[512]; // a file's
  batch_name(r, batch, name, sizeof name);
  if (r->one_file || r->archived)
    snprintf(buffer, size, "%s", r->output);
  else
    snprintf(buffer, size, "%s/%s.npz", r->output, name);
}

// Outputs over a batch or over what they are compared with would be read for these.
static gcut_status check_unread(const tool_results *r, gcut_error *err) {
  char path[4096];
  for (size_t i = 0; i < r->inputs->n; i++) {
    output_path(r, i, path, sizeof path);
    if (tool_is_same_file(path, tool_batches_path(r->inputs, i)) ||
        (r->expected && tool_is_same_file(path, tool_batches_path(r->expected, i))))
      return fail(err, GCUT_ARGUMENT, "%.600s: outputs would be written over what is read", path);
  }
  return GCUT_OK;
}

// ---- what is expected -------------------------------------------------------------------------

static uint32_t find_output(const tool_results *r, const char *name) {
  uint32_t n = r->plan->n_fetches;
  for (uint32_t i = 0; i < n; i++)
    if (!strcmp(output_name(r, i), name)) return i;
  return n == 1 && !strcmp(name, "out") ? 0 : GCUT_NONE;
}

static gcut_status check_expected(const tool_results *r, size_t batch, const gcut_batch *expected,
                                  gcut_error *err) {
  const char *path = tool_batches_path(r->expected, batch);
  if (expected->n == 0) return fail(err, GCUT_FORMAT, "%.600s: holds no outputs", path);
  for (size_t i = 0; i < expected->n; i++) {
    if (find_output(r, expected->names[i]) != GCUT_NONE) continue;
    snprintf(err->message, sizeof err->message,
             "%.400s: output '%.200s' is expected, but not computed", path, expected->names[i]);
    return GCUT_FORMAT;
  }
  return GCUT_OK;
}

// ---- open -------------------------------------------------------------------------------------

static bool ends_in(const char *path, const char *extension) {
  size_t length = strlen(path), n = strlen(extension);
  return length > n && !strcasecmp(path + length - n, extension);
}

bool tool_is_archive(const char *output) {
  return output && (!strcmp(output, "-") || ends_in(output, ".tar"));
}

// The archive keeps what was standard output; what is printed from now on goes to stderr.
static gcut_status take_stdout(gcut_output *out, gcut_error *err) {
  if (isatty(STDOUT_FILENO))
    return fail(err, GCUT_ARGUMENT, "%s", "an archive is nothing for a terminal: redirect it");
  int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  *out = (gcut_output){.path = strdup("standard output"), .direct = true};
  if (descriptor >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
    out->stream = fdopen(descriptor, "wb");
  if (out->stream && out->path) return GCUT_OK;
  return fail(err, GCUT_IO, "standard output cannot be written: %s", strerror(errno));
}

static gcut_status open_archive(tool_results *r, gcut_error *err) {
  r->archived = true;
  return strcmp(r->output, "-") != 0 ? gcut_output_open(r->output, &r->archive, err)
                                     : take_stdout(&r->archive, err);
}

static gcut_status open_output(tool_results *r, gcut_error *err) {
  if (tool_is_archive(r->output)) return open_archive(r, err);
  r->one_file = ends_in(r->output, ".npz");
  if (r->one_file && r->inputs->n > 1)
    return fail(err, GCUT_ARGUMENT, "%.600s: one file for several batches; name a folder",
                r->output);
  return r->one_file ? tool_check_writable(r->output, err) : tool_make_folder(r->output, err);
}

// A run may take long: whether the first batch can be compared is looked at before.
static gcut_status open_expected(const tool_results *r, gcut_error *err) {
  gcut_batch first;
  if (r->expected->n != r->inputs->n) {
    snprintf(err->message, sizeof err->message, "%zu batches are expected, but there are %zu",
             r->expected->n, r->inputs->n);
    return GCUT_FORMAT;
  }
  gcut_status status = tool_batches_read(r->expected, 0, &first, err);
  if (status != GCUT_OK) return status;
  status = check_expected(r, 0, &first, err);
  gcut_batch_free(&first);
  return status;
}

gcut_status tool_results_open(const gcut_graph *graph, const gcut_plan *plan,
                              const tool_batches *inputs, const char *output,
                              const tool_batches *expected, tool_results *out, gcut_error *err) {
  *out = (tool_results){
      .graph = graph, .plan = plan, .inputs = inputs, .output = output, .expected = expected};
  out->compared = tool_alloc(plan->n_fetches, sizeof *out->compared);
  out->digests = tool_alloc(inputs->n * plan->n_fetches, sizeof *out->digests);
  out->wrong = tool_alloc(inputs->n, sizeof *out->wrong);
  for (uint32_t i = 0; i < plan->n_fetches; i++) out->compared[i].worst.ok = true;
  gcut_status status = expected ? open_expected(out, err) : GCUT_OK;
  if (!output || status != GCUT_OK) return status;
  status = open_output(out, err);
  if (status != GCUT_OK) return status;
  choose_names(out);
  return check_unread(out, err);
}

void tool_results_close(tool_results *results) {
  free(results->compared);
  free(results->digests);
  free(results->wrong);
  gcut_output_abort(&results->archive);
  *results = (tool_results){0};
}

// ---- writing ----------------------------------------------------------------------------------

// Of a value that is fetched twice the first is written.
static bool is_named_before(const tool_results *r, uint32_t i) {
  for (uint32_t k = 0; k < i; k++)
    if (r->plan->fetches[k] == r->plan->fetches[i]) return true;
  return false;
}

static gcut_status archive_outputs(tool_results *r, size_t batch, gcut_tensor *const *outputs,
                                   gcut_error *err) {
  char path[8192], folder[512];
  gcut_status status = GCUT_OK;
  batch_name(r, batch, folder, sizeof folder);
  for (uint32_t i = 0; i < r->plan->n_fetches && status == GCUT_OK; i++) {
    if (!outputs[i] || is_named_before(r, i)) continue;
    snprintf(path, sizeof path, "%s/%s.npy", folder, output_name(r, i));
    status = gcut_tar_add(&r->archive, path, outputs[i], err);
  }
  return status;
}

gcut_status tool_results_commit(tool_results *r, gcut_error *err) {
  return r->archived ? gcut_tar_commit(&r->archive, err) : GCUT_OK;
}

static gcut_status write_outputs(const tool_results *r, size_t batch, gcut_tensor *const *outputs,
                                 gcut_error *err) {
  char path[4096];
  gcut_batch named = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < r->plan->n_fetches && status == GCUT_OK; i++)
    if (!gcut_batch_find(&named, output_name(r, i)))
      status = gcut_batch_add(&named, output_name(r, i), outputs[i], err);
  output_path(r, batch, path, sizeof path);
  if (status == GCUT_OK) status = gcut_npz_write(path, &named, err);
  gcut_batch_free(&named);
  return status;
}

// ---- comparing --------------------------------------------------------------------------------

static bool is_worse(double a, double b) {
  return a != a || (b == b && a > b); // NaN is worst
}

// An output of another shape or type: of which of several batches.
static gcut_status fail_batch(const tool_results *r, size_t batch, gcut_status status,
                              gcut_error *err) {
  gcut_error why = *err;
  if (r->inputs->n > 1)
    snprintf(err->message, sizeof err->message, "%.300s: %.600s",
             tool_batches_path(r->expected, batch), why.message);
  return status;
}

static gcut_status compare_one(tool_results *r, size_t batch, uint32_t i, const gcut_tensor *actual,
                               const gcut_tensor *expected, gcut_error *err) {
  gcut_comparison one;
  gcut_status status =
      gcut_compare(output_name(r, i), actual, expected, r->rtol, r->atol, &one, err);
  if (status != GCUT_OK) return fail_batch(r, batch, status, err);
  gcut_comparison *worst = &r->compared[i].worst;
  r->compared[i].name = output_name(r, i);
  worst->ok &= one.ok;
  r->wrong[batch] |= !one.ok;
  if (is_worse(one.max_abs_error, worst->max_abs_error)) worst->max_abs_error = one.max_abs_error;
  if (is_worse(one.max_rel_error, worst->max_rel_error)) worst->max_rel_error = one.max_rel_error;
  return GCUT_OK;
}

static gcut_status compare_outputs(tool_results *r, size_t batch, gcut_tensor *const *outputs,
                                   gcut_error *err) {
  gcut_batch expected;
  gcut_status status = tool_batches_read(r->expected, batch, &expected, err);
  if (status != GCUT_OK) return status;
  status = check_expected(r, batch, &expected, err);
  for (size_t i = 0; i < expected.n && status == GCUT_OK; i++) {
    uint32_t at = find_output(r, expected.names[i]);
    if (outputs[at]) status = compare_one(r, batch, at, outputs[at], expected.tensors[i], err);
  }
  gcut_batch_free(&expected);
  return status;
}

// ---- self-check -------------------------------------------------------------------------------

static void check_digest(tool_results *r, size_t batch, uint32_t i, gcut_digest digest) {
  const gcut_digest *first = &r->digests[batch * r->plan->n_fetches + i];
  if (r->differs || !memcmp(first, &digest, sizeof digest)) return;
  r->differs = true;
  snprintf(r->difference, sizeof r->difference,
           "output '%.200s' of batch %zu differs from the uncut run", output_name(r, i), batch);
}

static void digest_outputs(tool_results *r, size_t batch, gcut_tensor *const *outputs) {
  for (uint32_t i = 0; i < r->plan->n_fetches; i++) {
    if (!outputs[i]) continue;
    gcut_digest digest = gcut_tensor_digest(outputs[i]);
    if (r->checking)
      check_digest(r, batch, i, digest);
    else
      r->digests[batch * r->plan->n_fetches + i] = digest;
  }
}

static gcut_status take(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err) {
  tool_results *r = context;
  if (r->remember || r->checking) digest_outputs(r, batch, outputs);
  if (r->checking) return GCUT_OK;
  if (r->output) {
    gcut_status status = r->archived ? archive_outputs(r, batch, outputs, err)
                                     : write_outputs(r, batch, outputs, err);
    if (status != GCUT_OK) return status;
  }
  return r->expected ? compare_outputs(r, batch, outputs, err) : GCUT_OK;
}

gcut_sink tool_results_sink(tool_results *results) {
  return (gcut_sink){.write = take, .context = results, .early = results->archived};
}

// ---- what is computed -------------------------------------------------------------------------

static json_t *readers_json(const gcut_graph *g, const gcut_value *value) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < value->n_uses; i++) {
    const gcut_node *node = &g->nodes[g->uses[value->first_use + i]];
    tool_json_append(list, tool_json_pack("{s:o, s:o}", "node", tool_json_text(node->name),
                                          "module", tool_json_text(g->scopes[node->scope].path)));
  }
  return list;
}

json_t *tool_results_json(const tool_results *r) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < r->plan->n_fetches; i++)
    tool_json_append(
        list, tool_json_pack("{s:o, s:o}", "name", tool_json_text(output_name(r, i)), "read_by",
                             readers_json(r->graph, &r->graph->values[r->plan->fetches[i]])));
  return list;
}

gcut_status tool_results_check(const tool_results *r, gcut_error *err) {
  size_t n = r->inputs->n, n_wrong = 0, first = n;
  for (size_t b = n; b-- > 0;)
    if (r->wrong[b]) {
      n_wrong++;
      first = b;
    }
  if (n_wrong == 0) return GCUT_OK;
  if (n == 1) return fail(err, GCUT_MISMATCH, "%s", "outputs differ from what was expected");
  snprintf(err->message, sizeof err->message,
           "outputs of %zu of %zu batches differ from what was expected, first those of %.600s",
           n_wrong, n, tool_batches_path(r->inputs, first));
  return GCUT_MISMATCH;
}

bool tool_is_mixed(const gcut_run_result *result) {
  return result->host_parts > result->host_lookups && strcmp(result->device, "cpu") != 0;
}
