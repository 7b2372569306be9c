// Every strategy, once.
// X(name, stays, options, summary); each has gcut__<name>_decide in exec/offload/<name>.c. `stays`:
// no weights move once the run has begun, so unless `loop` says otherwise batches are outside,
// parts inside.
#ifndef GCUT_EXEC_OFFLOAD_LIST_H
#define GCUT_EXEC_OFFLOAD_LIST_H

// Options of all that stream or stay: the order of the loops, where activations wait, and how often
// a part makes what depends on its weights alone.
#define GCUT__LOOP_OPTIONS "loop=parts|batches,batches=N,place=device|host,prepare=once|each"

#define GCUT__STRATEGY_LIST(X)                                                                     \
  X(resident, true, GCUT__LOOP_OPTIONS, "all weights stay on the device")                          \
  X(sequential, false, GCUT__LOOP_OPTIONS, "one part at a time: parts outside, batches inside")    \
  X(prefetch, false, "group=N,stream=M,ahead=S," GCUT__LOOP_OPTIONS,                               \
    "of every N parts the last M stream, S ahead of computing, through S+1 slots")                 \
  X(uva, true, "bytes=B,match=re:PATTERN," GCUT__LOOP_OPTIONS,                                     \
    "kernels read up to B bytes of weights where they lie in host memory; the rest stays")         \
  X(partial, false, "keep=K,order=strided|prefix,ahead=S," GCUT__LOOP_OPTIONS,                     \
    "K parts stay, spread over the model, the rest stream")                                        \
  X(hybrid, false, "min-tokens=N,ahead=S," GCUT__LOOP_OPTIONS,                                     \
    "a part with few tokens computes on the host, one with many is onloaded")                      \
  X(auto, false, "", "whichever is fastest in simulation, within the budget")

#endif
