// Building a schedule: what strategies call. A strategy says which command comes next, what it
// reads and which range it takes; the waits that make this safe are found here.
//
//   gcut__begin(b, kind, queue)   then any of use/claim/release, then  gcut__commit(b)
//
// Allocations are handles: a range of a space, from the command that claims it to its DROP.
// Failures are remembered and given back by gcut__builder_finish, so calls need no check in
// between.
#ifndef GCUT_EXEC_SCHEDULE_H
#define GCUT_EXEC_SCHEDULE_H

#include "graphcut/schedule.h"

typedef struct gcut__builder gcut__builder;

// NULL where memory is out.
gcut__builder *gcut__builder_create(const gcut_problem *problem);
void gcut__builder_destroy(gcut__builder *builder); // NULL is allowed

// Starts a command; its fields but waits and places may be set until it is committed.
gcut_command *gcut__begin(gcut__builder *b, gcut_command_kind kind, gcut_queue queue);
// The command takes a range: it waits for whatever touched these bytes before. Returns the handle.
uint32_t gcut__claim(gcut__builder *b, gcut_space space, uint64_t offset, uint64_t bytes);
// The command reads what was claimed: it waits for the one that wrote it.
void gcut__use(gcut__builder *b, uint32_t allocation);
// The command comes after that one.
void gcut__after_command(gcut__builder *b, uint32_t command);
void gcut__add_place(gcut__builder *b, uint32_t activation, bool output, uint64_t offset);
void gcut__commit(gcut__builder *b);
// A DROP of the allocation on the queue that touched it last, in space `space`; weights of `part`
// or an `activation` of a batch (GCUT_NONE for what does not apply). Returns the command.
uint32_t gcut__drop(gcut__builder *b, gcut_space space, uint32_t allocation, uint32_t part,
                    uint32_t activation, uint32_t batch);

uint64_t gcut__offset(const gcut__builder *b, uint32_t allocation);
void gcut__set_pass(gcut__builder *b, uint32_t pass); // of all commands from here on
bool *gcut__mapped(gcut__builder *b);                 // [n_weights], to fill

// Hands the schedule over.
GCUT_MUST_USE gcut_status gcut__builder_finish(gcut__builder *b, const char *offload,
                                               const char *note, gcut_schedule **out_schedule,
                                               gcut_error *err);

// What is known complete before a command starts: of each queue, how many of its commands.
typedef struct gcut__clock {
  uint32_t done[GCUT_N_QUEUES];
} gcut__clock;
void gcut__clock_merge(gcut__clock *into, const gcut__clock *other);

#endif
