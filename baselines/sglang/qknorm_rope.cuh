// qknorm_rope.cuh: port of sglang's CUDA kernel that norms and rotates the heads of q and k in place.
//   y = x * (rsqrt(sum(x^2) / D + eps) * w);  pairs below R rotated by the cache row of positions[token]
//   q [N, Hq, D], k [N, Hk, D] bf16;  weights bf16 [D];  cos_sin_cache f32 [rows, R];  positions i32 or i64 [N]
// Moves 4 * N * (Hq + Hk) * D + 4 * N * R B. Bound: latency of the chain x, reduction, position, cos and sin.
// Grid: persistent, at most the resident blocks; one warp a head, D/32 elements a lane, a grid-stride loop. Each turn
// divides by the number of heads and loads the weight again. Launched programmatically, as upstream on sm_90 and later.
#pragma once

#include <cuda_runtime.h>

#include "kda/launch.cuh"
#include "kda/qknorm_rope_arguments.cuh"
#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda::sglang {

constexpr int kQkNormThreads = 256;
constexpr int kQkNormWarps = kQkNormThreads / 32;

// kRope is R as a constant, or 0: R is an argument. Upstream compiles a kernel for each R.
template <int kHeadDim, int kRope, bool kIsNeox, typename Position>
__global__ void __launch_bounds__(kQkNormThreads)  // upstream's bound: no least number of blocks
    qknorm_rope_warp_kernel(const qknorm_rope::Arguments<Position> a) {
  constexpr int kElements = kHeadDim / 32;
  using Elements = Vec<__nv_bfloat16, kElements>;
  const int lane = threadIdx.x % 32;
  const int rope = kRope != 0 ? kRope : a.rope_dim;
  const int rotary_lanes = rope / kElements;
  const unsigned count = a.tokens * a.heads, stride = gridDim.x * kQkNormWarps;

  cudaGridDependencySynchronize();
  for (unsigned work = blockIdx.x * kQkNormWarps + threadIdx.x / 32; work < count; work += stride) {
    const unsigned token = work / a.heads, head = work % a.heads;
    __nv_bfloat16* const x = a.head(token, head) + lane * kElements;
    const __nv_bfloat16* const weight = (head < a.q_heads ? a.q_weight : a.k_weight) + lane * kElements;
    Vec<float, kElements> y = to_float(Elements::load(x));
    const Vec<float, kElements> w = to_float(Elements::load(weight));
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < kElements; i += 2) sum += y[i] * y[i] + y[i + 1] * y[i + 1];
    const float factor = rsqrtf(warp_sum(sum) / kHeadDim + a.eps);
#pragma unroll
    for (int i = 0; i < kElements; ++i) y[i] = y[i] * (factor * w[i]);

    if constexpr (kIsNeox) {
      // Idle lanes take part in the shuffles, whose partners stay within the rotary lanes.
      const int partner_lane = rotary_lanes / 2;
      float partner[kElements];
#pragma unroll
      for (int i = 0; i < kElements; ++i) partner[i] = __shfl_xor_sync(0xffffffffu, y[i], partner_lane);
      if (lane < rotary_lanes) {
        const float* const row = a.cache + static_cast<int64_t>(a.positions[token]) * rope;
#pragma unroll
        for (int i = 0; i < kElements; ++i) {
          const int j = (lane * kElements + i) & (rope / 2 - 1);  // R is a power of two here
          const float c = __ldg(row + j), s = __ldg(row + rope / 2 + j);
          y[i] = y[i] * c + (lane < partner_lane ? -partner[i] : partner[i]) * s;
        }
      }
    } else if (lane < rotary_lanes) {
      const float* const row = a.cache + static_cast<int64_t>(a.positions[token]) * rope;
#pragma unroll
      for (int i = 0; i < kElements; i += 2) {
        const int j = (lane * kElements + i) / 2;
        const float c = __ldg(row + j), s = __ldg(row + rope / 2 + j);
        const float first = y[i], second = y[i + 1];
        y[i] = first * c - second * s;
        y[i + 1] = second * c + first * s;
      }
    }
    from_float<__nv_bfloat16>(y).store(x);
  }
  cudaTriggerProgrammaticLaunchCompletion();
}

// Upstream asks for the occupancy once a process; a launch keeps no state here, so it asks each time.
template <int kHeadDim, int kRope, bool kIsNeox, typename Position>
cudaError_t launch_qknorm_rope(const qknorm_rope::Call& call, void* stream) {
  const auto kernel = qknorm_rope_warp_kernel<kHeadDim, kRope, kIsNeox, Position>;
  int device = 0, multiprocessors = 0, resident = 0;
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) {
    status = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  }
  if (status == cudaSuccess) {
    status = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, kQkNormThreads, 0);
  }
  if (status != cudaSuccess) return status;
  const int64_t most = int64_t{resident} * multiprocessors;
  const int64_t needed = (call.tokens * call.heads() + kQkNormWarps - 1) / kQkNormWarps;
  LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(needed < most ? needed : most));
  config.block = dim3(kQkNormThreads);
  config.stream = stream;
  config.serialization = StreamSerialization::kProgrammatic;
  return launch(config, kernel, qknorm_rope::arguments_of<Position>(call));
}

template <int kHeadDim, bool kIsNeox, typename Position>
cudaError_t launch_qknorm_rope(const qknorm_rope::Call& call, void* stream) {
  return call.rope_dim == kHeadDim ? launch_qknorm_rope<kHeadDim, kHeadDim, kIsNeox, Position>(call, stream)
                                   : launch_qknorm_rope<kHeadDim, 0, kIsNeox, Position>(call, stream);
}

template <bool kIsNeox, typename Position>
cudaError_t launch_qknorm_rope(const qknorm_rope::Call& call, void* stream) {
  if (call.head_dim == 64) return launch_qknorm_rope<64, kIsNeox, Position>(call, stream);
  if (call.head_dim == 128) return launch_qknorm_rope<128, kIsNeox, Position>(call, stream);
  return launch_qknorm_rope<256, kIsNeox, Position>(call, stream);
}

}  // namespace kda::sglang
