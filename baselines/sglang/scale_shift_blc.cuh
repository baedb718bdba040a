// scale_shift_blc.cuh: port of sglang's Triton tile kernel for x * (k + scale) + shift.
//   x, out: [B, L, C] dense;  scale, shift: element strides (b, l) with channel stride 1, 0 where they broadcast
// Moves 2 * B*L*C * sizeof(x) B and each operand once from HBM; broadcast rows are loaded again for every token and
// come from L1 or L2. Bound: HBM from about 50 MB up.
// Grid: (ceil(L / 128), ceil(C / 128), B), x fastest, so neighbouring blocks walk down L in the same 128 columns.
// Tile: 128 tokens x 128 channels for 128 threads without a loop: a thread holds one 16 B run of x in each of 16
// tokens (32 for f32 x) and issues all loads of x, then of shift, then of scale, before any arithmetic.
#pragma once

#include <stdint.h>

#include "sglang/promoted_math.cuh"
#include "sglang/masked_access.cuh"

namespace kda::sglang {

constexpr int kTileTokens = 128, kTileChannels = 128, kTileThreads = 128;  // upstream's block sizes, 4 warps

struct RowStrides {
  int64_t batch, token;
};

// Blocks an SM that Triton's register counts allow: 156 with 16-bit operands, 220 to 255 with a f32 one.
template <typename Tscale, typename Tshift>
inline constexpr int kTileBlocksPerSm = kIs16Bit<Tscale> && kIs16Bit<Tshift> ? 3 : 2;

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
// (up to 320 data registers), and ptxas sinks them to their use in Triton's code too.
template <typename Tscale, int kSteps>
inline constexpr int kScaleAhead = kIs16Bit<Tscale> ? kSteps : 1;

// kConstant is k: a compile-time constant upstream too.
template <typename Tx, typename Tscale, typename Tshift, int kConstant>
__global__ void __launch_bounds__(kTileThreads, kTileBlocksPerSm<Tscale, Tshift>)
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
  const int64_t first = (batch * tokens + first_token) * channels + channel;
  const int64_t token_step = static_cast<int64_t>(kTokenStep) * channels;
  const int64_t scale_step = kTokenStep * scale_strides.token, shift_step = kTokenStep * shift_strides.token;
  x += first;
  out += first;
  scale += batch * scale_strides.batch + first_token * scale_strides.token + channel;
  shift += batch * shift_strides.batch + first_token * shift_strides.token + channel;

  const auto is_inside = [&](int step) { return first_token + step * kTokenStep < tokens && channel < channels; };
  Vec<Tx, kRun> x_runs[kSteps];
  Vec<Tshift, kRun> shift_runs[kSteps];
#pragma unroll
  for (int step = 0; step < kSteps; ++step) x_runs[step] = load_masked<kRun>(x + step * token_step, is_inside(step));
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    shift_runs[step] = load_masked<kRun>(shift + step * shift_step, is_inside(step));
  }
#pragma unroll
  for (int ahead = 0; ahead < kSteps; ahead += kAhead) {
    Vec<Tscale, kRun> scale_runs[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      scale_runs[i] = load_masked<kRun>(scale + (ahead + i) * scale_step, is_inside(ahead + i));
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int step = ahead + i;
      const auto y = scale_shift_run(x_runs[step], scale_runs[i], shift_runs[step],
                                     convert<Tscale>(static_cast<float>(kConstant)));
      store_masked(out + step * token_step, y, is_inside(step));
    }
  }
}

}  // namespace kda::sglang
