// reduce.cuh: sums and other reductions over a warp or a block, of one value or of several at once.
//
//   float total = kda::block_sum<kThreads>(partial);                     // every thread gets the result
//   float pair[2] = {sum, sum_of_squares};
//   kda::block_reduce<kThreads, 1>(pair, kda::Sum{});                    // two values, still one barrier
//
// A block reduction costs one __syncthreads. Its partial results lie in static shared memory of its own per `kSlot`,
// so the same slot may be used again only after another barrier; a reduction in another slot is one. The order of
// the operations is fixed: the same input gives the same bits, and every thread gets the same bits.
#pragma once

#include <cuda_runtime.h>

namespace kda {

struct Sum {
  template <typename T>
  static __device__ __forceinline__ T identity() {
    return T(0);
  }
  template <typename T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a + b;
  }
};

// NaN loses against a number, as in fmaxf.
struct Max {
  template <typename T>
  static __device__ __forceinline__ T identity() {
    return T(-INFINITY);
  }
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

struct Min {
  template <typename T>
  static __device__ __forceinline__ T identity() {
    return T(INFINITY);
  }
  __device__ __forceinline__ float operator()(float a, float b) const { return fminf(a, b); }
};

// Reduces over groups of `kWidth` neighbouring lanes; every lane of the warp takes part and gets its group's result.
template <int kWidth = 32, typename T, int N, typename Op>
__device__ __forceinline__ void warp_reduce(T (&values)[N], Op op) {
  static_assert(kWidth >= 1 && kWidth <= 32 && (kWidth & (kWidth - 1)) == 0, "a power of two up to 32");
#pragma unroll
  for (int offset = kWidth / 2; offset > 0; offset /= 2) {
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = op(values[i], __shfl_xor_sync(0xffffffffu, values[i], offset));
  }
}

template <int kWidth = 32, typename T, typename Op>
__device__ __forceinline__ T warp_reduce(T value, Op op) {
  T values[1] = {value};
  warp_reduce<kWidth>(values, op);
  return values[0];
}

template <int kWidth = 32, typename T>
__device__ __forceinline__ T warp_sum(T value) {
  return warp_reduce<kWidth>(value, Sum{});
}

namespace detail {

constexpr int next_power_of_two(int n) { return n <= 1 ? 1 : 2 * next_power_of_two((n + 1) / 2); }

}  // namespace detail

// Reduces over the block, whose `kThreads` threads lie along x and all take part.
template <int kThreads, int kSlot = 0, typename T, int N, typename Op>
__device__ __forceinline__ void block_reduce(T (&values)[N], Op op) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024, "whole warps, at most 32 of them");
  constexpr int kWarps = kThreads / 32;
  warp_reduce(values, op);
  if constexpr (kWarps > 1) {
    __shared__ T partials[N][kWarps];
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    if (lane == 0) {
#pragma unroll
      for (int i = 0; i < N; ++i) partials[i][warp] = values[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < N; ++i) {
      // Lanes repeat the warps in turn, so that groups of kWarps lanes all end with the whole block's result.
      const int from = lane % detail::next_power_of_two(kWarps);
      values[i] = from < kWarps ? partials[i][from] : Op::template identity<T>();
    }
    warp_reduce<detail::next_power_of_two(kWarps)>(values, op);
  }
}

template <int kThreads, int kSlot = 0, typename T, typename Op>
__device__ __forceinline__ T block_reduce(T value, Op op) {
  T values[1] = {value};
  block_reduce<kThreads, kSlot>(values, op);
  return values[0];
}

template <int kThreads, int kSlot = 0, typename T>
__device__ __forceinline__ T block_sum(T value) {
  return block_reduce<kThreads, kSlot>(value, Sum{});
}

}  // namespace kda
