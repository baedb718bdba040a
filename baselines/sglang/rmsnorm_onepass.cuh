// rmsnorm_onepass.cuh: port of sglang's Triton kernel for the RMS norm of short rows, one tile of rows a program.
//   y = (x * rsqrt(sum(x^2) / D + eps)) * w
//   x, out: [S, D] dense;  w: [D]
// Moves 2 * S*D * sizeof(T) B; [648720, 128] bf16: 332.1 MB. Bound: HBM, below 10 MB latency.
// Grid: ceil(S / kRows) blocks of 128 threads; kRows is 1 to 16, by S. 16 and 8 rows of 128 bf16: 16 B a lane, 16 lanes
// a row; of 4, 2 and 1 rows a lane has 8, 4 and 2 B, and from 2 on a row spans warps. All rows of the tile are loaded
// before the first sum. w comes after the sums: one element a thread, converted, through shared memory to those who
// use it, behind a barrier. (Where a row stays within a warp, ptxas moves w's load up to those of x.)
#pragma once

#include <stdint.h>

#include "sglang/masked_access.cuh"
#include "sglang/triton_math.cuh"

namespace kda::sglang {

constexpr int kOnePassThreads = 128;  // 4 warps, Triton's default
constexpr int kOnePassWarps = kOnePassThreads / 32;

// Where a tile's elements lie: kRun of them a thread and sweep, kLanes threads a row, kSweeps rows a thread.
template <typename T, int kCols, int kRows>
struct OnePassTile {
  static constexpr int kWidest = kAccessBytes / static_cast<int>(sizeof(T));
  static constexpr int kPerThread = kRows * kCols / kOnePassThreads;
  static constexpr int kRun = kPerThread < 1 ? 1 : kPerThread < kWidest ? kPerThread : kWidest;
  static constexpr int kLanes = kCols / kRun;
  static_assert(kLanes <= kOnePassThreads, "a row takes one access a thread");
  static constexpr int kRowsPerSweep = kOnePassThreads / kLanes;
  static constexpr int kSweeps = kRows <= kRowsPerSweep ? 1 : kRows / kRowsPerSweep;
};

template <int kRun, typename T>
__device__ __forceinline__ Vec<T, kRun> load_run_masked(const T* from, bool valid) {
  if constexpr (kRun * sizeof(T) >= 8) {
    return load_masked<kRun>(from, valid);
  } else {
    Vec<T, kRun> run = Vec<T, kRun>::filled(from_float<T>(0.f));
    if (valid) run = Vec<T, kRun>::load(from);
    return run;
  }
}

template <int kRun, typename T>
__device__ __forceinline__ void store_run_masked(T* to, const Vec<T, kRun>& run, bool valid) {
  using Word = typename Vec<T, kRun>::Word;
  static_assert(sizeof(Word) == sizeof run, "one access");
  if (valid) store_whole(reinterpret_cast<Word*>(to), *reinterpret_cast<const Word*>(run.data));
}

template <typename T, int kCols, int kRows>
__global__ void __launch_bounds__(kOnePassThreads)  // upstream has none: 32, 27 and 19 registers for 16, 8 and 2 rows
    rmsnorm_onepass_tile_kernel(T* out, const T* x, const T* w, int rows, float epsilon) {
  // No __restrict__: upstream's loads are plain ones, not ld.global.nc.
  using Tile = OnePassTile<T, kCols, kRows>;
  constexpr int kRun = Tile::kRun, kLanes = Tile::kLanes, kSweeps = Tile::kSweeps;
  alignas(16) __shared__ float weights[kCols];
  __shared__ float partials[kOnePassWarps];
  const int thread = threadIdx.x, column = thread % kLanes * kRun;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kRows;
  // A tile of less than 128 elements is held twice.
  const auto row = [&](int sweep) { return first + (sweep * Tile::kRowsPerSweep + thread / kLanes) % kRows; };

  Vec<T, kRun> loaded[kSweeps];
#pragma unroll
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    loaded[sweep] = load_run_masked<kRun>(x + row(sweep) * kCols + column, row(sweep) < rows);
  }
  float squares[kSweeps];
#pragma unroll
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    squares[sweep] = 0.f;
#pragma unroll
    for (int i = 0; i < kRun; ++i) {
      const float value = to_float(loaded[sweep][i]);
      squares[sweep] = fmaf(value, value, squares[sweep]);
    }
  }
  warp_reduce<(kLanes < 32 ? kLanes : 32)>(squares, Sum{});
  if constexpr (kLanes > 32) {
    static_assert(kSweeps == 1, "rows that span warps have one sweep");
    constexpr int kRowWarps = kLanes / 32;
    if (thread % 32 == 0) partials[thread / 32] = squares[0];
    __syncthreads();
    squares[0] = 0.f;
#pragma unroll
    for (int warp = 0; warp < kRowWarps; ++warp) squares[0] += partials[thread / kLanes * kRowWarps + warp];
  }

  if (thread < kCols) weights[thread] = to_float(load_in_order(w + thread));
  __syncthreads();
  const auto weight = Vec<float, kRun>::load(weights + column);
#pragma unroll
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const float rstd = rsqrtf(squares[sweep] * (1.f / kCols) + epsilon);
    Vec<float, kRun> y;
#pragma unroll
    for (int i = 0; i < kRun; ++i) y[i] = to_float(loaded[sweep][i]) * rstd * weight[i];
    const bool is_first_copy = kRows * kLanes >= kOnePassThreads || thread < kRows * kLanes;
    store_run_masked<kRun>(out + row(sweep) * kCols + column, from_float<T>(y), row(sweep) < rows && is_first_copy);
  }
}

}  // namespace kda::sglang
