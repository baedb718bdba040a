// tensor.cuh: questions a launcher asks about a KdaTensor before it picks a kernel. Host code.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "kda/abi.h"

namespace kda {

inline bool is_dtype(const KdaTensor& tensor, KdaTypeCode code, int bits) {
  return tensor.dtype.code == code && tensor.dtype.bits == bits && tensor.dtype.lanes == 1;
}
inline bool is_f32(const KdaTensor& tensor) { return is_dtype(tensor, KDA_FLOAT, 32); }
inline bool is_f16(const KdaTensor& tensor) { return is_dtype(tensor, KDA_FLOAT, 16); }
inline bool is_bf16(const KdaTensor& tensor) { return is_dtype(tensor, KDA_BFLOAT, 16); }
inline bool is_i32(const KdaTensor& tensor) { return is_dtype(tensor, KDA_INT, 32); }
inline bool is_i64(const KdaTensor& tensor) { return is_dtype(tensor, KDA_INT, 64); }
inline bool is_bool(const KdaTensor& tensor) { return is_dtype(tensor, KDA_BOOL, 8); }

inline bool same_dtype(const KdaTensor& a, const KdaTensor& b) {
  return a.dtype.code == b.dtype.code && a.dtype.bits == b.dtype.bits && a.dtype.lanes == b.dtype.lanes;
}

inline bool same_shape(const KdaTensor& a, const KdaTensor& b) {
  if (a.ndim != b.ndim) return false;
  for (int32_t i = 0; i < a.ndim; ++i) {
    if (a.shape[i] != b.shape[i]) return false;
  }
  return true;
}

// The tensor has exactly this shape: `has_shape(x, {batch, tokens, hidden})`.
template <int N>
bool has_shape(const KdaTensor& tensor, const int64_t (&shape)[N]) {
  if (tensor.ndim != N) return false;
  for (int i = 0; i < N; ++i) {
    if (tensor.shape[i] != shape[i]) return false;
  }
  return true;
}

// Elements; 1 for a scalar tensor, 0 when a dimension is 0.
inline int64_t numel(const KdaTensor& tensor) {
  int64_t count = 1;
  for (int32_t i = 0; i < tensor.ndim; ++i) count *= tensor.shape[i];
  return count;
}

inline int64_t element_bytes(const KdaTensor& tensor) {
  return (static_cast<int64_t>(tensor.dtype.bits) * tensor.dtype.lanes + 7) / 8;
}

// Row-major without gaps over dimensions [first, ndim). Strides of size-1 dimensions are never used, so they do not
// count; an empty tensor is dense.
inline bool is_dense_from(const KdaTensor& tensor, int32_t first) {
  if (numel(tensor) == 0) return true;
  int64_t expected = 1;
  for (int32_t i = tensor.ndim - 1; i >= first; --i) {
    if (tensor.shape[i] == 1) continue;
    if (tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}
inline bool is_dense(const KdaTensor& tensor) { return is_dense_from(tensor, 0); }

// The first element.
template <typename T>
T* elements(const KdaTensor& tensor) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor.data) + tensor.byte_offset);
}
// NULL for an optional tensor that is absent.
template <typename T>
T* elements(const KdaTensor* tensor) {
  return tensor == nullptr ? nullptr : elements<T>(*tensor);
}

// The first element's address is a multiple of `bytes`.
inline bool aligned(const KdaTensor& tensor, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(elements<char>(tensor)) % static_cast<uintptr_t>(bytes) == 0;
}

// Besides the first element, every index over the dimensions before `first` lands on a multiple of `bytes`: what
// vector accesses along the dimensions from `first` on need.
inline bool rows_aligned(const KdaTensor& tensor, int32_t first, int64_t bytes) {
  if (!aligned(tensor, bytes)) return false;
  for (int32_t i = 0; i < first; ++i) {
    if (tensor.shape[i] > 1 && tensor.strides[i] * element_bytes(tensor) % bytes != 0) return false;
  }
  return true;
}

}  // namespace kda
