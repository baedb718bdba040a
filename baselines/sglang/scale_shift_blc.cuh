// scale_shift_blc.cuh: port of sglang's Triton tile kernel for x * (k + scale) + shift.
//   x, out: [B, L, C] dense;  scale, shift: element strides (b, l) with channel stride 1, 0 where they broadcast
// Moves 2 * B*L*C * sizeof(x) B and each operand once from HBM; broadcast rows are loaded again for every token and
// come from L1 or L2. Bound: HBM from about 50 MB up.
// Grid: (ceil(L / 128), ceil(C / 128), B), x fastest, so neighbouring blocks walk down L in the same 128 columns.
// Tile: 128 tokens x 128 channels for 128 threads without a loop: a thread holds one 16 B run of x in each of 16
// tokens (32 for f32 x) and issues all loads of x, then of shift, then of scale, before any arithmetic.
#pragma once

#include <stdint.h>

#include "sglang/masked_access.cuh"
#include "sglang/promoted_math.cuh"

namespace kda::sglang {

constexpr int kTileTokens = 128, kTileChannels = 128, kTileThreads = 128;  // upstream's block sizes, 4 warps

struct RowStrides {
  int64_t batch;
  int token;
};

// Blocks an SM. Triton's 156 to 168 registers with 16-bit operands allow three, but ptxas spills when it is held to 168
// here; with two, every load of a 16-bit call is in flight before the first use (238 registers).
constexpr int kTileBlocksPerSm = 2;

template <typename Tx, int kRun, typename Tscale, typename Tshift>
__device__ __forceinline__ Vec<Tx, kRun> scale_shift_run(const Vec<Tx, kRun>& x, const Vec<Tscale, kRun>& scale,
                                                         const Vec<Tshift, kRun>& shift, Tscale constant) {
  Vec<Tx, kRun> y;
  if constexpr (kIs16Bit<Tx> && std::is_same_v<Tx, Tscale> && std::is_same_v<Tx, Tshift>) {
    using Pair = typename PairOf<Tx>::type;
    const Pair constants(constant, constant);
#pragma unroll
    for (int i = 0; i < kRun; i += 2) {
      const Pair pair = scale_shift_packed(Pair(x[i], x[i + 1]), Pair(scale[i], scale[i + 1]),
                                           Pair(shift[i], shift[i + 1]), constants);
      y[i] = pair.x;
      y[i + 1] = pair.y;
    }
  } else {
#pragma unroll
    for (int i = 0; i < kRun; ++i) y[i] = scale_shift(x[i], scale[i], shift[i], constant);
  }
  return y;
}

// Tokens whose scale is loaded ahead of the arithmetic: all with 16-bit operands. Beside a f32 operand they do not fit
// (up to 320 data registers), and ptxas sinks them towards their use in Triton's code too.
template <typename Tscale, int kSteps>
inline constexpr int kScaleAhead = kIs16Bit<Tscale> ? kSteps : kSteps / 2;

// kConstant is k: a compile-time constant upstream too.
template <typename Tx, typename Tscale, typename Tshift, int kConstant>
__global__ void __launch_bounds__(kTileThreads, kTileBlocksPerSm)
    scale_shift_blc_tile_kernel(Tx* __restrict__ out, const Tx* __restrict__ x, const Tscale* __restrict__ scale,
                                const Tshift* __restrict__ shift, int tokens, int channels, RowStrides scale_strides,
                                RowStrides shift_strides) {
  constexpr int kRun = kAccessBytes / sizeof(Tx);
  constexpr int kRunsPerRow = kTileChannels / kRun;
  constexpr int kTokenStep = kTileThreads / kRunsPerRow;
  constexpr int kSteps = kTileTokens / kTokenStep;
  constexpr int kAhead = kScaleAhead<Tscale, kSteps>;
  const int channel = blockIdx.y * kTileChannels + threadIdx.x % kRunsPerRow * kRun;
  const int first_token = blockIdx.x * kTileTokens + threadIdx.x / kRunsPerRow;
  const int64_t batch = blockIdx.z;
  x += batch * tokens * channels;
  out += batch * tokens * channels;
  scale += batch * scale_strides.batch;
  shift += batch * shift_strides.batch;
  // 32 bits within a batch, as upstream; the host entry sends what does not fit to the strided kernel.
  const auto offset = [&](int step, int stride) { return (first_token + step * kTokenStep) * stride + channel; };
  const auto is_inside = [&](int step) { return first_token + step * kTokenStep < tokens && channel < channels; };
  Vec<Tx, kRun> x_runs[kSteps];
  Vec<Tshift, kRun> shift_runs[kSteps];
#pragma unroll
  for (int step = 0; step < kSteps; ++step)
    x_runs[step] = load_masked<kRun>(x + offset(step, channels), is_inside(step));
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    shift_runs[step] = load_masked<kRun>(shift + offset(step, shift_strides.token), is_inside(step));
  }
#pragma unroll
  for (int ahead = 0; ahead < kSteps; ahead += kAhead) {
    Vec<Tscale, kRun> scale_runs[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      scale_runs[i] = load_masked<kRun>(scale + offset(ahead + i, scale_strides.token), is_inside(ahead + i));
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int step = ahead + i;
      const auto y = scale_shift_run(x_runs[step], scale_runs[i], shift_runs[step],
                                     convert<Tscale>(static_cast<float>(kConstant)));
      store_masked(out + offset(step, channels), y, is_inside(step));
    }
  }
}

}  // namespace kda::sglang
