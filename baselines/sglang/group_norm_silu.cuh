// group_norm_silu.cuh: port of sglang's one-kernel GroupNorm + SiLU, for groups below 262144 elements.
//   t = ((x - mean) * rstd) * weight[c] + bias[c], out = t * sigmoid(t);  mean and rstd of a batch's group
//   x, out: [rows = B * num_groups, group] dense;  weight, bias: [C]
// Moves 3 * rows*group * sizeof(T) B, the second read mostly from L2. Bound: latency, as B = 1 gives 32 blocks.
// Grid: (num_groups, B), 128 threads. Tiles of min(4096, next power of two of the group), one after the other: two
// block reductions a tile, then a second pass over the tiles.
#pragma once

#include "kda/group_norm_call.cuh"
#include "kda/launch.cuh"
#include "sglang/group_norm_tile.cuh"

namespace kda::sglang {

constexpr int kGroupNormThreads = 128;
constexpr int kGroupNormTile = 4096;  // elements, at most

template <typename T>
struct GroupNormArguments {
  const T *x, *weight, *bias;
  T* out;
  int groups, group_channels, positions;
  float eps;
};

template <typename T, int kTile, int kRun, GroupAffine kAffine>
__global__ void __launch_bounds__(kGroupNormThreads) group_norm_silu_tiles_kernel(const GroupNormArguments<T> a) {
  __shared__ float shared[kGroupNormThreads / 32];
  const int elements = a.group_channels * a.positions, group = static_cast<int>(blockIdx.x);
  const int64_t row = int64_t{blockIdx.y} * a.groups + group;
  const T* const x = a.x + row * elements;
  float sum = 0.0f, sum_of_squares = 0.0f;
#pragma unroll 1
  for (int begin = 0; begin < elements; begin += kTile) {
    GroupTile<T, kGroupNormThreads, kTile, kRun> tile;
    tile.load(x, begin, elements);
    sum += tile_reduce<kGroupNormThreads>(tile.sum(), shared);
    sum_of_squares += tile_reduce<kGroupNormThreads>(tile.sum_of_squares(), shared);
  }
  const GroupStatistics statistics = GroupStatistics::of(sum, sum_of_squares, elements, a.eps);
#pragma unroll 1
  for (int begin = 0; begin < elements; begin += kTile) {
    apply_tile<kAffine, true, T, kGroupNormThreads, kTile, kRun>(
        x, a.weight + group * a.group_channels, a.bias + group * a.group_channels, a.out + row * elements, begin,
        elements, a.positions, statistics);
  }
}

template <typename T, int kTile, int kRun, GroupAffine kAffine>
cudaError_t launch_tiles(const GroupNormArguments<T>& a, int64_t batch, void* stream) {
  const dim3 grid(static_cast<unsigned>(a.groups), static_cast<unsigned>(batch));
  return launch(group_norm_silu_tiles_kernel<T, kTile, kRun, kAffine>, grid, dim3(kGroupNormThreads), 0, stream, a);
}

template <typename T, int kTile>
cudaError_t launch_tiles(const GroupNormArguments<T>& a, int64_t batch, bool vectors, void* stream) {
  constexpr int kPerThread = kTile / kGroupNormThreads, kWidest = kAccessBytes / static_cast<int>(sizeof(T));
  constexpr int kRun = kPerThread < kWidest ? kPerThread : kWidest;
  if (!vectors) return launch_tiles<T, kTile, 1, GroupAffine::kElement>(a, batch, stream);
  return a.positions % 16 == 0 ? launch_tiles<T, kTile, kRun, GroupAffine::kRun>(a, batch, stream)
                               : launch_tiles<T, kTile, kRun, GroupAffine::kElement>(a, batch, stream);
}

// `vectors`: bases on 16 B boundaries and groups of a multiple of 16 elements.
template <typename T>
cudaError_t launch_group_norm_tiles(const GroupNormArguments<T>& a, int64_t batch, bool vectors, void* stream) {
  const int elements = a.group_channels * a.positions;
  if (elements > 2048) return launch_tiles<T, kGroupNormTile>(a, batch, vectors, stream);
  if (elements > 1024) return launch_tiles<T, 2048>(a, batch, vectors, stream);
  if (elements > 512) return launch_tiles<T, 1024>(a, batch, vectors, stream);
  if (elements > 256) return launch_tiles<T, 512>(a, batch, vectors, stream);
  if (elements > 128) return launch_tiles<T, 256>(a, batch, vectors, stream);
  return launch_tiles<T, 128>(a, batch, false, stream);
}

}  // namespace kda::sglang
