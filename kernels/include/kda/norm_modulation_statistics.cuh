// norm_modulation_statistics.cuh: statistics of a row that a block holds in registers, in one barrier a sum.
//   layer  r <- r - mean;  factor = rsqrt(sum((r - mean)^2) / D + eps)    two sums, two passes over the registers
//   rms    factor = rsqrt(sum(r^2) / D + eps)                             one sum
// The caller multiplies by the factor. Blocks are D / 8 / kRuns threads; kThreads is that number, or kAnyThreads where
// it is known at run time alone.
#pragma once

#include "kda/norm_modulation_operand.cuh"
#include "kda/reduce.cuh"

namespace kda::norm_modulation {

constexpr int kAnyThreads = 0;

// Makes means of sums over D. f32 rows divide, as the baseline does: with 1 / D, the mean of a row far from zero is off
// by more than twice the baseline's error now and then. Rows of 16 bits do not show the difference.
template <typename T>
struct RowMean {
  float channels, inverse;

  explicit __device__ __forceinline__ RowMean(int count)
      : channels(static_cast<float>(count)), inverse(1.f / static_cast<float>(count)) {}

  __device__ __forceinline__ float operator()(float sum) const {
    if constexpr (sizeof(T) == 4)
      return sum / channels;
    else
      return sum * inverse;
  }
};

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

template <Norm kNorm, int kThreads, int kSlot, int kRuns, typename T>
__device__ __forceinline__ float centre_and_factor(Vec<float, kRun> (&r)[kRuns], RowMean<T> mean_of, float epsilon) {
  if constexpr (kNorm == Norm::kLayer) {
    float sum = 0.f;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) sum += r[run][i];
    }
    const float mean = mean_of(row_sum<kThreads, kSlot>(sum));
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
  return rsqrtf(mean_of(row_sum<kThreads, kSlot + 1>(squares)) + epsilon);
}

}  // namespace kda::norm_modulation
