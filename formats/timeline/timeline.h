// Timelines as files: each writer puts one on a stream.
#ifndef GCUT_FORMATS_TIMELINE_TIMELINE_H
#define GCUT_FORMATS_TIMELINE_TIMELINE_H

#include "graphcut/simulate.h"

void gcut__timeline_json(const gcut_problem *problem, const gcut_schedule *schedule,
                         const gcut_timeline *timeline, FILE *file);
void gcut__timeline_svg(const gcut_problem *problem, const gcut_schedule *schedule,
                        const gcut_timeline *timeline, FILE *file);

#endif
