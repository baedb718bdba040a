// layernorm_select01_strided.cuh: the row kernel of layernorm_select01.cuh at any strides and alignment.
//   formula and shapes as there;  channel strides of weight, bias and the modulation rows are free
// Upstream narrows its accesses to one element for such calls. Here a thread strides over the row and rereads its
// inputs in each of the three passes, so rows up to upstream's limit of 64 KiB need no registers for them.
// Grid: B * L, one row a block of 128 threads.
#pragma once

#include "sglang/layernorm_select01.cuh"

namespace kda::sglang {

// Channel strides beside the row kernel's arguments.
struct ChannelStrides {
  int64_t weight, bias;
  int64_t scale[2], shift[2], gate[2];
};

template <typename T, bool kResidual>
__global__ void __launch_bounds__(kRowThreads)  // no bound: nothing of the row stays in registers
    layernorm_select01_strided_kernel(const SelectArguments<T> arguments, const ChannelStrides strides) {
  __shared__ float partials[kRowWarps + 1];
  const SelectArguments<T>& a = arguments;
  const int row = blockIdx.x, channels = a.channels;
  const int64_t first = static_cast<int64_t>(row) * channels;
  const auto value = [&](int c) {
    const float x = to_float(a.x[first + c]);
    if constexpr (kResidual)
      return fmaf(to_float(a.residual_gate[first + c]), x, to_float(a.residual[first + c]));
    else
      return x;
  };

  float sum = 0.f;
  for (int c = threadIdx.x; c < channels; c += kRowThreads) sum += value(c);
  const float mean = __fdividef(block_sum_triton(sum, partials), static_cast<float>(channels));
  float squares = 0.f;
  for (int c = threadIdx.x; c < channels; c += kRowThreads) squares = fmaf(value(c) - mean, value(c) - mean, squares);
  __syncthreads();
  const float variance = __fdividef(block_sum_triton(squares, partials), static_cast<float>(channels));
  const float inverse_deviation = rsqrtf(variance + a.epsilon);

  int set;
  const ModulationRows<T> rows = select_rows(a, row, &set);
  const int64_t scale_stride = set == 1 ? strides.scale[1] : strides.scale[0];
  const int64_t shift_stride = set == 1 ? strides.shift[1] : strides.shift[0];
  const int64_t gate_stride = set == 1 ? strides.gate[1] : strides.gate[0];
  for (int c = threadIdx.x; c < channels; c += kRowThreads) {
    const float r = value(c);
    float h = (r - mean) * inverse_deviation;
    if (a.weight != nullptr) h *= to_float(a.weight[c * strides.weight]);
    if (a.bias != nullptr) h += to_float(a.bias[c * strides.bias]);
    const float scale = to_float(rows.scale[c * scale_stride]), shift = to_float(rows.shift[c * shift_stride]);
    a.out[first + c] = from_float<T>(fmaf(h, 1.f + scale, shift));
    if constexpr (kResidual) a.residual_out[first + c] = from_float<T>(r);
    a.gate_out[first + c] = rows.gate[c * gate_stride];
  }
}

}  // namespace kda::sglang
