// Writing a timeline by its extension: a picture (.svg), or a trace that Perfetto opens.
#include "formats/timeline/timeline.h"

#include <string.h>

#include "formats/file.h"
#include "tracer/base/error.h"

static bool is_picture(const char *path) {
  size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".svg") == 0;
}

gcut_status gcut_timeline_write(const gcut_problem *problem, const gcut_schedule *schedule,
                                const gcut_timeline *timeline, const char *path, gcut_error *err) {
  gcut_output out;
  if (timeline->n != schedule->n_commands)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a timeline of %u commands for a schedule of %u",
                     timeline->n, schedule->n_commands);
  GCUT_TRY(gcut_output_open(path, &out, err));
  if (is_picture(path))
    gcut__timeline_svg(problem, schedule, timeline, out.stream);
  else
    gcut__timeline_json(problem, schedule, timeline, out.stream);
  return gcut_output_commit(&out, err);
}
