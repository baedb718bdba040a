// What __half and __nv_bfloat16 have in common: the type, its pair, and arithmetic that rounds once.
//
// Both are `Half<Format>`, so that one definition of each function serves both. Sums and products of two are formed in
// double and rounded to odd, then rounded to the 16-bit format, which is the same as rounding the exact value once.
#ifndef KDA_EMULATED_HALF_TYPES_H
#define KDA_EMULATED_HALF_TYPES_H

#include <math.h>

#include <type_traits>

#include "kda/emulated/float_intrinsics.h"
#include "kda/emulated/half_rounding.h"
#include "kda/emulated/warp_intrinsics.h"

namespace kda::emulated {

struct Bf16Format {
  static __forceinline__ float decode(uint16_t bits) { return bf16_to_float(bits); }
  static __forceinline__ uint16_t encode(float x) { return float_to_bf16(x); }
};
struct F16Format {
  static __forceinline__ float decode(uint16_t bits) { return f16_to_float(bits); }
  static __forceinline__ uint16_t encode(float x) { return float_to_f16(x); }
};

template <typename Format>
struct Half {
  uint16_t bits;

  Half() = default;
  __forceinline__ Half(float x) : bits(Format::encode(x)) {}
  __forceinline__ Half(double x) : bits(Format::encode(double_to_float_odd(x))) {}
  template <typename Integer>
    requires std::is_integral_v<Integer>
  __forceinline__ Half(Integer x) : Half(exact_or_odd(x)) {}

  static __forceinline__ Half from_bits(uint16_t bits) {
    Half half;
    half.bits = bits;
    return half;
  }

  __forceinline__ operator float() const { return Format::decode(bits); }
  explicit __forceinline__ operator bool() const { return (bits & 0x7fff) != 0; }

  __forceinline__ Half& operator+=(Half other) { return *this = *this + other; }
  __forceinline__ Half& operator-=(Half other) { return *this = *this - other; }
  __forceinline__ Half& operator*=(Half other) { return *this = *this * other; }
  __forceinline__ Half& operator/=(Half other) { return *this = *this / other; }
  __forceinline__ Half operator-() const { return from_bits(bits ^ 0x8000); }
  __forceinline__ Half operator+() const { return *this; }

  friend __forceinline__ Half operator+(Half a, Half b) {
    return Half(fma_odd(static_cast<float>(a), 1.0, static_cast<float>(b)));
  }
  friend __forceinline__ Half operator-(Half a, Half b) {
    return Half(fma_odd(static_cast<float>(a), 1.0, -static_cast<float>(b)));
  }
  friend __forceinline__ Half operator*(Half a, Half b) {
    return Half(static_cast<double>(static_cast<float>(a)) * static_cast<double>(static_cast<float>(b)));
  }
  // A quotient of 11-bit numbers lies too far from any midpoint for double's own rounding to matter.
  friend __forceinline__ Half operator/(Half a, Half b) {
    return Half(static_cast<double>(static_cast<float>(a)) / static_cast<double>(static_cast<float>(b)));
  }
  friend __forceinline__ bool operator==(Half a, Half b) { return static_cast<float>(a) == static_cast<float>(b); }
  friend __forceinline__ bool operator<(Half a, Half b) { return static_cast<float>(a) < static_cast<float>(b); }
  friend __forceinline__ bool operator<=(Half a, Half b) { return static_cast<float>(a) <= static_cast<float>(b); }
  friend __forceinline__ bool operator>(Half a, Half b) { return static_cast<float>(a) > static_cast<float>(b); }
  friend __forceinline__ bool operator>=(Half a, Half b) { return static_cast<float>(a) >= static_cast<float>(b); }

 private:
  // Integers above 2^53 lose nothing that matters: double's last bit is made odd.
  template <typename Integer>
  static __forceinline__ double exact_or_odd(Integer x) {
    const double nearest = static_cast<double>(x);
    const long double back = nearest, exact = x;
    if (back == exact || (std::bit_cast<uint64_t>(nearest) & 1) != 0) return nearest;
    return std::bit_cast<double>(std::bit_cast<uint64_t>(nearest) +
                                 ((exact < 0 ? exact < back : exact > back) ? 1 : ~uint64_t{0}));
  }
};

// Not an alias of a template: overloads and mangled names tell the pairs apart by their element.
template <typename Format>
struct alignas(4) HalfPair {
  Half<Format> x, y;

