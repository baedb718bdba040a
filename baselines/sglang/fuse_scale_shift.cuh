// fuse_scale_shift.cuh: which ported kernel serves which call of entry 0, and its launch. Host code.
#pragma once

#include "sglang/scale_shift_4d.cuh"
#include "sglang/scale_shift_launch.cuh"

namespace kda::sglang {

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_frame(const ScaleShiftCall& call, void* stream) {
  const auto launch_with = [&](auto kernel, int threads) {
    const dim3 grid(call.batch * call.tokens, ceil_div(call.channels, threads * kFrameElements));
    return launch(kernel, grid, dim3(threads), 0, stream, static_cast<Tx*>(call.out), static_cast<const Tx*>(call.x),
                  static_cast<const Tscale*>(call.scale.data), static_cast<const Tshift*>(call.shift.data), call.tokens,
                  call.channels, call.scale.tokens_per_step, row_strides(call.scale), row_strides(call.shift),
                  static_cast<Tscale>(static_cast<float>(call.constant)));
  };
  if (call.channels >= 1024) return launch_with(scale_shift_4d_frame_kernel<Tx, Tscale, Tshift, 256>, 256);
  return launch_with(scale_shift_4d_frame_kernel<Tx, Tscale, Tshift, 128>, 128);
}

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_vectorised(const ScaleShiftCall& call, void* stream) {
  if (path_of(call) == ScaleShiftPath::kFrame) return launch_frame<Tx, Tscale, Tshift>(call, stream);
  if (call.constant == 0.0) return launch_tile<Tx, Tscale, Tshift, 0>(call, stream);
  if (call.constant == 1.0) return launch_tile<Tx, Tscale, Tshift, 1>(call, stream);
  return launch_strided<Tx>(call, stream);
}

template <typename Tx>
cudaError_t launch_scale_shift(const ScaleShiftCall& call, void* stream) {
  if (path_of(call) == ScaleShiftPath::kStrided) return launch_strided<Tx>(call, stream);
  if constexpr (kIs16Bit<Tx>) {
    const bool wide_scale = call.scale.dtype == Dtype::kF32, wide_shift = call.shift.dtype == Dtype::kF32;
    if (wide_scale && wide_shift) return launch_vectorised<Tx, float, float>(call, stream);
    if (wide_scale) return launch_vectorised<Tx, float, Tx>(call, stream);
    if (wide_shift) return launch_vectorised<Tx, Tx, float>(call, stream);
  }
  return launch_vectorised<Tx, Tx, Tx>(call, stream);
}

inline cudaError_t launch_scale_shift(const ScaleShiftCall& call, void* stream) {
  switch (call.dtype) {
    case Dtype::kBf16:
      return launch_scale_shift<bf16>(call, stream);
    case Dtype::kF16:
      return launch_scale_shift<f16>(call, stream);
    case Dtype::kF32:
      return launch_scale_shift<float>(call, stream);
    default:
      return launch_strided<double>(call, stream);
  }
}

}  // namespace kda::sglang
