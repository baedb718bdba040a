// fast_divide.cuh: quotients by a divisor that the host knows, by one multiplication and a shift.
//
//   const auto width = kda::FastDivide::by(columns);   // host
//   const unsigned row = width.quotient(i);            // device, 0 <= i < 2^31
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

namespace kda {

// n / divisor is (mulhi(n, m) + n) >> s, s = ceil(log2(divisor)), m = floor(2^32 * (2^s - divisor) / divisor) + 1;
// exact for 0 <= n < 2^31 and 1 <= divisor < 2^31.
struct FastDivide {
  uint32_t divisor, multiplier, shift;

  static FastDivide by(int64_t divisor) {
    const uint64_t d = static_cast<uint64_t>(divisor);
    uint32_t shift = 0;
    while (shift < 31 && (uint64_t{1} << shift) < d) ++shift;
    const uint64_t multiplier = ((uint64_t{1} << 32) * ((uint64_t{1} << shift) - d)) / d + 1;
    return {static_cast<uint32_t>(d), static_cast<uint32_t>(multiplier), shift};
  }

  __device__ __forceinline__ uint32_t quotient(uint32_t n) const { return (__umulhi(n, multiplier) + n) >> shift; }
};

}  // namespace kda
