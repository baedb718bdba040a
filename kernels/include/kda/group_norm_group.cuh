// group_norm_group.cuh: GroupNorm + SiLU of small dense groups, a group in the registers of one block.
//   out = silu((x - mean) * rstd * weight[c] + bias[c]);  mean and rstd of a batch's group
//   x, out: [rows, group] dense, groups of up to kThreads * kVectors vectors of 16 B;  weight, bias: [C]
// Moves 2 * rows*group * sizeof(T) B, each element once. Bound: latency; B = 1 has 32 blocks.
// Grid: (rows). A thread has kVectors vectors, kThreads apart, all loaded before the only reduction.
#pragma once

#include "kda/group_norm_elements.cuh"

namespace kda::group_norm {

template <typename T, int kThreads, int kVectors, bool kWhole>
__global__ void __launch_bounds__(kThreads) group_norm_group_kernel(const DenseGroups<T> a) {
  constexpr int N = kLanes<T>;
  const int row = static_cast<int>(blockIdx.x), first = static_cast<int>(threadIdx.x) * N;
  const int64_t begin = int64_t{row} * a.elements;
  const float origin = to_float(__ldg(a.x + begin));
  Vec<T, N> x[kVectors];
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int i = first + v * kThreads * N;
    if (i < a.elements) x[v] = load_stream<Caching::kDefault, N>(a.x + begin + i);
  }
  GroupSums sums;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (first + v * kThreads * N < a.elements) sums.add(x[v], origin);
  }
  float totals[2] = {sums.sum, sums.squares};
  block_reduce<kThreads>(totals, Sum{});
  const GroupMoments moments = moments_of(totals[0], totals[1], origin, a.elements, a.eps);
  const int first_channel = a.first_channel(row);
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int i = first + v * kThreads * N;
    if (i < a.elements) {
      store_stream<Caching::kEvictFirst>(a.out + begin + i,
                                         a.template normalised<kWhole>(x[v], i, first_channel, moments));
    }
  }
}

}  // namespace kda::group_norm
