// norm_infer_rows.cuh: LayerNorm or RMS norm of long rows, a block a row (or a few).
//   layer: h = (x - mean) * rsqrt(var + eps), var of the centred row;  rms: h = x * rsqrt(mean(x^2) + eps)
//   y = h [* weight] [+ bias]
//   x, out: [M, N], rows at one stride;  weight, bias: [N], absent or of x's type
// Moves 2 * M*N * sizeof(T) B; [8640, 5120] f32: 353.9 MB. Bound: HBM. Weight and bias come from L1 for every row.
// Grid: kRows rows a block, kept in registers and read once. One barrier a reduction: mean, then the centred variance.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"
#include "kda/norm_infer_heads.cuh"

namespace kda::norm_infer {

template <typename T>
struct RowsTask {
  T* out;
  const T *x, *weight, *bias;  // x may be out
  int64_t x_row, out_row;      // element strides
  int rows, columns;
  float inverse_columns, epsilon;
};

// kExactAffine: a row is exactly kThreads * kRuns runs, so nothing is masked, and weight and bias are there.
enum class RowCover { kAny, kExactAffine };

// When weight and bias are asked for: with the row's second reduction still to come (40 registers more for 5 runs of
// f32, so fewer blocks), or after it, when other blocks on the SM have to cover their way from L1.
enum class AffineLoads { kBeforeVariance, kAfterVariance };

template <typename T_, int kThreads_, int kRuns_, int kRows_, bool kIsRms_, RowCover kCover_, AffineLoads kAffine_,
          Caching kLoads_, int kMinBlocks_>
struct RowsShape {
  using T = T_;
  static constexpr int kThreads = kThreads_, kRuns = kRuns_, kRows = kRows_, kMinBlocks = kMinBlocks_;
  static constexpr bool kIsRms = kIsRms_, kIsExact = kCover_ == RowCover::kExactAffine;
  static constexpr bool kIsEarly = kAffine_ == AffineLoads::kBeforeVariance;
  static constexpr Caching kLoads = kLoads_;
};

template <typename Shape>
__global__ void __launch_bounds__(Shape::kThreads, Shape::kMinBlocks)
    norm_infer_rows_kernel(const RowsTask<typename Shape::T> task) {
  using T = typename Shape::T;
  using Run = Vec<T, kRun<T>>;
  constexpr int kThreads = Shape::kThreads, kRuns = Shape::kRuns, kRows = Shape::kRows;
  const int first_row = static_cast<int>(blockIdx.x) * kRows;
  const auto row = [&](int r) { return kRows == 1 || first_row + r < task.rows ? first_row + r : task.rows - 1; };
  const auto column = [&](int run) { return (run * kThreads + static_cast<int>(threadIdx.x)) * kRun<T>; };
  const auto is_inside = [&](int run) { return Shape::kIsExact || column(run) < task.columns; };
  const auto load_affine = [&](const T* data, int run, float absent) {
    if (Shape::kIsExact || data != nullptr) return to_float(Run::load_readonly(data + column(run)));
    return Vec<float, kRun<T>>::filled(absent);
  };

  Vec<float, kRun<T>> h[kRows][kRuns];
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const T* const x = task.x + row(r) * task.x_row;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      h[r][run] = Vec<float, kRun<T>>::filled(0.f);
      if (is_inside(run)) h[r][run] = to_float(load_stream<Shape::kLoads, kRun<T>>(x + column(run)));
    }
  }

  float sums[kRows], squares[kRows];
  if constexpr (!Shape::kIsRms) {
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      sums[r] = 0.f;
#pragma unroll
      for (int run = 0; run < kRuns; ++run) {
#pragma unroll
        for (int c = 0; c < kRun<T>; ++c) sums[r] += h[r][run][c];
      }
    }
    block_reduce<kThreads, 0>(sums, Sum{});
  }
  Vec<float, kRun<T>> weight[kRuns], bias[kRuns];
  if constexpr (Shape::kIsEarly) {
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      if (!is_inside(run)) continue;
      weight[run] = load_affine(task.weight, run, 1.f);
      bias[run] = load_affine(task.bias, run, 0.f);
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    squares[r] = 0.f;
    const float mean = Shape::kIsRms ? 0.f : sums[r] * task.inverse_columns;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
#pragma unroll
      for (int c = 0; c < kRun<T>; ++c) {
        if constexpr (!Shape::kIsRms) h[r][run][c] = is_inside(run) ? h[r][run][c] - mean : 0.f;
        squares[r] = fmaf(h[r][run][c], h[r][run][c], squares[r]);
      }
    }
  }
  block_reduce<kThreads, 1>(squares, Sum{});
  float inverse[kRows];
#pragma unroll
  for (int r = 0; r < kRows; ++r) inverse[r] = rsqrtf(fmaf(squares[r], task.inverse_columns, task.epsilon));

#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    if (!is_inside(run)) continue;
    if constexpr (!Shape::kIsEarly) {
      weight[run] = load_affine(task.weight, run, 1.f);
      bias[run] = load_affine(task.bias, run, 0.f);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      Vec<float, kRun<T>> y;
#pragma unroll
      for (int c = 0; c < kRun<T>; ++c) y[c] = fmaf(h[r][run][c] * inverse[r], weight[run][c], bias[run][c]);
      if (kRows > 1 && first_row + r >= task.rows) continue;
      from_float<T>(y).store_streaming(task.out + row(r) * task.out_row + column(run));
    }
  }
}

}  // namespace kda::norm_infer
