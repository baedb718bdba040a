// norm_tanh_mul_add.cuh: norm, tanh gate and residual add, and a second norm with a scale or not, sglang's CuTe kernel.
//   n = norm(x) [* weight + bias], rounded;  y = n * tanh(scale) + shift
//   dual: n2 = norm(y) [* weight2 + bias2], rounded;  y2 = n2 * (1 + scale2)
//   x, y, y2: [B, S, D];  scale, shift, scale2: [1|B, 1|S, D]
// Moves 2 B of x, y and y2 each an element (bf16), and a row a token of an operand that has one. Bound: tanh, which
// every block evaluates for its row.
// Grid: one row a block of D / 8 threads, one run of 8 elements a thread. Two barriers an rms norm, four a layer norm.
// scale and shift are loaded behind the first norm, scale2 behind the second.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_tanh_kinds.cuh"
#include "sglang/norm_fusion.cuh"

namespace kda::sglang {

using norm_modulation::NormTanhCall;

__device__ __forceinline__ Floats tanh_of(Floats scale) {
#pragma unroll
  for (int i = 0; i < kRun; ++i) scale[i] = tanhf(scale[i]);
  return scale;
}

// Upstream sets no launch bounds and has 32 registers (single) and 40 (dual). kMinBlocks holds 16-bit rms rows of up
// to 512 threads, production's 480 among them, to the same.
template <typename Kinds, int kMaxThreads, int kMinBlocks>
__global__ void __launch_bounds__(kMaxThreads, kMinBlocks) norm_tanh_mul_add_kernel(const NormTanhCall call) {
  using T = typename Kinds::T;
  using Operand = typename Kinds::Operand;
  using AffineKind = typename Kinds::Affine;
  using OwnRows = norm_modulation::Rows<T>;
  constexpr bool kHasBias = Kinds::kNorm == Norm::kLayer;
  __shared__ float warp_sums[kMaxNormWarps + 1];
  const int tokens = static_cast<int>(call.tokens), row = blockIdx.x;
  const int b = row / tokens, s = row - b * tokens;
  const int channel = threadIdx.x * kRun;
  const auto load = [&]<typename Kind>(Kind, const RowOperand& operand) {
    return norm_modulation::load_run<Kind>(operand, row_offset(operand, b, s) + channel);
  };
  const int64_t out = static_cast<int64_t>(row) * call.channels + channel;
  // A norm of a row, rounded; weight and bias are loaded before the sums.
  const auto norm_rounded = [&](const Vec<T, kRun>& values, const norm_modulation::Affine& affine) {
    const bool is_affine = !kIsAbsent<AffineKind> && (!kIsAny<AffineKind> || affine.is_present());
    typename AffineKind::Run weight{}, bias{};
    if (is_affine) {
      weight = load(AffineKind{}, affine.weight);
      if constexpr (kHasBias) bias = load(AffineKind{}, affine.bias);
    }
    Floats n = normalised<Kinds::kNorm>(norm_modulation::widen(values), call.channels, call.epsilon, warp_sums);
    if (is_affine) norm_modulation::apply_affine<Kinds::kNorm, AffineKind>(&n, weight, bias);
    return norm_modulation::round_run<T>(n);
  };

  const auto n = norm_rounded(load(OwnRows{}, call.x), call.affine);
  const auto scale = load(Operand{}, call.scale);
  Floats t = tanh_of(norm_modulation::widen(scale));
  if (kIsAny<Operand> && call.scale.dtype != norm_modulation::Dtype::kF32) {
    t = norm_modulation::widen(norm_modulation::round_run<T>(t));
  }
  const auto shift = load(Operand{}, call.shift);
  Vec<T, kRun> y;
  if constexpr (sizeof(T) == 2 && Kinds::kIsTyped) {
    // One packed 16-bit FMA.
    y = norm_modulation::add_residual<T, OwnRows>(shift, norm_modulation::round_run<T>(t), n);
  } else {
    Floats sum = norm_modulation::widen(n);
    const Floats shifts = norm_modulation::widen(shift);
#pragma unroll
    for (int i = 0; i < kRun; ++i) sum[i] = fmaf(sum[i], t[i], shifts[i]);
    y = norm_modulation::round_run<T>(sum);
  }
  y.store(static_cast<T*>(call.y) + out);

  if constexpr (Kinds::kIsDual) {
    Floats y2 = norm_modulation::widen(norm_rounded(y, call.affine2));
    const Floats scale2 = norm_modulation::widen(load(Operand{}, call.scale2));
#pragma unroll
    for (int i = 0; i < kRun; ++i) y2[i] *= 1.f + scale2[i];
    norm_modulation::round_run<T>(y2).store(static_cast<T*>(call.y2) + out);
  }
}

inline cudaError_t launch_norm_tanh_mul_add(const NormTanhCall& call, void* stream) {
  return norm_modulation::with_kinds(call, [&]<typename Kinds>(Kinds) {
    constexpr int kShortRowThreads = 512;
    constexpr bool kHas32 = !Kinds::kIsDual && Kinds::kNorm == Norm::kRms;
    constexpr int kMinBlocks = sizeof(typename Kinds::T) > 2 || !Kinds::kIsTyped ? 1 : kHas32 ? 4 : 3;
    const int threads = call.channels / kRun;
    const auto launch_with = [&](auto kernel) {
      return launch(kernel, dim3(call.rows()), dim3(threads), 0, stream, call);
    };
    return threads <= kShortRowThreads ? launch_with(norm_tanh_mul_add_kernel<Kinds, kShortRowThreads, kMinBlocks>)
                                       : launch_with(norm_tanh_mul_add_kernel<Kinds, kMaxNormThreads, 1>);
  });
}

}  // namespace kda::sglang
