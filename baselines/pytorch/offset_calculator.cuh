// offset_calculator.cuh: offsets of an element in strided operands, by division with multiply and shift.
// As PyTorch's TensorIterator has them on the GPU: dimensions are coalesced, the fastest first, sizes and byte strides
// in 32 bits; an index is taken apart dimension by dimension, the last one included.
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

namespace kda::pytorch {

// n / divisor for 0 <= n, divisor <= INT32_MAX: (mulhi(n, m) + n) >> s with s = ceil(log2(divisor)) and
// m = floor(2^32 * (2^s - divisor) / divisor) + 1.
struct IntDivider {
  uint32_t divisor, multiplier, shift;

  static IntDivider of(uint32_t divisor) {
    uint32_t shift = 0;
    while (shift < 32 && (uint64_t{1} << shift) < divisor) ++shift;
    const uint64_t multiplier = ((uint64_t{1} << 32) * ((uint64_t{1} << shift) - divisor)) / divisor + 1;
    return {divisor, static_cast<uint32_t>(multiplier), shift};
  }

  __device__ __forceinline__ uint32_t divide(uint32_t n) const { return (__umulhi(n, multiplier) + n) >> shift; }
};

constexpr int kMaxDims = 25;  // upstream's limit for a tensor's rank

template <int kOperands>
struct Offsets {
  uint32_t of[kOperands];  // bytes
};

template <int kOperands>
struct OffsetCalculator {
  int dims;
  IntDivider sizes[kMaxDims];
  uint32_t strides[kMaxDims][kOperands];  // bytes

  __device__ __forceinline__ Offsets<kOperands> get(uint32_t linear) const {
    Offsets<kOperands> offsets = {};
#pragma unroll
    for (int dim = 0; dim < kMaxDims; ++dim) {
      if (dim == dims) break;
      const uint32_t quotient = sizes[dim].divide(linear);
      const uint32_t index = linear - quotient * sizes[dim].divisor;
      linear = quotient;
#pragma unroll
      for (int operand = 0; operand < kOperands; ++operand) offsets.of[operand] += index * strides[dim][operand];
    }
    return offsets;
  }
};

}  // namespace kda::pytorch
