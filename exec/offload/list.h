// Every strategy, once.
// X(name, options, summary); each has gcut__<name>_decide in exec/offload/<name>.c.
#ifndef GCUT_EXEC_OFFLOAD_LIST_H
#define GCUT_EXEC_OFFLOAD_LIST_H

#define GCUT_STRATEGY_LIST(X)                                                                      \
  X(resident, "loop=parts|batches,place=device|host", "all weights stay on the device")            \
  X(sequential, "loop=parts|batches,batches=N,place=device|host",                                  \
    "one part at a time: parts outside, batches inside")

#endif
