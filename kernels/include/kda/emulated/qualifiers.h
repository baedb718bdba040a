// CUDA's function, variable and type qualifiers for a host compiler.
#ifndef KDA_EMULATED_QUALIFIERS_H
#define KDA_EMULATED_QUALIFIERS_H

#if !defined(KDA_EMULATED)
#error "this header stands for CUDA's own only in emulated builds; compile with -DKDA_EMULATED"
#endif
#if !defined(__GNUC__) || __cplusplus < 202002L
#error "emulated builds need GCC or Clang with -std=c++20"
#endif

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __maxnreg__(count)
#define __cluster_dims__(...)

// Each pool thread runs one block at a time and a block stays on its thread, so a variable of the pool thread is a
// variable of the block. Like CUDA's, it is not initialised: it holds what the block before it left.
#define __shared__ static thread_local

#define __forceinline__ inline __attribute__((always_inline))
// Empty, since libstdc++ writes __attribute__((__noinline__)), which this expansion leaves valid.
#define __noinline__
#define __align__(bytes) __attribute__((aligned(bytes)))

#endif
