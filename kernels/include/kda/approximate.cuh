// approximate.cuh: the approximate instructions that Triton's and CuTe's lowering choose, one wrapper each.
// Emulated, they are exact to the host's libm. A candidate uses one only where its baseline approximates too.
#pragma once

#include <cuda_runtime.h>

#include <cmath>

namespace kda {

#if defined(KDA_EMULATED)

__device__ __forceinline__ float ex2_approx(float x) { return exp2f(x); }
__device__ __forceinline__ float ex2_approx_ftz(float x) { return exp2f(x); }
__device__ __forceinline__ float div_full_approx(float a, float b) { return a / b; }
__device__ __forceinline__ float rsqrt_approx(float x) { return rsqrtf(x); }
__device__ __forceinline__ float rcp_approx_ftz(float x) { return 1.0f / x; }

#else

// 2^x, 2 ulp.
__device__ __forceinline__ float ex2_approx(float x) {
  float y;
  asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// The same for callers to whom a subnormal result is zero: one instruction instead of four.
__device__ __forceinline__ float ex2_approx_ftz(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// a / b over the full range, 2 ulp.
__device__ __forceinline__ float div_full_approx(float a, float b) {
  float y;
  asm("div.full.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}

__device__ __forceinline__ float rsqrt_approx(float x) {
  float y;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// 1 / x, 1 ulp; subnormals are zero.
__device__ __forceinline__ float rcp_approx_ftz(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

#endif

}  // namespace kda
