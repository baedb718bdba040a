// layernorm_select.cuh: LayerNorm of a token row, then scale, shift and gate chosen per token between two sets.
//   [r = residual + residual_gate * x;  residual_out = r;]  h = (r - mean) * rsqrt(var + eps) [* weight] [+ bias]
//   s = index != 0;  out = h * (1 + scale_s) + shift_s;  gate_out = gate_s
//   x, residual, residual_gate and outputs: [B, L, C] dense;  six modulation tensors: [B, C];  index: [B, L]
// Moves 3 * B*L*C * sizeof(x) B, with the residual 6 *; [1, 8424, 3072] bf16: 155.3 and 310.6 MB. Bound: HBM.
// Grid: one row a block. The row is read once and stays in registers; the index is loaded beside it. Two barriers a
// row: mean, then the centred variance. Without the residual the gate row is copied while the row is still on its way
// and everything is evict-first; with it, three loads a run leave no idle time, and the copy comes last.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"
#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda {

// One of the two sets: [B, C] rows at their own batch strides (elements).
template <typename T>
struct ModulationSet {
  const T *scale, *shift, *gate;
  int64_t scale_batch, shift_batch, gate_batch;
};

// weight and bias are NULL where absent; index elements have index_bytes bytes (1, 4 or 8).
template <typename T>
struct SelectTask {
  const T *x, *residual, *residual_gate, *weight, *bias;
  ModulationSet<T> set0, set1;
  const void* index;
  int64_t index_batch, index_token;
  int index_bytes;
  T *out, *residual_out, *gate_out;
  int batch, tokens, channels;
  float epsilon;
};

__device__ __forceinline__ bool is_nonzero(const void* index, int index_bytes, int64_t offset) {
  if (index_bytes == 4) return __ldg(static_cast<const int*>(index) + offset) != 0;
  if (index_bytes == 8) return __ldg(static_cast<const long long*>(index) + offset) != 0;
  return __ldg(static_cast<const unsigned char*>(index) + offset) != 0;
}

template <typename T>
struct ModulationRow {
  const T *scale, *shift, *gate;
};

// Production has one batch, and then no row pays for the division.
template <typename T>
__device__ __forceinline__ int batch_of(const SelectTask<T>& task, int row) {
  return task.batch == 1 ? 0 : row / task.tokens;
}

template <typename T>
__device__ __forceinline__ bool is_second_set(const SelectTask<T>& task, int row) {
  const int b = batch_of(task, row), token = row - b * task.tokens;
  return is_nonzero(task.index, task.index_bytes, b * task.index_batch + token * task.index_token);
}

template <typename T>
__device__ __forceinline__ ModulationRow<T> select_row(const SelectTask<T>& task, int row) {
  const int b = batch_of(task, row);
  const bool second = is_second_set(task, row);
  const ModulationSet<T>& set0 = task.set0;
  const ModulationSet<T>& set1 = task.set1;
  return {(second ? set1.scale : set0.scale) + b * (second ? set1.scale_batch : set0.scale_batch),
          (second ? set1.shift : set0.shift) + b * (second ? set1.shift_batch : set0.shift_batch),
          (second ? set1.gate : set0.gate) + b * (second ? set1.gate_batch : set0.gate_batch)};
}

template <typename T>
inline constexpr int kSelectRun = 16 / static_cast<int>(sizeof(T));

// kFullPlain: the row is exactly kRowThreads * kRuns runs, so nothing is masked, and weight and bias are absent.
enum class RowShape { kAny, kFullPlain };

template <typename T, int kRowThreads, int kRuns, bool kResidual, RowShape kShape, int kMinBlocks>
__global__ void __launch_bounds__(kRowThreads, kMinBlocks) layernorm_select_row_kernel(const SelectTask<T> task) {
  constexpr int kRun = kSelectRun<T>;
  constexpr Caching kCaching = kResidual ? Caching::kDefault : Caching::kEvictFirst;
  const int row = blockIdx.x, channels = task.channels;
  const int64_t first = static_cast<int64_t>(row) * channels;
  const auto channel = [&](int run) { return (run * kRowThreads + static_cast<int>(threadIdx.x)) * kRun; };
  const auto is_inside = [&](int run) { return kShape == RowShape::kFullPlain || channel(run) < channels; };

  Vec<T, kRun> x[kRuns] = {}, residual[kRuns] = {}, residual_gate[kRuns] = {};
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    if (!is_inside(run)) continue;
    x[run] = load_stream<kCaching, kRun>(task.x + first + channel(run));
    if constexpr (kResidual) {
      residual[run] = load_stream<kCaching, kRun>(task.residual + first + channel(run));
      residual_gate[run] = load_stream<kCaching, kRun>(task.residual_gate + first + channel(run));
    }
  }
  const ModulationRow<T> rows = select_row(task, row);
  const auto copy_gate = [&] {
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      if (!is_inside(run)) continue;
      store_stream<kCaching>(task.gate_out + first + channel(run),
                             Vec<T, kRun>::load_readonly(rows.gate + channel(run)));
    }
  };
  if constexpr (!kResidual) copy_gate();

  Vec<float, kRun> h[kRuns];
  float sum = 0.f;
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    h[run] = Vec<float, kRun>::filled(0.f);
    if (!is_inside(run)) continue;
    h[run] = to_float(x[run]);
    if constexpr (kResidual) {
#pragma unroll
      for (int c = 0; c < kRun; ++c) {
        h[run][c] = fmaf(to_float(residual_gate[run][c]), h[run][c], to_float(residual[run][c]));
      }
      store_stream<kCaching>(task.residual_out + first + channel(run), from_float<T>(h[run]));
    }
#pragma unroll
    for (int c = 0; c < kRun; ++c) sum += h[run][c];
  }
  const float mean = __fdividef(block_sum<kRowThreads, 0>(sum), static_cast<float>(channels));

  float squares = 0.f;
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
#pragma unroll
    for (int c = 0; c < kRun; ++c) {
      h[run][c] = is_inside(run) ? h[run][c] - mean : 0.f;
      squares = fmaf(h[run][c], h[run][c], squares);
    }
  }
  const float variance = __fdividef(block_sum<kRowThreads, 1>(squares), static_cast<float>(channels));
  const float inverse_deviation = rsqrtf(variance + task.epsilon);

#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    if (!is_inside(run)) continue;
    const auto scale = to_float(Vec<T, kRun>::load_readonly(rows.scale + channel(run)));
    const auto shift = to_float(Vec<T, kRun>::load_readonly(rows.shift + channel(run)));
    Vec<float, kRun>& y = h[run];
#pragma unroll
    for (int c = 0; c < kRun; ++c) y[c] *= inverse_deviation;
    if (kShape == RowShape::kAny && task.weight != nullptr) {
      const auto weight = to_float(Vec<T, kRun>::load_readonly(task.weight + channel(run)));
#pragma unroll
      for (int c = 0; c < kRun; ++c) y[c] *= weight[c];
    }
    if (kShape == RowShape::kAny && task.bias != nullptr) {
      const auto bias = to_float(Vec<T, kRun>::load_readonly(task.bias + channel(run)));
#pragma unroll
      for (int c = 0; c < kRun; ++c) y[c] += bias[c];
    }
#pragma unroll
    for (int c = 0; c < kRun; ++c) y[c] = fmaf(y[c], 1.f + scale[c], shift[c]);
    store_stream<kCaching>(task.out + first + channel(run), from_float<T>(y));
  }
  if constexpr (kResidual) copy_gate();
}

}  // namespace kda
