// group_norm_call.cuh: reads and refuses calls of group_norm_silu, on the host, for both sides alike.
//   x, out [B, C, ...] of rank 2 to 5;  weight, bias [C], dense;  num_groups divides C
// All are f16, bf16 or f32 alike, on one GPU. x has any strides, out is dense and overlaps no input. Nothing launches.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::group_norm {

constexpr int kMaxSpaceDims = 3;
// Elements of a group, and batches: what upstream's grid has room for, chunks of 8192 elements and batches along y.
constexpr int64_t kMaxGroupElements = int64_t{65535} * 8192;
constexpr int64_t kMaxBatch = 65535;

// Dimensions of space, outermost first, without those of size 1 and merged where one goes on from the next.
struct Space {
  int dims;
  int64_t sizes[kMaxSpaceDims], strides[kMaxSpaceDims];  // strides in elements
};

struct GroupNormCall {
  KdaDataType dtype;
  int element_bytes;
  int64_t batch, groups, group_channels, positions;  // groups of one batch, positions of one channel
  float eps;
  const char* x;
  int64_t batch_stride, channel_stride;  // of x, elements
  Space space;                           // of x
  bool is_dense;                         // x
  const void *weight, *bias;
  void* out;

  int64_t rows() const { return batch * groups; }
  int64_t channels() const { return groups * group_channels; }
  int64_t group_elements() const { return group_channels * positions; }
  int64_t elements() const { return rows() * group_elements(); }
  bool is_empty() const { return elements() == 0; }
};

namespace detail {

inline bool is_served_dtype(const KdaTensor& tensor) { return is_f16(tensor) || is_bf16(tensor) || is_f32(tensor); }

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

inline Space space_of(const KdaTensor& x) {
  Space space = {};
  for (int dim = 2; dim < x.ndim; ++dim) {
    if (x.shape[dim] == 1) continue;
    const int last = space.dims - 1;
    if (space.dims > 0 && space.strides[last] == x.shape[dim] * x.strides[dim]) {
      space.sizes[last] *= x.shape[dim];
      space.strides[last] = x.strides[dim];
    } else {
      space.sizes[space.dims] = x.shape[dim];
      space.strides[space.dims++] = x.strides[dim];
    }
  }
  return space;
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_group_norm(const KdaCall& call, GroupNormCall* read) {
  constexpr int kNumEntries = 2, kNumTensors = 4, kNumScalars = 2;
  if (call.entry < 0 || call.entry >= kNumEntries || call.num_tensors != kNumTensors ||
      call.num_scalars != kNumScalars) {
    return KDA_INVALID_ARGUMENT;
  }
  for (int i = 0; i < kNumTensors; ++i) {
    const KdaTensor *tensor = call.tensors[i], *x = call.tensors[0];
    if (tensor == nullptr || !detail::is_served_dtype(*tensor) || !same_dtype(*tensor, *x) ||
        tensor->device.device_type != KDA_DEVICE_CUDA || tensor->device.device_id != x->device.device_id) {
      return KDA_INVALID_ARGUMENT;
    }
  }
  const KdaTensor &x = *call.tensors[0], &weight = *call.tensors[1], &bias = *call.tensors[2], &out = *call.tensors[3];
  const int64_t groups = call.scalars[0].value.i;
  if (x.ndim < 2 || x.ndim > 2 + kMaxSpaceDims || groups < 1 || x.shape[1] % groups != 0) return KDA_INVALID_ARGUMENT;
  if (!has_shape(weight, {x.shape[1]}) || !has_shape(bias, {x.shape[1]}) || !is_dense(weight) || !is_dense(bias) ||
      !same_shape(out, x) || !is_dense(out) || detail::overlap(x, out) || detail::overlap(weight, out) ||
      detail::overlap(bias, out)) {
    return KDA_INVALID_ARGUMENT;
  }
  int64_t positions = 1;
  for (int dim = 2; dim < x.ndim; ++dim) positions *= x.shape[dim];
  *read = {};
  read->dtype = x.dtype;
  read->element_bytes = static_cast<int>(element_bytes(x));
  read->batch = x.shape[0];
  read->groups = groups;
  read->group_channels = x.shape[1] / groups;
  read->positions = positions;
  if (read->group_elements() > kMaxGroupElements || read->batch > kMaxBatch || read->rows() > INT32_MAX) {
    return KDA_INVALID_ARGUMENT;
  }
  read->eps = static_cast<float>(call.scalars[1].value.f);
  read->x = elements<const char>(x);
  read->batch_stride = x.strides[0];
  read->channel_stride = x.strides[1];
  read->space = detail::space_of(x);
  read->is_dense = is_dense(x);
  read->weight = elements<const void>(weight);
  read->bias = elements<const void>(bias);
  read->out = elements<void>(out);
  return KDA_OK;
}

}  // namespace kda::group_norm
