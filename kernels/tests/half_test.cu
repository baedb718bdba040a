// The 16-bit types against a reference of their own: every bit pattern converted, every rounding boundary, and
// arithmetic on random and special operands, which has to round the exact result once.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>

#include "testing.h"

namespace {

// 113 bits of significand. The products here are exact in it; of a sum it keeps the error too.
#if __LDBL_MANT_DIG__ == 113
using Wide = long double;
#else
using Wide = __float128;
#endif

struct Format {
  const char* name;
  int precision;    // bits of the significand, the hidden one included
  int min_exponent;  // of the smallest normal number
  int max_exponent;
};

constexpr Format kBf16{"bf16", 8, -126, 127};
constexpr Format kF16{"f16", 11, -14, 15};

Wide power_of_two(int exponent) { return static_cast<Wide>(std::ldexp(1.0L, exponent)); }

double decode(const Format& format, uint16_t bits) {
  const int mantissa_bits = format.precision - 1;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int exponent = (bits & 0x7fff) >> mantissa_bits;
  double value;
  if (exponent == format.max_exponent - format.min_exponent + 2) {
    value = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, format.min_exponent - mantissa_bits);
  } else {
    value = std::ldexp(mantissa + (1 << mantissa_bits), exponent - 1 + format.min_exponent - mantissa_bits);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

// The exact value is sum + error, with |error| far below sum's last bit. Its rounding to nearest even, as bits.
uint16_t encode(const Format& format, Wide sum, Wide error, bool negative_zero) {
  if (sum == 0) return negative_zero ? 0x8000 : 0;
  const uint16_t sign = sum < 0 ? 0x8000 : 0;
  if (sum < 0) {
    sum = -sum;
    error = -error;
  }
  int exponent = std::ilogb(static_cast<long double>(sum));
  if (sum < power_of_two(exponent)) --exponent;  // the narrower type may have rounded up
  if (exponent < format.min_exponent) exponent = format.min_exponent;
  const int mantissa_bits = format.precision - 1;
  const Wide scaled = sum * power_of_two(mantissa_bits - exponent);
  // Above the largest exponent everything is an infinity, however large.
  const uint16_t infinity =
      static_cast<uint16_t>((format.max_exponent - format.min_exponent + 2) << mantissa_bits);
  if (exponent > format.max_exponent) return sign | infinity;
  const int64_t floor = static_cast<int64_t>(scaled);
  const Wide above_half = scaled - static_cast<Wide>(floor) - static_cast<Wide>(0.5);
  const bool up = above_half > 0 || (above_half == 0 && (error > 0 || (error == 0 && floor % 2 == 1)));
  // Counting numbers from zero, the bits of the next one follow on across exponents, infinity included.
  const int64_t first = exponent == format.min_exponent ? 0 : int64_t{exponent - format.min_exponent} << mantissa_bits;
  return sign | static_cast<uint16_t>(first + floor + (up ? 1 : 0));
}

uint16_t encode_double(const Format& format, double x) {
  if (std::isnan(x)) return 0x7fff;
  if (std::isinf(x)) x = std::copysign(1e300, x);
  return encode(format, x, 0, std::signbit(x));
}

// a * b + c, rounded once.
uint16_t encode_fma(const Format& format, double a, double b, double c) {
  const double special = std::fma(a, b, c);
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(c)) return encode_double(format, special);
  const Wide product = static_cast<Wide>(a) * static_cast<Wide>(b);
  const Wide addend = c;
  const Wide sum = product + addend;
  const Wide addend_part = sum - product;
  const Wide error = (product - (sum - addend_part)) + (addend - addend_part);
  return encode(format, sum, error, std::signbit(special));
}

uint64_t random_state = 0x9e3779b97f4a7c15;

uint64_t random_bits() {
  // splitmix64.
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

template <typename T>
uint16_t bits_of(T x) {
  return x.bits;
}

template <typename T>
void check_conversions(const Format& format) {
  for (int i = 0; i < 65536; ++i) {
    const uint16_t bits = static_cast<uint16_t>(i);
    const double value = decode(format, bits);
    const float converted = static_cast<float>(T::from_bits(bits));
    if (std::isnan(value)) {
      CHECK(std::isnan(converted) && bits_of(T(converted)) == 0x7fff, "%s %04x", format.name, i);
      continue;
    }
    CHECK(static_cast<double>(converted) == value && std::signbit(converted) == std::signbit(value), "%s %04x: %a",
          format.name, i, static_cast<double>(converted));
    CHECK(bits_of(T(converted)) == bits && bits_of(T(value)) == bits, "%s %04x and back", format.name, i);
    if (std::isinf(value) || (bits & 0x7fff) == 0x7fff) continue;

    // Around the midpoint to the next number, in floats and in doubles.
    const double next = decode(format, static_cast<uint16_t>(bits + 1));
    const double midpoint = std::isfinite(next) ? (value + next) / 2 : value + (value - decode(format, bits - 1)) / 2;
    const float middle = static_cast<float>(midpoint);
    for (const float x : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 2 * middle)}) {
      CHECK(bits_of(T(x)) == encode_double(format, static_cast<double>(x)), "%s float %a: %04x", format.name,
            static_cast<double>(x), bits_of(T(x)));
    }
    for (const double x : {midpoint, std::nextafter(midpoint, 0.0), std::nextafter(midpoint, 2 * midpoint)}) {
      CHECK(bits_of(T(x)) == encode_double(format, x), "%s double %a: %04x", format.name, x, bits_of(T(x)));
    }
  }
  for (int i = 0; i < 300000; ++i) {
    const float x = __uint_as_float(static_cast<unsigned>(random_bits()));
    CHECK(bits_of(T(x)) == encode_double(format, static_cast<double>(x)), "%s float %a", format.name,
          static_cast<double>(x));
    // Doubles whose exponent is near the format's.
    const double y = std::ldexp(static_cast<double>(static_cast<int64_t>(random_bits())),
                                static_cast<int>(random_bits() % 320) - 200 - 63);
    CHECK(bits_of(T(y)) == encode_double(format, y), "%s double %a", format.name, y);
  }
}

