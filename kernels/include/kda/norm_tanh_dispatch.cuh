// norm_tanh_dispatch.cuh: which geometry serves a call of norm, tanh gate and residual add, its launch and its route.
// Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_tanh_rows.cuh"
#include "kda/route.cuh"

namespace kda::norm_modulation {

// From here on the traffic counts and not the latency of a row.
constexpr int64_t kManyTanhRows = 512;
// 160 threads for production's D = 3840.
constexpr int kTanhRuns = 3;
// Blocks an SM: 80 registers a thread, and 64 with two norms. On an H100 fewer blocks lose up to 4 %, and more spill.
constexpr int tanh_blocks(int threads, bool is_dual) { return (is_dual ? 960 : 800) / threads; }

enum class TanhPath { kEmpty, kAnyRow, kTunedRow };

// rms norm of bf16 with weights, as production has it.
template <typename Kinds>
inline constexpr bool kIsTunedTanh =
    std::is_same_v<typename Kinds::Affine, Rows<__nv_bfloat16>> && Kinds::kNorm == Norm::kRms;

template <typename Kinds>
TanhPath path_of(const NormTanhCall& call) {
  if (call.is_empty()) return TanhPath::kEmpty;
  const bool is_tuned_width = call.channels == 3840 || call.channels == 3072;
  const bool is_tuned = kIsTunedTanh<Kinds> && is_tuned_width && call.rows() >= kManyTanhRows;
  return is_tuned ? TanhPath::kTunedRow : TanhPath::kAnyRow;
}

template <typename Kinds, typename Geometry>
cudaError_t launch_tanh_geometry(const NormTanhCall& call, void* stream) {
  return launch(norm_tanh_rows_kernel<Kinds, Geometry>, dim3(call.rows()),
                dim3(call.channels / (kRun * Geometry::kRuns)), 0, stream, call);
}

template <typename Kinds, int kChannels>
cudaError_t launch_tuned_tanh(const NormTanhCall& call, void* stream) {
  constexpr int kThreads = kChannels / (kRun * kTanhRuns);
  constexpr int kBlocks = tanh_blocks(kThreads, Kinds::kIsDual);
  using Geometry = TanhGeometry<kThreads, kTanhRuns, kBlocks>;
  return launch_tanh_geometry<Kinds, Geometry>(call, stream);
}

template <typename Kinds>
cudaError_t launch_path(const NormTanhCall& call, void* stream) {
  const TanhPath path = path_of<Kinds>(call);
  if (path == TanhPath::kEmpty) return cudaSuccess;
  if constexpr (kIsTunedTanh<Kinds>) {
    if (path == TanhPath::kTunedRow) {
      return call.channels == 3840 ? launch_tuned_tanh<Kinds, 3840>(call, stream)
                                   : launch_tuned_tanh<Kinds, 3072>(call, stream);
    }
  }
  return launch_tanh_geometry<Kinds, TanhGeometry<kAnyThreads, 1>>(call, stream);
}

inline int32_t launch_call(const NormTanhCall& call, void* stream) {
  return status_of(with_kinds(call, [&]<typename Kinds>(Kinds) { return launch_path<Kinds>(call, stream); }));
}

inline int32_t describe_call(const NormTanhCall& call, KdaRoute* route) {
  switch (with_kinds(call, [&]<typename Kinds>(Kinds) { return path_of<Kinds>(call); })) {
    case TanhPath::kEmpty:
      return describe(route, "empty", "x has no rows", "none", "nothing to compute");
    case TanhPath::kTunedRow:
      return describe(route, call.is_dual ? "dual_row" : "single_row",
                      "bf16 rms norm with weights, D of 3840 or 3072, 512 rows and more", "norm_tanh_rows_kernel",
                      "three runs of 8 elements a thread");
    default:
      return describe(route, call.is_dual ? "dual_any_row" : "single_any_row",
                      "fewer than 512 rows, or other channels, dtypes or norm", "norm_tanh_rows_kernel",
                      "one run of 8 elements a thread");
  }
}

}  // namespace kda::norm_modulation
