// Writing a timeline by its extension: a picture (.svg), or a trace that Perfetto opens.
#include "formats/timeline/timeline.h"

#include <string.h>
#include <strings.h>

#include "formats/file.h"
#include "graphcut/utf8.h"
#include "tracer/base/error.h"

void gcut__timeline_text(const char *text, const char *const escapes[128], FILE *file) {
  for (size_t size = strlen(text), n; size > 0; text += n, size -= n) {
    uint32_t code = gcut_utf8_read(text, size, &n);
    if (code < 128 && escapes[code])
      fputs(escapes[code], file);
    else if (gcut_utf8_is_shown(code))
      fwrite(text, 1, n, file);
    else
      fputc('?', file);
  }
}

static bool is_picture(const char *path) {
  size_t length = strlen(path);
  return length > 4 && strcasecmp(path + length - 4, ".svg") == 0;
}

static gcut_status check_length(const gcut_timeline *timeline, const gcut_schedule *schedule,
                                gcut_error *err) {
  if (timeline->n == schedule->n_commands) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_ARGUMENT, "a timeline of %u commands for a schedule of %u",
                   timeline->n, schedule->n_commands);
}

gcut_status gcut_timeline_write(const gcut_problem *problem, const gcut_schedule *schedule,
                                const gcut_timeline *timeline, const gcut_timeline *predicted,
                                const char *path, gcut_error *err) {
  gcut_output out;
  GCUT_TRY(check_length(timeline, schedule, err));
  if (predicted) GCUT_TRY(check_length(predicted, schedule, err));
  GCUT_TRY(gcut_output_open(path, &out, err));
  if (is_picture(path))
    gcut__timeline_svg(problem, schedule, timeline, predicted, out.stream);
  else
    gcut__timeline_json(problem, schedule, timeline, predicted, out.stream);
  return gcut_output_commit(&out, err);
}