template <typename T>
void check_integers(const Format& format) {
  for (int i = 0; i < 100000; ++i) {
    const int x = static_cast<int>(random_bits()) >> random_bits() % 31;
    CHECK(bits_of(T(x)) == encode_double(format, x), "%s int %d", format.name, x);
    const long long wide = static_cast<long long>(random_bits()) >> random_bits() % 63;
    CHECK(bits_of(T(wide)) == encode(format, static_cast<Wide>(wide), 0, false), "%s long long %lld", format.name, wide);
  }
}

template <typename T>
void check_arithmetic_on(const Format& format, uint16_t a_bits, uint16_t b_bits, uint16_t c_bits) {
  const double a = decode(format, a_bits), b = decode(format, b_bits), c = decode(format, c_bits);
  const T x = T::from_bits(a_bits), y = T::from_bits(b_bits), z = T::from_bits(c_bits);
  CHECK(bits_of(__hadd(x, y)) == encode_fma(format, a, 1, b), "%s %a + %a", format.name, a, b);
  CHECK(bits_of(__hsub(x, y)) == encode_fma(format, a, 1, -b), "%s %a - %a", format.name, a, b);
  CHECK(bits_of(__hmul(x, y)) == encode_double(format, a * b), "%s %a * %a", format.name, a, b);
  CHECK(bits_of(__hfma(x, y, z)) == encode_fma(format, a, b, c), "%s %a * %a + %a: %04x, not %04x", format.name, a, b, c,
        bits_of(__hfma(x, y, z)), encode_fma(format, a, b, c));
}

