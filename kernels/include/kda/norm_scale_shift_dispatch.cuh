// norm_scale_shift_dispatch.cuh: which geometry serves a call of a norm with modulation, its launch and its route. Host
// code.
#pragma once

#include "kda/launch.cuh"
#include "kda/norm_scale_shift_rows.cuh"
#include "kda/route.cuh"

namespace kda::norm_modulation {

// Up to here every row has a block of its own with one run a thread: latency counts, not traffic.
constexpr int64_t kFewRows = 512;
// From here on scale and shift, the same for all rows, are asked for with the row.
constexpr int64_t kManyRows = 2048;
// Runs a thread of a block that loads scale and shift with its row.
constexpr int kRunsWithModulation = 2;
// Runs a thread where scale and shift come after the statistics, and registers are the row's alone: blocks of 128 or 160
// threads. A residual wants registers too, and f32 weight and bias want threads.
constexpr int row_runs(int channels, bool has_residual, bool is_affine) {
  if (channels == 3072) return is_affine ? 1 : 3;
  return has_residual ? 2 : 4;
}
// Threads an SM, which say how many registers a thread may take: 56, 64, and 40 where scale and shift are 16 bits wide.
constexpr int kRowThreadsAnSm = 1152, kLongRowThreadsAnSm = 1024, kTokenThreadsAnSm = 1024, kSharedThreadsAnSm = 1536;

enum class NormPath {
  kEmpty,
  kAnyRow,      // one run a thread: few rows, other channels, other dtypes
  kRow,         // scale and shift after the statistics
  kTokenRow,    // scale and shift with the row
  kSharedRows,  // the same with rows that all tokens share: fewer registers
};

inline bool is_tuned_width(int channels) { return channels == 3072 || channels == 4096 || channels == 5120; }

// Layer norm of bf16 with the kinds of production.
template <typename Kinds>
inline constexpr bool kIsTuned = Kinds::kIsTyped && std::is_same_v<typename Kinds::T, __nv_bfloat16> &&
                                 Kinds::kNorm == Norm::kLayer &&
                                 (kIsAbsent<typename Kinds::Affine> ||
                                  std::is_same_v<typename Kinds::Affine, Rows<float>>);

// Rows of scale and shift that fit beside the row in registers.
template <typename Kinds>
inline constexpr bool kSharesRows =
    Kinds::kResidual == Residual::kNone && std::is_same_v<typename Kinds::Modulation, Rows<__nv_bfloat16>>;

template <typename Kinds>
NormPath path_of(const NormScaleShiftCall& call) {
  if (call.is_empty()) return NormPath::kEmpty;
  if (!kIsTuned<Kinds> || !is_tuned_width(call.channels) || call.rows() < kFewRows) return NormPath::kAnyRow;
  if (call.scale.is_per_token() || call.shift.is_per_token()) return NormPath::kTokenRow;
  const auto is_one_row = [](const RowOperand& operand) { return operand.batch == 0 && operand.step == 0; };
  const bool shares = kSharesRows<Kinds> && is_one_row(call.scale) && is_one_row(call.shift);
  return shares && call.rows() >= kManyRows ? NormPath::kSharedRows : NormPath::kRow;
}

template <typename Kinds, typename Geometry>
cudaError_t launch_geometry(const NormScaleShiftCall& call, void* stream) {
  return launch(norm_scale_shift_rows_kernel<Kinds, Geometry>, dim3(call.rows()),
                dim3(call.channels / (kRun * Geometry::kRuns)), 0, stream, call);
}

template <typename Kinds, int kChannels>
cudaError_t launch_tuned(const NormScaleShiftCall& call, NormPath path, void* stream) {
  constexpr int kRowRuns = 
      row_runs(kChannels, Kinds::kResidual != Residual::kNone, !kIsAbsent<typename Kinds::Affine>);
  constexpr int kRowThreads = kChannels / (kRun * kRowRuns);
  constexpr int kRowBlocks = (kRowRuns == 3 ? kRowThreadsAnSm : kLongRowThreadsAnSm) / kRowThreads;
  constexpr int kThreads = kChannels / (kRun * kRunsWithModulation);
  using Row = NormGeometry<kRowThreads, kRowRuns, ModulationLoad::kAfterStatistics, kRowBlocks>;
  if constexpr (!std::is_same_v<typename Kinds::Modulation, Single<typename Kinds::T>>) {
    constexpr auto kLoad = ModulationLoad::kWithRow;
    using TokenRow = NormGeometry<kThreads, kRunsWithModulation, kLoad, kTokenThreadsAnSm / kThreads>;
    if (path == NormPath::kTokenRow) return launch_geometry<Kinds, TokenRow>(call, stream);
    if constexpr (kSharesRows<Kinds>) {
      using SharedRows = NormGeometry<kThreads, kRunsWithModulation, kLoad, kSharedThreadsAnSm / kThreads>;
      if (path == NormPath::kSharedRows) return launch_geometry<Kinds, SharedRows>(call, stream);
    }
  }
  return launch_geometry<Kinds, Row>(call, stream);
}

template <typename Kinds>
cudaError_t launch_path(const NormScaleShiftCall& call, void* stream) {
  const NormPath path = path_of<Kinds>(call);
  if (path == NormPath::kEmpty) return cudaSuccess;
  if constexpr (kIsTuned<Kinds>) {
    if (path != NormPath::kAnyRow) {
      switch (call.channels) {
        case 3072:
          return launch_tuned<Kinds, 3072>(call, path, stream);
        case 4096:
          return launch_tuned<Kinds, 4096>(call, path, stream);
        default:
          return launch_tuned<Kinds, 5120>(call, path, stream);
      }
    }
  }
  return launch_geometry<Kinds, NormGeometry<kAnyThreads, 1, ModulationLoad::kWithRow>>(call, stream);
}

inline int32_t launch_call(const NormScaleShiftCall& call, void* stream) {
  return status_of(with_kinds(call, [&]<typename Kinds>(Kinds) { return launch_path<Kinds>(call, stream); }));
}

inline int32_t describe_call(const NormScaleShiftCall& call, KdaRoute* route) {
  const char* kernel = "norm_scale_shift_rows_kernel";
  const bool has_residual = call.has_residual;
  switch (with_kinds(call, [&]<typename Kinds>(Kinds) { return path_of<Kinds>(call); })) {
    case NormPath::kEmpty:
      return describe(route, "empty", "x has no rows", "none", "nothing to compute");
    case NormPath::kSharedRows:
      return describe(route, "shared_rows", "bf16 layer norm, one row of bf16 scale and shift, 2048 rows and more",
                      kernel, "every load before the first sum, 40 registers a thread");
    case NormPath::kTokenRow:
      return describe(route, has_residual ? "residual_token_row" : "token_row",
                      "bf16 layer norm, scale or shift with a row a token, 512 rows and more", kernel,
                      "every load before the first sum");
    case NormPath::kRow:
      return describe(route, has_residual ? "residual_row" : "row",
                      "bf16 layer norm, scale and shift shared by rows, 512 rows and more", kernel,
                      "scale and shift come from L1 after the statistics");
    default:
      return describe(route, has_residual ? "residual_any_row" : "any_row",
                      "fewer than 512 rows, or other channels, dtypes or norm", kernel,
                      "one run of 8 elements a thread, every load before the first sum");
  }
}

}  // namespace kda::norm_modulation
