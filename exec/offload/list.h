// Every strategy, once.
// X(name, options, summary); each has gcut__<name>_decide in exec/offload/<name>.c.
#ifndef GCUT_EXEC_OFFLOAD_LIST_H
#define GCUT_EXEC_OFFLOAD_LIST_H

#define GCUT_STRATEGY_LIST(X)                                                                      \
  X(resident, "loop=parts|batches,batches=N,place=device|host", "all weights stay on the device")  \
  X(sequential, "loop=parts|batches,batches=N,place=device|host",                                  \
    "one part at a time: parts outside, batches inside")                                           \
  X(prefetch, "group=N,stream=M,ahead=S,loop=parts|batches,batches=N,place=device|host",           \
    "of every N parts the last M stream, S ahead of computing, through S+1 slots")                 \
  X(uva, "bytes=B,match=re:PATTERN,loop=parts|batches,batches=N,place=device|host",                \
    "kernels read up to B bytes of weights where they lie in host memory; the rest stays")         \
  X(partial, "keep=K,order=strided|prefix,ahead=S,loop=parts|batches,batches=N,place=device|host", \
    "K parts stay, spread over the model, the rest stream")                                        \
  X(hybrid, "min-tokens=N,ahead=S,loop=parts|batches,batches=N,place=device|host",                 \
    "a part with few tokens computes on the host, one with many is onloaded")                      \
  X(auto, "", "whichever is fastest in simulation, within the budget")

#endif
