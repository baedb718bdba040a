// Stands for CUDA's cuda_bf16.h in emulated builds: __nv_bfloat16, its pair and their conversions.
#ifndef KDA_EMULATED_CUDA_BF16_H
#define KDA_EMULATED_CUDA_BF16_H

#include "kda/emulated/half_types.h"

using __nv_bfloat16 = kda::emulated::Half<kda::emulated::Bf16Format>;
using __nv_bfloat162 = kda::emulated::HalfPair<kda::emulated::Bf16Format>;
using nv_bfloat16 = __nv_bfloat16;
using nv_bfloat162 = __nv_bfloat162;

__forceinline__ __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
__forceinline__ __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
__forceinline__ __nv_bfloat16 __double2bfloat16(double x) { return __nv_bfloat16(x); }
__forceinline__ __nv_bfloat16 __int2bfloat16_rn(int x) { return __nv_bfloat16(x); }
__forceinline__ __nv_bfloat16 __uint2bfloat16_rn(unsigned x) { return __nv_bfloat16(x); }
__forceinline__ float __bfloat162float(__nv_bfloat16 x) { return static_cast<float>(x); }
__forceinline__ int __bfloat162int_rn(__nv_bfloat16 x) { return __float2int_rn(static_cast<float>(x)); }
__forceinline__ int __bfloat162int_rz(__nv_bfloat16 x) { return __float2int_rz(static_cast<float>(x)); }

__forceinline__ __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) { return {low, high}; }
__forceinline__ __nv_bfloat162 make_bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) { return {low, high}; }
__forceinline__ __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 x) { return {x, x}; }
__forceinline__ __nv_bfloat162 __float2bfloat162_rn(float x) { return {__nv_bfloat16(x), __nv_bfloat16(x)}; }
__forceinline__ __nv_bfloat162 __floats2bfloat162_rn(float low, float high) {
  return {__nv_bfloat16(low), __nv_bfloat16(high)};
}
__forceinline__ __nv_bfloat162 __float22bfloat162_rn(float2 x) { return __floats2bfloat162_rn(x.x, x.y); }
__forceinline__ float2 __bfloat1622float2(__nv_bfloat162 x) { return {static_cast<float>(x.x), static_cast<float>(x.y)}; }
__forceinline__ __nv_bfloat16 __low2bfloat16(__nv_bfloat162 x) { return x.x; }
__forceinline__ __nv_bfloat16 __high2bfloat16(__nv_bfloat162 x) { return x.y; }
__forceinline__ __nv_bfloat162 __low2bfloat162(__nv_bfloat162 x) { return {x.x, x.x}; }
__forceinline__ __nv_bfloat162 __high2bfloat162(__nv_bfloat162 x) { return {x.y, x.y}; }
__forceinline__ __nv_bfloat162 __lows2bfloat162(__nv_bfloat162 a, __nv_bfloat162 b) { return {a.x, b.x}; }
__forceinline__ __nv_bfloat162 __highs2bfloat162(__nv_bfloat162 a, __nv_bfloat162 b) { return {a.y, b.y}; }

__forceinline__ unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
__forceinline__ short __bfloat16_as_short(__nv_bfloat16 x) { return static_cast<short>(x.bits); }
__forceinline__ __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return __nv_bfloat16::from_bits(bits); }
__forceinline__ __nv_bfloat16 __short_as_bfloat16(short bits) {
  return __nv_bfloat16::from_bits(static_cast<unsigned short>(bits));
}

#endif
