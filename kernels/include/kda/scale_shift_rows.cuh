// scale_shift_rows.cuh: out = x * (k + scale) + shift over token rows, modulation rows held in registers.
//   x, out: [B, L, C] dense;  scale, shift: one value, one row a batch, or one row a token (channel stride 1)
// Moves 2 * B*L*C * sizeof(x) B and each per-token operand once; a row that all tokens of a batch share is read once
// a thread, converted once and kept. Bound: HBM. [1, 8424, 3072] bf16 with shared rows is 103.5 MB.
// Grid: (token groups, channel groups, B). A block spans whole rows where 768 threads can, so that it moves contiguous
// memory; a thread owns one run of channels and kTokens tokens, whose loads are all issued before the first is used.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"

namespace kda {

// What an operand changes with.
enum class Span { kScalar, kBatch, kToken };

template <typename T>
struct RowOperand {
  const T* data;
  int64_t batch;  // element strides
  int token;
};

// The row of `operand` that batch `b` shares, as f32; only for operands without a token dimension.
template <Span kSpan, int kRun, typename T>
__device__ __forceinline__ Vec<float, kRun> load_shared_row(const RowOperand<T>& operand, int b, int channel) {
  if constexpr (kSpan == Span::kScalar)
    return Vec<float, kRun>::filled(to_float(*operand.data));
  else
    return to_float(Vec<T, kRun>::load_readonly(operand.data + b * operand.batch + channel));
}

// The largest block: a row of 6144 16-bit channels.
inline constexpr int kRowsThreads = 768;

// With one token a thread a block is over soon, and what precedes its first load shows: 0.2 us of 2.3 on small calls
// and 3 us of 71 on [1, 8424, 3072] with four streams. Hence kBatched, and row numbers in 32 bits: B * L must fit.
// Registers: 40 with one token a thread, so that two of the largest blocks share an SM; several tokens need up to 60.
template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun, int kTokens, bool kBatched,
          Caching kCaching>
__global__ void __launch_bounds__(kRowsThreads, kTokens == 1 ? 2 : 1)
    scale_shift_rows_kernel(Tx* __restrict__ out, const Tx* __restrict__ x, const RowOperand<Tscale> scale,
                            const RowOperand<Tshift> shift, int tokens, int channels, float constant) {
  const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * kRun;
  const int token_step = static_cast<int>(blockDim.y);
  const int first_token = static_cast<int>(blockIdx.x) * token_step * kTokens + static_cast<int>(threadIdx.y);
  if (channel >= channels || first_token >= tokens) return;
  const int b = kBatched ? static_cast<int>(blockIdx.z) : 0;
  const int64_t first = static_cast<int64_t>(b * tokens + first_token) * channels + channel;
  const auto is_inside = [&](int i) { return i == 0 || first_token + i * token_step < tokens; };
  const auto offset = [&](int i, int stride) { return static_cast<int64_t>(i * token_step) * stride; };

  Vec<Tx, kRun> x_runs[kTokens];
  Vec<Tscale, kRun> scale_runs[kTokens];
  Vec<Tshift, kRun> shift_runs[kTokens];
  const Tscale* scale_row = scale.data + b * scale.batch + static_cast<int64_t>(first_token) * scale.token + channel;
  const Tshift* shift_row = shift.data + b * shift.batch + static_cast<int64_t>(first_token) * shift.token + channel;
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    if (!is_inside(i)) continue;
    x_runs[i] = load_stream<kCaching, kRun>(x + first + offset(i, channels));
    if constexpr (kScale == Span::kToken)
      scale_runs[i] = load_stream<kCaching, kRun>(scale_row + offset(i, scale.token));
    if constexpr (kShift == Span::kToken)
      shift_runs[i] = load_stream<kCaching, kRun>(shift_row + offset(i, shift.token));
  }

  Vec<float, kRun> factor, addend;
  if constexpr (kScale != Span::kToken) {
    factor = load_shared_row<kScale, kRun>(scale, b, channel);
#pragma unroll
    for (int c = 0; c < kRun; ++c) factor[c] += constant;
  }
  if constexpr (kShift != Span::kToken) addend = load_shared_row<kShift, kRun>(shift, b, channel);
  bool is_copy = false;
  if constexpr (kScale == Span::kScalar && kShift == Span::kScalar) {
    // Two zero scalars ask for x itself, whatever the constant is.
    is_copy = to_float(*scale.data) == 0.f && addend[0] == 0.f;
  }

#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    if (!is_inside(i)) continue;
    if constexpr (kScale == Span::kToken) {
      factor = to_float(scale_runs[i]);
#pragma unroll
      for (int c = 0; c < kRun; ++c) factor[c] += constant;
    }
    if constexpr (kShift == Span::kToken) addend = to_float(shift_runs[i]);
    Vec<float, kRun> y = to_float(x_runs[i]);
#pragma unroll
    for (int c = 0; c < kRun; ++c) y[c] = fmaf(y[c], factor[c], addend[c]);
    const Vec<Tx, kRun> rounded = is_copy ? x_runs[i] : from_float<Tx>(y);
    store_stream<kCaching>(out + first + offset(i, channels), rounded);
  }
}

}  // namespace kda
