// scale_shift_dispatch.cuh: serves and describes every call of out = x * (k + scale) + shift. Host code.
#pragma once

#include "kda/route.cuh"
#include "kda/scale_shift_launch.cuh"

namespace kda::scale_shift {

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_path(const ScaleShiftCall& call, ScaleShiftPath path, void* stream) {
  if (path == ScaleShiftPath::kRows) return launch_rows<Tx, Tscale, Tshift>(call, stream);
  return launch_elements<Tx, Tscale, Tshift>(call, stream);
}

template <typename Tx>
cudaError_t launch_path(const ScaleShiftCall& call, ScaleShiftPath path, void* stream) {
  if constexpr (sizeof(Tx) == 2) {
    const bool wide_scale = call.scale.dtype == Dtype::kF32, wide_shift = call.shift.dtype == Dtype::kF32;
    if (wide_scale && wide_shift) return launch_path<Tx, float, float>(call, path, stream);
    if (wide_scale) return launch_path<Tx, float, Tx>(call, path, stream);
    if (wide_shift) return launch_path<Tx, Tx, float>(call, path, stream);
  }
  return launch_path<Tx, Tx, Tx>(call, path, stream);
}

inline int32_t launch_call(ScaleShiftCall call, void* stream) {
  const ScaleShiftPath path = path_of(&call);
  if (path == ScaleShiftPath::kEmpty) return KDA_OK;
  if (path == ScaleShiftPath::kPromoted) return KDA_DECLINED;
  switch (call.dtype) {
    case Dtype::kBf16:
      return status_of(launch_path<__nv_bfloat16>(call, path, stream));
    case Dtype::kF16:
      return status_of(launch_path<__half>(call, path, stream));
    default:
      return status_of(launch_path<float>(call, path, stream));
  }
}

inline int32_t describe_rows(const ScaleShiftCall& call, KdaRoute* route) {
  const char* path = "scale_shift_rows_kernel";
  if (call.scale.is_scalar) {
    return describe(route, "scalar", "scale and shift are single values", path,
                    "both are read on the device, zero test included");
  }
  const bool token_scale = call.scale.is_per_token(), token_shift = call.shift.is_per_token();
  if (token_scale && token_shift) {
    return describe(route, "token_scale_token_shift", "scale and shift have a row a token", path,
                    "a block moves whole rows, one token a thread");
  }
  if (token_scale || token_shift) {
    return describe(route, token_shift ? "shared_scale_token_shift" : "token_scale_shared_shift",
                    "one of scale and shift has a row a token, tokens of a batch or frame share the other", path,
                    "a block moves whole rows, one token a thread; the shared row comes from L1");
  }
  return describe(route, "shared_rows", "tokens of a batch share scale and shift", path,
                  "a block moves whole rows, one token a thread; both shared rows come from L1");
}

inline int32_t describe_call(ScaleShiftCall call, KdaRoute* route) {
  switch (path_of(&call)) {
    case ScaleShiftPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case ScaleShiftPath::kPromoted:
      return describe(route, "promoted_dtypes", "f64, or modulation narrower than x or of another 16-bit type",
                      "baseline", "no production call promotes; the baseline types it as upstream does", KDA_DECLINED);
    case ScaleShiftPath::kRows:
      return describe_rows(call, route);
    default:
      return describe(route, "elements", "odd strides, alignment or channels, or a scalar beside a tensor",
                      "scale_shift_elements_kernel", "runs of 16 B do not fit");
  }
}

}  // namespace kda::scale_shift
