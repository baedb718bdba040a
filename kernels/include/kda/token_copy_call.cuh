// token_copy_call.cuh: reads and refuses calls of attention_concat_copy, on the host, for both sides alike.
//   copy_contiguous          out[b, s] = a[b, s]                                     a: heads cut from a wider buffer
//   concat_sequence          out[b] = a[b], c[b] along the sequence (order 0), or c[b], a[b] (order 1)
//   slice_heads_then_concat  the same with heads h_start .. h_start + h_local - 1 of a, a prefix with all heads
// Tensors are [B, S, H, D]: source_a = a, source_b = c (absent for a copy), output; scalars are op_type, order, h_start
// and h_local. op_type decides what a call is. Whatever it is comes out as one form: an output [B, tokens] of dense
// runs of H * D elements, filled in order from one or two sources whose runs lie a pitch apart. Nothing here launches.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::token_copy {

enum class Op : int64_t { kCopy = 0, kConcat = 1, kSliceConcat = 2 };

// Runs of one source: run (b, token) begins at data + b * batch_pitch + token * token_pitch.
struct Source {
  const char* data;
  int64_t tokens;
  int64_t batch_pitch, token_pitch;  // bytes
};

struct TokenCopyCall {
  Op op;
  int element_bytes;
  int64_t batch;
  int64_t run_bytes;  // H * D elements of the output
  int64_t out_tokens;
  int num_sources;
  Source sources[2];  // in the output's order
  int sliced;         // the source whose heads are cut from wider runs, or -1
  char* out;

  bool is_empty() const { return batch * out_tokens * run_bytes == 0; }
  int64_t out_batch_pitch() const { return out_tokens * run_bytes; }
};

namespace detail {

enum Dim { kBatch = 0, kSequence = 1, kHeads = 2, kChannels = 3, kRank = 4 };

// A rank 4 tensor on the output's GPU, of its dtype, with the output's batch and channels, contiguous in the last.
inline bool fits_output(const KdaTensor& tensor, const KdaTensor& output) {
  return tensor.ndim == kRank && tensor.device.device_type == KDA_DEVICE_CUDA &&
         tensor.device.device_id == output.device.device_id && same_dtype(tensor, output) &&
         tensor.shape[kBatch] == output.shape[kBatch] && tensor.shape[kChannels] == output.shape[kChannels] &&
         tensor.strides[kChannels] == 1;
}

inline bool is_served_output(const KdaTensor& output) {
  return (is_bf16(output) || is_f16(output) || is_f32(output)) && fits_output(output, output) && is_dense(output);
}

inline int64_t extent_bytes(const KdaTensor& tensor) {
  if (numel(tensor) == 0) return 0;
  int64_t last = 0;
  for (int dim = 0; dim < tensor.ndim; ++dim) last += (tensor.shape[dim] - 1) * tensor.strides[dim];
  return (last + 1) * element_bytes(tensor);
}

// False where pointers are not known yet: kda_workspace_bytes sees NULL.
inline bool overlap(const KdaTensor& a, const KdaTensor& b) {
  if (a.data == nullptr || b.data == nullptr) return false;
  const auto begin = [](const KdaTensor& tensor) { return reinterpret_cast<uintptr_t>(elements<char>(tensor)); };
  return begin(a) < begin(b) + extent_bytes(b) && begin(b) < begin(a) + extent_bytes(a);
}

// A view of some heads of a wider buffer. Strides count as they are given, those of size 1 too: a source that is
// dense already is no such view.
inline bool is_head_view(const KdaTensor& source) {
  const int64_t channels = source.shape[kChannels], token = source.strides[kSequence];
  return source.strides[kHeads] == channels && (channels == 0 || token % channels == 0) &&
         token > source.shape[kHeads] * channels;
}

// A dense source, from its head `head` on.
inline Source dense_source(const KdaTensor& tensor, int64_t head) {
  const int64_t head_bytes = tensor.shape[kChannels] * element_bytes(tensor);
  const int64_t token_pitch = tensor.shape[kHeads] * head_bytes, tokens = tensor.shape[kSequence];
  return {elements<const char>(tensor) + head * head_bytes, tokens, tokens * token_pitch, token_pitch};
}

inline bool read_copy(const KdaTensor& source, const KdaTensor& output, TokenCopyCall* read) {
  if (!same_shape(source, output) || !is_head_view(source)) return false;
  const int64_t bytes = element_bytes(source);
  read->num_sources = 1;
  read->sources[0] = {elements<const char>(source), source.shape[kSequence], source.strides[kBatch] * bytes,
                      source.strides[kSequence] * bytes};
  read->sliced = 0;
  return true;
}

inline bool read_concat(const KdaCall& call, const KdaTensor& a, const KdaTensor& b, const KdaTensor& output,
                        TokenCopyCall* read) {
  const int64_t order = call.scalars[1].value.i, h_start = call.scalars[2].value.i, h_local = call.scalars[3].value.i;
  const int64_t heads = output.shape[kHeads];
  if ((order != 0 && order != 1) || !fits_output(b, output) || !is_dense(a) || !is_dense(b) ||
      b.shape[kHeads] != heads || a.shape[kSequence] + b.shape[kSequence] != output.shape[kSequence]) {
    return false;
  }
  const bool slices = read->op == Op::kSliceConcat;
  if (slices) {
    const int64_t all_heads = a.shape[kHeads];
    if (h_local < 1 || h_local != heads || all_heads <= h_local || h_start < 0 || h_start > all_heads - h_local ||
        h_start % h_local != 0) {
      return false;
    }
  } else if (a.shape[kHeads] != heads) {
    return false;
  }
  read->num_sources = 2;
  read->sources[order] = dense_source(a, slices ? h_start : 0);
  read->sources[1 - order] = dense_source(b, 0);
  read->sliced = slices ? static_cast<int>(order) : -1;
  return true;
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT. The output may overlap no source, and a copy has no source_b.
inline int32_t read_token_copy(const KdaCall& call, TokenCopyCall* read) {
  constexpr int kNumTensors = 3, kNumScalars = 4;
  if (call.num_tensors != kNumTensors || call.num_scalars != kNumScalars) return KDA_INVALID_ARGUMENT;
  const KdaTensor *a = call.tensors[0], *b = call.tensors[1], *output = call.tensors[2];
  if (a == nullptr || output == nullptr || !detail::is_served_output(*output) || !detail::fits_output(*a, *output) ||
      detail::overlap(*a, *output)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->op = static_cast<Op>(call.scalars[0].value.i);
  read->element_bytes = static_cast<int>(element_bytes(*output));
  read->batch = output->shape[detail::kBatch];
  read->out_tokens = output->shape[detail::kSequence];
  read->run_bytes = output->shape[detail::kHeads] * output->shape[detail::kChannels] * element_bytes(*output);
  read->out = elements<char>(*output);
  switch (read->op) {
    case Op::kCopy:
      return b == nullptr && detail::read_copy(*a, *output, read) ? KDA_OK : KDA_INVALID_ARGUMENT;
    case Op::kConcat:
    case Op::kSliceConcat:
      if (b == nullptr || !detail::read_concat(call, *a, *b, *output, read)) return KDA_INVALID_ARGUMENT;
      return detail::overlap(*b, *output) ? KDA_INVALID_ARGUMENT : KDA_OK;
    default:
      return KDA_INVALID_ARGUMENT;
  }
}

}  // namespace kda::token_copy
