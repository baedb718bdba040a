// scale_shift_launch.cuh: which kernel serves a call of out = x * (k + scale) + shift, and its launch for given types.
// Host code. A call is first brought to its simplest form: frames become batches, and batches that no operand tells
// apart become one.
#pragma once

#include "kda/launch.cuh"
#include "kda/modulation_call.cuh"
#include "kda/scale_shift_elements.cuh"
#include "kda/scale_shift_rows.cuh"

namespace kda::scale_shift {

using modulation::Dtype;
using modulation::Operand;
using modulation::ScaleShiftCall;

constexpr int kAccessBytes = 16;
constexpr int64_t kMaxGridYZ = 65535;
// The row kernels number rows in 32 bits, with room for the tokens past the end that a last block computes and drops.
constexpr int64_t kMaxRows = INT32_MAX / 2;

inline unsigned ceil_div(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

enum class ScaleShiftPath { kEmpty, kPromoted, kRows, kElements };

inline Span span_of(const Operand& operand) {
  if (operand.is_scalar) return Span::kScalar;
  return operand.is_per_token() ? Span::kToken : Span::kBatch;
}

// A framed scale is one row a batch of B * F shorter batches, where its strides, and shift's, allow that view.
inline bool flatten_frames(ScaleShiftCall* call) {
  const int64_t tokens_per_frame = call->scale.tokens_per_step, frames = call->tokens / tokens_per_frame;
  const bool scale_folds = call->batch == 1 || call->scale.batch == frames * call->scale.step;
  const bool shift_folds = call->batch == 1 || call->shift.batch == call->tokens * call->shift.step;
  if (!scale_folds || !shift_folds) return false;
  call->scale.batch = frames == 1 ? call->scale.batch : call->scale.step;
  call->scale.step = 0;
  call->scale.tokens_per_step = 1;
  call->shift.batch = tokens_per_frame * call->shift.step;
  call->batch *= frames;
  call->tokens = tokens_per_frame;
  return true;
}

inline bool has_int_step(const Operand& operand) { return operand.step >= INT32_MIN && operand.step <= INT32_MAX; }

// Where no operand tells batches apart, B batches of L tokens are one of B * L.
inline void merge_batches(ScaleShiftCall* call) {
  if (call->scale.tokens_per_step != 1) return;
  for (const Operand* operand : {&call->scale, &call->shift}) {
    if (operand->batch != call->tokens * operand->step) return;
  }
  call->tokens *= call->batch;
  call->batch = 1;
}

// Channels a thread takes: 16 B of x, or 8 B beside a f32 operand per token, whose accesses are 16 B then.
inline int run_of(const ScaleShiftCall& call) {
  const auto is_wide = [](const Operand& operand) {
    return operand.dtype == Dtype::kF32 && span_of(operand) == Span::kToken;
  };
  return call.dtype == Dtype::kF32 || is_wide(call.scale) || is_wide(call.shift) ? 4 : 8;
}

inline bool takes_runs(const Operand& operand, int run) {
  if (operand.is_scalar) return true;
  const int bytes = run * modulation::element_bytes(operand.dtype);
  return operand.channel == 1 && operand.batch % run == 0 && operand.step % run == 0 &&
         modulation::is_aligned(operand.data, bytes < kAccessBytes ? bytes : kAccessBytes);
}

// May rewrite a framed call as an unframed one, and several batches as one.
inline ScaleShiftPath path_of(ScaleShiftCall* call) {
  if (call->is_empty()) return ScaleShiftPath::kEmpty;
  const auto is_served = [&](Dtype dtype) {
    return dtype == call->dtype || (dtype == Dtype::kF32 && modulation::element_bytes(call->dtype) == 2);
  };
  if (call->dtype == Dtype::kF64 || !is_served(call->scale.dtype) || !is_served(call->shift.dtype)) {
    return ScaleShiftPath::kPromoted;
  }
  if (call->framed && !flatten_frames(call)) return ScaleShiftPath::kElements;
  merge_batches(call);
  const int run = run_of(*call), run_bytes = run * modulation::element_bytes(call->dtype);
  const bool is_mixed_scalar = call->scale.is_scalar != call->shift.is_scalar;
  const bool fits = !is_mixed_scalar && call->channels % run == 0 && modulation::is_aligned(call->x, run_bytes) &&
                    modulation::is_aligned(call->out, run_bytes) && takes_runs(call->scale, run) &&
                    takes_runs(call->shift, run) && call->batch <= kMaxGridYZ && call->channels <= kMaxGridYZ * run &&
                    call->batch * call->tokens <= kMaxRows && call->channels <= INT32_MAX / 2 &&
                    has_int_step(call->scale) && has_int_step(call->shift);
  return fits ? ScaleShiftPath::kRows : ScaleShiftPath::kElements;
}

// Bytes that x, out and per-token operands have in all.
inline int64_t streamed_bytes(const ScaleShiftCall& call) {
  int64_t bytes_per_element = 2 * modulation::element_bytes(call.dtype);
  for (const Operand* operand : {&call.scale, &call.shift}) {
    if (operand->is_per_token()) bytes_per_element += modulation::element_bytes(operand->dtype);
  }
  return call.batch * call.tokens * call.channels * bytes_per_element;
}

template <typename T>
RowOperand<T> row_operand(const Operand& operand) {
  return {static_cast<const T*>(operand.data), operand.batch, static_cast<int>(operand.step)};
}

// Threads of a block that should take whole rows. Large blocks where several streams meet, the largest where one scale
// row serves all tokens: on an H100, two rows a block of 4096 bf16 channels took 263.2 us for 802 MB, one row 264.7.
// Small ones where x and out are alone, or few rows have to fill the GPU.
template <Span kScale, Span kShift>
unsigned rows_block_threads(const ScaleShiftCall& call) {
  constexpr int64_t kFewRows = 512;
  constexpr bool kHasTokenOperand = kScale == Span::kToken || kShift == Span::kToken;
  if (!kHasTokenOperand || call.batch * call.tokens < kFewRows) return kRowsThreads / 3;
  return kRowsMaxThreads<kScale, kShift>;
}

template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun, bool kBatched,
          Caching kStores>
cudaError_t launch_rows(const ScaleShiftCall& call, void* stream) {
  const unsigned threads = rows_block_threads<kScale, kShift>(call);
  const int64_t runs = call.channels / kRun;
  const int64_t column_blocks = ceil_div(runs, kRowsThreads);
  const unsigned columns = ceil_div(ceil_div(runs, column_blocks), 32) * 32;
  const unsigned token_lanes = columns >= threads ? 1 : threads / columns;
  const dim3 grid(ceil_div(call.tokens, token_lanes), column_blocks, call.batch);
  return launch(scale_shift_rows_kernel<Tx, Tscale, Tshift, kScale, kShift, kRun, kBatched, kStores>, grid,
                dim3(columns, token_lanes), 0, stream, static_cast<Tx*>(call.out), static_cast<const Tx*>(call.x),
                row_operand<Tscale>(call.scale), row_operand<Tshift>(call.shift), call.tokens, call.channels,
                call.constant);
}

template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun>
cudaError_t launch_rows_of_one_batch(const ScaleShiftCall& call, void* stream) {
  // Ten times an H100's L2. Below it stores that leave the cache first are 1 to 2 % faster, above it 2 % slower.
  constexpr int64_t kEvictFirstBytes = int64_t{512} << 20;
  if (streamed_bytes(call) < kEvictFirstBytes) {
    return launch_rows<Tx, Tscale, Tshift, kScale, kShift, kRun, false, Caching::kEvictFirst>(call, stream);
  }
  return launch_rows<Tx, Tscale, Tshift, kScale, kShift, kRun, false, Caching::kDefault>(call, stream);
}

template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun>
cudaError_t launch_rows(const ScaleShiftCall& call, void* stream) {
  if (call.batch > 1) {
    return launch_rows<Tx, Tscale, Tshift, kScale, kShift, kRun, true, Caching::kEvictFirst>(call, stream);
  }
  return launch_rows_of_one_batch<Tx, Tscale, Tshift, kScale, kShift, kRun>(call, stream);
}

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_rows(const ScaleShiftCall& call, void* stream) {
  constexpr int kRun = kAccessBytes / sizeof(Tx);
  constexpr int kRunBesideWideScale = sizeof(Tscale) == 4 ? 4 : kRun,
                kRunBesideWideShift = sizeof(Tshift) == 4 ? 4 : kRun;
  constexpr int kRunBesideWide = kRunBesideWideScale < kRunBesideWideShift ? kRunBesideWideScale : kRunBesideWideShift;
  const bool token_scale = call.scale.is_per_token(), token_shift = call.shift.is_per_token();
  if (call.scale.is_scalar) return launch_rows<Tx, Tscale, Tshift, Span::kScalar, Span::kScalar, kRun>(call, stream);
  if (token_scale && token_shift)
    return launch_rows<Tx, Tscale, Tshift, Span::kToken, Span::kToken, kRunBesideWide>(call, stream);
  if (token_scale)
    return launch_rows<Tx, Tscale, Tshift, Span::kToken, Span::kBatch, kRunBesideWideScale>(call, stream);
  if (token_shift)
    return launch_rows<Tx, Tscale, Tshift, Span::kBatch, Span::kToken, kRunBesideWideShift>(call, stream);
  return launch_rows<Tx, Tscale, Tshift, Span::kBatch, Span::kBatch, kRun>(call, stream);
}

template <typename T>
ElementOperand<T> element_operand(const Operand& operand) {
  return {static_cast<const T*>(operand.data), operand.batch, operand.step, operand.channel, operand.tokens_per_step};
}

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_elements(const ScaleShiftCall& call, void* stream) {
  constexpr int64_t kMaxBlocks = 16384;  // fills any GPU; the kernel strides over the rest
  const int64_t elements = call.batch * call.tokens * call.channels;
  const int64_t blocks = (elements + kElementsThreads - 1) / kElementsThreads;
  return launch(scale_shift_elements_kernel<Tx, Tscale, Tshift>, dim3(blocks < kMaxBlocks ? blocks : kMaxBlocks),
                dim3(kElementsThreads), 0, stream, static_cast<Tx*>(call.out), static_cast<const Tx*>(call.x), elements,
                call.tokens, call.channels, element_operand<Tscale>(call.scale), element_operand<Tshift>(call.shift),
                call.scale.is_scalar && call.shift.is_scalar, call.constant);
}

}  // namespace kda::scale_shift
