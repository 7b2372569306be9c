// A drawing: boxes, groups and links, before any layout. Views make it; render.c gives it to
// Graphviz. All text is plain: whatever a model's names hold is escaped where it is written.
#ifndef GCUT_FORMATS_DOT_DRAWING_H
#define GCUT_FORMATS_DOT_DRAWING_H

#include "formats/dot/paint.h"
#include "graphcut/formats.h"
#include "graphcut/graph.h"
#include "tracer/base/arena.h"

typedef enum gcut__box_shape {
  GCUT__BOX_MODULE, // a rounded box with title, subtitle and detail
  GCUT__BOX_STACK,  // several equal ones folded into one
  GCUT__BOX_OP,     // one operator
  GCUT__BOX_VALUE,  // an input or output of the graph
  GCUT__BOX_CUT,    // a thin red line with what crosses it
} gcut__box_shape;

typedef struct gcut__box {
  const char *title, *subtitle, *detail, *extra; // NULL: none; a subtitle may have several lines
  const char *within;  // the parts that it is in, or the cuts between what it stands for
  const char *tooltip; // may have several lines
  const char *url;     // NULL: none
  gcut__box_shape shape;
  gcut__paint paint;
  bool crosses, crosses_other; // of a cut: which plans cut there
  bool has_heat;
  double bar;                 // its share of the largest, as a bar; 0: none
  double heat[GCUT_N_HEATS];  // in each measure that was asked for; 0 elsewhere
  uint32_t group;             // GCUT_NONE: none
  uint32_t scope, part, node; // what it stands for; GCUT_NONE: not one of that
  uint32_t last_part;         // where it stands for several
  uint32_t after;             // of a cut: the part before it
} gcut__box;

// A dashed frame around boxes and other groups.
typedef struct gcut__box_group {
  const char *title, *class_name; // "": none
  const char *url;                // NULL: none
  uint32_t parent;                // GCUT_NONE: none; less than its own number
  const char *detail, *within;    // further lines; NULL: none
  uint32_t part;                  // that it is; GCUT_NONE: a module
  double bar;                     // as a box's
  bool keeps;                     // its frame, although it holds but one other
  bool merged;                    // into the one group that it holds
} gcut__box_group;

typedef struct gcut__link {
  uint32_t from, to;   // boxes
  const char *label;   // NULL: none
  const char *tooltip; // NULL: none
  uint64_t bytes;      // 0: unknown
  bool crosses;        // a cut of the plan
  bool crosses_other;  // a cut of the plan it is held against
  bool is_spine;       // keeps what it links in one line
  bool is_unseen;      // only keeps one above the other
  bool is_inside;      // from what holds a graph to the first of it: nothing passes
} gcut__link;

typedef struct gcut__drawing {
  const char *title;
  gcut__box *boxes;
  gcut__box_group *groups;
  gcut__link *links;
  uint32_t n_boxes, n_groups, n_links;
  uint32_t box_capacity, group_capacity, link_capacity;
  const char *note;       // what was folded; NULL: nothing
  const char *heat_title; // what boxes are heated by, with its range; NULL: coloured by kind
  const char *other;      // what the plan is held against; NULL: nothing
  const char *bar_title;  // what the longest bar stands for; NULL: there are no bars
  bool is_thicket;        // no order keeps its links apart: not worth a search for the best
  bool is_pipeline;       // boxes and frames one above the other, to be aligned
  const char *url;        // of the title; NULL: none
  uint32_t n_left_out;    // links and values that are too many to be drawn
  gcut_heat by;           // what boxes are heated by
  double hottest;         // of all boxes
  gcut_arena *arena;
} gcut__drawing;

GCUT_MUST_USE gcut_status gcut__drawing_create(gcut__drawing **out_drawing, gcut_error *err);
void gcut__drawing_destroy(gcut__drawing *drawing);
// The number of the new item, or GCUT_NONE where memory is out. Text is borrowed.
uint32_t gcut__drawing_add_box(gcut__drawing *drawing, const gcut__box *box);
uint32_t gcut__drawing_add_group(gcut__drawing *drawing, const gcut__box_group *group);
uint32_t gcut__drawing_add_link(gcut__drawing *drawing, const gcut__link *link);
// Takes away frames that hold nothing but one other: "m" around "model" becomes "m.model".
void gcut__drawing_merge_groups(gcut__drawing *drawing);
// Takes away the longest links where all are too long to be laid out, and counts them in
// n_left_out.
void gcut__drawing_shorten(gcut__drawing *drawing);
// A box that stands for nothing yet.
gcut__box gcut__drawing_plain_box(gcut__box_shape shape);

#endif
