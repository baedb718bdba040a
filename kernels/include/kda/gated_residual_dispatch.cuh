// gated_residual_dispatch.cuh: serves and describes the gated residual add and the broadcast add with the kernels of
// out = x * (k + scale) + shift. Host code.
//   residual_gate_add   x = update, k = 0, scale = gate, shift = residual
//   broadcast_add_4d    x = b, k = 1, no scale, shift = a:  b * 1 + a rounds once, as b + a does
#pragma once

#include "kda/gated_residual_call.cuh"
#include "kda/route.cuh"
#include "kda/scale_shift_launch.cuh"

namespace kda::gated_residual {

using scale_shift::ScaleShiftPath;

// The broadcast add as a call whose frames are tokens and whose scale is absent.
inline ScaleShiftCall without_scale(const BroadcastAddCall& call) {
  ScaleShiftCall read = {};
  read.batch = 1;
  read.tokens = call.frames;
  read.channels = call.period;
  read.dtype = call.dtype;
  read.x = call.b;
  read.out = call.out;
  read.scale = {nullptr, call.dtype, 0, 0, 1, 1, false};
  read.shift = {call.a, call.dtype, 0, 0, 1, 1, false};
  read.constant = 1.0;
  return read;
}

template <typename T>
cudaError_t launch_path(const ScaleShiftCall& call, ScaleShiftPath path, void* stream) {
  constexpr int kRun = scale_shift::kAccessBytes / sizeof(T);
  if (path == ScaleShiftPath::kElements) return scale_shift::launch_elements<T, T, T>(call, stream);
  // The operands of a path in runs are one batch: rows of the gate, or of a, are the same for all.
  const auto launch_rows = [&]<Span kScale, Span kShift>() {
    return scale_shift::launch_rows_of_one_batch<T, T, T, kScale, kShift, kRun>(call, stream);
  };
  if (call.scale.data == nullptr) return launch_rows.template operator()<Span::kNone, Span::kBatch>();
  if (call.scale.is_per_token()) return launch_rows.template operator()<Span::kToken, Span::kToken>();
  return launch_rows.template operator()<Span::kBatch, Span::kToken>();
}

inline int32_t launch_call(ScaleShiftCall call, void* stream) {
  const ScaleShiftPath path = scale_shift::path_of(&call);
  if (path == ScaleShiftPath::kEmpty) return KDA_OK;
  switch (call.dtype) {
    case Dtype::kBf16:
      return status_of(launch_path<__nv_bfloat16>(call, path, stream));
    case Dtype::kF16:
      return status_of(launch_path<__half>(call, path, stream));
    default:
      return status_of(launch_path<float>(call, path, stream));
  }
}

inline int32_t launch_call(const BroadcastAddCall& call, void* stream) {
  return launch_call(without_scale(call), stream);
}

inline int32_t describe_elements(KdaRoute* route) {
  return describe(route, "elements", "a pointer off 16 B, or rows that are not whole 16 B",
                  "scale_shift_elements_kernel", "runs of 16 B do not fit");
}

inline int32_t describe_call(ScaleShiftCall call, KdaRoute* route) {
  const char* path = "scale_shift_rows_kernel";
  switch (scale_shift::path_of(&call)) {
    case ScaleShiftPath::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to compute");
    case ScaleShiftPath::kRows:
      if (call.scale.is_per_token()) {
        return describe(route, "token_gate", "the gate has a row a token; rows are whole 16 B", path,
                        "four streams; a block moves whole rows, one token a thread");
      }
      return describe(route, "row_gate", "one row of the gate for all tokens; rows are whole 16 B", path,
                      "three streams; a block moves whole rows, one token a thread; the gate comes from L1");
    default:
      return describe_elements(route);
  }
}

inline int32_t describe_call(const BroadcastAddCall& call, KdaRoute* route) {
  ScaleShiftCall read = without_scale(call);
  switch (scale_shift::path_of(&read)) {
    case ScaleShiftPath::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to compute");
    case ScaleShiftPath::kRows:
      return describe(route, "row_add", "P * D is whole 16 B", "scale_shift_rows_kernel",
                      "two streams; a block moves whole rows of P * D; a comes from L1");
    default:
      return describe_elements(route);
  }
}

}  // namespace kda::gated_residual