template <typename T>
void check_arithmetic(const Format& format) {
  const int infinity = T(INFINITY).bits, one = T(1.0f).bits, smallest_normal = 1 << (format.precision - 1);
  const int specials[] = {0, 1, 2, smallest_normal, infinity - 1, infinity, 0x7fff, one, one + 1, T(0.5f).bits};
  for (const int a : specials)
    for (const int b : specials)
      for (const int c : specials)
        for (int signs = 0; signs < 8; ++signs) {
          check_arithmetic_on<T>(format, static_cast<uint16_t>(a | (signs & 1) << 15),
                                 static_cast<uint16_t>(b | (signs & 2) << 14), static_cast<uint16_t>(c | (signs & 4) << 13));
        }
  for (int i = 0; i < 300000; ++i) {
    const uint64_t random = random_bits();
    check_arithmetic_on<T>(format, static_cast<uint16_t>(random), static_cast<uint16_t>(random >> 16),
                           static_cast<uint16_t>(random >> 32));
    // A product with few bits is often a midpoint, and then a far smaller addend decides.
    const uint16_t few_bits = static_cast<uint16_t>(0xffffu << (format.precision / 2));
    check_arithmetic_on<T>(format, static_cast<uint16_t>(random & few_bits), static_cast<uint16_t>(random >> 16 & few_bits),
                           static_cast<uint16_t>(random >> 32));
  }
}

template <typename T>
void check_comparisons(const Format& format) {
  const T nan = T::from_bits(0x7fff), zero = T::from_bits(0), minus_zero = T::from_bits(0x8000), one = T(1.0f);
  CHECK(bits_of(__hmax(nan, one)) == bits_of(one) && bits_of(__hmin(one, nan)) == bits_of(one), "%s NaN", format.name);
  CHECK(bits_of(__hmax_nan(nan, one)) == 0x7fff && bits_of(__hmin_nan(one, nan)) == 0x7fff, "%s NaN", format.name);
  CHECK(bits_of(__hmax(minus_zero, zero)) == 0 && bits_of(__hmin(zero, minus_zero)) == 0x8000, "%s zeros", format.name);
  CHECK(!__heq(nan, nan) && !__hne(nan, one) && !(nan < one) && nan != one, "%s NaN compares", format.name);
  CHECK(__heq(zero, minus_zero) && __hlt(zero, one) && __hge(one, one) && __hisnan(nan), "%s compares", format.name);
  CHECK(bits_of(-one) == (bits_of(one) | 0x8000) && bits_of(__habs(-one)) == bits_of(one), "%s sign", format.name);
}

void check_pairs() {
  const __nv_bfloat162 a = __floats2bfloat162_rn(1.00390625f, -3.0f);
  CHECK(__bfloat16_as_ushort(a.x) == 0x3f80 && __bfloat16_as_ushort(a.y) == 0xc040, "bf16 pair");
  const float2 f = __bfloat1622float2(__hfma2(a, a, __float2bfloat162_rn(1.0f)));
  CHECK(f.x == 2.0f && f.y == 10.0f, "bf16 pair: %g %g", static_cast<double>(f.x), static_cast<double>(f.y));
  const __half2 b = __float22half2_rn(make_float2(65520.0f, 1e-8f));
  CHECK(__half_as_ushort(b.x) == 0x7c00 && __half_as_ushort(b.y) == 0, "f16 pair");
  CHECK(__low2float(__hadd2(__halves2half2(__half(1), __half(2)), __half2half2(__half(3)))) == 4.0f, "f16 pair");
  static_assert(sizeof(__half) == 2 && sizeof(__half2) == 4 && alignof(__half2) == 4);
  static_assert(std::is_trivially_copyable_v<__nv_bfloat162> && std::is_trivially_default_constructible_v<__half>);
}

}  // namespace

int main() {
  check_conversions<__nv_bfloat16>(kBf16);
  check_conversions<__half>(kF16);
  check_integers<__nv_bfloat16>(kBf16);
  check_integers<__half>(kF16);
  check_arithmetic<__nv_bfloat16>(kBf16);
  check_arithmetic<__half>(kF16);
  check_comparisons<__nv_bfloat16>(kBf16);
  check_comparisons<__half>(kF16);
  check_pairs();
  return testing::finish("half_test");
}
