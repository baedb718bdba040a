// cat_pad_call.cuh: reads and refuses calls of causal_conv3d_cat_pad, on the host, for both sides alike.
//   x [N, C, T, H, W], cache [N, C, P, H, W] -> out [N, C, T + pad_d_left, H + top + bottom, W + left + right]
// Scalars are pad_w_left, pad_w_right, pad_h_top, pad_h_bottom, pad_d_left and pad_d_right. Elements have 16 or 32 bits
// of any meaning; x and cache have any strides, out is dense. A cache of depth 0 may have no data. Nothing launches.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::cat_pad {

enum Dim { kBatch = 0, kChannel = 1, kDepth = 2, kHeight = 3, kWidth = 4, kRank = 5 };

// Element [n, c, t, h, w] begins at data + the sum of index * stride * element bytes.
struct Source {
  const char* data;
  int64_t depth;
  int64_t strides[kRank];  // elements
  bool is_dense;
};

struct CatPadCall {
  int element_bytes;
  int64_t batch, channels, height, width;
  int64_t pad_h, pad_w;     // before and behind alike
  int64_t zero_planes;      // pad_d_left less the cache's depth
  int64_t out_depth, out_height, out_width;
  Source x, cache;
  char* out;

  int64_t out_elements() const { return batch * channels * out_depth * out_height * out_width; }
  bool is_empty() const { return out_elements() == 0; }
};

namespace detail {

inline bool on_device_of(const KdaTensor& tensor, const KdaTensor& out) {
  return tensor.device.device_type == KDA_DEVICE_CUDA && tensor.device.device_id == out.device.device_id;
}

inline bool is_served_element(const KdaTensor& tensor) {
  return (tensor.dtype.bits == 16 || tensor.dtype.bits == 32) && tensor.dtype.lanes == 1;
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
  const uintptr_t a_begin = reinterpret_cast<uintptr_t>(elements<char>(a));
  const uintptr_t b_begin = reinterpret_cast<uintptr_t>(elements<char>(b));
  return a_begin < b_begin + extent_bytes(b) && b_begin < a_begin + extent_bytes(a);
}

inline Source source_of(const KdaTensor& tensor) {
  Source source = {elements<const char>(tensor), tensor.shape[kDepth], {}, is_dense(tensor)};
  for (int dim = 0; dim < kRank; ++dim) source.strides[dim] = tensor.strides[dim];
  return source;
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_cat_pad(const KdaCall& call, CatPadCall* read) {
  constexpr int kNumTensors = 3, kNumScalars = 6;
  if (call.num_tensors != kNumTensors || call.num_scalars != kNumScalars) return KDA_INVALID_ARGUMENT;
  for (int i = 0; i < kNumTensors; ++i) {
    const KdaTensor* tensor = call.tensors[i];
    if (tensor == nullptr || tensor->ndim != kRank || !detail::is_served_element(*tensor) ||
        !detail::on_device_of(*tensor, *call.tensors[2]) || !same_dtype(*tensor, *call.tensors[2])) {
      return KDA_INVALID_ARGUMENT;
    }
  }
  const KdaTensor &x = *call.tensors[0], &cache = *call.tensors[1], &out = *call.tensors[2];
  const int64_t pad_w = call.scalars[0].value.i, pad_h = call.scalars[2].value.i, pad_d = call.scalars[4].value.i;
  if (pad_w < 0 || pad_h < 0 || call.scalars[1].value.i != pad_w || call.scalars[3].value.i != pad_h ||
      pad_d < cache.shape[kDepth] || call.scalars[5].value.i != 0) {
    return KDA_INVALID_ARGUMENT;
  }
  const int64_t batch = x.shape[kBatch], channels = x.shape[kChannel];
  const int64_t height = x.shape[kHeight], width = x.shape[kWidth];
  if (!has_shape(cache, {batch, channels, cache.shape[kDepth], height, width}) ||
      !has_shape(out, {batch, channels, x.shape[kDepth] + pad_d, height + 2 * pad_h, width + 2 * pad_w}) ||
      !is_dense(out) || detail::overlap(x, out) || detail::overlap(cache, out)) {
    return KDA_INVALID_ARGUMENT;
  }
  *read = {static_cast<int>(element_bytes(out)), batch, channels, height, width, pad_h, pad_w,
           pad_d - cache.shape[kDepth], out.shape[kDepth], out.shape[kHeight], out.shape[kWidth],
           detail::source_of(x), detail::source_of(cache), elements<char>(out)};
  return KDA_OK;
}

}  // namespace kda::cat_pad
