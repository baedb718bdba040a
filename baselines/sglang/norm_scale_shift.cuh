// norm_scale_shift.cuh: LayerNorm or RMSNorm with modulation, sglang's CuTe kernel; a gated residual in front or not.
//   [r = residual + gate * x;  res_out = r;]  n = norm(r) [* weight + bias], rounded;  y = n * (1 + scale) + shift
//   x, residual, y, res_out: [B, S, D];  every operand as norm_modulation_operand.cuh finds its rows
// Moves 2 B of x and y each an element (bf16), 4 with the residual 8, and a row a token of scale and shift where they
// have one. Grid: one row a block of D / 8 threads, one run of 8 elements a thread. Four barriers with layer norm, two
// with rms. Scale and shift are loaded behind the last one, as upstream's machine code does.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_scale_shift_kinds.cuh"
#include "sglang/norm_fusion.cuh"

namespace kda::sglang {

using norm_modulation::NormScaleShiftCall;
using norm_modulation::Residual;

// Upstream sets no launch bounds and has 32 registers, 34 to 36 with a bf16 gate, and 48 with an f32 gate and affine
// operands. The compiler comes to the same classes on sm_90, and on sm_100 where two blocks hold it to 32.
template <typename Kinds, int kMinBlocks>
__global__ void __launch_bounds__(kMaxNormThreads, kMinBlocks) norm_scale_shift_kernel(const NormScaleShiftCall call) {
  using T = typename Kinds::T;
  __shared__ float warp_sums[kMaxNormWarps + 1];
  const int tokens = static_cast<int>(call.tokens), row = blockIdx.x;
  const int b = row / tokens, s = row - b * tokens;
  const int channel = threadIdx.x * kRun;
  const auto load = [&]<typename Kind>(Kind, const RowOperand& operand) {
    return norm_modulation::load_run<Kind>(operand, row_offset(operand, b, s) + channel);
  };
  const int64_t out = static_cast<int64_t>(row) * call.channels + channel;

  using OwnRows = norm_modulation::Rows<T>;
  typename OwnRows::Run residual;
  if constexpr (Kinds::kResidual != Residual::kNone) residual = load(OwnRows{}, call.residual);
  auto r = load(OwnRows{}, call.x);
  typename Kinds::Gate::Run gate{};
  if constexpr (Kinds::kResidual == Residual::kGate) gate = load(typename Kinds::Gate{}, call.gate);
  using AffineKind = typename Kinds::Affine;
  const bool is_affine = !kIsAbsent<AffineKind> && (!kIsAny<AffineKind> || call.affine.is_present());
  typename AffineKind::Run weight{}, bias{};
  if (is_affine) {
    weight = load(AffineKind{}, call.affine.weight);
    if constexpr (Kinds::kNorm == Norm::kLayer) bias = load(AffineKind{}, call.affine.bias);
  }
  if constexpr (Kinds::kResidual != Residual::kNone) {
    r = norm_modulation::add_residual<T, typename Kinds::Gate>(residual, gate, r);
    r.store(static_cast<T*>(call.res_out) + out);
  }

  Floats n = normalised<Kinds::kNorm>(norm_modulation::widen(r), call.channels, call.epsilon, warp_sums);
  if (is_affine) norm_modulation::apply_affine<Kinds::kNorm, AffineKind>(&n, weight, bias);
  const auto rounded = norm_modulation::round_run<T>(n);

  const auto scale_run = load(typename Kinds::Modulation{}, call.scale);
  const auto shift_run = load(typename Kinds::Modulation{}, call.shift);
  const Floats scale = norm_modulation::widen(scale_run), shift = norm_modulation::widen(shift_run);
  Floats y = norm_modulation::widen(rounded);
#pragma unroll
  for (int i = 0; i < kRun; ++i) y[i] = fmaf(y[i], 1.f + scale[i], shift[i]);
  norm_modulation::round_run<T>(y).store(static_cast<T*>(call.y) + out);
}

template <typename Kinds>
constexpr int norm_min_blocks() {
  constexpr bool kHas32 = Kinds::kResidual == Residual::kNone ||
                          (Kinds::kResidual == Residual::kAdd &&
                           std::is_same_v<typename Kinds::Modulation, norm_modulation::Rows<float>>);
  return sizeof(typename Kinds::T) == 2 && kIsAbsent<typename Kinds::Affine> && kHas32 ? 2 : 1;
}

inline cudaError_t launch_norm_scale_shift(const NormScaleShiftCall& call, void* stream) {
  return norm_modulation::with_kinds(call, [&]<typename Kinds>(Kinds) {
    return launch(norm_scale_shift_kernel<Kinds, norm_min_blocks<Kinds>()>, dim3(call.rows()),
                  dim3(call.channels / kRun), 0, stream, call);
  });
}

}  // namespace kda::sglang
