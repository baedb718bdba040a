// rotary_pairs.cuh: sglang's head-blocked Triton kernel of the standard rotary embedding.
//   out[2j] = fma(-b, s, f32(a * c)), out[2j+1] = fma(a, s, f32(b * c));  a = x[2j], b = x[2j+1], c = cos[t, j], ...
//   x, out: [rows, H, D] dense;  cos, sin: f32 [R, D/2] dense;  t = row mod R
// Moves 4 * rows*H*D + 8 * R*(D/2) B; all accesses are scalar, 2 B a lane of x and out. Bound: memory requests.
// Grid: (rows, ceil(H / 4)), 128 threads. Heads are fastest across lanes: lane l of warp w has head 4 * by + l % 4 and
// the pairs l / 4 + 8 * w and, with a tile of 64, 32 further on; a loop over D/2 in tiles.
#pragma once

#include "kda/launch.cuh"
#include "kda/rotary_call.cuh"
#include "kda/vec.cuh"

namespace kda::sglang {

constexpr int kPairsThreads = 128;
constexpr int kPairsHeads = 4;

template <typename T, int kTile>
__global__ void __launch_bounds__(kPairsThreads)  // upstream has 32 registers at most without a bound
    rotary_pairs_heads4_kernel(const T* x, const float* cos, const float* sin, T* out, int table_rows, int heads,
                               int half) {
  // No __restrict__: upstream's loads are plain ones, not ld.global.nc.
  constexpr int kStep = kPairsThreads / kPairsHeads;
  constexpr int kPairs = kTile / kStep;
  const int row = blockIdx.x, lane_head = threadIdx.x % kPairsHeads, first_pair = threadIdx.x / kPairsHeads;
  const int head = blockIdx.y * kPairsHeads + lane_head;
  if (head >= heads) return;
  const int64_t table = int64_t{row % table_rows} * half, start = (int64_t{row} * heads + head) * 2 * half;
#pragma unroll 1
  for (int tile = 0; tile < half; tile += kTile) {
    float a[kPairs], b[kPairs], c[kPairs], s[kPairs];
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      const int j = tile + first_pair + i * kStep;
      if (j >= half) continue;
      a[i] = to_float(x[start + 2 * j]);
      b[i] = to_float(x[start + 2 * j + 1]);
      c[i] = cos[table + j];
      s[i] = sin[table + j];
    }
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      const int j = tile + first_pair + i * kStep;
      if (j >= half) continue;
      out[start + 2 * j] = from_float<T>(__fmaf_rn(-b[i], s[i], __fmul_rn(a[i], c[i])));
      out[start + 2 * j + 1] = from_float<T>(__fmaf_rn(a[i], s[i], __fmul_rn(b[i], c[i])));
    }
  }
}

// cos and sin of width D/2, whatever the call's are.
template <typename T>
cudaError_t launch_pairs(const rotary::PairsCall& call, const float* cos, const float* sin, void* stream) {
  const auto kernel = call.half <= 32 ? rotary_pairs_heads4_kernel<T, 32> : rotary_pairs_heads4_kernel<T, 64>;
  const int64_t head_groups = (call.heads + kPairsHeads - 1) / kPairsHeads;
  const dim3 grid(static_cast<unsigned>(call.rows), static_cast<unsigned>(head_groups));
  return launch(kernel, grid, dim3(kPairsThreads), 0, stream, static_cast<const T*>(call.x), cos, sin,
                static_cast<T*>(call.out), static_cast<int>(call.table_rows), static_cast<int>(call.heads),
                static_cast<int>(call.half));
}

}  // namespace kda::sglang
