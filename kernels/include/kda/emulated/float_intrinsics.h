// Floating-point intrinsics. What CUDA approximates (names with a leading __ and no rounding mode) is exact to the
// host's libm here.
//
// Contraction must stay off (-ffp-contract=off): an a * b + c of the source rounds twice unless it says fmaf.
#ifndef KDA_EMULATED_FLOAT_INTRINSICS_H
#define KDA_EMULATED_FLOAT_INTRINSICS_H

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <bit>
#include <cmath>

#include "kda/emulated/qualifiers.h"

// <cmath> hides these behind std; CUDA has them in the global namespace too.
using std::isfinite;
using std::isinf;
using std::isnan;
using std::signbit;

__forceinline__ float __fadd_rn(float a, float b) { return a + b; }
__forceinline__ float __fsub_rn(float a, float b) { return a - b; }
__forceinline__ float __fmul_rn(float a, float b) { return a * b; }
__forceinline__ float __fdiv_rn(float a, float b) { return a / b; }
__forceinline__ float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
__forceinline__ float __frcp_rn(float x) { return 1.0f / x; }
__forceinline__ float __fsqrt_rn(float x) { return sqrtf(x); }
// The double result has more than twice the bits, and 1/sqrt of a float is no midpoint of floats.
__forceinline__ float __frsqrt_rn(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
__forceinline__ float rsqrtf(float x) { return __frsqrt_rn(x); }
__forceinline__ double rsqrt(double x) { return 1.0 / sqrt(x); }
__forceinline__ double __dadd_rn(double a, double b) { return a + b; }
__forceinline__ double __dsub_rn(double a, double b) { return a - b; }
__forceinline__ double __dmul_rn(double a, double b) { return a * b; }
__forceinline__ double __ddiv_rn(double a, double b) { return a / b; }
__forceinline__ double __dsqrt_rn(double x) { return sqrt(x); }
__forceinline__ double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

__forceinline__ float __fdividef(float a, float b) { return a / b; }
__forceinline__ float fdividef(float a, float b) { return a / b; }
__forceinline__ float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
__forceinline__ float __expf(float x) { return expf(x); }
__forceinline__ float __exp10f(float x) { return exp10f(x); }
__forceinline__ float __logf(float x) { return logf(x); }
__forceinline__ float __log2f(float x) { return log2f(x); }
__forceinline__ float __log10f(float x) { return log10f(x); }
__forceinline__ float __sinf(float x) { return sinf(x); }
__forceinline__ float __cosf(float x) { return cosf(x); }
__forceinline__ float __tanf(float x) { return tanf(x); }
__forceinline__ float __tanhf(float x) { return tanhf(x); }
__forceinline__ float __powf(float x, float y) { return powf(x, y); }
__forceinline__ void __sincosf(float x, float* sine, float* cosine) { sincosf(x, sine, cosine); }
__forceinline__ float normcdff(float x) {
  return static_cast<float>(0.5 * erfc(-static_cast<double>(x) * 0.70710678118654752440));
}

__forceinline__ int __float_as_int(float x) { return std::bit_cast<int>(x); }
__forceinline__ unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
__forceinline__ float __int_as_float(int x) { return std::bit_cast<float>(x); }
__forceinline__ float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
__forceinline__ long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
__forceinline__ double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

namespace kda::emulated {

// A rounded value as an integer. Saturates, and NaN gives 0 (PTX, cvt).
template <typename Integer>
__forceinline__ Integer saturate_to_integer(double rounded, double low, double high, Integer lowest, Integer highest) {
  if (!(rounded == rounded)) return 0;
  if (rounded <= low) return lowest;
  if (rounded >= high) return highest;
  return static_cast<Integer>(rounded);
}
__forceinline__ int saturate_to_int(double rounded) {
  return saturate_to_integer<int>(rounded, -2147483648.0, 2147483647.0, INT_MIN, INT_MAX);
}
__forceinline__ unsigned saturate_to_uint(double rounded) {
  return saturate_to_integer<unsigned>(rounded, 0.0, 4294967295.0, 0u, UINT_MAX);
}

}  // namespace kda::emulated

__forceinline__ int __float2int_rn(float x) { return kda::emulated::saturate_to_int(rintf(x)); }
__forceinline__ int __float2int_rd(float x) { return kda::emulated::saturate_to_int(floorf(x)); }
__forceinline__ int __float2int_ru(float x) { return kda::emulated::saturate_to_int(ceilf(x)); }
__forceinline__ int __float2int_rz(float x) { return kda::emulated::saturate_to_int(truncf(x)); }
__forceinline__ unsigned __float2uint_rn(float x) { return kda::emulated::saturate_to_uint(rintf(x)); }
__forceinline__ unsigned __float2uint_rd(float x) { return kda::emulated::saturate_to_uint(floorf(x)); }
__forceinline__ unsigned __float2uint_ru(float x) { return kda::emulated::saturate_to_uint(ceilf(x)); }
__forceinline__ unsigned __float2uint_rz(float x) { return kda::emulated::saturate_to_uint(truncf(x)); }
__forceinline__ int __double2int_rn(double x) { return kda::emulated::saturate_to_int(rint(x)); }
__forceinline__ int __double2int_rz(double x) { return kda::emulated::saturate_to_int(trunc(x)); }
__forceinline__ float __double2float_rn(double x) { return static_cast<float>(x); }
__forceinline__ float __int2float_rn(int x) { return static_cast<float>(x); }
__forceinline__ float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
__forceinline__ float __ll2float_rn(long long x) { return static_cast<float>(x); }
__forceinline__ double __int2double_rn(int x) { return static_cast<double>(x); }

#endif