  HalfPair() = default;
  __forceinline__ HalfPair(Half<Format> a, Half<Format> b) : x(a), y(b) {}

  friend __forceinline__ HalfPair operator+(HalfPair a, HalfPair b) { return {a.x + b.x, a.y + b.y}; }
  friend __forceinline__ HalfPair operator-(HalfPair a, HalfPair b) { return {a.x - b.x, a.y - b.y}; }
  friend __forceinline__ HalfPair operator*(HalfPair a, HalfPair b) { return {a.x * b.x, a.y * b.y}; }
  friend __forceinline__ HalfPair operator/(HalfPair a, HalfPair b) { return {a.x / b.x, a.y / b.y}; }
  __forceinline__ HalfPair& operator+=(HalfPair other) { return *this = *this + other; }
  __forceinline__ HalfPair& operator-=(HalfPair other) { return *this = *this - other; }
  __forceinline__ HalfPair& operator*=(HalfPair other) { return *this = *this * other; }
  __forceinline__ HalfPair operator-() const { return {-x, -y}; }
  friend __forceinline__ bool operator==(HalfPair a, HalfPair b) { return a.x == b.x && a.y == b.y; }
};

template <typename Format>
inline constexpr bool kIsShuffled<Half<Format>> = true;
template <typename Format>
inline constexpr bool kIsShuffled<HalfPair<Format>> = true;

template <typename T>
inline constexpr bool kIsHalf = false;
template <typename Format>
inline constexpr bool kIsHalf<Half<Format>> = true;
template <typename T>
inline constexpr bool kIsHalfPair = false;
template <typename Format>
inline constexpr bool kIsHalfPair<HalfPair<Format>> = true;

}  // namespace kda::emulated

// CUDA declares each of these once per type; here one template serves both.
#define KDA_HALF template <typename Format>
#define KDA_H kda::emulated::Half<Format>
#define KDA_H2 kda::emulated::HalfPair<Format>

KDA_HALF __forceinline__ KDA_H __hadd(KDA_H a, KDA_H b) { return a + b; }
KDA_HALF __forceinline__ KDA_H __hadd_rn(KDA_H a, KDA_H b) { return a + b; }
KDA_HALF __forceinline__ KDA_H __hsub(KDA_H a, KDA_H b) { return a - b; }
KDA_HALF __forceinline__ KDA_H __hsub_rn(KDA_H a, KDA_H b) { return a - b; }
KDA_HALF __forceinline__ KDA_H __hmul(KDA_H a, KDA_H b) { return a * b; }
KDA_HALF __forceinline__ KDA_H __hmul_rn(KDA_H a, KDA_H b) { return a * b; }
KDA_HALF __forceinline__ KDA_H __hdiv(KDA_H a, KDA_H b) { return a / b; }
KDA_HALF __forceinline__ KDA_H __hneg(KDA_H a) { return -a; }
KDA_HALF __forceinline__ KDA_H __habs(KDA_H a) { return KDA_H::from_bits(a.bits & 0x7fff); }
KDA_HALF __forceinline__ KDA_H __hfma(KDA_H a, KDA_H b, KDA_H c) {
  return KDA_H(kda::emulated::fma_odd(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)));
}

KDA_HALF __forceinline__ bool __hisnan(KDA_H a) { return isnan(static_cast<float>(a)); }
KDA_HALF __forceinline__ int __hisinf(KDA_H a) {
  return isinf(static_cast<float>(a)) ? (static_cast<float>(a) < 0 ? -1 : 1) : 0;
}
// NaN loses against a number, and -0 is below +0.
KDA_HALF __forceinline__ KDA_H __hmax(KDA_H a, KDA_H b) {
  using kda::emulated::kCanonicalNan16;
  if (__hisnan(a)) return __hisnan(b) ? KDA_H::from_bits(kCanonicalNan16) : b;
  if (__hisnan(b) || a > b) return a;
  return a == b ? KDA_H::from_bits(a.bits & b.bits) : b;
}
KDA_HALF __forceinline__ KDA_H __hmin(KDA_H a, KDA_H b) {
  using kda::emulated::kCanonicalNan16;
  if (__hisnan(a)) return __hisnan(b) ? KDA_H::from_bits(kCanonicalNan16) : b;
  if (__hisnan(b) || a < b) return a;
  return a == b ? KDA_H::from_bits(a.bits | b.bits) : b;
}
KDA_HALF __forceinline__ KDA_H __hfma_relu(KDA_H a, KDA_H b, KDA_H c) {
  return __hmax(__hfma(a, b, c), KDA_H::from_bits(0));
}
// NaN wins.
KDA_HALF __forceinline__ KDA_H __hmax_nan(KDA_H a, KDA_H b) {
  using kda::emulated::kCanonicalNan16;
  return __hisnan(a) || __hisnan(b) ? KDA_H::from_bits(kCanonicalNan16) : __hmax(a, b);
}
KDA_HALF __forceinline__ KDA_H __hmin_nan(KDA_H a, KDA_H b) {
  using kda::emulated::kCanonicalNan16;
  return __hisnan(a) || __hisnan(b) ? KDA_H::from_bits(kCanonicalNan16) : __hmin(a, b);
}

