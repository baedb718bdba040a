// rotary_math.cuh: one rotation with the rounding points of rotary_embedding's contract. The order is part of it: the
// cos product is rounded first, the sin product is fused into the sum.
//   f32 cos, sin     (fma(-b, s, f32(a * c)), fma(a, s, f32(b * c)))
//   16-bit cos, sin  the cos product rounded to the operands' type and then to bf16, also where that type is f16
#pragma once

#include "kda/vec.cuh"

namespace kda::rotary {

struct Rotated {
  float first, second;
};

__device__ __forceinline__ Rotated rotate(float a, float b, float cos, float sin) {
  // __fmul_rn keeps the compiler from fusing the wrong product.
  return {__fmaf_rn(-b, sin, __fmul_rn(a, cos)), __fmaf_rn(a, sin, __fmul_rn(b, cos))};
}

template <typename T>
__device__ __forceinline__ Rotated rotate_split(T a, T b, T cos, T sin) {
  const auto through_bf16 = [](T product) { return to_float(from_float<__nv_bfloat16>(to_float(product))); };
  const float s = to_float(sin);
  return {__fmaf_rn(-to_float(b), s, through_bf16(__hmul(a, cos))),
          __fmaf_rn(to_float(a), s, through_bf16(__hmul(b, cos)))};
}

}  // namespace kda::rotary
