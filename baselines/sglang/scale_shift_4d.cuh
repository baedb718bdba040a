// scale_shift_4d.cuh: port of sglang's Triton kernel for a scale of one row a frame.
//   out = x * (k + scale[b, frame(l)]) + shift;  x, shift, out: [B * L, C] rows;  frame(l) = l / (L / F)
// Moves 3 * B*L*C * sizeof(x) B plus the frame rows once. Bound: launch at the sizes it sees (L = 128).
// Grid: (B * L, ceil(C / kBlockChannels)), one block a row piece of 4 elements a thread: 8 B accesses for 16-bit types.
// Upstream first makes scale and shift dense, and tunes the piece per C over five sizes; here both are read in place,
// and the widest piece of at most C is taken.
#pragma once

#include <stdint.h>

#include "sglang/masked_access.cuh"
#include "sglang/scale_shift_blc.cuh"

namespace kda::sglang {

constexpr int kFrameElements = 4;  // per thread

template <typename Tx, typename Tscale, typename Tshift, int kThreads>
__global__ void __launch_bounds__(kThreads)  // 16 to 20 registers upstream, so full occupancy without a bound
    scale_shift_4d_frame_kernel(Tx* __restrict__ out, const Tx* __restrict__ x, const Tscale* __restrict__ scale,
                                const Tshift* __restrict__ shift, int tokens, int channels, int tokens_per_frame,
                                RowStrides scale_strides, RowStrides shift_strides, Tscale constant) {
  const int row = blockIdx.x;
  const int channel = (blockIdx.y * kThreads + threadIdx.x) * kFrameElements;
  const bool is_inside = channel < channels;
  const int batch = row / tokens, token = row % tokens, frame = token / tokens_per_frame;
  const int64_t offset = static_cast<int64_t>(row) * channels + channel;
  const auto x_run = load_masked<kFrameElements>(x + offset, is_inside);
  const auto shift_run = load_masked<kFrameElements>(
      shift + batch * shift_strides.batch + token * shift_strides.token + channel, is_inside);
  const auto scale_run = load_masked<kFrameElements>(
      scale + batch * scale_strides.batch + frame * scale_strides.token + channel, is_inside);
  store_masked(out + offset, scale_shift_run(x_run, scale_run, shift_run, constant), is_inside);
}

}  // namespace kda::sglang
