// What a device is to the interpreter of schedules: a slab of memory, copies, parts that run.
//
// The interpreter (interpret.c) has one thread a queue and calls a device from the thread of the
// command's queue. A device whose work is done when a call returns (the CPU) leaves the event calls
// NULL; one that only enqueues (CUDA: a stream a queue) has them, and the interpreter then orders
// queues by events and never waits on the host, except where host memory is read or given back.
//
// Calls of different queues run at the same time. What they touch is disjoint, or ordered by the
// schedule's waits, as gcut_schedule_verify has proved.
#ifndef GCUT_EXEC_DEVICE_H
#define GCUT_EXEC_DEVICE_H

#include "exec/layout.h"
#include "graphcut/plan.h"
#include "graphcut/schedule.h"
#include "graphcut/simulate.h"
#include "graphcut/tensor.h"

typedef struct gcut__device gcut__device;
typedef struct gcut__program gcut__program; // a part for one class of shapes; a device extends it
typedef struct gcut__event gcut__event;     // a point in a queue; owned by the device

struct gcut__program {
  const gcut_trace *trace;
  const gcut_part *part;
  gcut_work work; // its workspace holds what the device needs beside weights and operands
  const uint32_t *host_nodes; // [n_host_nodes] that the device leaves to the host's CPU
  uint32_t n_host_nodes;
};

// Weights of a part, and where they go.
typedef struct gcut__part_weights {
  const gcut_graph *graph;
  const gcut_weight *weights;            // [n]
  const gcut_constant *const *constants; // [n] where they are
  const uint64_t *offsets; // [n] in the part's range; GCUT_ON_HEAP: read in place (uva)
  uint32_t n, part;
  uint64_t bytes; // of the range
  void *state;    // the device's, from load (or the first run) to unload
} gcut__part_weights;

// A value that a part reads or makes: a range of the slab, or a tensor on the host's heap.
typedef struct gcut__operand {
  uint32_t value; // of the graph
  bool output;
  uint64_t offset;    // GCUT_ON_HEAP: *heap
  gcut_tensor **heap; // an output is stored there, with a reference
} gcut__operand;

typedef struct gcut__run_args {
  gcut__program *program;
  gcut__part_weights *weights;        // where nothing of them was loaded, all are read in place
  uint64_t weights_offset, workspace; // in the slab
  uint64_t prepared;                  // what the part made of weights alone, or GCUT_NOT_PREPARED
  const gcut__operand *operands;      // [n_operands]
  uint32_t n_operands;
} gcut__run_args;

typedef struct gcut__device_ops {
  const char *name; // "cpu", "cuda", "sim"
  void (*destroy)(gcut__device *device);

  // Chooses kernels and sizes for a part; before reserve, from one thread. GCUT_UNSUPPORTED names a
  // node that neither the device nor the host can run.
  gcut_status (*compile)(gcut__device *device, const gcut_trace *trace, const gcut_part *part,
                         gcut__program **out_program, gcut_error *err);
  void (*program_destroy)(gcut__program *program);
  // What the machine can do, for strategies that weigh rates; NULL: nothing is known.
  gcut_status (*profile)(gcut__device *device, gcut_profile *out_profile, gcut_error *err);
  // Measures it, and the host beside it: seconds of work. `description` says what the device is.
  // NULL: there is nothing to measure.
  gcut_status (*measure)(gcut__device *device, gcut_profile *out_profile, char *description,
                         size_t size, gcut_error *err);
  // Bytes of device memory that may be taken, for a run without a budget; NULL: no bound.
  uint64_t (*memory_bytes)(gcut__device *device);

  // Takes the slab, of exactly that many bytes, and host memory that copies read and write.
  gcut_status (*reserve)(gcut__device *device, uint64_t slab_bytes, uint64_t host_bytes,
                         void **out_host, gcut_error *err);

  // Commands, each on its queue's thread.
  gcut_status (*load)(gcut__device *device, gcut__part_weights *weights, uint64_t offset,
                      gcut_error *err);
  // Nothing of the part is in use any more; from the disk queue, and at the end for what still has
  // state.
  void (*unload)(gcut__device *device, gcut__part_weights *weights);
  // Another part computes from now on; weights that this one reads in place (all of them, where
  // none was loaded) need not stay in memory till its next turn. From the thread that runs it.
  // NULL: nothing to do.
  void (*rest)(gcut__device *device, const gcut__part_weights *weights, bool all);
  gcut_status (*push)(gcut__device *device, const void *host, uint64_t offset, uint64_t bytes,
                      gcut_error *err);
  gcut_status (*pull)(gcut__device *device, uint64_t offset, void *host, uint64_t bytes,
                      gcut_error *err);
  // What the program's part makes of weights alone, to args->prepared; without operands. NULL: no
  // program of the device says that it makes any.
  gcut_status (*prepare)(gcut__device *device, const gcut__run_args *args, gcut_error *err);
  gcut_status (*run)(gcut__device *device, const gcut__run_args *args, gcut_error *err);

  // Order between queues; all NULL where calls return when their work is done.
  //
  // Marks the end of what the queue holds so far. What *out_event is then is to be released, also
  // on failure.
  gcut_status (*record)(gcut__device *device, gcut_queue queue, gcut__event **out_event,
                        gcut_error *err);
  // What is put on the queue from now on starts after the event.
  gcut_status (*wait)(gcut__device *device, gcut_queue queue, gcut__event *event, gcut_error *err);
  // Blocks the calling thread until the event; *out_ns is when it came, on the device's clock (for
  // timelines).
  gcut_status (*sync)(gcut__device *device, gcut__event *event, int64_t *out_ns, gcut_error *err);
  // Nobody will wait for it again. From any thread.
  void (*release)(gcut__device *device, gcut__event *event);
} gcut__device_ops;

struct gcut__device {
  const gcut__device_ops *ops;
  const char *note; // what it does without, for reports; NULL mostly
};

// A device by name: "cpu", "sim", "cuda", "cuda:1". GCUT_ARGUMENT: none of that name; GCUT_DEVICE:
// it cannot be used, and why.
GCUT_MUST_USE gcut_status gcut__device_open(const char *name, gcut__device **out_device,
                                            gcut_error *err);

// The CPU. It also computes on the host beside other devices: then its slab is their host memory,
// given by gcut__cpu_device_adopt instead of reserve.
GCUT_MUST_USE gcut_status gcut__cpu_device_create(gcut__device **out_device, gcut_error *err);
void gcut__cpu_device_adopt(gcut__device *device, void *memory, uint64_t bytes);
// A machine of a profile: sizes and time, no data. It compiles; schedules for it are simulated.
GCUT_MUST_USE gcut_status gcut__sim_device_create(gcut__device **out_device, gcut_error *err);

#endif
