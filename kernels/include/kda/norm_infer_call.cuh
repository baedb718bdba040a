// norm_infer_call.cuh: reads and refuses calls of norm_infer, on the host, for both sides alike.
//   norm_infer                x [M, N] of any strides;  weight?, bias? [N], stride 1;  out [M, N], rows at any stride
//   triton_one_pass_rms_norm  x [..., D] of any strides, rank 1 to 5;  w [D], stride 1;  out like x, dense, x's dtype
// Each tensor is bf16, f16 or f32, by itself; one GPU holds all. out is x itself (same memory, same layout) or overlaps
// no input. Both entries come out as one NormCall: the second is an RMS norm with a weight. Nothing here launches.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::norm_infer {

enum class Dtype { kBf16, kF16, kF32, kUnsupported };

inline Dtype dtype_of(const KdaTensor& tensor) {
  if (is_bf16(tensor)) return Dtype::kBf16;
  if (is_f16(tensor)) return Dtype::kF16;
  return is_f32(tensor) ? Dtype::kF32 : Dtype::kUnsupported;
}

constexpr int64_t kMaxRowBytes = 65536;  // of x; upstream's limit of one program's row in norm_infer
constexpr int kMaxRank = 5;
constexpr int kMaxOuterDims = kMaxRank - 1;

// Where the rows of a tensor begin, in elements. Dimensions that go on from one another are merged and those of size 1
// dropped; the fastest comes first. Passed to kernels by value.
struct RowLayout {
  int dims;
  int64_t sizes[kMaxOuterDims], strides[kMaxOuterDims];

  __device__ __forceinline__ int64_t offset(int64_t row) const {
    // Indices are constants once unrolled: a kernel's parameters have no indexed access but through local memory.
    int64_t offset = 0;
#pragma unroll
    for (int dim = 0; dim < kMaxOuterDims; ++dim) {
      if (dim >= dims) break;
      const int64_t outer = dim + 1 < dims ? row / sizes[dim] : 0;
      offset += (row - outer * sizes[dim]) * strides[dim];
      row = outer;
    }
    return offset;
  }

  bool has_one_stride() const { return dims <= 1; }
  int64_t stride() const { return dims == 0 ? 0 : strides[0]; }
};

// Channel vectors have stride 1; NULL where absent.
struct Affine {
  const void* data;
  Dtype dtype;
};

struct NormCall {
  bool is_one_pass;  // which entry; the arithmetic of the second is norm_infer's with is_rms
  bool is_rms;
  int64_t rows, columns;
  Dtype dtype, out_dtype;
  const void* x;
  RowLayout x_rows;
  int64_t x_column;  // element stride
  Affine weight, bias;
  void* out;
  int64_t out_row;  // element stride
  double epsilon;

  bool is_empty() const { return rows * columns == 0; }
  bool is_x_dense() const {
    return x_column == 1 && x_rows.has_one_stride() && (rows == 1 || x_rows.stride() == columns);
  }
  // Everything has x's dtype.
  bool is_uniform() const {
    return out_dtype == dtype && (weight.data == nullptr || weight.dtype == dtype) &&
           (bias.data == nullptr || bias.dtype == dtype);
  }
};

