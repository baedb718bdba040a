// Bits of bfloat16 and binary16 numbers to and from float and double, rounded to nearest even and rounded once.
#ifndef KDA_EMULATED_HALF_ROUNDING_H
#define KDA_EMULATED_HALF_ROUNDING_H

#include <stdint.h>

#include <bit>

#include "kda/emulated/qualifiers.h"

namespace kda::emulated {

// What the GPU's conversions and arithmetic give for every NaN, in both 16-bit formats.
inline constexpr uint16_t kCanonicalNan16 = 0x7fff;

__forceinline__ float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

__forceinline__ uint16_t float_to_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? kCanonicalNan16 : rounded);
}

__forceinline__ float f16_to_float(uint16_t bits) {
  const uint32_t magnitude = uint32_t{bits & 0x7fffu} << 13;
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  // Scaling by 2^112 moves the exponent from binary16's bias to float's, and normalises denormals.
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  uint32_t result = std::bit_cast<uint32_t>(scaled);
  if (magnitude >= 0x7c00u << 13) result = magnitude | 0x7f800000;  // Infinity and NaN.
  return std::bit_cast<float>(result | sign);
}

__forceinline__ uint16_t float_to_f16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t magnitude = bits & 0x7fffffff;
  const uint32_t sign = bits >> 16 & 0x8000;
  uint32_t result;
  if (magnitude >= 0x47800000) {  // 65536 and above, infinity, NaN.
    if (magnitude > 0x7f800000) return kCanonicalNan16;
    result = 0x7c00;
  } else if (magnitude < 0x38800000) {  // Below 2^-14: a denormal.
    // Float's own rounding does the work: 0.5 has binary16's smallest denormal as its last bit.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    result = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(0.5f);
  } else {
    // Rebias the exponent, and round the 13 bits that go.
    result = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  }
  return static_cast<uint16_t>(result | sign);
}

// To float, rounded to odd: an inexact result takes the neighbour whose last bit is 1. Rounding that to at most 22 bits
// gives what rounding x itself would have given (Boldo and Melquiond, "When double rounding is odd", 2005).
__forceinline__ float double_to_float_odd(double x) {
  const float nearest = static_cast<float>(x);
  const double back = static_cast<double>(nearest);
  if (back == x || x != x) return nearest;
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  if ((bits & 1) == 0) bits += (x < 0 ? -x > -back : x > back) ? 1 : ~0u;
  return std::bit_cast<float>(bits);
}

// a * b + c, rounded to odd in double. a and b have at most 11 bits each, so a * b is exact.
__forceinline__ double fma_odd(double a, double b, double c) {
  const double product = a * b;
  const double sum = product + c;
  // Knuth's exact error of the addition. Infinities and NaN make it a NaN.
  const double c_part = sum - product;
  const double error = (product - (sum - c_part)) + (c - c_part);
  if (error == 0 || error != error) return sum;
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  if ((bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : ~uint64_t{0};
  return std::bit_cast<double>(bits);
}

}  // namespace kda::emulated

#endif
