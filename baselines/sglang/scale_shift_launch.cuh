// scale_shift_launch.cuh: which of upstream's accesses a scale-shift call takes, and the launch of its tile and strided
// kernels for given types. Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/modulation_call.cuh"
#include "sglang/scale_shift_blc.cuh"
#include "sglang/scale_shift_strided.cuh"

namespace kda::sglang {

using modulation::Dtype;
using modulation::Operand;
using modulation::ScaleShiftCall;

enum class ScaleShiftPath { kEmpty, kTile, kFrame, kStrided };

// Channels in one access of every operand: 16 B of x.
inline int run_of(Dtype dtype) { return kAccessBytes / modulation::element_bytes(dtype); }

inline bool takes_runs(const Operand& operand, int run) {
  const int bytes = modulation::element_bytes(operand.dtype);
  const int access = run * bytes < kAccessBytes ? run * bytes : kAccessBytes;
  return !operand.is_scalar && operand.channel == 1 && modulation::is_aligned(operand.data, access) &&
         operand.batch % run == 0 && operand.step % run == 0;
}

constexpr int64_t kMaxOffset = INT32_MAX;

// Offsets within a batch, which the kernels take in 32 bits as upstream does. A tile reaches up to 127 tokens further.
inline bool fits_32_bits(const Operand& operand, const ScaleShiftCall& call) {
  return operand.step >= 0 && (call.tokens + kTileTokens) * operand.step + call.channels + kTileChannels <= kMaxOffset;
}

inline ScaleShiftPath path_of(const ScaleShiftCall& call) {
  if (call.is_empty()) return ScaleShiftPath::kEmpty;
  constexpr int64_t kMaxGridYZ = 65535;
  const auto is_served = [&](Dtype dtype) {
    return dtype == call.dtype || (dtype == Dtype::kF32 && modulation::element_bytes(call.dtype) == 2);
  };
  const int run = run_of(call.dtype);
  const bool is_vectorised = call.dtype != Dtype::kF64 && is_served(call.scale.dtype) && is_served(call.shift.dtype) &&
                             call.channels % run == 0 && modulation::is_aligned(call.x, kAccessBytes) &&
                             modulation::is_aligned(call.out, kAccessBytes) && takes_runs(call.scale, run) &&
                             takes_runs(call.shift, run) && call.batch * call.tokens <= kMaxOffset &&
                             (call.tokens + kTileTokens) * call.channels + kTileChannels <= kMaxOffset &&
                             fits_32_bits(call.scale, call) && fits_32_bits(call.shift, call);
  if (!is_vectorised) return ScaleShiftPath::kStrided;
  if (call.framed) return ScaleShiftPath::kFrame;
  return call.batch <= kMaxGridYZ && call.channels <= kMaxGridYZ * kTileChannels ? ScaleShiftPath::kTile
                                                                                 : ScaleShiftPath::kStrided;
}

inline ElementType element_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kBf16:
      return ElementType::kBf16;
    case Dtype::kF16:
      return ElementType::kF16;
    case Dtype::kF32:
      return ElementType::kF32;
    default:
      return ElementType::kF64;
  }
}

inline StridedOperand strided(const Operand& operand) {
  return {operand.data,    element_type(operand.dtype), operand.batch, operand.step,
          operand.channel, operand.tokens_per_step};
}

inline RowStrides row_strides(const Operand& operand) { return {operand.batch, static_cast<int>(operand.step)}; }

inline unsigned ceil_div(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

template <typename Tx>
cudaError_t launch_strided(const ScaleShiftCall& call, void* stream) {
  constexpr unsigned kMaxBlocks = 16384;  // enough to fill any GPU; the kernel strides over the rest
  const int64_t elements = call.batch * call.tokens * call.channels;
  const unsigned blocks =
      elements > int64_t{kMaxBlocks} * kStridedThreads ? kMaxBlocks : ceil_div(elements, kStridedThreads);
  return launch(scale_shift_strided_kernel<Tx>, dim3(blocks), dim3(kStridedThreads), 0, stream,
                static_cast<Tx*>(call.out), static_cast<const Tx*>(call.x), elements, call.tokens, call.channels,
                strided(call.scale), strided(call.shift), call.scale.is_scalar && call.shift.is_scalar, call.constant);
}

// k is a compile-time constant upstream, and kConstant here.
template <typename Tx, typename Tscale, typename Tshift, int kConstant>
cudaError_t launch_tile(const ScaleShiftCall& call, void* stream) {
  const dim3 grid(ceil_div(call.tokens, kTileTokens), ceil_div(call.channels, kTileChannels), call.batch);
  return launch(scale_shift_blc_tile_kernel<Tx, Tscale, Tshift, kConstant>, grid, dim3(kTileThreads), 0, stream,
                static_cast<Tx*>(call.out), static_cast<const Tx*>(call.x), static_cast<const Tscale*>(call.scale.data),
                static_cast<const Tshift*>(call.shift.data), call.tokens, call.channels, row_strides(call.scale),
                row_strides(call.shift));
}

}  // namespace kda::sglang
