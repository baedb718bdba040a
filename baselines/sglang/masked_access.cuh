// masked_access.cuh: N consecutive channels of one row, zero where masked, as Triton's masked loads with other=0.
// A f32 run of 8 is two accesses of 16 B, 16 B apart, as in Triton.
#pragma once

#include "kda/predicated_load.cuh"

namespace kda::sglang {

constexpr int kAccessBytes = 16;  // the widest access Triton 3.6 emits on sm_90 and sm_100

template <int N, typename T>
__device__ __forceinline__ Vec<T, N> load_masked(const T* from, bool valid) {
  return load_or_zero<N>(from, valid);
}

template <typename T, int N>
__device__ __forceinline__ void store_masked(T* to, const Vec<T, N>& run, bool valid) {
  if (valid) run.store(to);
}

}  // namespace kda::sglang
