// norm_scale_shift_rows.cuh: LayerNorm or RMSNorm with modulation, a gated residual in front or not; a row a block.
//   [r = residual + gate * x;  res_out = r;]  n = norm(r) [* weight + bias], rounded;  y = n * (1 + scale) + shift
//   x, residual, y, res_out: [B, S, D];  every operand as norm_modulation_operand.cuh finds its rows
// Moves 2 B of x and y each an element (bf16), 4 more with the residual, and whatever operand has a row a token.
// Bound: HBM; launch and latency below 20 MB.
// Grid: one block of D / 8 / kRuns threads a row, which is read once and stays in registers; one barrier a sum.
#pragma once

#include "kda/caching.cuh"
#include "kda/norm_modulation_statistics.cuh"
#include "kda/norm_scale_shift_kinds.cuh"

namespace kda::norm_modulation {

// When a block loads scale and shift. A row a token comes from HBM and is asked for with x. Rows that all blocks share
// come from L1, and registers are worth more than its latency, but where a handful of rows is all there is.
enum class ModulationLoad { kWithRow, kAfterStatistics };

// kMinBlocks an SM say how many registers a thread may take.
template <int kTheThreads, int kTheRuns, ModulationLoad kTheLoad, int kTheMinBlocks = 1>
struct NormGeometry {
  static constexpr int kThreads = kTheThreads;  // or kAnyThreads
  static constexpr int kRuns = kTheRuns;
  static constexpr ModulationLoad kLoad = kTheLoad;
  static constexpr int kMinBlocks = kTheMinBlocks;
  static constexpr int kMaxThreads = kThreads == kAnyThreads ? 1024 : kThreads;
};

template <typename Kinds, typename Geometry>
__global__ void __launch_bounds__(Geometry::kMaxThreads, Geometry::kMinBlocks)
    norm_scale_shift_rows_kernel(const NormScaleShiftCall call) {
  using T = typename Kinds::T;
  using OwnRows = Rows<T>;
  using Gate = typename Kinds::Gate;
  using AffineKind = typename Kinds::Affine;
  using Modulation = typename Kinds::Modulation;
  constexpr int kThreads = Geometry::kThreads, kRuns = Geometry::kRuns;
  constexpr bool kHasResidual = Kinds::kResidual != Residual::kNone;

  const int threads = kThreads == kAnyThreads ? static_cast<int>(blockDim.x) : kThreads;
  const int channels = threads * kRuns * kRun, row = blockIdx.x;
  const auto channel = [&](int run) { return (run * threads + static_cast<int>(threadIdx.x)) * kRun; };
  const RowPosition at = position_of(row, static_cast<int>(call.batch), static_cast<int>(call.tokens));

  typename OwnRows::Run x[kRuns], residual[kRuns];
  typename Gate::Run gate[kRuns];
  const int64_t from = row_offset(call.x, at), from_residual = kHasResidual ? row_offset(call.residual, at) : 0;
  const int64_t from_gate = kIsAbsent<Gate> ? 0 : row_offset(call.gate, at);
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    if constexpr (kHasResidual) residual[run] = load_run<OwnRows>(call.residual, from_residual + channel(run));
    x[run] = load_run<OwnRows>(call.x, from + channel(run));
    gate[run] = load_run<Gate>(call.gate, from_gate + channel(run));
  }
  typename Modulation::Run scale[kRuns], shift[kRuns];
  const auto load_modulation = [&] {
    const int64_t from_scale = row_offset(call.scale, at), from_shift = row_offset(call.shift, at);
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      scale[run] = load_run<Modulation>(call.scale, from_scale + channel(run));
      shift[run] = load_run<Modulation>(call.shift, from_shift + channel(run));
    }
  };
  if constexpr (Geometry::kLoad == ModulationLoad::kWithRow) load_modulation();
  const RowMean<T> mean_of(channels);
  const bool is_affine = !kIsAbsent<AffineKind> && (!kIsAny<AffineKind> || call.affine.is_present());

  const int64_t out = static_cast<int64_t>(row) * channels;
  Vec<float, kRun> n[kRuns];
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    if constexpr (kHasResidual) {
      x[run] = add_residual<T, Gate>(residual[run], gate[run], x[run]);
      store_stream<Caching::kEvictFirst>(static_cast<T*>(call.res_out) + out + channel(run), x[run]);
    }
    n[run] = widen(x[run]);
  }
  const float factor = centre_and_factor<Kinds::kNorm, kThreads, 0>(n, mean_of, call.epsilon);
  if constexpr (Geometry::kLoad == ModulationLoad::kAfterStatistics) load_modulation();
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
#pragma unroll
    for (int c = 0; c < kRun; ++c) n[run][c] *= factor;
    if (is_affine) {
      const auto weight = load_run<AffineKind>(call.affine.weight, channel(run));
      typename AffineKind::Run bias{};
      if constexpr (Kinds::kNorm == Norm::kLayer) bias = load_run<AffineKind>(call.affine.bias, channel(run));
      apply_affine<Kinds::kNorm, AffineKind>(&n[run], weight, bias);
    }
    Vec<float, kRun> y = widen(round_run<T>(n[run]));
    const Vec<float, kRun> scales = widen(scale[run]), shifts = widen(shift[run]);
#pragma unroll
    for (int c = 0; c < kRun; ++c) y[c] = fmaf(y[c], 1.f + scales[c], shifts[c]);
    store_stream<Caching::kEvictFirst>(static_cast<T*>(call.y) + out + channel(run), round_run<T>(y));
  }
}

}  // namespace kda::norm_modulation
