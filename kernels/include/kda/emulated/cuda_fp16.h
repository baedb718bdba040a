// Stands for CUDA's cuda_fp16.h in emulated builds: __half, its pair and their conversions.
#ifndef KDA_EMULATED_CUDA_FP16_H
#define KDA_EMULATED_CUDA_FP16_H

#include "kda/emulated/half_types.h"

using __half = kda::emulated::Half<kda::emulated::F16Format>;
using __half2 = kda::emulated::HalfPair<kda::emulated::F16Format>;
using half = __half;
using half2 = __half2;

__forceinline__ __half __float2half(float x) { return __half(x); }
__forceinline__ __half __float2half_rn(float x) { return __half(x); }
__forceinline__ __half __double2half(double x) { return __half(x); }
__forceinline__ __half __int2half_rn(int x) { return __half(x); }
__forceinline__ __half __uint2half_rn(unsigned x) { return __half(x); }
__forceinline__ float __half2float(__half x) { return static_cast<float>(x); }
__forceinline__ int __half2int_rn(__half x) { return __float2int_rn(static_cast<float>(x)); }
__forceinline__ int __half2int_rz(__half x) { return __float2int_rz(static_cast<float>(x)); }

__forceinline__ __half2 __halves2half2(__half low, __half high) { return {low, high}; }
__forceinline__ __half2 make_half2(__half low, __half high) { return {low, high}; }
__forceinline__ __half2 __half2half2(__half x) { return {x, x}; }
__forceinline__ __half2 __float2half2_rn(float x) { return {__half(x), __half(x)}; }
__forceinline__ __half2 __floats2half2_rn(float low, float high) { return {__half(low), __half(high)}; }
__forceinline__ __half2 __float22half2_rn(float2 x) { return __floats2half2_rn(x.x, x.y); }
__forceinline__ float2 __half22float2(__half2 x) { return {static_cast<float>(x.x), static_cast<float>(x.y)}; }
__forceinline__ __half __low2half(__half2 x) { return x.x; }
__forceinline__ __half __high2half(__half2 x) { return x.y; }
__forceinline__ __half2 __low2half2(__half2 x) { return {x.x, x.x}; }
__forceinline__ __half2 __high2half2(__half2 x) { return {x.y, x.y}; }
__forceinline__ __half2 __lows2half2(__half2 a, __half2 b) { return {a.x, b.x}; }
__forceinline__ __half2 __highs2half2(__half2 a, __half2 b) { return {a.y, b.y}; }

__forceinline__ unsigned short __half_as_ushort(__half x) { return x.bits; }
__forceinline__ short __half_as_short(__half x) { return static_cast<short>(x.bits); }
__forceinline__ __half __ushort_as_half(unsigned short bits) { return __half::from_bits(bits); }
__forceinline__ __half __short_as_half(short bits) { return __half::from_bits(static_cast<unsigned short>(bits)); }

#endif
