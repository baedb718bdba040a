// residual_gate_add.cuh: out = residual + update * gate as sglang computes it: its scale-shift kernel with the gate as
// scale, the residual as shift and k = 0. Host code.
#pragma once

#include "sglang/scale_shift_launch.cuh"

namespace kda::sglang {

template <typename T>
cudaError_t launch_residual_gate_add(const ScaleShiftCall& call, void* stream) {
  if (path_of(call) == ScaleShiftPath::kStrided) return launch_strided<T>(call, stream);
  return launch_tile<T, T, T, 0>(call, stream);
}

}  // namespace kda::sglang
