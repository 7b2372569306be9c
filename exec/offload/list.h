// Every strategy, once.
// X(name, stays, options, summary); each has gcut__<name>_decide in exec/offload/<name>.c. `stays`:
// no weights move once the run has begun, so unless `loop` says otherwise batches are outside,
// parts inside.
#ifndef GCUT_EXEC_OFFLOAD_LIST_H
#define GCUT_EXEC_OFFLOAD_LIST_H

#define GCUT_STRATEGY_LIST(X)                                                                      \
  X(resident, true, "loop=parts|batches,batches=N,place=device|host",                              \
    "all weights stay on the device")                                                              \
  X(sequential, false, "loop=parts|batches,batches=N,place=device|host",                           \
    "one part at a time: parts outside, batches inside")                                           \
  X(prefetch, false, "group=N,stream=M,ahead=S,loop=parts|batches,batches=N,place=device|host",    \
    "of every N parts the last M stream, S ahead of computing, through S+1 slots")                 \
  X(uva, true, "bytes=B,match=re:PATTERN,loop=parts|batches,batches=N,place=device|host",          \
    "kernels read up to B bytes of weights where they lie in host memory; the rest stays")         \
  X(partial, false,                                                                                \
    "keep=K,order=strided|prefix,ahead=S,loop=parts|batches,batches=N,place=device|host",          \
    "K parts stay, spread over the model, the rest stream")                                        \
  X(hybrid, false, "min-tokens=N,ahead=S,loop=parts|batches,batches=N,place=device|host",          \
    "a part with few tokens computes on the host, one with many is onloaded")                      \
  X(auto, false, "", "whichever is fastest in simulation, within the budget")

#endif
