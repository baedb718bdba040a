// candidate.cu: adaLN modulation with shared rows in registers and rows read once.
//   entry 0  out = x * (k + scale) + shift
//   entry 1  LayerNorm, then scale, shift and gate chosen per token between two sets
//   entry 2  gated residual add, then entry 1
// Dispatch and launches only; the kernels are in kda/scale_shift_*.cuh and kda/layernorm_select*.cuh.
#include <stdio.h>

#include "kda/launch.cuh"
#include "kda/layernorm_select_strided.cuh"
#include "kda/modulation_call.cuh"
#include "kda/scale_shift_elements.cuh"
#include "kda/scale_shift_rows.cuh"

namespace {

using namespace kda;
using modulation::ChannelRows;
using modulation::Dtype;
using modulation::Operand;
using modulation::ScaleShiftCall;
using modulation::SelectCall;

using bf16 = __nv_bfloat16;
using f16 = __half;

constexpr int kAccessBytes = 16;
constexpr int64_t kMaxGridX = INT32_MAX, kMaxGridYZ = 65535;

unsigned ceil_div(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

int32_t status_of(cudaError_t error) { return error == cudaSuccess ? KDA_OK : KDA_CUDA_ERROR; }

// ---- entry 0 ----

enum class ScaleShiftPath { kEmpty, kPromoted, kRows, kElements };

Span span_of(const Operand& operand) {
  if (operand.is_scalar) return Span::kScalar;
  return operand.is_per_token() ? Span::kToken : Span::kBatch;
}

// A framed scale is one row a batch of B * F shorter batches, where its strides, and shift's, allow that view.
bool flatten_frames(ScaleShiftCall* call) {
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

// Channels a thread takes: 16 B of x, or 8 B beside a f32 operand per token, whose accesses are 16 B then.
int run_of(const ScaleShiftCall& call) {
  const auto is_wide = [](const Operand& operand) { return operand.dtype == Dtype::kF32 && span_of(operand) == Span::kToken; };
  return call.dtype == Dtype::kF32 || is_wide(call.scale) || is_wide(call.shift) ? 4 : 8;
}

bool takes_runs(const Operand& operand, int run) {
  if (operand.is_scalar) return true;
  const int bytes = run * modulation::element_bytes(operand.dtype);
  return operand.channel == 1 && operand.batch % run == 0 && operand.step % run == 0 &&
         modulation::is_aligned(operand.data, bytes < kAccessBytes ? bytes : kAccessBytes);
}

// May rewrite a framed call as an unframed one.
ScaleShiftPath path_of(ScaleShiftCall* call) {
  if (call->is_empty()) return ScaleShiftPath::kEmpty;
  const auto is_served = [&](Dtype dtype) {
    return dtype == call->dtype || (dtype == Dtype::kF32 && modulation::element_bytes(call->dtype) == 2);
  };
  if (call->dtype == Dtype::kF64 || !is_served(call->scale.dtype) || !is_served(call->shift.dtype)) {
    return ScaleShiftPath::kPromoted;
  }
  if (call->framed && !flatten_frames(call)) return ScaleShiftPath::kElements;
  const int run = run_of(*call), run_bytes = run * modulation::element_bytes(call->dtype);
  const bool is_mixed_scalar = call->scale.is_scalar != call->shift.is_scalar;
  const bool fits = !is_mixed_scalar && call->channels % run == 0 && modulation::is_aligned(call->x, run_bytes) &&
                    modulation::is_aligned(call->out, run_bytes) && takes_runs(call->scale, run) &&
                    takes_runs(call->shift, run) && call->batch <= kMaxGridYZ && call->tokens <= kMaxGridX &&
                    call->channels <= kMaxGridYZ * run;
  return fits ? ScaleShiftPath::kRows : ScaleShiftPath::kElements;
}

// Bytes that x, out and per-token operands have in all.
int64_t streamed_bytes(const ScaleShiftCall& call) {
  int64_t bytes_per_element = 2 * modulation::element_bytes(call.dtype);
  for (const Operand* operand : {&call.scale, &call.shift}) {
    if (operand->is_per_token()) bytes_per_element += modulation::element_bytes(operand->dtype);
  }
  return call.batch * call.tokens * call.channels * bytes_per_element;
}

template <typename Tx, typename Tscale, typename Tshift, Span kScale, Span kShift, int kRun>
cudaError_t launch_rows(const ScaleShiftCall& call, void* stream) {
  constexpr bool kHasTokenOperand = kScale == Span::kToken || kShift == Span::kToken;
  const auto launch_with = [&](auto kernel, int tokens_per_thread) {
    // Where nothing but x and out streams, smaller blocks end less raggedly.
    constexpr unsigned kThreads = kHasTokenOperand ? kRowsThreads : kRowsThreads / 3;
    const int64_t runs = call.channels / kRun;
    const int64_t column_blocks = ceil_div(runs, kRowsThreads);
    const unsigned columns = ceil_div(ceil_div(runs, column_blocks), 32) * 32;
    const unsigned token_lanes = columns >= kThreads ? 1 : kThreads / columns;
    const dim3 grid(ceil_div(call.tokens, token_lanes * tokens_per_thread), column_blocks, call.batch);
    return launch(kernel, grid, dim3(columns, token_lanes), 0, stream, static_cast<Tx*>(call.out),
                  static_cast<const Tx*>(call.x),
                  RowOperand<Tscale>{static_cast<const Tscale*>(call.scale.data), call.scale.batch, call.scale.step},
                  RowOperand<Tshift>{static_cast<const Tshift*>(call.shift.data), call.shift.batch, call.shift.step},
                  call.tokens, call.channels, call.constant);
  };
  if constexpr (kHasTokenOperand) {
    // Ten times an H100's L2. Below it evict-first is the faster policy or ties, above it the slower one (measured).
    constexpr int64_t kEvictFirstBytes = int64_t{512} << 20;
    if (streamed_bytes(call) < kEvictFirstBytes) {
      return launch_with(scale_shift_rows_kernel<Tx, Tscale, Tshift, kScale, kShift, kRun, 1, Caching::kEvictFirst>, 1);
    }
    return launch_with(scale_shift_rows_kernel<Tx, Tscale, Tshift, kScale, kShift, kRun, 1, Caching::kDefault>, 1);
  } else {
    constexpr int64_t kFewRows = 512;  // below it, more threads matter more than a shared row kept longer
    constexpr int kTokens = 4;
    if (call.batch * call.tokens < kFewRows) {
      return launch_with(scale_shift_rows_kernel<Tx, Tscale, Tshift, kScale, kShift, kRun, 1, Caching::kEvictFirst>, 1);
    }
    return launch_with(scale_shift_rows_kernel<Tx, Tscale, Tshift, kScale, kShift, kRun, kTokens, Caching::kEvictFirst>, kTokens);
  }
}

template <typename Tx, typename Tscale, typename Tshift>
cudaError_t launch_rows(const ScaleShiftCall& call, void* stream) {
  constexpr int kRun = kAccessBytes / sizeof(Tx);
  constexpr int kRunBesideWideScale = sizeof(Tscale) == 4 ? 4 : kRun, kRunBesideWideShift = sizeof(Tshift) == 4 ? 4 : kRun;
  constexpr int kRunBesideWide = kRunBesideWideScale < kRunBesideWideShift ? kRunBesideWideScale : kRunBesideWideShift;
  const bool token_scale = call.scale.is_per_token(), token_shift = call.shift.is_per_token();
  if (call.scale.is_scalar) return launch_rows<Tx, Tscale, Tshift, Span::kScalar, Span::kScalar, kRun>(call, stream);
  if (token_scale && token_shift) return launch_rows<Tx, Tscale, Tshift, Span::kToken, Span::kToken, kRunBesideWide>(call, stream);
  if (token_scale) return launch_rows<Tx, Tscale, Tshift, Span::kToken, Span::kBatch, kRunBesideWideScale>(call, stream);
  if (token_shift) return launch_rows<Tx, Tscale, Tshift, Span::kBatch, Span::kToken, kRunBesideWideShift>(call, stream);
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

int32_t launch_call(ScaleShiftCall call, void* stream) {
  const ScaleShiftPath path = path_of(&call);
  if (path == ScaleShiftPath::kEmpty) return KDA_OK;
  if (path == ScaleShiftPath::kPromoted) return KDA_DECLINED;
  switch (call.dtype) {
    case Dtype::kBf16: return status_of(launch_path<bf16>(call, path, stream));
    case Dtype::kF16: return status_of(launch_path<f16>(call, path, stream));
    default: return status_of(launch_path<float>(call, path, stream));
  }
}

// ---- entries 1 and 2 ----

enum class SelectPath { kEmpty, kTooManyRows, kRow, kStrided };

constexpr int kRowThreads = 128;
constexpr int kMaxRuns = 8;  // 64 f32 values of a 16-bit row a thread

bool takes_runs(const ChannelRows& rows, int run) {
  return rows.channel == 1 && rows.batch % run == 0 && modulation::is_aligned(rows.data, kAccessBytes);
}

SelectPath path_of(const SelectCall& call) {
  if (call.is_empty()) return SelectPath::kEmpty;
  if (call.batch * call.tokens > kMaxGridX) return SelectPath::kTooManyRows;
  const int run = kAccessBytes / modulation::element_bytes(call.dtype);
  bool fits = call.channels % run == 0 && call.channels <= kMaxRuns * kRowThreads * run;
  for (const void* pointer : {call.x, call.residual, call.residual_gate, static_cast<const void*>(call.out),
                              static_cast<const void*>(call.residual_out), static_cast<const void*>(call.gate_out)}) {
    fits = fits && modulation::is_aligned(pointer, kAccessBytes);
  }
  for (const ChannelRows* affine : {&call.weight, &call.bias}) {
    fits = fits && (affine->data == nullptr || takes_runs(*affine, run));
  }
  for (int set = 0; set < 2; ++set) {
    fits = fits && takes_runs(call.scale[set], run) && takes_runs(call.shift[set], run) && takes_runs(call.gate[set], run);
  }
  return fits ? SelectPath::kRow : SelectPath::kStrided;
}

template <typename T>
ModulationSet<T> modulation_set(const SelectCall& call, int set) {
  const ChannelRows &scale = call.scale[set], &shift = call.shift[set], &gate = call.gate[set];
  return {static_cast<const T*>(scale.data), static_cast<const T*>(shift.data), static_cast<const T*>(gate.data),
          scale.batch, shift.batch, gate.batch};
}

template <typename T>
SelectTask<T> select_task(const SelectCall& call) {
  const auto in = [](const void* pointer) { return static_cast<const T*>(pointer); };
  const auto out = [](void* pointer) { return static_cast<T*>(pointer); };
  return {in(call.x), in(call.residual), in(call.residual_gate), in(call.weight.data), in(call.bias.data),
          modulation_set<T>(call, 0), modulation_set<T>(call, 1),
          call.index, call.index_batch, call.index_token, call.index_bytes,
          out(call.out), out(call.residual_out), out(call.gate_out),
          static_cast<int>(call.batch), static_cast<int>(call.tokens), static_cast<int>(call.channels),
          static_cast<float>(call.epsilon)};
}

// Blocks an SM that the registers of a row should allow: 8 of 128 threads (64 registers) up to 3 runs of 8 values.
template <typename T, int kRuns, bool kResidual>
constexpr int kMinBlocks = kRuns * kSelectRun<T> > 32 ? 2 : kRuns * kSelectRun<T> > 24 ? 5 : kResidual ? 7 : 8;

template <typename T, bool kResidual>
cudaError_t launch_row(const SelectCall& call, void* stream) {
  const auto launch_with = [&](auto kernel) {
    return launch(kernel, dim3(call.batch * call.tokens), dim3(kRowThreads), 0, stream, select_task<T>(call));
  };
  const int64_t runs = call.channels / kSelectRun<T>;
  if (runs == 3 * kRowThreads) return launch_with(layernorm_select_row_kernel<T, kRowThreads, 3, kResidual, true, kMinBlocks<T, 3, kResidual>>);
  if (runs <= 1 * kRowThreads) return launch_with(layernorm_select_row_kernel<T, kRowThreads, 1, kResidual, false, kMinBlocks<T, 1, kResidual>>);
  if (runs <= 2 * kRowThreads) return launch_with(layernorm_select_row_kernel<T, kRowThreads, 2, kResidual, false, kMinBlocks<T, 2, kResidual>>);
  if (runs <= 4 * kRowThreads) return launch_with(layernorm_select_row_kernel<T, kRowThreads, 4, kResidual, false, kMinBlocks<T, 4, kResidual>>);
  return launch_with(layernorm_select_row_kernel<T, kRowThreads, 8, kResidual, false, kMinBlocks<T, 8, kResidual>>);
}

template <typename T, bool kResidual>
cudaError_t launch_strided(const SelectCall& call, void* stream) {
  const SelectChannelStrides strides = {call.weight.channel,   call.bias.channel,     call.scale[0].channel,
                                        call.shift[0].channel, call.gate[0].channel,  call.scale[1].channel,
                                        call.shift[1].channel, call.gate[1].channel};
  return launch(layernorm_select_strided_kernel<T, kResidual>, dim3(call.batch * call.tokens), dim3(kStridedRowThreads), 0,
                stream, select_task<T>(call), strides);
}

template <typename T>
cudaError_t launch_path(const SelectCall& call, SelectPath path, void* stream) {
  if (path == SelectPath::kRow) return call.has_residual ? launch_row<T, true>(call, stream) : launch_row<T, false>(call, stream);
  return call.has_residual ? launch_strided<T, true>(call, stream) : launch_strided<T, false>(call, stream);
}

int32_t launch_call(const SelectCall& call, void* stream) {
  const SelectPath path = path_of(call);
  if (path == SelectPath::kEmpty) return KDA_OK;
  if (path == SelectPath::kTooManyRows) return KDA_DECLINED;
  switch (call.dtype) {
    case Dtype::kBf16: return status_of(launch_path<bf16>(call, path, stream));
    case Dtype::kF16: return status_of(launch_path<f16>(call, path, stream));
    default: return status_of(launch_path<float>(call, path, stream));
  }
}

// ---- routes ----

int32_t describe(KdaRoute* route, const char* bucket, const char* condition, const char* path, const char* why,
                 int32_t status = KDA_OK) {
  snprintf(route->bucket, sizeof route->bucket, "%s", bucket);
  snprintf(route->condition, sizeof route->condition, "%s", condition);
  snprintf(route->path, sizeof route->path, "%s", path);
  snprintf(route->why, sizeof route->why, "%s", why);
  route->declined = status == KDA_DECLINED ? 1 : 0;
  return status;
}

int32_t describe_rows(const ScaleShiftCall& call, KdaRoute* route) {
  const char* path = "scale_shift_rows_kernel";
  if (call.scale.is_scalar) {
    return describe(route, "scalar", "scale and shift are single values", path, "both are read on the device, zero test included");
  }
  const bool token_scale = call.scale.is_per_token(), token_shift = call.shift.is_per_token();
  if (token_scale && token_shift) {
    return describe(route, "token_scale_token_shift", "scale and shift have a row a token", path, "four streams, all evict-first");
  }
  if (token_scale || token_shift) {
    return describe(route, token_shift ? "shared_scale_token_shift" : "token_scale_shared_shift",
                    "one of scale and shift has a row a token, tokens of a batch or frame share the other", path,
                    "the shared row is read and converted once a thread");
  }
  return describe(route, "shared_rows", "tokens of a batch share scale and shift", path,
                  "both rows are read and converted once a thread");
}

int32_t describe_call(ScaleShiftCall call, KdaRoute* route) {
  switch (path_of(&call)) {
    case ScaleShiftPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case ScaleShiftPath::kPromoted:
      return describe(route, "promoted_dtypes", "f64, or modulation narrower than x or of another 16-bit type", "baseline",
                      "no production call promotes; the baseline types it as upstream does", KDA_DECLINED);
    case ScaleShiftPath::kRows: return describe_rows(call, route);
    default:
      return describe(route, "elements", "odd strides, alignment or channels, or a scalar beside a tensor",
                      "scale_shift_elements_kernel", "runs of 16 B do not fit");
  }
}

int32_t describe_call(const SelectCall& call, KdaRoute* route) {
  switch (path_of(call)) {
    case SelectPath::kEmpty:
      return describe(route, "empty", "x has no elements", "none", "nothing to compute");
    case SelectPath::kTooManyRows:
      return describe(route, "too_many_rows", "more than 2^31 - 1 token rows", "baseline", "one block a row", KDA_DECLINED);
    case SelectPath::kRow:
      return describe(route, call.has_residual ? "residual_layernorm" : "layernorm", "everything takes 16 B accesses",
                      "layernorm_select_row_kernel", "row in registers, gate copied while it loads");
    default:
      return describe(route, call.has_residual ? "residual_layernorm_strided" : "layernorm_strided",
                      "odd strides or alignment, or a row that registers do not hold", "layernorm_select_strided_kernel",
                      "runs of 16 B do not fit");
  }
}

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  if (call.entry == 0) {
    ScaleShiftCall read;
    const int32_t status = modulation::read_scale_shift(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  if (call.entry == 1 || call.entry == 2) {
    SelectCall read;
    const int32_t status = modulation::read_select(call, &read);
    return status == KDA_OK ? body(read) : status;
  }
  return KDA_INVALID_ARGUMENT;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return with_call(*call, [&](const auto& read) { return launch_call(read, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status = with_call(*call, [&](const auto& read) { return describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) {
    describe(route, "refused", "outside the contract", "none", "shape, dtype, stride or device that the contract refuses");
  }
  return status;
}
