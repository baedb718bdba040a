// promoted_math.cuh: x * (k + scale) + shift as Triton types it.
//   t = k + scale in scale's own type;  x * t in the promotion of x and scale;  + shift in the promotion of that and
//   shift;  multiply and add contract to one FMA where both have the same type;  one cast to x's type at the store
// So 16-bit operands of one type stay in that type (packed, one rounding for the add and one for the FMA), and any
// f32 operand lifts what follows it to f32.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <type_traits>

namespace kda::sglang {

using bf16 = __nv_bfloat16;
using f16 = __half;

template <typename T>
inline constexpr bool kIs16Bit = sizeof(T) == 2;

// Two different 16-bit types meet in f32, as in PyTorch.
template <typename A, typename B>
using Promoted =
    std::conditional_t<std::is_same_v<A, B>, A,
                       std::conditional_t<std::is_same_v<A, double> || std::is_same_v<B, double>, double, float>>;

template <typename To, typename From>
__device__ __forceinline__ To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, bf16>) {
    return convert<To>(__bfloat162float(value));
  } else if constexpr (std::is_same_v<From, f16>) {
    return convert<To>(__half2float(value));
  } else if constexpr (std::is_same_v<To, bf16>) {
    if constexpr (std::is_same_v<From, double>)
      return __double2bfloat16(value);
    else
      return __float2bfloat16_rn(value);
  } else if constexpr (std::is_same_v<To, f16>) {
    if constexpr (std::is_same_v<From, double>)
      return __double2half(value);
    else
      return __float2half_rn(value);
  } else {
    return static_cast<To>(value);
  }
}

template <typename T>
__device__ __forceinline__ T add(T a, T b) {
  if constexpr (kIs16Bit<T>)
    return __hadd(a, b);
  else
    return a + b;
}

template <typename T>
__device__ __forceinline__ T multiply(T a, T b) {
  if constexpr (kIs16Bit<T>)
    return __hmul(a, b);
  else
    return a * b;
}

template <typename T>
__device__ __forceinline__ T multiply_add(T a, T b, T c) {
  if constexpr (kIs16Bit<T>)
    return __hfma(a, b, c);
  else if constexpr (std::is_same_v<T, double>)
    return fma(a, b, c);
  else
    return fmaf(a, b, c);
}

// One element; `constant` is k in scale's type.
template <typename Tx, typename Tscale, typename Tshift>
__device__ __forceinline__ Tx scale_shift(Tx x, Tscale scale, Tshift shift, Tscale constant) {
  using Product = Promoted<Tx, Tscale>;
  using Sum = Promoted<Product, Tshift>;
  const Product factor = convert<Product>(add(constant, scale));
  if constexpr (std::is_same_v<Product, Sum>) {
    return convert<Tx>(multiply_add(convert<Sum>(x), convert<Sum>(factor), convert<Sum>(shift)));
  } else {
    return convert<Tx>(add(convert<Sum>(multiply(convert<Product>(x), factor)), convert<Sum>(shift)));
  }
}

template <typename T>
struct PairOf;
template <>
struct PairOf<bf16> {
  using type = __nv_bfloat162;
};
template <>
struct PairOf<f16> {
  using type = __half2;
};

// Two elements of one 16-bit type in packed instructions.
template <typename Pair>
__device__ __forceinline__ Pair scale_shift_packed(Pair x, Pair scale, Pair shift, Pair constant) {
  return __hfma2(x, __hadd2(constant, scale), shift);
}

}  // namespace kda::sglang
