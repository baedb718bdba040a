// norm_modulation_statistics.cuh: statistics of a row that a block holds in registers, in one barrier a sum.
//   layer  r <- r - mean;  factor = rsqrt(sum((r - mean)^2) / D + eps)    two sums, two passes over the registers
//   rms    factor = rsqrt(sum(r^2) / D + eps)                             one sum
// The caller multiplies by the factor. The sums are multiplied by 1 / D. Blocks are D / 8 / kRuns threads; kThreads is
// that number, or kAnyThreads where it is known at run time alone.
#pragma once

#include "kda/norm_modulation_operand.cuh"
#include "kda/reduce.cuh"

namespace kda::norm_modulation {

constexpr int kAnyThreads = 0;

// The block's sum in every thread. Sums that follow each other take different slots (kda/reduce.cuh).
template <int kThreads, int kSlot>
__device__ __forceinline__ float row_sum(float value) {
  if constexpr (kThreads != kAnyThreads) {
    return block_sum<kThreads, kSlot>(value);
  } else {
    __shared__ float warp_sums[32];
    const int lane = threadIdx.x % 32, warps = blockDim.x / 32;
    value = warp_sum(value);
    if (lane == 0) warp_sums[threadIdx.x / 32] = value;
    __syncthreads();
    return warp_sum(lane < warps ? warp_sums[lane] : 0.f);
  }
}

template <Norm kNorm, int kThreads, int kSlot, int kRuns>
__device__ __forceinline__ float centre_and_factor(Vec<float, kRun> (&r)[kRuns], float inverse_channels,
                                                   float epsilon) {
  if constexpr (kNorm == Norm::kLayer) {
    float sum = 0.f;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) sum += r[run][i];
    }
    const float mean = row_sum<kThreads, kSlot>(sum) * inverse_channels;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) r[run][i] -= mean;
    }
  }
  float squares = 0.f;
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
#pragma unroll
    for (int i = 0; i < kRun; ++i) squares = fmaf(r[run][i], r[run][i], squares);
  }
  return rsqrtf(fmaf(row_sum<kThreads, kSlot + 1>(squares), inverse_channels, epsilon));
}

}  // namespace kda::norm_modulation
