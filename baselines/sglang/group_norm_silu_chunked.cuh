// group_norm_silu_chunked.cuh: port of sglang's three-kernel GroupNorm + SiLU, for groups of 262144 elements and more.
//   stats     sums and sums of squares of chunks of 8192 elements
//   finalize  mean and rstd of a row
//   apply     t = ((x - mean) * rstd) * weight[c] + bias[c], out = t * sigmoid(t)
//   x, out: [rows = B * num_groups, group] dense;  f32 scratch: sums and squares [rows, chunks], statistics [rows, 2]
// Moves 3 * rows*group * sizeof(T) B. Bound: HBM.
// Grids: (rows, chunks) of 256 threads; (rows) of 128; (rows, chunks) of 128 where a chunk lies in one channel, else of
// 256. A chunk is two tiles of 4096, one after the other.
#pragma once

#include "sglang/group_norm_silu.cuh"

namespace kda::sglang {

constexpr int kGroupNormChunked = 262144;  // elements of a group from which on it is chunked
constexpr int kGroupNormChunk = 8192;      // elements
constexpr int kGroupNormStatsThreads = 256;
constexpr int kGroupNormFinalizeThreads = 128;
constexpr int kGroupNormFinalizeBlock = 1024;     // chunks a turn, at most
constexpr int kGroupNormScalarAffineChunks = 64;  // least chunks of the scalar affine apply

struct GroupNormScratch {
  float *sums, *squares;  // [rows, chunks]
  float* statistics;      // [rows, 2]: mean, rstd
};

template <typename T, int kRun>
__global__ void __launch_bounds__(kGroupNormStatsThreads, kRun > 1 ? 8 : 1)  // upstream's 32 registers
    group_norm_silu_stats_kernel(const T* x, int elements, int chunks, GroupNormScratch scratch) {
  __shared__ float shared[kGroupNormStatsThreads / 32];
  const int64_t row = blockIdx.x;
  const int chunk = static_cast<int>(blockIdx.y);
  float sum = 0.0f, sum_of_squares = 0.0f;
#pragma unroll 1
  for (int tile = 0; tile < kGroupNormChunk; tile += kGroupNormTile) {
    GroupTile<T, kGroupNormStatsThreads, kGroupNormTile, kRun> loaded;
    loaded.load(x + row * elements, chunk * kGroupNormChunk + tile, elements);
    const float tile_sum = loaded.sum(), tile_squares = loaded.sum_of_squares();
    sum += tile_reduce<kGroupNormStatsThreads>(tile_sum, shared);
    sum_of_squares += tile_reduce<kGroupNormStatsThreads>(tile_squares, shared);
  }
  if (threadIdx.x == 0) {
    scratch.sums[row * chunks + chunk] = sum;
    scratch.squares[row * chunks + chunk] = sum_of_squares;
  }
}

__global__ void __launch_bounds__(kGroupNormFinalizeThreads)
    group_norm_silu_finalize_kernel(int elements, int chunks, int block, float eps, GroupNormScratch scratch) {
  __shared__ float shared[kGroupNormFinalizeThreads / 32];
  constexpr int kPerThread = kGroupNormFinalizeBlock / kGroupNormFinalizeThreads;
  const int64_t row = blockIdx.x;
  float sum = 0.0f, sum_of_squares = 0.0f;
#pragma unroll 1
  for (int begin = 0; begin < chunks; begin += block) {
    float tile_sum = 0.0f, tile_squares = 0.0f;
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
      const int in_block = i * kGroupNormFinalizeThreads + static_cast<int>(threadIdx.x);
      const bool valid = in_block < block && begin + in_block < chunks;
      const int64_t at = row * chunks + begin + in_block;
      tile_sum += load_element_masked(scratch.sums + at, valid);
      tile_squares += load_element_masked(scratch.squares + at, valid);
    }
    sum += tile_reduce<kGroupNormFinalizeThreads>(tile_sum, shared);
    sum_of_squares += tile_reduce<kGroupNormFinalizeThreads>(tile_squares, shared);
  }
  if (threadIdx.x == 0) {
    const GroupStatistics statistics = GroupStatistics::of(sum, sum_of_squares, elements, eps);
    scratch.statistics[2 * row] = statistics.mean;
    scratch.statistics[2 * row + 1] = statistics.rstd;
  }
}

