// norm_infer.cuh: port of sglang's Triton kernel for LayerNorm and RMS norm of rows, inference only.
//   layer: h = (x - mean) * rstd;  rms: h = x * rstd;  y = h [* weight] [+ bias]
//   x, out: [M, N], rows at one stride;  weight, bias: [N], absent or of x's type
// Moves 2 * M*N * sizeof(T) B; [8640, 5120] f32: 353.9 MB. Bound: HBM in bytes, block barriers in time.
// Grid: M, one row a block of 1 to 8 warps. The row's tile is the next power of two of N: for N = 5120 37.5 % of lanes,
// registers and arithmetic are masked. Weight and bias are loaded after the second reduction. Five barriers a row: two
// in each reduction, one between them.
#pragma once

#include <stdint.h>

#include "sglang/masked_access.cuh"
#include "sglang/triton_math.cuh"

namespace kda::sglang {

template <typename T>
struct NormRowArguments {
  const T *x, *weight, *bias;
  T* out;
  int64_t x_row, out_row;  // element strides
  int columns;
  bool is_rms;
  float epsilon;
};

// Which operands there are is a compile-time constant upstream. kLayerAffine: LayerNorm with weight and bias, as in
// production; kAny: by the arguments.
enum class NormForm { kLayerAffine, kAny };

// Upstream's 64 registers for 32 values a thread let four blocks of 8 warps share an SM, and so they do in production's
// form and type. What nvcc would spill under that has fewer.
template <typename T, int kWarps, int kGroups, NormForm kForm>
constexpr int norm_blocks() {
  constexpr int kValues = kGroups * kAccessBytes / static_cast<int>(sizeof(T));
  constexpr bool kIsTight = kForm == NormForm::kAny || sizeof(T) == 2;
  constexpr int kWarpsPerSm = kValues < 32 ? 32 : kValues > 32 ? 8 : kIsTight ? 24 : 32;
  return kWarpsPerSm / kWarps;
}

template <typename T, int kWarps, int kGroups, NormForm kForm>
__global__ void __launch_bounds__(kWarps * 32, norm_blocks<T, kWarps, kGroups, kForm>())
    norm_infer_row_kernel(const NormRowArguments<T> a) {
  constexpr int kRun = kAccessBytes / sizeof(T);
  __shared__ float partials[kWarps + 1];
  const bool is_rms = kForm == NormForm::kAny && a.is_rms;
  const int row = blockIdx.x;
  // Offsets of the groups from the thread's first column are constants, so that one register serves all predicates.
  const int first = static_cast<int>(threadIdx.x) * kRun, width = a.columns - first;
  const T* const x = a.x + row * a.x_row + first;
  T* const out = a.out + row * a.out_row + first;
  const auto column = [](int group) { return group * kWarps * 32 * kRun; };
  const auto is_inside = [&](int group) { return column(group) < width; };
  const float columns = static_cast<float>(a.columns);

  Vec<T, kRun> loaded[kGroups];
#pragma unroll
  for (int group = 0; group < kGroups; ++group) loaded[group] = load_masked<kRun>(x + column(group), is_inside(group));
  Vec<float, kRun> h[kGroups];
#pragma unroll
  for (int group = 0; group < kGroups; ++group) h[group] = to_float(loaded[group]);
  if (!is_rms) {
    float sum = 0.f;
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) sum += h[group][i];
    }
    const float mean = div_full_approx(block_sum_butterfly<kWarps>(sum, partials), columns);
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) h[group][i] = is_inside(group) ? h[group][i] - mean : 0.f;
    }
    if constexpr (kWarps > 1) __syncthreads();
  }
  float squares = 0.f;
#pragma unroll
  for (int group = 0; group < kGroups; ++group) {
#pragma unroll
    for (int i = 0; i < kRun; ++i) squares = fmaf(h[group][i], h[group][i], squares);
  }
  const float variance = div_full_approx(block_sum_butterfly<kWarps>(squares, partials), columns);
  const float rstd = div_full_approx(1.f, sqrt_approx(variance + a.epsilon));

  const bool has_weight = kForm == NormForm::kLayerAffine || a.weight != nullptr;
  const bool has_bias = kForm == NormForm::kLayerAffine || a.bias != nullptr;
  // As many in flight as upstream's registers leave room for; the stores are last, so that no load waits for one.
  constexpr int kBatch = kGroups < 2 ? 1 : 2;
#pragma unroll
  for (int batch = 0; batch < kGroups; batch += kBatch) {
    Vec<T, kRun> weight[kBatch], bias[kBatch];
#pragma unroll
    for (int g = 0; g < kBatch; ++g) {
      weight[g] = load_masked<kRun>(a.weight + first + column(batch + g), has_weight && is_inside(batch + g));
    }
#pragma unroll
    for (int g = 0; g < kBatch; ++g) {
      bias[g] = load_masked<kRun>(a.bias + first + column(batch + g), has_bias && is_inside(batch + g));
    }
#pragma unroll
    for (int g = 0; g < kBatch; ++g) {
      Vec<float, kRun>& y = h[batch + g];
#pragma unroll
      for (int i = 0; i < kRun; ++i) {
        y[i] = fmaf(y[i] * rstd, has_weight ? to_float(weight[g][i]) : 1.f, to_float(bias[g][i]));
      }
    }
  }
#pragma unroll
  for (int group = 0; group < kGroups; ++group) {
    store_masked(out + column(group), from_float<T>(h[group]), is_inside(group));
  }
}

}  // namespace kda::sglang