namespace detail {

inline RowLayout row_layout(const KdaTensor& tensor) {
  RowLayout layout = {};
  for (int dim = tensor.ndim - 2; dim >= 0; --dim) {
    const int64_t size = tensor.shape[dim], stride = tensor.strides[dim];
    if (size == 1) continue;
    const int last = layout.dims - 1;
    if (last >= 0 && stride == layout.sizes[last] * layout.strides[last]) {
      layout.sizes[last] *= size;
    } else {
      layout.sizes[layout.dims] = size;
      layout.strides[layout.dims++] = stride;
    }
  }
  return layout;
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

// `out` writes each element where `x` has it, so a row is read before it is written.
inline bool is_in_place(const KdaTensor& x, const KdaTensor& out) {
  if (elements<char>(x) != elements<char>(out) || !same_dtype(x, out)) return false;
  for (int dim = 0; dim < x.ndim; ++dim) {
    if (x.shape[dim] > 1 && x.strides[dim] != out.strides[dim]) return false;
  }
  return true;
}

inline bool is_on(const KdaTensor& tensor, const KdaTensor& x) {
  return tensor.device.device_type == KDA_DEVICE_CUDA && tensor.device.device_id == x.device.device_id;
}

// An absent one is served.
inline bool read_affine(const KdaTensor* tensor, const KdaTensor& x, int64_t columns, Affine* affine) {
  *affine = {nullptr, Dtype::kUnsupported};
  if (tensor == nullptr) return true;
  if (tensor->ndim != 1 || tensor->shape[0] != columns || !is_dense(*tensor) || !is_on(*tensor, x)) return false;
  *affine = {elements<const void>(*tensor), dtype_of(*tensor)};
  return affine->dtype != Dtype::kUnsupported;
}

// x and out: what both entries ask of them.
inline bool read_streams(const KdaTensor& x, const KdaTensor& out, NormCall* read) {
  read->dtype = dtype_of(x);
  read->out_dtype = dtype_of(out);
  if (read->dtype == Dtype::kUnsupported || read->out_dtype == Dtype::kUnsupported || !is_on(x, x) || !is_on(out, x) ||
      x.ndim < 1 || x.ndim > kMaxRank || !same_shape(x, out) || (overlap(x, out) && !is_in_place(x, out))) {
    return false;
  }
  const int last = x.ndim - 1;
  read->columns = x.shape[last];
  read->rows = 1;
  for (int dim = 0; dim < last; ++dim) read->rows *= x.shape[dim];
  read->x = elements<const void>(x);
  read->x_rows = row_layout(x);
  read->x_column = x.shape[last] > 1 ? x.strides[last] : 1;
  read->out = elements<void>(out);
  read->out_row = read->columns;
  return read->rows <= INT32_MAX && read->columns <= INT32_MAX;  // grids and column numbers
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_norm(const KdaCall& call, NormCall* read) {
  if (call.num_tensors != 4 || call.num_scalars != 2 || call.tensors[0] == nullptr || call.tensors[3] == nullptr) {
    return KDA_INVALID_ARGUMENT;
  }
  const KdaTensor &x = *call.tensors[0], &out = *call.tensors[3];
  if (x.ndim != 2 || !detail::read_streams(x, out, read)) return KDA_INVALID_ARGUMENT;
  if (read->columns * element_bytes(x) > kMaxRowBytes) return KDA_INVALID_ARGUMENT;
  if (numel(out) != 0 && out.shape[1] > 1 && out.strides[1] != 1) return KDA_INVALID_ARGUMENT;
  read->out_row = out.strides[0];
  if (!detail::read_affine(call.tensors[1], x, read->columns, &read->weight) ||
      !detail::read_affine(call.tensors[2], x, read->columns, &read->bias)) {
    return KDA_INVALID_ARGUMENT;
  }
  for (int i = 1; i <= 2; ++i) {
    if (call.tensors[i] != nullptr && detail::overlap(*call.tensors[i], out)) return KDA_INVALID_ARGUMENT;
  }
  read->is_one_pass = false;
  read->is_rms = call.scalars[1].value.i != 0;
  read->epsilon = call.scalars[0].value.f;
  return KDA_OK;
}

inline int32_t read_one_pass(const KdaCall& call, NormCall* read) {
  if (call.num_tensors != 3 || call.num_scalars != 1) return KDA_INVALID_ARGUMENT;
  for (int i = 0; i < 3; ++i) {
    if (call.tensors[i] == nullptr) return KDA_INVALID_ARGUMENT;
  }
  const KdaTensor &x = *call.tensors[0], &w = *call.tensors[1], &out = *call.tensors[2];
  if (!detail::read_streams(x, out, read) || !same_dtype(x, out) || !is_dense(out) || detail::overlap(w, out) ||
      !detail::read_affine(&w, x, read->columns, &read->weight)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->bias = {nullptr, Dtype::kUnsupported};
  read->is_one_pass = true;
  read->is_rms = true;
  read->epsilon = call.scalars[0].value.f;
  return KDA_OK;
}

// Reads the call and hands it to `body`, or refuses it.
template <typename Body>
int32_t with_call(const KdaCall& call, Body body) {
  NormCall read;
  int32_t status = KDA_INVALID_ARGUMENT;
  if (call.entry == 0) status = read_norm(call, &read);
  if (call.entry == 1) status = read_one_pass(call, &read);
  return status == KDA_OK ? body(read) : status;
}

}  // namespace kda::norm_infer
