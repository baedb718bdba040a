// layernorm_select_strided.cuh: the row kernel of layernorm_select.cuh at any strides, alignment and row length.
//   formula and shapes as there;  channel strides of weight, bias and the modulation rows are free
// Grid: one row a block. Its threads stride over the row and read the inputs again in each of three passes (from L1 or
// L2), so a row of any length fits.
#pragma once

#include "kda/layernorm_select.cuh"

namespace kda {

// Channel strides in elements; 0 and 1 are the two modulation sets.
struct SelectChannelStrides {
  int64_t weight, bias;
  int64_t scale0, shift0, gate0, scale1, shift1, gate1;
};

inline constexpr int kStridedRowThreads = 256;

template <typename T, bool kResidual>
__global__ void __launch_bounds__(kStridedRowThreads, 4)  // 64 registers; nothing of the row stays in them
    layernorm_select_strided_kernel(const SelectTask<T> task, const SelectChannelStrides strides) {
  const int row = blockIdx.x, channels = task.channels;
  const int64_t first = static_cast<int64_t>(row) * channels;
  const auto value = [&](int c) {
    const float x = to_float(task.x[first + c]);
    if constexpr (kResidual)
      return fmaf(to_float(task.residual_gate[first + c]), x, to_float(task.residual[first + c]));
    else
      return x;
  };

  float sum = 0.f;
  for (int c = threadIdx.x; c < channels; c += kStridedRowThreads) sum += value(c);
  const float mean = __fdividef(block_sum<kStridedRowThreads, 0>(sum), static_cast<float>(channels));
  float squares = 0.f;
  for (int c = threadIdx.x; c < channels; c += kStridedRowThreads) {
    const float centred = value(c) - mean;
    squares = fmaf(centred, centred, squares);
  }
  const float variance = __fdividef(block_sum<kStridedRowThreads, 1>(squares), static_cast<float>(channels));
  const float inverse_deviation = rsqrtf(variance + task.epsilon);

  const ModulationRow<T> rows = select_row(task, row);
  const bool second = is_second_set(task, row);
  const int64_t scale_stride = second ? strides.scale1 : strides.scale0;
  const int64_t shift_stride = second ? strides.shift1 : strides.shift0;
  const int64_t gate_stride = second ? strides.gate1 : strides.gate0;
  for (int c = threadIdx.x; c < channels; c += kStridedRowThreads) {
    const float r = value(c);
    float h = (r - mean) * inverse_deviation;
    if (task.weight != nullptr) h *= to_float(task.weight[c * strides.weight]);
    if (task.bias != nullptr) h += to_float(task.bias[c * strides.bias]);
    const float scale = to_float(rows.scale[c * scale_stride]), shift = to_float(rows.shift[c * shift_stride]);
    task.out[first + c] = from_float<T>(fmaf(h, 1.f + scale, shift));
    if constexpr (kResidual) task.residual_out[first + c] = from_float<T>(r);
    task.gate_out[first + c] = rows.gate[c * gate_stride];
  }
}

}  // namespace kda
