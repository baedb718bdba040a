// group_norm_split.cuh: GroupNorm + SiLU of dense groups of any size, a group split into chunks, in two kernels.
//   stats  sums of a chunk's d and d^2, d = x - the group's first element
//   apply  adds up its group's sums, out = silu((x - mean) * rstd * weight[c] + bias[c])
//   x, out: [rows, group] dense;  weight, bias: [C];  partials, f32 scratch: [rows, chunks, 2]
// Moves 2 * rows*group * sizeof(T) B and reads x again, as far as L2 has lost it. Bound: HBM; f16 [128, 17, 256, 256]
// is 285 MB: 255 us for three passes at the 3.35 TB/s of the H100 SXM data sheet.
// Grid: (chunks, rows), 256 threads; a thread has kVectors vectors of N elements, 256 apart, all in flight at once. The
// second kernel goes through the chunks in the reverse order, so that it begins with what the first left in L2. No
// atomics and one order of sums: the same bits every time.
#pragma once

#include "kda/group_norm_elements.cuh"

namespace kda::group_norm {

// f16 takes 64 registers by itself, four blocks an SM; held to that, bf16 would spill.
constexpr int kSplitThreads = 256;

template <typename T>
struct SplitGroups {
  DenseGroups<T> dense;
  float2* partials;  // [rows, chunks]
};

// Elements of a chunk.
template <int N, int kVectors>
constexpr int kSplitChunk = kSplitThreads * kVectors * N;

// Of this thread's elements, from `first` on. A chunk wholly in the group, `kFull`, needs no branches around its loads.
template <bool kFull, int kVectors, int N, typename T>
__device__ __forceinline__ GroupSums chunk_sums(const T* group, int first, int elements, float origin) {
  Vec<T, N> x[kVectors];
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int i = first + v * kSplitThreads * N;
    if (kFull || i < elements) x[v] = load_stream<Caching::kDefault, N>(group + i);
  }
  GroupSums even, odd;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (kFull || first + v * kSplitThreads * N < elements) (v % 2 == 0 ? even : odd).add(x[v], origin);
  }
  return {even.sum + odd.sum, even.squares + odd.squares};
}

template <typename T, int N, int kVectors>
__global__ void __launch_bounds__(kSplitThreads) group_norm_split_stats_kernel(const SplitGroups<T> a) {
  const int64_t row = blockIdx.y;
  const T* const group = a.dense.x + row * a.dense.elements;
  const int begin = static_cast<int>(blockIdx.x) * kSplitChunk<N, kVectors>;
  const int first = begin + static_cast<int>(threadIdx.x) * N;
  const float origin = to_float(__ldg(group));
  const GroupSums sums = begin + kSplitChunk<N, kVectors> <= a.dense.elements
                             ? chunk_sums<true, kVectors, N>(group, first, a.dense.elements, origin)
                             : chunk_sums<false, kVectors, N>(group, first, a.dense.elements, origin);
  float totals[2] = {sums.sum, sums.squares};
  block_reduce<kSplitThreads>(totals, Sum{});
  if (threadIdx.x == 0) a.partials[row * gridDim.x + blockIdx.x] = make_float2(totals[0], totals[1]);
}

// With `kWhole`, a vector is in one channel.
template <typename T, int N, int kVectors, bool kWhole>
__global__ void __launch_bounds__(kSplitThreads) group_norm_split_apply_kernel(const SplitGroups<T> a) {
  constexpr int kChunk = kSplitChunk<N, kVectors>;
  const int row = static_cast<int>(gridDim.y - 1 - blockIdx.y), chunk = static_cast<int>(gridDim.x - 1 - blockIdx.x);
  const int64_t begin = int64_t{row} * a.dense.elements;
  const int first = chunk * kChunk + static_cast<int>(threadIdx.x) * N;
  const float origin = to_float(__ldg(a.dense.x + begin));
  Vec<T, N> x[kVectors];
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int i = first + v * kSplitThreads * N;
    if (i < a.dense.elements) x[v] = load_stream<Caching::kEvictFirst, N>(a.dense.x + begin + i);
  }

  const float2* const partials = a.partials + int64_t{row} * gridDim.x;
  double totals[2] = {0.0, 0.0};
  for (unsigned i = threadIdx.x; i < gridDim.x; i += kSplitThreads) {
    const float2 partial = partials[i];
    totals[0] += static_cast<double>(partial.x);
    totals[1] += static_cast<double>(partial.y);
  }
  block_reduce<kSplitThreads>(totals, Sum{});
  const GroupMoments moments = moments_of(totals[0], totals[1], origin, a.dense.elements, a.dense.eps);

  T* const out = a.dense.out + begin;
  const int first_channel = a.dense.first_channel(row);
  const int last = min((chunk + 1) * kChunk, a.dense.elements) - 1;
  const int channel = static_cast<int>(a.dense.positions.quotient(chunk * kChunk));
  if (channel == static_cast<int>(a.dense.positions.quotient(last))) {
    const ChannelAffine<T> affine = a.dense.affine(moments, first_channel + channel);
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const int i = first + v * kSplitThreads * N;
      if (i < a.dense.elements) store_stream<Caching::kEvictFirst>(out + i, normalise_silu(x[v], affine));
    }
    return;
  }
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int i = first + v * kSplitThreads * N;
    if (i < a.dense.elements) {
      store_stream<Caching::kEvictFirst>(out + i,
                                         a.dense.template normalised<kWhole>(x[v], i, first_channel, moments));
    }
  }
}

}  // namespace kda::group_norm
