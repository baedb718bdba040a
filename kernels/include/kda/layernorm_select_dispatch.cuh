// layernorm_select_dispatch.cuh: which kernel serves a call of LayerNorm with a modulation set chosen per token, its
// launch and its route. Host code.
#pragma once

#include <type_traits>

#include "kda/launch.cuh"
#include "kda/layernorm_select_strided.cuh"
#include "kda/modulation_call.cuh"
#include "kda/route.cuh"

namespace kda::layernorm_select {

using modulation::ChannelRows;
using modulation::Dtype;
using modulation::SelectCall;

constexpr int kAccessBytes = 16;
constexpr int64_t kMaxGridX = INT32_MAX;

enum class SelectPath { kEmpty, kTooManyRows, kRow, kStrided };

constexpr int kRowThreads = 128;
constexpr int kMaxRuns = 8;  // 64 f32 values of a 16-bit row a thread

inline bool takes_runs(const ChannelRows& rows, int run) {
  return rows.channel == 1 && rows.batch % run == 0 && modulation::is_aligned(rows.data, kAccessBytes);
}

inline SelectPath path_of(const SelectCall& call) {
  if (call.is_empty()) return SelectPath::kEmpty;
  if (call.batch * call.tokens > kMaxGridX) return SelectPath::kTooManyRows;
  const int run = kAccessBytes / modulation::element_bytes(call.dtype);
  bool fits = call.channels % run == 0 && call.channels <= kMaxRuns * kRowThreads * run;
  for (const void* pointer : {call.x, call.residual, call.residual_gate, static_cast<const void*>(call.out),
                              static_cast<const void*>(call.residual_out), static_cast<const void*>(call.gate_out)}) {
    fits = fits && modulation::is_aligned(pointer, kAccessBytes);
  }
  for (const ChannelRows* affine : {&call.weight, &call.bias}) {
    fits = fits && (affine->data == nullptr || takes_runs(*affine, run));
  }
  for (int set = 0; set < 2; ++set) {
    fits =
        fits && takes_runs(call.scale[set], run) && takes_runs(call.shift[set], run) && takes_runs(call.gate[set], run);
  }
  return fits ? SelectPath::kRow : SelectPath::kStrided;
}

template <typename T>
ModulationSet<T> modulation_set(const SelectCall& call, int set) {
  const ChannelRows &scale = call.scale[set], &shift = call.shift[set], &gate = call.gate[set];
  return {static_cast<const T*>(scale.data),
          static_cast<const T*>(shift.data),
          static_cast<const T*>(gate.data),
          scale.batch,
          shift.batch,
          gate.batch};
}

template <typename T>
SelectTask<T> select_task(const SelectCall& call) {
  const auto in = [](const void* pointer) { return static_cast<const T*>(pointer); };
  const auto out = [](void* pointer) { return static_cast<T*>(pointer); };
  return {in(call.x),
          in(call.residual),
          in(call.residual_gate),
          in(call.weight.data),
          in(call.bias.data),
          modulation_set<T>(call, 0),
          modulation_set<T>(call, 1),
          call.index,
          call.index_batch,
          call.index_token,
          call.index_bytes,
          out(call.out),
          out(call.residual_out),
          out(call.gate_out),
          static_cast<int>(call.batch),
          static_cast<int>(call.tokens),
          static_cast<int>(call.channels),
          static_cast<float>(call.epsilon)};
}

// Blocks of 128 threads an SM that the registers of a row should allow. Production's shape was measured: 9 (56
// registers a thread) and, with the residual, 8 (64). Masks and affine operands take a few registers more, and spills
// cost more than a block.
template <typename T, int kRuns, bool kResidual, RowShape kShape>
constexpr int min_blocks() {
  constexpr int kValues = kRuns * kSelectRun<T>;
  if (kShape == RowShape::kFullPlain) return kResidual ? 8 : 9;
  if (kValues > 32) return 2;
  if (kValues > 24) return kResidual ? 3 : 4;
  return kResidual ? 5 : 7;
}

template <typename T, int kRuns, bool kResidual, RowShape kShape>
constexpr auto row_kernel =
    layernorm_select_row_kernel<T, kRowThreads, kRuns, kResidual, kShape, min_blocks<T, kRuns, kResidual, kShape>()>;

template <typename T, bool kResidual>
cudaError_t launch_row(const SelectCall& call, void* stream) {
  const auto launch_with = [&](auto kernel) {
    return launch(kernel, dim3(call.batch * call.tokens), dim3(kRowThreads), 0, stream, select_task<T>(call));
  };
  const int64_t runs = call.channels / kSelectRun<T>;
  const bool is_affine = call.weight.data != nullptr || call.bias.data != nullptr;
  if (runs == 3 * kRowThreads && !is_affine) {
    return launch_with(row_kernel<T, 3, kResidual, RowShape::kFullPlain>);
  }
  const auto launch_runs = [&](auto runs_constant) {
    constexpr int kRuns = decltype(runs_constant)::value;
    return launch_with(row_kernel<T, kRuns, kResidual, RowShape::kAny>);
  };
  if (runs <= 1 * kRowThreads) return launch_runs(std::integral_constant<int, 1>{});
  if (runs <= 2 * kRowThreads) return launch_runs(std::integral_constant<int, 2>{});
  if (runs <= 3 * kRowThreads) return launch_runs(std::integral_constant<int, 3>{});
  if (runs <= 4 * kRowThreads) return launch_runs(std::integral_constant<int, 4>{});
  return launch_runs(std::integral_constant<int, 8>{});
}

template <typename T, bool kResidual>
cudaError_t launch_strided(const SelectCall& call, void* stream) {
  const SelectChannelStrides strides = {call.weight.channel,   call.bias.channel,    call.scale[0].channel,
                                        call.shift[0].channel, call.gate[0].channel, call.scale[1].channel,
                                        call.shift[1].channel, call.gate[1].channel};
  return launch(layernorm_select_strided_kernel<T, kResidual>, dim3(call.batch * call.tokens), dim3(kStridedRowThreads),
                0, stream, select_task<T>(call), strides);
}

template <typename T>
cudaError_t launch_path(const SelectCall& call, SelectPath path, void* stream) {
  if (path == SelectPath::kRow)
    return call.has_residual ? launch_row<T, true>(call, stream) : launch_row<T, false>(call, stream);
  return call.has_residual ? launch_strided<T, true>(call, stream) : launch_strided<T, false>(call, stream);
}

inline int32_t launch_call(const SelectCall& call, void* stream) {
  const SelectPath path = path_of(call);
  if (path == SelectPath::kEmpty) return KDA_OK;
  if (path == SelectPath::kTooManyRows) return KDA_DECLINED;
  switch (call.dtype) {
    case Dtype::kBf16:
      return status_of(launch_path<__nv_bfloat16>(call, path, stream));
    case Dtype::kF16:
      return status_of(launch_path<__half>(call, path, stream));
    default:
      return status_of(launch_path<float>(call, path, stream));
  }
}

inline int32_t describe_call(const SelectCall& call, KdaRoute* route) {
  switch (path_of(call)) {
    case SelectPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case SelectPath::kTooManyRows:
      return describe(route, "too_many_rows", "more than 2^31 - 1 token rows", "baseline", "one block a row",
                      KDA_DECLINED);
    case SelectPath::kRow:
      return describe(route, call.has_residual ? "residual_layernorm" : "layernorm", "everything takes 16 B accesses",
                      "layernorm_select_row_kernel", "row in registers, read once; two barriers");
    default:
      return describe(route, call.has_residual ? "residual_layernorm_strided" : "layernorm_strided",
                      "odd strides or alignment, or a row that registers do not hold",
                      "layernorm_select_strided_kernel", "runs of 16 B do not fit");
  }
}

}  // namespace kda::layernorm_select
