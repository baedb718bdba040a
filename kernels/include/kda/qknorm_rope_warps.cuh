// qknorm_rope_warps.cuh: per-head RMS norm and rotation, any D and R of the contract, pairs or halves, in place.
//   y = x * (rsqrt(sum(x^2) / D + eps) * w);  elements below R rotated with cos, sin of cache[positions[token]]
//   q [N, Hq, D], k [N, Hk, D] bf16;  weights bf16 [D];  cos_sin_cache f32 [rows, R], aligned as floats are
// Moves 4 * N * (Hq + Hk) * D + 4 * N * R B. Bound: HBM, or the latency of a head.
// Grid: N. One warp a head, D/32 elements a lane, 8 warps walk a token's heads. Position, cos, sin and weights stay
// in registers; lanes from R on have cosine 1 and sine 0, so that they keep y.
#pragma once

#include "kda/qknorm_rope_arguments.cuh"
#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda::qknorm_rope {

constexpr int kWarpsThreads = 256;

template <int kHeadDim, bool kIsNeox, typename Position>
__global__ void __launch_bounds__(kWarpsThreads, 4)  // 64 registers: cos and sin take 16 of them for D = 256
    qknorm_rope_warps_kernel(const Arguments<Position> a) {
  constexpr int kElements = kHeadDim / 32;
  constexpr int kAngles = kIsNeox ? kElements : kElements / 2;
  using Elements = Vec<__nv_bfloat16, kElements>;
  const unsigned lane = threadIdx.x % 32, token = blockIdx.x;
  const unsigned rotary_lanes = a.rope_dim / kElements, half = a.rope_dim / 2;

  cudaGridDependencySynchronize();
  const float* const row = a.cache + static_cast<int64_t>(a.positions[token]) * a.rope_dim;
  float cos[kAngles], sin[kAngles];
#pragma unroll
  for (int i = 0; i < kAngles; ++i) {
    // Of halves, R is a power of two.
    const unsigned j = kIsNeox ? (lane * kElements + i) & (half - 1) : lane * kAngles + i;
    cos[i] = lane < rotary_lanes ? __ldg(row + j) : 1.0f;
    sin[i] = lane < rotary_lanes ? __ldg(row + half + j) : 0.0f;
    if (kIsNeox && lane < rotary_lanes / 2) sin[i] = -sin[i];
  }
  const Elements q_weight = Elements::load_readonly(a.q_weight + lane * kElements);
  const Elements k_weight = Elements::load_readonly(a.k_weight + lane * kElements);

  for (unsigned head = threadIdx.x / 32; head < a.heads; head += kWarpsThreads / 32) {
    __nv_bfloat16* const x = a.head(token, head) + lane * kElements;
    Vec<float, kElements> y = to_float(Elements::load(x));
    const Vec<float, kElements> w = to_float(select(head < a.q_heads, q_weight, k_weight));
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < kElements; i += 2) sum += y[i] * y[i] + y[i + 1] * y[i + 1];
    const float factor = rsqrtf(warp_sum(sum) / kHeadDim + a.eps);
#pragma unroll
    for (int i = 0; i < kElements; ++i) y[i] = y[i] * (factor * w[i]);
    Vec<float, kElements> z = y;
    if constexpr (kIsNeox) {
#pragma unroll
      for (int i = 0; i < kElements; ++i) {
        const float partner = __shfl_xor_sync(0xffffffffu, y[i], rotary_lanes / 2);
        if (lane < rotary_lanes) z[i] = y[i] * cos[i] + partner * sin[i];
      }
    } else if (lane < rotary_lanes) {
#pragma unroll
      for (int i = 0; i < kElements; i += 2) {
        z[i] = y[i] * cos[i / 2] - y[i + 1] * sin[i / 2];
        z[i + 1] = y[i + 1] * cos[i / 2] + y[i] * sin[i / 2];
      }
    }
    from_float<__nv_bfloat16>(z).store(x);
  }
  cudaTriggerProgrammaticLaunchCompletion();
}

}  // namespace kda::qknorm_rope