template <typename T, int kRun, GroupAffine kAffine>
__global__ void __launch_bounds__(kGroupNormStatsThreads)
    group_norm_silu_apply_kernel(const GroupNormArguments<T> a, const float* statistics) {
  const int64_t row = blockIdx.x;
  const int elements = a.group_channels * a.positions, group = static_cast<int>(blockIdx.x) % a.groups;
  const GroupStatistics of_row = {statistics[2 * row], statistics[2 * row + 1]};
#pragma unroll 1
  for (int tile = 0; tile < kGroupNormChunk; tile += kGroupNormTile) {
    apply_tile<kAffine, false, T, kGroupNormStatsThreads, kGroupNormTile, kRun>(
        a.x + row * elements, a.weight + group * a.group_channels, a.bias + group * a.group_channels,
        a.out + row * elements, static_cast<int>(blockIdx.y) * kGroupNormChunk + tile, elements, a.positions, of_row);
  }
}

// A chunk lies in one channel: five scalars a chunk, no division an element.
template <typename T, int kRun>
__global__ void __launch_bounds__(kGroupNormThreads)
    group_norm_silu_scalar_affine_kernel(const GroupNormArguments<T> a, const float* statistics) {
  using Tile = GroupTile<T, kGroupNormThreads, kGroupNormTile, kRun>;
  const int64_t row = blockIdx.x;
  const int elements = a.group_channels * a.positions, group = static_cast<int>(blockIdx.x) % a.groups;
  const int begin = static_cast<int>(blockIdx.y) * kGroupNormChunk;
  const int channel = group * a.group_channels + begin / a.positions;
  const GroupStatistics of_row = {statistics[2 * row], statistics[2 * row + 1]};
  const float weight = to_float(a.weight[channel]), bias = to_float(a.bias[channel]);
#pragma unroll 1
  for (int tile = begin; tile < begin + kGroupNormChunk; tile += kGroupNormTile) {
    Tile x;
    x.load(a.x + row * elements, tile, elements);
#pragma unroll
    for (int r = 0; r < Tile::kRuns; ++r) {
      const int i = Tile::index(tile, r);
      Vec<float, kRun> y;
#pragma unroll
      for (int j = 0; j < kRun; ++j) y[j] = normalise_silu(to_float(x.runs[r][j]), of_row, weight, bias);
      store_masked(a.out + row * elements + i, from_float<T>(y), i < elements);
    }
  }
}

inline int64_t group_norm_chunks(int64_t elements) { return (elements + kGroupNormChunk - 1) / kGroupNormChunk; }

inline bool has_scalar_affine(int64_t elements, int64_t positions) {
  return positions % kGroupNormChunk == 0 && group_norm_chunks(elements) >= kGroupNormScalarAffineChunks;
}

template <typename T, int kRun>
cudaError_t launch_chunks(const GroupNormArguments<T>& a, int64_t batch, GroupNormScratch scratch, void* stream) {
  const int elements = a.group_channels * a.positions;
  const int chunks = static_cast<int>(group_norm_chunks(elements));
  const unsigned rows = static_cast<unsigned>(batch * a.groups);
  const dim3 grid(rows, static_cast<unsigned>(chunks));
  cudaError_t status = launch(group_norm_silu_stats_kernel<T, kRun>, grid, dim3(kGroupNormStatsThreads), 0, stream,
                              a.x, elements, chunks, scratch);
  if (status != cudaSuccess) return status;
  int block = 1;
  while (block < chunks && block < kGroupNormFinalizeBlock) block *= 2;
  status = launch(group_norm_silu_finalize_kernel, dim3(rows), dim3(kGroupNormFinalizeThreads), 0, stream, elements,
                  chunks, block, a.eps, scratch);
  if (status != cudaSuccess) return status;
  if (has_scalar_affine(elements, a.positions)) {
    return launch(group_norm_silu_scalar_affine_kernel<T, kRun>, grid, dim3(kGroupNormThreads), 0, stream, a,
                  scratch.statistics);
  }
  if (kRun > 1 && a.positions % 16 == 0) {
    return launch(group_norm_silu_apply_kernel<T, kRun, GroupAffine::kRun>, grid, dim3(kGroupNormStatsThreads), 0,
                  stream, a, scratch.statistics);
  }
  return launch(group_norm_silu_apply_kernel<T, kRun, GroupAffine::kElement>, grid, dim3(kGroupNormStatsThreads), 0,
                stream, a, scratch.statistics);
}

// `vectors`: bases on 16 B boundaries and groups of a multiple of 16 elements.
template <typename T>
cudaError_t launch_group_norm_chunks(const GroupNormArguments<T>& a, int64_t batch, bool vectors,
                                     GroupNormScratch scratch, void* stream) {
  return vectors ? launch_chunks<T, kAccessBytes / static_cast<int>(sizeof(T))>(a, batch, scratch, stream)
                 : launch_chunks<T, 1>(a, batch, scratch, stream);
}

}  // namespace kda::sglang
