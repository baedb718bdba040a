// group_norm_math.cuh: the arithmetic that every kernel of group_norm_silu shares.
//   sums of d and d^2, d = x - origin  ->  mean, rstd  ->  t = x * scale + shift of a channel  ->  t * sigmoid(t)
// The origin is the group's first element, so that a mean far from zero costs the variance no digits: sums stay f32
// within a thread's few elements and a chunk, and meet in double where mean and variance are taken.
#pragma once

#include "kda/approximate.cuh"
#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda::group_norm {

// Of some elements of a group, relative to its origin.
struct GroupSums {
  float sum = 0.0f, squares = 0.0f;

  __device__ __forceinline__ void add(float x, float origin) {
    const float distance = x - origin;
    sum += distance;
    squares = fmaf(distance, distance, squares);
  }

  template <typename T, int N>
  __device__ __forceinline__ void add(const Vec<T, N>& x, float origin) {
#pragma unroll
    for (int i = 0; i < N; ++i) add(to_float(x[i]), origin);
  }
};

struct GroupMoments {
  float mean, rstd;
};

// The variance is not below zero. It is NaN where an element is infinite or NaN, and so is every output then.
__device__ __forceinline__ GroupMoments moments_of(double sum, double squares, float origin, int elements, float eps) {
  const double inverse = 1.0 / elements, shift = sum * inverse;
  const double variance = fma(-shift, shift, squares * inverse);
  return {static_cast<float>(origin + shift), rsqrt_approx(static_cast<float>(variance < 0.0 ? 0.0 : variance) + eps)};
}

// What a channel does to an element before SiLU. For f32 the mean is subtracted first: folded into the shift, it would
// cost a nearly constant group the digits that f32 outputs show.
template <typename T>
struct ChannelAffine {
  float scale, shift;

  static __device__ __forceinline__ ChannelAffine of(GroupMoments moments, float weight, float bias) {
    const float scale = moments.rstd * weight;
    return {scale, fmaf(-moments.mean, scale, bias)};
  }
  __device__ __forceinline__ float operator()(float x) const { return fmaf(x, scale, shift); }
};

template <>
struct ChannelAffine<float> {
  float mean, scale, bias;

  static __device__ __forceinline__ ChannelAffine of(GroupMoments moments, float weight, float bias) {
    return {moments.mean, moments.rstd * weight, bias};
  }
  __device__ __forceinline__ float operator()(float x) const { return fmaf(x - mean, scale, bias); }
};

// t / (1 + 2^(-t log2 e)), by the approximate instructions of the baseline. Beside 1, a subnormal exponential is zero.
__device__ __forceinline__ float silu_approx(float t) {
  constexpr float kLog2E = 1.44269504088896340736f;
  return div_full_approx(t, 1.0f + ex2_approx_ftz(t * -kLog2E));
}

// The same for outputs of 16 bits, for which a denormal factor is zero: the full range costs several instructions more.
__device__ __forceinline__ float silu_approx_16(float t) {
  constexpr float kLog2E = 1.44269504088896340736f;
  return t * rcp_approx_ftz(1.0f + ex2_approx_ftz(t * -kLog2E));
}

template <typename T>
__device__ __forceinline__ float normalise_silu(T x, ChannelAffine<T> affine) {
  const float t = affine(to_float(x));
  return sizeof(T) == 2 ? silu_approx_16(t) : silu_approx(t);
}

// N elements of one channel.
template <typename T, int N>
__device__ __forceinline__ Vec<T, N> normalise_silu(const Vec<T, N>& x, ChannelAffine<T> affine) {
  Vec<float, N> y;
#pragma unroll
  for (int i = 0; i < N; ++i) y[i] = normalise_silu(x[i], affine);
  return from_float<T>(y);
}

}  // namespace kda::group_norm