KDA_HALF __forceinline__ bool __heq(KDA_H a, KDA_H b) { return a == b; }
KDA_HALF __forceinline__ bool __hne(KDA_H a, KDA_H b) { return a < b || a > b; }
KDA_HALF __forceinline__ bool __hlt(KDA_H a, KDA_H b) { return a < b; }
KDA_HALF __forceinline__ bool __hle(KDA_H a, KDA_H b) { return a <= b; }
KDA_HALF __forceinline__ bool __hgt(KDA_H a, KDA_H b) { return a > b; }
KDA_HALF __forceinline__ bool __hge(KDA_H a, KDA_H b) { return a >= b; }

KDA_HALF __forceinline__ KDA_H2 __hadd2(KDA_H2 a, KDA_H2 b) { return a + b; }
KDA_HALF __forceinline__ KDA_H2 __hadd2_rn(KDA_H2 a, KDA_H2 b) { return a + b; }
KDA_HALF __forceinline__ KDA_H2 __hsub2(KDA_H2 a, KDA_H2 b) { return a - b; }
KDA_HALF __forceinline__ KDA_H2 __hsub2_rn(KDA_H2 a, KDA_H2 b) { return a - b; }
KDA_HALF __forceinline__ KDA_H2 __hmul2(KDA_H2 a, KDA_H2 b) { return a * b; }
KDA_HALF __forceinline__ KDA_H2 __hmul2_rn(KDA_H2 a, KDA_H2 b) { return a * b; }
KDA_HALF __forceinline__ KDA_H2 __h2div(KDA_H2 a, KDA_H2 b) { return a / b; }
KDA_HALF __forceinline__ KDA_H2 __hneg2(KDA_H2 a) { return -a; }
KDA_HALF __forceinline__ KDA_H2 __habs2(KDA_H2 a) { return {__habs(a.x), __habs(a.y)}; }
KDA_HALF __forceinline__ KDA_H2 __hmax2(KDA_H2 a, KDA_H2 b) { return {__hmax(a.x, b.x), __hmax(a.y, b.y)}; }
KDA_HALF __forceinline__ KDA_H2 __hmin2(KDA_H2 a, KDA_H2 b) { return {__hmin(a.x, b.x), __hmin(a.y, b.y)}; }
KDA_HALF __forceinline__ KDA_H2 __hfma2(KDA_H2 a, KDA_H2 b, KDA_H2 c) {
  return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};
}

KDA_HALF __forceinline__ float __low2float(KDA_H2 a) { return static_cast<float>(a.x); }
KDA_HALF __forceinline__ float __high2float(KDA_H2 a) { return static_cast<float>(a.y); }

KDA_HALF __forceinline__ KDA_H hexp(KDA_H a) { return KDA_H(exp(static_cast<double>(static_cast<float>(a)))); }
KDA_HALF __forceinline__ KDA_H hlog(KDA_H a) { return KDA_H(log(static_cast<double>(static_cast<float>(a)))); }
KDA_HALF __forceinline__ KDA_H hsqrt(KDA_H a) { return KDA_H(sqrt(static_cast<double>(static_cast<float>(a)))); }
KDA_HALF __forceinline__ KDA_H hrsqrt(KDA_H a) { return KDA_H(1.0 / sqrt(static_cast<double>(static_cast<float>(a)))); }
KDA_HALF __forceinline__ KDA_H hrcp(KDA_H a) { return KDA_H(1.0 / static_cast<double>(static_cast<float>(a))); }

#undef KDA_HALF
#undef KDA_H
#undef KDA_H2

#endif
