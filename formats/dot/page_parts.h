// What a page is put together from, each as JSON; `j` remembers what memory was out for.
#ifndef GCUT_FORMATS_DOT_PAGE_PARTS_H
#define GCUT_FORMATS_DOT_PAGE_PARTS_H

#include "formats/dot/material.h"
#include "formats/json/json_text.h"

// The <svg> element of a drawing, in the light theme, without what a page does not need.
GCUT_MUST_USE gcut_status gcut__page_svg(const gcut__drawing *drawing, json_t **out_svg,
                                         gcut_error *err);
// What a box tells of the operator that it is.
json_t *gcut__page_facts(const gcut__material *material, uint32_t node, gcut_arena *arena,
                         gcut__json *j);
// What crosses the cut after a part; what passes through a part.
json_t *gcut__page_cut(const gcut__material *material, const uint32_t *last_readers, uint32_t after,
                       gcut_arena *arena, gcut__json *j);
json_t *gcut__page_part(const gcut__material *material, uint32_t part, gcut_arena *arena,
                        gcut__json *j);
// Lanes of a timeline: slices too thin to see are one.
json_t *gcut__page_timeline(const gcut__slices *slices, gcut_arena *arena, gcut__json *j);
// Light colours and their dark counterparts, fills of heat, names of what boxes may be heated by.
json_t *gcut__page_theme(gcut__json *j);

#endif
