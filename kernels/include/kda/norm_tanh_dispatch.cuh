// norm_tanh_dispatch.cuh: which geometry serves a call of norm, tanh gate and residual add, its launch and its route.
// Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_tanh_rows.cuh"
#include "kda/route.cuh"

namespace kda::norm_modulation {

// From here on there are enough rows to give a block several, which share one tanh.
constexpr int64_t kSharedTanhRows = 512;
constexpr int kTanhRowsPerBlock = 4;
// 160 threads for production's D = 3840.
constexpr int kTanhRuns = 3;
// Blocks an SM: 96 registers a thread, and 128 for two norms, which would spill below.
constexpr int tanh_blocks(int threads, bool is_dual) { return (is_dual ? 512 : 640) / threads; }

enum class TanhPath { kEmpty, kAnyRow, kSharedTanh };

// rms norm of bf16 with weights, as production has it.
template <typename Kinds>
inline constexpr bool kSharesTanh =
    std::is_same_v<typename Kinds::Affine, Rows<__nv_bfloat16>> && Kinds::kNorm == Norm::kRms;

template <typename Kinds>
TanhPath path_of(const NormTanhCall& call) {
  if (call.is_empty()) return TanhPath::kEmpty;
  const bool is_tuned_width = call.channels == 3840 || call.channels == 3072;
  const bool is_one_scale = call.scale.batch == 0 && call.scale.step == 0;
  const bool shares = kSharesTanh<Kinds> && is_tuned_width && is_one_scale && call.rows() >= kSharedTanhRows;
  return shares ? TanhPath::kSharedTanh : TanhPath::kAnyRow;
}

template <typename Kinds, typename Geometry>
cudaError_t launch_tanh_geometry(const NormTanhCall& call, void* stream) {
  const int64_t blocks = (call.rows() + Geometry::kRowsPerBlock - 1) / Geometry::kRowsPerBlock;
  return launch(norm_tanh_rows_kernel<Kinds, Geometry>, dim3(blocks), dim3(call.channels / (kRun * Geometry::kRuns)), 0,
                stream, call);
}

template <typename Kinds, int kChannels>
cudaError_t launch_shared_tanh(const NormTanhCall& call, void* stream) {
  constexpr int kThreads = kChannels / (kRun * kTanhRuns);
  constexpr int kBlocks = tanh_blocks(kThreads, Kinds::kIsDual);
  using Geometry = TanhGeometry<kThreads, kTanhRuns, kTanhRowsPerBlock, kBlocks>;
  return launch_tanh_geometry<Kinds, Geometry>(call, stream);
}

template <typename Kinds>
cudaError_t launch_path(const NormTanhCall& call, void* stream) {
  const TanhPath path = path_of<Kinds>(call);
  if (path == TanhPath::kEmpty) return cudaSuccess;
  if constexpr (kSharesTanh<Kinds>) {
    if (path == TanhPath::kSharedTanh) {
      return call.channels == 3840 ? launch_shared_tanh<Kinds, 3840>(call, stream)
                                   : launch_shared_tanh<Kinds, 3072>(call, stream);
    }
  }
  return launch_tanh_geometry<Kinds, TanhGeometry<kAnyThreads, 1, 1>>(call, stream);
}

inline int32_t launch_call(const NormTanhCall& call, void* stream) {
  return status_of(with_kinds(call, [&]<typename Kinds>(Kinds) { return launch_path<Kinds>(call, stream); }));
}

inline int32_t describe_call(const NormTanhCall& call, KdaRoute* route) {
  switch (with_kinds(call, [&]<typename Kinds>(Kinds) { return path_of<Kinds>(call); })) {
    case TanhPath::kEmpty:
      return describe(route, "empty", "x has no rows", "none", "nothing to compute");
    case TanhPath::kSharedTanh:
      return describe(route, call.is_dual ? "dual_shared_tanh" : "single_shared_tanh",
                      "bf16 rms norm with weights, one row of scale, D of 3840 or 3072, 512 rows and more",
                      "norm_tanh_rows_kernel", "four rows a block share one tanh in shared memory");
    default:
      return describe(route, call.is_dual ? "dual_any_row" : "single_any_row",
                      "fewer than 512 rows, scale with several rows, or other channels, dtypes or norm",
                      "norm_tanh_rows_kernel", "one row a block, one run of 8 elements a thread");
  }
}

}  // namespace kda::norm_modulation
