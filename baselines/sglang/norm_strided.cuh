// norm_strided.cuh: both norms for rows that the ported kernels' widest accesses or tiles do not fit.
//   formulas as in norm_infer.cuh and rmsnorm_onepass.cuh, which are one;  every tensor of a dtype of its own
// Upstream narrows its accesses to fewer elements for such calls, and converts weight and bias as they come. Here a
// thread strides over the row by single elements and rereads x in each pass, so a row of any length fits.
// Grid: one row a block of 256 threads.
#pragma once

#include <stdint.h>

#include "kda/norm_infer_call.cuh"
#include "kda/vec.cuh"
#include "sglang/triton_math.cuh"

namespace kda::sglang {

using norm_infer::Dtype;

constexpr int kNormStridedThreads = 256;
constexpr int kNormStridedWarps = kNormStridedThreads / 32;

struct NormStridedArguments {
  const void *x, *weight, *bias;
  void* out;
  Dtype dtype, weight_dtype, bias_dtype, out_dtype;
  int64_t x_row, out_row;  // element strides
  int columns;
  bool is_one_pass;
  float epsilon;
};

__device__ __forceinline__ float element_of(const void* data, Dtype dtype, int64_t i) {
  if (dtype == Dtype::kBf16) return to_float(static_cast<const __nv_bfloat16*>(data)[i]);
  if (dtype == Dtype::kF16) return to_float(static_cast<const __half*>(data)[i]);
  return static_cast<const float*>(data)[i];
}

__device__ __forceinline__ void set_element(void* data, Dtype dtype, int64_t i, float value) {
  if (dtype == Dtype::kBf16) {
    static_cast<__nv_bfloat16*>(data)[i] = from_float<__nv_bfloat16>(value);
  } else if (dtype == Dtype::kF16) {
    static_cast<__half*>(data)[i] = from_float<__half>(value);
  } else {
    static_cast<float*>(data)[i] = value;
  }
}

template <bool kIsRms>
__global__ void __launch_bounds__(kNormStridedThreads)  // no minimum: nothing of the row stays in registers
    norm_strided_kernel(const NormStridedArguments a) {
  __shared__ float partials[kNormStridedWarps + 1];
  const int row = blockIdx.x;
  const float columns = static_cast<float>(a.columns);
  const auto x = [&](int c) { return element_of(a.x, a.dtype, row * a.x_row + c); };
  float mean = 0.f;
  if constexpr (!kIsRms) {
    float sum = 0.f;
    for (int c = threadIdx.x; c < a.columns; c += kNormStridedThreads) sum += x(c);
    mean = div_full_approx(block_sum_butterfly<kNormStridedWarps>(sum, partials), columns);
    __syncthreads();
  }
  float squares = 0.f;
  for (int c = threadIdx.x; c < a.columns; c += kNormStridedThreads) {
    const float centred = x(c) - mean;
    squares = fmaf(centred, centred, squares);
  }
  const float variance = div_full_approx(block_sum_butterfly<kNormStridedWarps>(squares, partials), columns);
  const float rstd = a.is_one_pass ? rsqrtf(variance + a.epsilon)
                                   : div_full_approx(1.f, sqrt_approx(variance + a.epsilon));
#pragma unroll 1  // unrolled, the switches of four dtypes spill
  for (int c = threadIdx.x; c < a.columns; c += kNormStridedThreads) {
    const float weight = a.weight == nullptr ? 1.f : element_of(a.weight, a.weight_dtype, c);
    const float bias = a.bias == nullptr ? 0.f : element_of(a.bias, a.bias_dtype, c);
    set_element(a.out, a.out_dtype, row * a.out_row + c, fmaf((x(c) - mean) * rstd, weight, bias));
  }
}

}  // namespace kda::sglang
