// group_norm_exchange.cuh: how blocks that share a group tell each other their part of its sums.
// Sums are relative to the group's origin, which is the same for all blocks, so that they simply add up.
#pragma once

#include <cuda_runtime.h>

#include "kda/cluster.cuh"
#include "kda/cooperative.cuh"
#include "kda/group_norm_math.cuh"
#include "kda/reduce.cuh"

namespace kda::group_norm {

// One word for both, and never 0, which says that a mailbox is empty: a sum of squares is not negative, so its negative
// has the sign bit.
__device__ __forceinline__ unsigned long long packed(GroupSums sums) {
  const unsigned sum = __float_as_uint(sums.sum), squares = __float_as_uint(-sums.squares);
  return static_cast<unsigned long long>(squares) << 32 | sum;
}

__device__ __forceinline__ GroupSums unpacked(unsigned long long word) {
  return {__uint_as_float(static_cast<unsigned>(word)), -__uint_as_float(static_cast<unsigned>(word >> 32))};
}

// In f32, which is enough for 16-bit outputs as the sums are relative to the origin.
__device__ __forceinline__ GroupMoments moments_of(GroupSums total, float origin, float inverse_count, float eps) {
  const float shift = total.sum * inverse_count;
  const float variance = fmaf(-shift, shift, total.squares * inverse_count);
  return {origin + shift, rsqrt_approx((variance < 0.0f ? 0.0f : variance) + eps)};
}

// The total over groups of kWidth lanes, each with its own sums; in a fixed order.
template <int kWidth>
__device__ __forceinline__ GroupSums lanes_total(GroupSums sums) {
  float values[2] = {sums.sum, sums.squares};
  warp_reduce<kWidth>(values, Sum{});
  return {values[0], values[1]};
}

}  // namespace kda::group_norm
