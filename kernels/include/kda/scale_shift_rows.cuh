// scale_shift_rows.cuh: out = x * (k + scale) + shift, one run of 16 B of one token a thread.
//   x, out: [B, L, C] dense;  scale, shift: one value, one row a batch, or one row a token (channel stride 1);
//   without a scale, out = x * k + shift
// Moves 2 * B*L*C * sizeof(x) B and each per-token operand once; rows that tokens share come from L1. Bound: HBM.
// [1, 8424, 3072] bf16: 103.5 MB with two shared rows, 155.3 with a shift a token, 207.0 with a scale a token too.
// Grid: (token groups, channel groups, B). A block spans whole rows where 768 threads can, so that it moves contiguous
// memory, and ends at once: more tokens a thread, with the shared rows kept in registers, were no faster on an H100.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"

namespace kda {

// What an operand changes with; kNone: it is absent and stands for 0.
enum class Span { kNone, kScalar, kBatch, kToken };

template <typename T>
struct RowOperand {
  const T* data;
  int64_t batch;  // element strides
  int token;
};

// The row of `operand` that batch `b` shares, as f32; only for operands without a token dimension.
template <Span kSpan, int kRun, typename T>
__device__ __forceinline__ Vec<float, kRun> load_shared_row(const RowOperand<T>& operand, int b, int channel) {
  if constexpr (kSpan == Span::kNone)
    return Vec<float, kRun>::filled(0.f);
  else if constexpr (kSpan == Span::kScalar)
    return Vec<float, kRun>::filled(to_float(*operand.data));
  else
    return to_float(Vec<T, kRun>::load_readonly(operand.data + b * operand.batch + channel));
}

// Threads that a row is spread over, at most: a row of 6144 16-bit channels.
inline constexpr int kRowsThreads = 768;
// The largest block: where one scale row serves all tokens, two rows of 4096 channels.
template <Span kScale, Span kShift>
inline constexpr int kRowsMaxThreads = kScale == Span::kBatch && kShift == Span::kToken ? 1024 : kRowsThreads;

// What precedes the first load of so short a block shows: 64-bit row arithmetic and a second exit cost 0.2 us of 2.3 on
// small calls and 3 us of 71 on [1, 8424, 3072] with four streams. Hence kBatched, and row numbers in 32 bits: B * L
// must fit. 32 registers a thread (40 with 768 threads) let two of the largest blocks share an SM.
template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun, bool kBatched,
          Caching kStores>
__global__ void __launch_bounds__(kRowsMaxThreads<kScale, kShift>, 2)
    scale_shift_rows_kernel(Tx* __restrict__ out, const Tx* __restrict__ x, const RowOperand<Tscale> scale,
                            const RowOperand<Tshift> shift, int tokens, int channels, float constant) {
  const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * kRun;
  const int token = static_cast<int>(blockIdx.x * blockDim.y + threadIdx.y);
  if (channel >= channels || token >= tokens) return;
  const int b = kBatched ? static_cast<int>(blockIdx.z) : 0;
  const int64_t offset = static_cast<int64_t>(b * tokens + token) * channels + channel;
  const auto token_row = [&](const auto& operand) {
    return operand.data + b * operand.batch + static_cast<int64_t>(token) * operand.token + channel;
  };

  // Every load is issued before the first is used.
  const Vec<Tx, kRun> x_run = Vec<Tx, kRun>::load(x + offset);
  Vec<float, kRun> factor, addend;
  if constexpr (kScale == Span::kToken)
    factor = to_float(Vec<Tscale, kRun>::load(token_row(scale)));
  else
    factor = load_shared_row<kScale, kRun>(scale, b, channel);
  if constexpr (kShift == Span::kToken)
    addend = to_float(Vec<Tshift, kRun>::load(token_row(shift)));
  else
    addend = load_shared_row<kShift, kRun>(shift, b, channel);

  bool is_copy = false;
  if constexpr (kScale == Span::kScalar && kShift == Span::kScalar) {
    // Two zero scalars ask for x itself, whatever the constant is.
    is_copy = factor[0] == 0.f && addend[0] == 0.f;
  }
  Vec<float, kRun> y = to_float(x_run);
#pragma unroll
  for (int c = 0; c < kRun; ++c) y[c] = fmaf(y[c], factor[c] + constant, addend[c]);
  store_stream<kStores>(out + offset, is_copy ? x_run : from_float<Tx>(y));
}

}  // namespace kda
