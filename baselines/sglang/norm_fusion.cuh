// norm_fusion.cuh: what sglang's CuTe norm kernels share: the block's sum, and a norm over the row in registers.
//   layer  mean = sum(r) / D;  n = (r - mean) * rsqrt(sum((r - mean)^2) / D + eps)
//   rms    n = r * rsqrt(sum(r^2) / D + eps)
//   then n * weight + bias (layer) or n * weight (rms), rounded to T
// A block is D / 8 threads, one run of 8 elements each.
#pragma once

#include "kda/norm_modulation_operand.cuh"

namespace kda::sglang {

using norm_modulation::kIsAbsent;
using norm_modulation::kIsAny;
using norm_modulation::kRun;
using norm_modulation::Norm;
using norm_modulation::RowOperand;
using Floats = Vec<float, kRun>;

constexpr int kMaxNormWarps = 32;
constexpr int kMaxNormThreads = 32 * kMaxNormWarps;

__device__ __forceinline__ float shuffle_down_sum(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
  return value;
}

// The block's sum in every thread. Two barriers: the warps' sums, then the total that the first warp makes of them.
__device__ __forceinline__ float block_sum_two_barriers(float value, float* warp_sums) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  value = shuffle_down_sum(value);
  if (lane == 0) warp_sums[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = shuffle_down_sum(lane < warps ? warp_sums[lane] : 0.f);
    if (lane == 0) warp_sums[kMaxNormWarps] = value;
  }
  __syncthreads();
  return warp_sums[kMaxNormWarps];
}

// The norm of the row before weight and bias.
template <Norm kNorm>
__device__ __forceinline__ Floats normalised(Floats r, int channels, float epsilon, float* warp_sums) {
  const float count = static_cast<float>(channels);
  if constexpr (kNorm == Norm::kLayer) {
    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < kRun; ++i) sum += r[i];
    const float mean = block_sum_two_barriers(sum, warp_sums) / count;
#pragma unroll
    for (int i = 0; i < kRun; ++i) r[i] -= mean;
  }
  float squares = 0.f;
#pragma unroll
  for (int i = 0; i < kRun; ++i) squares = fmaf(r[i], r[i], squares);
  const float factor = rsqrtf(block_sum_two_barriers(squares, warp_sums) / count + epsilon);
#pragma unroll
  for (int i = 0; i < kRun; ++i) r[i] *= factor;
  return r;
}

}  // namespace kda::sglang
