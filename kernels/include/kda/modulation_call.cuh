// modulation_call.cuh: reads and refuses calls of the adaLN modulation entries, on the host, for both sides alike.
//   entry 0       x, scale, shift, out; scale_constant
//   entry 1, 2    x, [residual, residual_gate,] weight?, bias?, {scale, shift, gate} x 2, index, out, [residual_out,]
//                 gate_out; eps
// What is refused here is what the contract refuses, so it belongs to the contract and not to one side: every
// operand comes out as a pointer and element strides (b, l, c), 0 where it broadcasts. Nothing here launches.
#pragma once

#include <stdint.h>

#include <initializer_list>

#include "kda/abi.h"

namespace kda::modulation {

enum class Dtype { kBf16, kF16, kF32, kF64, kUnsupported };

inline Dtype dtype_of(const KdaTensor& tensor) {
  const KdaDataType type = tensor.dtype;
  if (type.lanes != 1) return Dtype::kUnsupported;
  if (type.code == KDA_BFLOAT && type.bits == 16) return Dtype::kBf16;
  if (type.code != KDA_FLOAT) return Dtype::kUnsupported;
  if (type.bits == 16) return Dtype::kF16;
  if (type.bits == 32) return Dtype::kF32;
  return type.bits == 64 ? Dtype::kF64 : Dtype::kUnsupported;
}

inline int element_bytes(Dtype dtype) { return dtype == Dtype::kF64 ? 8 : dtype == Dtype::kF32 ? 4 : 2; }

inline char* first_element(const KdaTensor& tensor) { return static_cast<char*>(tensor.data) + tensor.byte_offset; }

inline bool is_aligned(const void* pointer, int bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

// Stride of a dimension, 0 where its extent is 1: strides of such dimensions are arbitrary (packed adaLN chunks).
inline int64_t stride_of(const KdaTensor& tensor, int dim) { return tensor.shape[dim] == 1 ? 0 : tensor.strides[dim]; }

// Row-major and dense; dimensions of extent 1 are skipped.
inline bool is_dense(const KdaTensor& tensor) {
  int64_t expected = 1;
  for (int dim = tensor.ndim - 1; dim >= 0; --dim) {
    if (tensor.shape[dim] == 0) return true;
    if (tensor.shape[dim] != 1 && tensor.strides[dim] != expected) return false;
    expected *= tensor.shape[dim];
  }
  return true;
}

inline bool has_shape(const KdaTensor& tensor, int64_t d0, int64_t d1) {
  return tensor.ndim == 2 && tensor.shape[0] == d0 && tensor.shape[1] == d1;
}

inline bool has_shape(const KdaTensor& tensor, int64_t d0, int64_t d1, int64_t d2) {
  return tensor.ndim == 3 && tensor.shape[0] == d0 && tensor.shape[1] == d1 && tensor.shape[2] == d2;
}

// x and everything that must lie like it: dense [B, L, C] of x's dtype.
inline bool is_dense_like(const KdaTensor& tensor, const KdaTensor& x) {
  return has_shape(tensor, x.shape[0], x.shape[1], x.shape[2]) && dtype_of(tensor) == dtype_of(x) && is_dense(tensor);
}

inline bool all_on_gpu(const KdaCall& call, int first_optional, int num_optional) {
  for (int i = 0; i < call.num_tensors; ++i) {
    if (call.tensors[i] == nullptr) {
      if (i < first_optional || i >= first_optional + num_optional) return false;
    } else if (call.tensors[i]->device.device_type != KDA_DEVICE_CUDA) {
      return false;
    }
  }
  return true;
}

// scale or shift of entry 0. Token (b, l) reads its row at b * batch + l / tokens_per_step * step.
struct Operand {
  const void* data;
  Dtype dtype;
  int64_t batch, step, channel;  // element strides
  int64_t tokens_per_step;       // 1, or L / F for a framed scale
  bool is_scalar;                // 0-D, or 1-D with one element

  bool is_per_token() const { return step != 0; }
};

struct ScaleShiftCall {
  int64_t batch, tokens, channels;
  Dtype dtype;  // of x and out
  const void* x;
  void* out;
  Operand scale, shift;
  bool framed;  // scale is [B, F, 1, C]
  double constant;

  bool is_empty() const { return batch * tokens * channels == 0; }
};

namespace detail {

inline bool read_broadcast(const KdaTensor& tensor, const KdaTensor& x, Operand* operand) {
  *operand = {first_element(tensor), dtype_of(tensor), 0, 0, 0, 1, false};
  if (operand->dtype == Dtype::kUnsupported) return false;
  if (tensor.ndim == 0 || (tensor.ndim == 1 && tensor.shape[0] == 1)) {
    operand->is_scalar = true;
    return true;
  }
  if (tensor.ndim != 2 && tensor.ndim != 3) return false;
  const int last = tensor.ndim - 1;
  const auto fits = [&](int dim, int64_t extent) { return tensor.shape[dim] == extent || tensor.shape[dim] == 1; };
  if (!fits(0, x.shape[0]) || !fits(last, x.shape[2])) return false;
  if (tensor.ndim == 3 && !fits(1, x.shape[1])) return false;
  operand->batch = stride_of(tensor, 0);
  operand->step = tensor.ndim == 3 ? stride_of(tensor, 1) : 0;
  operand->channel = stride_of(tensor, last);
  return true;
}

// scale [B, F, 1, C]: token l takes frame l / (L / F).
inline bool read_frames(const KdaTensor& tensor, const KdaTensor& x, Operand* operand) {
  *operand = {first_element(tensor), dtype_of(tensor), 0, 0, 0, 1, false};
  const int64_t frames = tensor.shape[1];
  if (operand->dtype == Dtype::kUnsupported || tensor.shape[0] != x.shape[0] || tensor.shape[2] != 1 ||
      tensor.shape[3] != x.shape[2] || frames < 1 || x.shape[1] % frames != 0) {
    return false;
  }
  operand->batch = stride_of(tensor, 0);
  operand->step = stride_of(tensor, 1);
  operand->channel = stride_of(tensor, 3);
  operand->tokens_per_step = x.shape[1] == 0 ? 1 : x.shape[1] / frames;
  return true;
}

// shift beside a framed scale: one row a token, as [B, L, C], [B * L, C] or anything dense of that many elements.
inline bool read_per_token(const KdaTensor& tensor, const KdaTensor& x, Operand* operand) {
  *operand = {first_element(tensor), dtype_of(tensor), 0, 0, 0, 1, false};
  const int64_t batch = x.shape[0], tokens = x.shape[1], channels = x.shape[2];
  if (operand->dtype == Dtype::kUnsupported) return false;
  if (has_shape(tensor, batch, tokens, channels)) {
    operand->batch = stride_of(tensor, 0);
    operand->step = stride_of(tensor, 1);
    operand->channel = stride_of(tensor, 2);
    return true;
  }
  if (has_shape(tensor, batch * tokens, channels)) {
    operand->step = stride_of(tensor, 0);
    operand->batch = tokens * operand->step;
    operand->channel = stride_of(tensor, 1);
    return true;
  }
  int64_t elements = 1;
  for (int dim = 0; dim < tensor.ndim; ++dim) elements *= tensor.shape[dim];
  if (elements != batch * tokens * channels || !is_dense(tensor)) return false;
  operand->batch = tokens * channels;
  operand->step = channels;
  operand->channel = 1;
  return true;
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_scale_shift(const KdaCall& call, ScaleShiftCall* read) {
  if (call.num_tensors != 4 || call.num_scalars != 1 || call.scalars[0].kind != KDA_SCALAR_FLOAT ||
      !all_on_gpu(call, 0, 0)) {
    return KDA_INVALID_ARGUMENT;
  }
  const KdaTensor &x = *call.tensors[0], &scale = *call.tensors[1], &shift = *call.tensors[2], &out = *call.tensors[3];
  if (x.ndim != 3 || !is_dense(x) || dtype_of(x) == Dtype::kUnsupported || !is_dense_like(out, x)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->framed = scale.ndim == 4;
  const bool fits =
      read->framed ? detail::read_frames(scale, x, &read->scale) && detail::read_per_token(shift, x, &read->shift)
                   : detail::read_broadcast(scale, x, &read->scale) && detail::read_broadcast(shift, x, &read->shift);
  if (!fits) return KDA_INVALID_ARGUMENT;
  read->batch = x.shape[0];
  read->tokens = x.shape[1];
  read->channels = x.shape[2];
  read->dtype = dtype_of(x);
  read->x = first_element(x);
  read->out = first_element(out);
  read->constant = call.scalars[0].value.f;
  return KDA_OK;
}

// A [B, C] (or, for weight and bias, [C]) tensor of x's dtype. data is NULL where an optional one is absent.
struct ChannelRows {
  const void* data;
  int64_t batch, channel;  // element strides
};

struct SelectCall {
  int64_t batch, tokens, channels;
  Dtype dtype;  // of every tensor but index
  bool has_residual;
  const void *x, *residual, *residual_gate;
  ChannelRows weight, bias;
  ChannelRows scale[2], shift[2], gate[2];
  const void* index;
  int index_bytes;  // 1 (bool), 4 or 8
  int64_t index_batch, index_token;
  void *out, *residual_out, *gate_out;
  double epsilon;

  bool is_empty() const { return batch * tokens * channels == 0; }
};

// Upstream refuses longer rows (64 KiB, its limit for one block's tile).
constexpr int64_t kMaxRowBytes = 65536;

inline int32_t read_select(const KdaCall& call, SelectCall* read) {
  read->has_residual = call.entry == 2;
  const int first_optional = read->has_residual ? 3 : 1;
  if (call.num_tensors != (read->has_residual ? 15 : 12) || call.num_scalars != 1 ||
      call.scalars[0].kind != KDA_SCALAR_FLOAT || !all_on_gpu(call, first_optional, 2)) {
    return KDA_INVALID_ARGUMENT;
  }
  const KdaTensor& x = *call.tensors[0];
  const Dtype dtype = dtype_of(x);
  if (x.ndim != 3 || !is_dense(x) || dtype == Dtype::kUnsupported || dtype == Dtype::kF64) return KDA_INVALID_ARGUMENT;
  const int64_t batch = x.shape[0], tokens = x.shape[1], channels = x.shape[2];
  if (channels * element_bytes(dtype) > kMaxRowBytes) return KDA_INVALID_ARGUMENT;

  const KdaTensor* const* tensor = call.tensors + 1;
  read->residual = read->residual_gate = nullptr;
  if (read->has_residual) {
    if (!is_dense_like(*tensor[0], x) || !is_dense_like(*tensor[1], x)) return KDA_INVALID_ARGUMENT;
    read->residual = first_element(**tensor++);
    read->residual_gate = first_element(**tensor++);
  }
  for (ChannelRows* affine : {&read->weight, &read->bias}) {
    const KdaTensor* given = *tensor++;
    *affine = {nullptr, 0, 0};
    if (given == nullptr) continue;
    if (given->ndim != 1 || given->shape[0] != channels || dtype_of(*given) != dtype) return KDA_INVALID_ARGUMENT;
    *affine = {first_element(*given), 0, stride_of(*given, 0)};
  }
  for (int set = 0; set < 2; ++set) {
    for (ChannelRows* rows : {&read->scale[set], &read->shift[set], &read->gate[set]}) {
      const KdaTensor& given = **tensor++;
      if (!has_shape(given, batch, channels) || dtype_of(given) != dtype) return KDA_INVALID_ARGUMENT;
      *rows = {first_element(given), stride_of(given, 0), stride_of(given, 1)};
    }
  }
  const KdaTensor& index = **tensor++;
  const bool is_integer = index.dtype.code == KDA_INT && (index.dtype.bits == 32 || index.dtype.bits == 64);
  const bool is_bool = index.dtype.code == KDA_BOOL && index.dtype.bits == 8;
  if (!has_shape(index, batch, tokens) || index.dtype.lanes != 1 || (!is_integer && !is_bool))
    return KDA_INVALID_ARGUMENT;
  read->index = first_element(index);
  read->index_bytes = index.dtype.bits / 8;
  read->index_batch = stride_of(index, 0);
  read->index_token = stride_of(index, 1);
  read->residual_out = nullptr;
  for (void** out : {&read->out, &read->residual_out, &read->gate_out}) {
    if (out == &read->residual_out && !read->has_residual) continue;
    const KdaTensor& given = **tensor++;
    if (!is_dense_like(given, x)) return KDA_INVALID_ARGUMENT;
    *out = first_element(given);
  }
  read->batch = batch;
  read->tokens = tokens;
  read->channels = channels;
  read->dtype = dtype;
  read->x = first_element(x);
  read->epsilon = call.scalars[0].value.f;
  return KDA_OK;
}

}  // namespace kda::modulation
