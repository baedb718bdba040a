// norm_tanh_rows.cuh: norm, tanh gate and residual add, and a second norm with a scale or not, whole rows a block.
//   n = norm(x) [* weight + bias], rounded;  y = n * tanh(scale) + shift
//   dual: n2 = norm(y) [* weight2 + bias2], rounded;  y2 = n2 * (1 + scale2)
//   x, y, y2: [B, S, D];  scale, shift, scale2: [1|B, 1|S, D]
// Moves 2 B of x, y and y2 each an element (bf16), and a row a token of an operand that has one: 6 and 8 B with
// production's shift. Bound: HBM, once tanh is out of the way: a row's tanh takes more instructions than all the rest.
// Grid: kRowsPerBlock consecutive rows a block of D / 8 / kRuns threads, one after the other, each read once into
// registers with its shift; one barrier a sum. Several rows a block share one scale, whose tanh lies in shared memory.
#pragma once

#include "kda/caching.cuh"
#include "kda/norm_modulation_statistics.cuh"
#include "kda/norm_tanh_kinds.cuh"

namespace kda::norm_modulation {

// kMinBlocks an SM say how many registers a thread may take. kTheThreads may be kAnyThreads.
template <int kTheThreads, int kTheRuns, int kTheRowsPerBlock, int kTheMinBlocks = 1>
struct TanhGeometry {
  static constexpr int kThreads = kTheThreads;
  static constexpr int kRuns = kTheRuns;
  static constexpr int kRowsPerBlock = kTheRowsPerBlock;
  static constexpr int kMinBlocks = kTheMinBlocks;
  static constexpr int kMaxThreads = kThreads == kAnyThreads ? 1024 : kThreads;
  static constexpr bool kSharesTanh = kRowsPerBlock > 1;
  static_assert(!kSharesTanh || kThreads != kAnyThreads, "the shared tanh has a size");
  // An array may not be empty.
  static constexpr int kSharedChannels = kSharesTanh ? kThreads * kRuns * kRun : 1;
};

__device__ __forceinline__ Vec<float, kRun> tanh_of(Vec<float, kRun> values) {
#pragma unroll
  for (int i = 0; i < kRun; ++i) values[i] = tanhf(values[i]);
  return values;
}

template <typename Kinds, typename Geometry>
__global__ void __launch_bounds__(Geometry::kMaxThreads, Geometry::kMinBlocks)
    norm_tanh_rows_kernel(const NormTanhCall call) {
  using T = typename Kinds::T;
  using OwnRows = Rows<T>;
  using Operand = typename Kinds::Operand;
  using AffineKind = typename Kinds::Affine;
  constexpr Norm kNorm = Kinds::kNorm;
  constexpr int kThreads = Geometry::kThreads, kRuns = Geometry::kRuns, kRowsPerBlock = Geometry::kRowsPerBlock;
  alignas(16) __shared__ float shared_tanh[Geometry::kSharedChannels];

  const int threads = kThreads == kAnyThreads ? static_cast<int>(blockDim.x) : kThreads;
  const int channels = threads * kRuns * kRun;
  const int tokens = static_cast<int>(call.tokens), rows = static_cast<int>(call.rows());
  const int first_row = blockIdx.x * kRowsPerBlock;
  const auto channel = [&](int run) { return (run * threads + static_cast<int>(threadIdx.x)) * kRun; };
  const auto position = [&](int row) { return position_of(row, static_cast<int>(call.batch), tokens); };
  const auto apply_affine_at = [&](Vec<float, kRun>* n, const Affine& affine, int run) {
    if (kIsAbsent<AffineKind> || (kIsAny<AffineKind> && !affine.is_present())) return;
    const auto weight = load_run<AffineKind>(affine.weight, channel(run));
    typename AffineKind::Run bias{};
    if constexpr (kNorm == Norm::kLayer) bias = load_run<AffineKind>(affine.bias, channel(run));
    apply_affine<kNorm, AffineKind>(n, weight, bias);
  };

  typename OwnRows::Run x[kRuns];
  typename Operand::Run scale[kRuns], shift[kRuns];
  const auto load_row = [&](RowPosition at) {
    const int64_t from = row_offset(call.x, at), from_shift = row_offset(call.shift, at);
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      x[run] = load_run<OwnRows>(call.x, from + channel(run));
      shift[run] = load_run<Operand>(call.shift, from_shift + channel(run));
    }
  };

  load_row(position(first_row));
  const int64_t from_scale = row_offset(call.scale, position(first_row));
#pragma unroll
  for (int run = 0; run < kRuns; ++run) {
    scale[run] = load_run<Operand>(call.scale, from_scale + channel(run));
    // A thread reads back what it wrote itself: no barrier.
    if constexpr (Geometry::kSharesTanh) tanh_of(widen(scale[run])).store(shared_tanh + channel(run));
  }
  const RowMean<T> mean_of(channels);

#pragma unroll 1
  for (int i = 0; i < kRowsPerBlock; ++i) {
    const int row = first_row + i;
    if (row >= rows) break;
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
      Vec<float, kRun> t;
      if constexpr (Geometry::kSharesTanh)
        t = Vec<float, kRun>::load(shared_tanh + channel(run));
      else
        t = tanh_of(widen(scale[run]));
      Vec<float, kRun> sum = widen(round_run<T>(n[run]));
      const Vec<float, kRun> shifts = widen(shift[run]);
#pragma unroll
      for (int c = 0; c < kRun; ++c) sum[c] = fmaf(sum[c], t[c], shifts[c]);
      const Vec<T, kRun> y = round_run<T>(sum);
      store_stream<Caching::kEvictFirst>(static_cast<T*>(call.y) + out + channel(run), y);
      n[run] = widen(y);
    }

    // x and shift are done with: the next row's travel while the block waits for itself.
    if (i + 1 < kRowsPerBlock && row + 1 < rows) load_row(position(row + 1));

    if constexpr (Kinds::kIsDual) {
      const float factor2 = centre_and_factor<kNorm, kThreads, 2>(n, mean_of, call.epsilon);
      const int64_t from_scale2 = row_offset(call.scale2, position(row));
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
    } else if constexpr (kNorm == Norm::kRms && kRowsPerBlock > 1) {
      // The next row's sum takes the same slot, and a sum is one barrier.
      __syncthreads();
    }
  }
}

}  // namespace kda::norm_modulation
