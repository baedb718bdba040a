// scale_shift_strided.cuh: x * (k + scale) + shift at any strides, alignment and dtypes, typed as Triton types it.
//   x, out: [B, L, C] dense;  scale, shift: element strides (b, token step, c), each of any floating dtype
// Upstream's tile kernel narrows its accesses to one element for such calls; here one thread takes one element of a
// grid-stride loop with 64-bit offsets. Also the home of what upstream decides on the host: where scale and shift are
// both scalars and both zero, out is a bit copy of x whatever k is, which is read on the device here.
#pragma once

#include <stdint.h>

#include "sglang/promoted_math.cuh"

namespace kda::sglang {

constexpr int kStridedThreads = 256;

enum class ElementType : int32_t { kBf16, kF16, kF32, kF64 };

struct StridedOperand {
  const void* data;
  ElementType type;
  int64_t batch, step, channel;
  int64_t tokens_per_step;

  __device__ __forceinline__ int64_t offset(int64_t b, int64_t token, int64_t c) const {
    return b * batch + token / tokens_per_step * step + c * channel;
  }
};

// Calls body(operand's typed pointer); the branch is uniform over the grid.
template <typename Body>
__device__ __forceinline__ void with_type(const StridedOperand& operand, Body body) {
  switch (operand.type) {
    case ElementType::kBf16:
      return body(static_cast<const bf16*>(operand.data));
    case ElementType::kF16:
      return body(static_cast<const f16*>(operand.data));
    case ElementType::kF32:
      return body(static_cast<const float*>(operand.data));
    case ElementType::kF64:
      return body(static_cast<const double*>(operand.data));
  }
}

__device__ __forceinline__ bool is_zero(const StridedOperand& operand) {
  bool zero = false;
  with_type(operand, [&](const auto* data) { zero = convert<double>(*data) == 0.0; });
  return zero;
}

template <typename T>
__global__ void __launch_bounds__(kStridedThreads)  // no occupancy asked for: the loop is bound by its divisions
    scale_shift_strided_kernel(T* __restrict__ out, const T* __restrict__ x, int64_t elements, int64_t tokens,
                               int64_t channels, StridedOperand scale, StridedOperand shift, bool both_scalar,
                               double constant) {
  const bool is_copy = both_scalar && is_zero(scale) && is_zero(shift);
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kStridedThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kStridedThreads + threadIdx.x; i < elements; i += stride) {
    if (is_copy) {
      out[i] = x[i];
      continue;
    }
    const int64_t c = i % channels, token = i / channels % tokens, b = i / channels / tokens;
    with_type(scale, [&](const auto* scales) {
      with_type(shift, [&](const auto* shifts) {
        const auto scale_value = scales[scale.offset(b, token, c)];
        using Tscale = std::remove_const_t<decltype(scale_value)>;
        out[i] = scale_shift(x[i], scale_value, shifts[shift.offset(b, token, c)], convert<Tscale>(constant));
      });
    });
  }
}

}  // namespace kda::sglang
