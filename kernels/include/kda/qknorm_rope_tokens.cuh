// qknorm_rope_tokens.cuh: per-head RMS norm and rotation of adjacent pairs, D = R = 128, in place.
//   y = x * (rsqrt(sum(x^2) / 128 + eps) * w);  z[2j], z[2j+1] = rotate(y[2j], y[2j+1], cos[p, j], sin[p, j])
//   q [N, Hq, 128], k [N, Hk, 128] bf16;  weights bf16 [128];  cos_sin_cache f32 [rows, 128];  p = positions[token]
// Moves 512 * N * (Hq + Hk) + 512 * N B. Bound: HBM.
// Grid: (N, slices of the heads). A head is 16 lanes of 8 elements, 16 B each. A thread has kHeads heads of one token,
// all loaded before the first reduction; position, cos, sin and weights it loads once.
// Nothing is divided, and the chain position, cos and sin runs beside the loads of x.
#pragma once

#include "kda/caching.cuh"
#include "kda/qknorm_rope_arguments.cuh"
#include "kda/reduce.cuh"

namespace kda::qknorm_rope {

constexpr int kTokenHeadDim = 128;
constexpr int kHeadLanes = 16;
constexpr int kLaneElements = kTokenHeadDim / kHeadLanes;
// q and k are read once and written once (guesses: no GPU has timed them).
constexpr Caching kHeadLoads = Caching::kDefault;
constexpr Caching kHeadStores = Caching::kEvictFirst;

// Four floats, by one access where `kIsAligned`.
template <bool kIsAligned>
__device__ __forceinline__ Vec<float, 4> load_four(const float* from) {
  if constexpr (kIsAligned) {
    return Vec<float, 4>::load_readonly(from);
  } else {
    Vec<float, 4> v;
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = __ldg(from + i);
    return v;
  }
}

// kThreads / 16 heads stand side by side in a block, kHeads behind one another.
// 1024 threads an SM: up to 64 registers. Four heads would spill there, so 768 and 80 registers.
template <int kThreads, int kHeads, bool kIsCacheAligned, typename Position>
__global__ void __launch_bounds__(kThreads, (kHeads < 4 ? 1024 : 768) / kThreads)
    qknorm_rope_tokens_kernel(const Arguments<Position> a) {
  constexpr unsigned kSlots = kThreads / kHeadLanes;
  using Elements = Vec<__nv_bfloat16, kLaneElements>;
  const unsigned lane = threadIdx.x % kHeadLanes, token = blockIdx.x;
  const unsigned first = blockIdx.y * (kSlots * kHeads) + threadIdx.x / kHeadLanes;
  // Of the first head, in q and in k: two bases and a uniform step take fewer registers than kHeads addresses.
  const int64_t start = first * a.head_stride + lane * kLaneElements, step = kSlots * a.head_stride;
  __nv_bfloat16* const q = a.q + token * a.q_token + start;
  __nv_bfloat16* const k = a.k - a.q_heads * a.head_stride + token * a.k_token + start;

  cudaGridDependencySynchronize();
  const int64_t position = a.positions[token];
  Elements x[kHeads];
#pragma unroll
  for (int i = 0; i < kHeads; ++i) {
    const unsigned head = first + i * kSlots;
    x[i] = Elements{};
    if (head < a.heads) {
      x[i] = load_stream<kHeadLoads, kLaneElements>(
          static_cast<const __nv_bfloat16*>((head < a.q_heads ? q : k) + i * step));
    }
  }
  const Elements q_weight = Elements::load_readonly(a.q_weight + lane * kLaneElements);
  const Elements k_weight = Elements::load_readonly(a.k_weight + lane * kLaneElements);
  const float* const row = a.cache + position * kTokenHeadDim + lane * (kLaneElements / 2);
  const Vec<float, 4> cos = load_four<kIsCacheAligned>(row);
  const Vec<float, 4> sin = load_four<kIsCacheAligned>(row + kTokenHeadDim / 2);

  float sums[kHeads];
#pragma unroll
  for (int i = 0; i < kHeads; ++i) {
    const Vec<float, kLaneElements> y = to_float(x[i]);
    sums[i] = 0.0f;
#pragma unroll
    for (int j = 0; j < kLaneElements; j += 2) sums[i] += y[j] * y[j] + y[j + 1] * y[j + 1];
  }
  warp_reduce<kHeadLanes>(sums, Sum{});

#pragma unroll
  for (int i = 0; i < kHeads; ++i) {
    const unsigned head = first + i * kSlots;
    if (head >= a.heads) continue;
    const float factor = rsqrtf(sums[i] / kTokenHeadDim + a.eps);
    const Vec<float, kLaneElements> w = to_float(select(head < a.q_heads, q_weight, k_weight));
    Vec<float, kLaneElements> y = to_float(x[i]);
#pragma unroll
    for (int j = 0; j < kLaneElements; j += 2) {
      const float even = y[j] * (factor * w[j]), odd = y[j + 1] * (factor * w[j + 1]);
      y[j] = even * cos[j / 2] - odd * sin[j / 2];
      y[j + 1] = odd * cos[j / 2] + even * sin[j / 2];
    }
    store_stream<kHeadStores>((head < a.q_heads ? q : k) + i * step, from_float<__nv_bfloat16>(y));
  }
  cudaTriggerProgrammaticLaunchCompletion();
}

}  // namespace kda::qknorm_rope
