// fuse_layernorm_select01.cuh: which ported kernel serves which call of entries 1 and 2, and its launch. Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/modulation_call.cuh"
#include "sglang/layernorm_select01_strided.cuh"

namespace kda::sglang {

using modulation::ChannelRows;
using modulation::Dtype;
using modulation::SelectCall;

enum class SelectPath { kEmpty, kRow, kStrided };

inline bool takes_runs(const ChannelRows& rows, int run) {
  return rows.channel == 1 && rows.batch % run == 0 && modulation::is_aligned(rows.data, kAccessBytes);
}

inline SelectPath path_of(const SelectCall& call) {
  if (call.is_empty()) return SelectPath::kEmpty;
  constexpr int kMaxGroups = 8;  // 64 f32 values a thread; upstream spills beyond
  const int run = kAccessBytes / modulation::element_bytes(call.dtype);
  bool fits = call.channels % run == 0 && call.channels <= kMaxGroups * kRowThreads * run;
  for (const void* pointer : {call.x, call.residual, call.residual_gate, static_cast<const void*>(call.out),
                              static_cast<const void*>(call.residual_out), static_cast<const void*>(call.gate_out)}) {
    fits = fits && modulation::is_aligned(pointer, kAccessBytes);
  }
  for (const ChannelRows* affine : {&call.weight, &call.bias}) {
    fits = fits && (affine->data == nullptr || takes_runs(*affine, run));
  }
  for (int set = 0; set < 2; ++set) {
    fits =
        fits && takes_runs(call.scale[set], run) && takes_runs(call.shift[set], run) && takes_runs(call.gate[set], run);
  }
  return fits ? SelectPath::kRow : SelectPath::kStrided;
}

template <typename T>
SelectArguments<T> arguments_of(const SelectCall& call) {
  const auto typed = [](const void* pointer) { return static_cast<const T*>(pointer); };
  SelectArguments<T> a;
  a.x = typed(call.x);
  a.residual = typed(call.residual);
  a.residual_gate = typed(call.residual_gate);
  a.weight = typed(call.weight.data);
  a.bias = typed(call.bias.data);
  for (int set = 0; set < 2; ++set) {
    a.scale[set] = typed(call.scale[set].data);
    a.shift[set] = typed(call.shift[set].data);
    a.gate[set] = typed(call.gate[set].data);
    a.scale_batch[set] = call.scale[set].batch;
    a.shift_batch[set] = call.shift[set].batch;
    a.gate_batch[set] = call.gate[set].batch;
  }
  a.index = call.index;
  a.index_batch = call.index_batch;
  a.index_token = call.index_token;
  a.index_bytes = call.index_bytes;
  a.out = static_cast<T*>(call.out);
  a.residual_out = static_cast<T*>(call.residual_out);
  a.gate_out = static_cast<T*>(call.gate_out);
  a.tokens = static_cast<int>(call.tokens);
  a.channels = static_cast<int>(call.channels);
  a.epsilon = static_cast<float>(call.epsilon);
  return a;
}

template <typename T, bool kResidual>
cudaError_t launch_select(const SelectCall& call, void* stream) {
  if (call.batch * call.tokens > INT32_MAX) return cudaErrorInvalidConfiguration;
  const dim3 grid(call.batch * call.tokens), block(kRowThreads);
  const auto arguments = arguments_of<T>(call);
  if (path_of(call) == SelectPath::kStrided) {
    const ChannelStrides strides = {call.weight.channel,
                                    call.bias.channel,
                                    {call.scale[0].channel, call.scale[1].channel},
                                    {call.shift[0].channel, call.shift[1].channel},
                                    {call.gate[0].channel, call.gate[1].channel}};
    return launch(layernorm_select01_strided_kernel<T, kResidual>, grid, block, 0, stream, arguments, strides);
  }
  const int64_t group = kRowThreads * kAccessBytes / sizeof(T);
  if (call.channels <= group)
    return launch(layernorm_select01_row_kernel<T, 1, kResidual>, grid, block, 0, stream, arguments);
  if (call.channels <= 2 * group)
    return launch(layernorm_select01_row_kernel<T, 2, kResidual>, grid, block, 0, stream, arguments);
  if (call.channels <= 4 * group)
    return launch(layernorm_select01_row_kernel<T, 4, kResidual>, grid, block, 0, stream, arguments);
  return launch(layernorm_select01_row_kernel<T, 8, kResidual>, grid, block, 0, stream, arguments);
}

template <typename T>
cudaError_t launch_select(const SelectCall& call, void* stream) {
  return call.has_residual ? launch_select<T, true>(call, stream) : launch_select<T, false>(call, stream);
}

inline cudaError_t launch_select(const SelectCall& call, void* stream) {
  switch (call.dtype) {
    case Dtype::kBf16:
      return launch_select<bf16>(call, stream);
    case Dtype::kF16:
      return launch_select<f16>(call, stream);
    default:
      return launch_select<float>(call, stream);
  }
}

}  // namespace kda::sglang
