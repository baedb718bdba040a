// norm_tanh_rows.cuh: norm, tanh gate and residual add, and a second norm with a scale or not, a row a block.
//   n = norm(x) [* weight + bias], rounded;  y = n * tanh(scale) + shift
//   dual: n2 = norm(y) [* weight2 + bias2], rounded;  y2 = n2 * (1 + scale2)
//   x, y, y2: [B, S, D];  scale, shift, scale2: [1|B, 1|S, D]
// Moves 2 B of x, y and y2 each an element (bf16), and a row a token of an operand that has one: 6 and 8 B with
// production's shift. Bound: HBM, with tanh close behind: it takes more instructions than all the rest.
// Grid: one block of D / 8 / kRuns threads a row, which is read once into registers with its shift; one barrier a sum.
#pragma once

#include "kda/caching.cuh"
#include "kda/norm_modulation_statistics.cuh"
#include "kda/norm_tanh_kinds.cuh"

namespace kda::norm_modulation {

// kMinBlocks an SM say how many registers a thread may take. kTheThreads may be kAnyThreads.
template <int kTheThreads, int kTheRuns, int kTheMinBlocks = 1>
struct TanhGeometry {
  static constexpr int kThreads = kTheThreads;
  static constexpr int kRuns = kTheRuns;
  static constexpr int kMinBlocks = kTheMinBlocks;
  static constexpr int kMaxThreads = kThreads == kAnyThreads ? 1024 : kThreads;
};

// load_run for a row that no other block reads: with default caching it pushes weight and scale out of L1.
template <typename Kind>
__device__ __forceinline__ typename Kind::Run stream_run(const RowOperand& operand, int64_t offset) {
  if constexpr (kIsAny<Kind>) {
    return load_run<Kind>(operand, offset);
  } else {
    using T = typename Kind::Element;
    return load_stream<Caching::kEvictFirst, kRun>(static_cast<const T*>(operand.data) + offset);
  }
}

template <typename Kinds, typename Geometry>
__global__ void __launch_bounds__(Geometry::kMaxThreads, Geometry::kMinBlocks)
    norm_tanh_rows_kernel(const NormTanhCall call) {
  using T = typename Kinds::T;
  using OwnRows = Rows<T>;
  using Operand = typename Kinds::Operand;
  using AffineKind = typename Kinds::Affine;
  constexpr Norm kNorm = Kinds::kNorm;
  constexpr int kThreads = Geometry::kThreads, kRuns = Geometry::kRuns;

  const int threads = kThreads == kAnyThreads ? static_cast<int>(blockDim.x) : kThreads;
  const int channels = threads * kRuns * kRun, row = blockIdx.x;
  const auto channel = [&](int run) { return (run * threads + static_cast<int>(threadIdx.x)) * kRun; };
  const RowPosition at = position_of(row, static_cast<int>(call.batch), static_cast<int>(call.tokens));
  const auto apply_affine_at = [&](Vec<float, kRun>* n, const Affine& affine, int run) {
    if (kIsAbsent<AffineKind> || (kIsAny<AffineKind> && !affine.is_present())) return;
    const auto weight = load_run<AffineKind>(affine.weight, channel(run));
    typename AffineKind::Run bias{};
    if constexpr (kNorm == Norm::kLayer) bias = load_run<AffineKind>(affine.bias, channel(run));
    apply_affine<kNorm, AffineKind>(n, weight, bias);
  };

  typename OwnRows::Run x[kRuns];
  typename Operand::Run scale[kRuns], shift[kRuns];
  const int64_t from = row_offset(call.x, at), from_shift = row_offset(call.shift, at);
  const int64_t from_scale = row_offset(call.scale, at);
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    x[run] = stream_run<OwnRows>(call.x, from + channel(run));
    shift[run] = stream_run<Operand>(call.shift, from_shift + channel(run));
  }
#pragma unroll
  for (int run = 0; run < kRuns; ++run) scale[run] = load_run<Operand>(call.scale, from_scale + channel(run));

  const RowMean<T> mean_of(channels);
  const int64_t out = static_cast<int64_t>(row) * channels;
  Vec<float, kRun> n[kRuns];
#pragma unroll
  for (int run = 0; run < kRuns; ++run) n[run] = widen(x[run]);
  const float factor = centre_and_factor<kNorm, kThreads, 0>(n, mean_of, call.epsilon);
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
#pragma unroll
    for (int c = 0; c < kRun; ++c) n[run][c] *= factor;
    apply_affine_at(&n[run], call.affine, run);
    Vec<float, kRun> sum = widen(round_run<T>(n[run]));
    const Vec<float, kRun> scales = widen(scale[run]), shifts = widen(shift[run]);
#pragma unroll
    for (int c = 0; c < kRun; ++c) sum[c] = fmaf(sum[c], tanhf(scales[c]), shifts[c]);
    const Vec<T, kRun> y = round_run<T>(sum);
    store_stream<Caching::kEvictFirst>(static_cast<T*>(call.y) + out + channel(run), y);
    n[run] = widen(y);
  }

  if constexpr (Kinds::kIsDual) {
    const float factor2 = centre_and_factor<kNorm, kThreads, 2>(n, mean_of, call.epsilon);
    const int64_t from_scale2 = row_offset(call.scale2, at);
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
#pragma unroll
      for (int c = 0; c < kRun; ++c) n[run][c] *= factor2;
      apply_affine_at(&n[run], call.affine2, run);
      Vec<float, kRun> y2 = widen(round_run<T>(n[run]));
      const Vec<float, kRun> scale2 = widen(load_run<Operand>(call.scale2, from_scale2 + channel(run)));
#pragma unroll
      for (int c = 0; c < kRun; ++c) y2[c] *= 1.f + scale2[c];
      store_stream<Caching::kEvictFirst>(static_cast<T*>(call.y2) + out + channel(run), round_run<T>(y2));
    }
  }
}

}  // namespace kda::norm_modulation
