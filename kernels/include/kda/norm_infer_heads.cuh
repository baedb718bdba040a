// norm_infer_heads.cuh: RMS norm of short rows, several rows a warp.
//   y = x * rsqrt(mean(x^2) + eps) * weight
//   x, out: [rows, kLanes * 16 B];  weight: one row, read once a thread
// Moves 2 * rows * columns * sizeof(T) B; 648720 rows of 128 bf16: 332.1 MB. Bound: HBM, below 10 MB latency.
// Grid: kLanes lanes a row with 16 B each, kRowsInFlight rows a lane group. Weight and rows are asked for before the
// first use, sums cross lanes by shuffles: no shared memory, no barrier, so a warp ends on its own.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"
#include "kda/norm_infer_call.cuh"
#include "kda/reduce.cuh"

namespace kda::norm_infer {

// Rows at one stride: what RowLayout is without divisions.
struct StridedRows {
  int64_t stride;  // elements

  __device__ __forceinline__ int64_t offset(int64_t row) const { return row * stride; }
};

template <typename T>
inline constexpr int kRun = 16 / static_cast<int>(sizeof(T));

template <int kLanes, int kRowsInFlight>
inline constexpr int kRowsPerWarp = 32 / kLanes * kRowsInFlight;

template <typename T, typename Rows>
struct HeadsTask {
  T* out;
  const T *x, *weight;  // x may be out
  Rows x_rows;
  StridedRows out_rows;
  int rows;
  float inverse_columns, epsilon;
};

template <typename T, int kLanes, int kRowsInFlight, int kThreads, Caching kLoads, typename Rows>
__global__ void __launch_bounds__(kThreads)  // no minimum: what registers allow is enough for short warps
    norm_infer_heads_kernel(const HeadsTask<T, Rows> task) {
  constexpr int kRows = kRowsPerWarp<kLanes, kRowsInFlight>;
  using Run = Vec<T, kRun<T>>;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int warp_row = (static_cast<int>(blockIdx.x) * (kThreads / 32) + warp) * kRows;
  if (warp_row >= task.rows) return;
  const int first = warp_row + lane / kLanes, column = lane % kLanes * kRun<T>;
  // Neighbouring lane groups take neighbouring rows, so that a warp's access is contiguous.
  const auto row = [&](int i) { return first + i * (32 / kLanes); };

  // Lanes past the last row read it again: a shuffle wants the whole warp.
  Run x[kRowsInFlight];
#pragma unroll
  for (int i = 0; i < kRowsInFlight; ++i) {
    const int safe = row(i) < task.rows ? row(i) : task.rows - 1;
    x[i] = load_stream<kLoads, kRun<T>>(task.x + task.x_rows.offset(safe) + column);
  }
  const Run weight = Run::load_readonly(task.weight + column);

  float squares[kRowsInFlight];
#pragma unroll
  for (int i = 0; i < kRowsInFlight; ++i) {
    squares[i] = 0.f;
#pragma unroll
    for (int c = 0; c < kRun<T>; ++c) squares[i] = fmaf(to_float(x[i][c]), to_float(x[i][c]), squares[i]);
  }
  warp_reduce<kLanes>(squares, Sum{});
#pragma unroll
  for (int i = 0; i < kRowsInFlight; ++i) {
    const float inverse = rsqrtf(fmaf(squares[i], task.inverse_columns, task.epsilon));
    Vec<float, kRun<T>> y;
#pragma unroll
    for (int c = 0; c < kRun<T>; ++c) y[c] = to_float(x[i][c]) * inverse * to_float(weight[c]);
    if (row(i) < task.rows) from_float<T>(y).store_streaming(task.out + task.out_rows.offset(row(i)) + column);
  }
}

}  // namespace kda::norm_infer
