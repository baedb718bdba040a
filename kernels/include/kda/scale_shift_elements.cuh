// scale_shift_elements.cuh: out = x * (k + scale) + shift at any strides and alignment.
//   x, out: [B, L, C] dense;  scale, shift: element strides (b, token step, c), 0 where they broadcast
// Grid: a grid-stride loop, one element a thread and turn, 64-bit offsets. For what the row kernel cannot read in
// whole runs: odd channel counts, strided channels, misaligned pointers, a scalar beside a tensor.
#pragma once

#include <stdint.h>

#include "kda/vec.cuh"

namespace kda {

template <typename T>
struct ElementOperand {
  const T* data;                 // NULL where the operand is absent and stands for 0
  int64_t batch, step, channel;  // element strides
  int64_t tokens_per_step;

  __device__ __forceinline__ float value(int64_t b, int64_t token, int64_t c) const {
    if (data == nullptr) return 0.f;
    return to_float(data[b * batch + token / tokens_per_step * step + c * channel]);
  }
};

inline constexpr int kElementsThreads = 256;

template <typename Tx, typename Tscale, typename Tshift>
__global__ void __launch_bounds__(kElementsThreads, 4)  // 64 registers; 64-bit divisions bound it, not occupancy
    scale_shift_elements_kernel(Tx* __restrict__ out, const Tx* __restrict__ x, int64_t elements, int64_t tokens,
                                int64_t channels, const ElementOperand<Tscale> scale,
                                const ElementOperand<Tshift> shift, bool both_scalar, float constant) {
  // Two zero scalars ask for x itself, whatever the constant is.
  const bool is_copy = both_scalar && to_float(*scale.data) == 0.f && to_float(*shift.data) == 0.f;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kElementsThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kElementsThreads + threadIdx.x; i < elements; i += stride) {
    if (is_copy) {
      out[i] = x[i];
      continue;
    }
    const int64_t row = i / channels, c = i - row * channels, b = row / tokens, token = row - b * tokens;
    out[i] = from_float<Tx>(fmaf(to_float(x[i]), constant + scale.value(b, token, c), shift.value(b, token, c)));
  }
}

}  // namespace kda
