// Integer intrinsics, and CUDA's min and max.
#ifndef KDA_EMULATED_INTEGER_INTRINSICS_H
#define KDA_EMULATED_INTEGER_INTRINSICS_H

#include <math.h>
#include <stdint.h>

#include "kda/emulated/qualifiers.h"

__forceinline__ int __popc(unsigned x) { return __builtin_popcount(x); }
__forceinline__ int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
__forceinline__ int __ffs(int x) { return __builtin_ffs(x); }
__forceinline__ int __ffsll(long long x) { return __builtin_ffsll(x); }
__forceinline__ int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
__forceinline__ int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }

__forceinline__ unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}

__forceinline__ unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = uint64_t{y} << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned nibble = selector >> 4 * i & 15;
    unsigned byte = static_cast<unsigned>(bytes >> 8 * (nibble & 7)) & 0xff;
    // The top bit of a nibble replicates the byte's sign (PTX, prmt).
    if ((nibble & 8) != 0) byte = (byte & 0x80) != 0 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}

__forceinline__ unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((uint64_t{high} << 32 | low) << (shift & 31) >> 32);
}
__forceinline__ unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((uint64_t{high} << 32 | low) >> (shift & 31));
}
__forceinline__ unsigned __funnelshift_lc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? low : __funnelshift_l(low, high, shift);
}
__forceinline__ unsigned __funnelshift_rc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? high : __funnelshift_r(low, high, shift);
}

__forceinline__ int __mulhi(int a, int b) { return static_cast<int>(int64_t{a} * b >> 32); }
__forceinline__ unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }
__forceinline__ unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
__forceinline__ int __mul24(int a, int b) {
  return static_cast<int>(static_cast<unsigned>(a << 8 >> 8) * static_cast<unsigned>(b << 8 >> 8));
}

// The overloads of CUDA's math_functions.hpp: where it would be ambiguous, so is this.
#define KDA_MIN_MAX(a_type, b_type, common)                                                       \
  constexpr common min(a_type a, b_type b) {                                                      \
    return static_cast<common>(a) < static_cast<common>(b) ? static_cast<common>(a)               \
                                                           : static_cast<common>(b);              \
  }                                                                                               \
  constexpr common max(a_type a, b_type b) {                                                      \
    return static_cast<common>(a) > static_cast<common>(b) ? static_cast<common>(a)               \
                                                           : static_cast<common>(b);              \
  }

KDA_MIN_MAX(int, int, int)
KDA_MIN_MAX(unsigned, unsigned, unsigned)
KDA_MIN_MAX(int, unsigned, unsigned)
KDA_MIN_MAX(unsigned, int, unsigned)
KDA_MIN_MAX(long, long, long)
KDA_MIN_MAX(unsigned long, unsigned long, unsigned long)
KDA_MIN_MAX(long, unsigned long, unsigned long)
KDA_MIN_MAX(unsigned long, long, unsigned long)
KDA_MIN_MAX(long long, long long, long long)
KDA_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
KDA_MIN_MAX(long long, unsigned long long, unsigned long long)
KDA_MIN_MAX(unsigned long long, long long, unsigned long long)

#undef KDA_MIN_MAX

inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
inline double min(float a, double b) { return fmin(static_cast<double>(a), b); }
inline double max(float a, double b) { return fmax(static_cast<double>(a), b); }
inline double min(double a, float b) { return fmin(a, static_cast<double>(b)); }
inline double max(double a, float b) { return fmax(a, static_cast<double>(b)); }

#endif
