// rotary_call.cuh: reads and refuses calls of rotary_embedding, on the host, for both sides alike.
//   apply_rotary_embedding       x, out [B, T, H, D] or [T, H, D], dense;  cos, sin f32 [R, D/2], or [R, D] where
//                                interleaved (its even columns count), dense;  R divides the rows, row i has cos[i % R]
//   apply_ltx2_split_rotary_emb  x, out [B, S, H * 2h], dense;  cos, sin [B, H, S, h], last stride 1, others free
// x and out are bf16 or f16, one GPU holds everything, and out overlaps no input. Pointers are whole 16 B; so are h and
// the strides of cos and sin that step over h. Nothing here launches.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::rotary {

constexpr int64_t kAlignment = 16;  // bytes

// Rows are tokens of all batches, in order.
struct PairsCall {
  bool is_bf16;
  int64_t rows, heads, half;
  int64_t table_rows;   // of cos and sin
  int64_t column_step;  // elements between the columns of cos and sin that count: 2 where interleaved, else 1
  const void* x;
  const float *cos, *sin;
  void* out;

  bool is_empty() const { return rows * heads * half == 0; }
};

// Strides of cos or sin in elements.
struct SplitTable {
  const void* data;
  int64_t batch, head, token;
};

struct SplitCall {
  bool is_bf16;
  int64_t batch, tokens, heads, half;
  const void* x;
  SplitTable cos, sin;
  void* out;

  bool is_empty() const { return batch * tokens * heads * half == 0; }
};

namespace detail {

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

// x, cos, sin and out are there, on one GPU and aligned; out is x's like, and apart from the inputs.
inline bool are_served(const KdaCall& call) {
  if (call.num_tensors != 4) return false;
  for (int i = 0; i < 4; ++i) {
    if (call.tensors[i] == nullptr) return false;
    const KdaTensor &tensor = *call.tensors[i], &x = *call.tensors[0];
    if (tensor.device.device_type != KDA_DEVICE_CUDA || tensor.device.device_id != x.device.device_id) return false;
    if (numel(tensor) != 0 && !aligned(tensor, kAlignment)) return false;
  }
  const KdaTensor &x = *call.tensors[0], &cos = *call.tensors[1], &sin = *call.tensors[2], &out = *call.tensors[3];
  return (is_bf16(x) || is_f16(x)) && same_dtype(out, x) && same_shape(out, x) && is_dense(x) && is_dense(out) &&
         same_dtype(sin, cos) && same_shape(sin, cos) && !overlap(x, out) && !overlap(cos, out) && !overlap(sin, out);
}

// What both sides' grids and 32-bit sizes have room for.
inline bool is_in_reach(int64_t rows, int64_t heads, int64_t half) {
  return rows <= INT32_MAX && heads <= UINT16_MAX && half <= UINT16_MAX;
}

// The strides of a size-1 dimension are free.
inline bool is_split_table(const KdaTensor& table) {
  return table.ndim == 4 && table.strides[3] == 1 && (numel(table) == 0 || rows_aligned(table, 3, kAlignment));
}

inline SplitTable split_table(const KdaTensor& table) {
  return {elements<const void>(table), table.strides[0], table.strides[1], table.strides[2]};
}

}  // namespace detail

inline int32_t read_pairs(const KdaCall& call, PairsCall* read) {
  if (call.num_scalars != 1 || !detail::are_served(call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &x = *call.tensors[0], &cos = *call.tensors[1], &sin = *call.tensors[2];
  if ((x.ndim != 3 && x.ndim != 4) || cos.ndim != 2 || !is_f32(cos) || !is_dense(cos) || !is_dense(sin)) {
    return KDA_INVALID_ARGUMENT;
  }
  const bool interleaved = call.scalars[0].value.i != 0;
  const int64_t width = x.shape[x.ndim - 1];
  const int64_t table_width = cos.shape[1];
  if (width % 2 != 0 || (table_width != width / 2 && !(interleaved && table_width == width))) {
    return KDA_INVALID_ARGUMENT;
  }
  read->is_bf16 = is_bf16(x);
  read->rows = x.ndim == 4 ? x.shape[0] * x.shape[1] : x.shape[0];
  read->heads = x.shape[x.ndim - 2];
  read->half = width / 2;
  read->table_rows = cos.shape[0];
  read->column_step = table_width == width ? 2 : 1;
  if (read->rows != 0 && (read->table_rows == 0 || read->rows % read->table_rows != 0)) return KDA_INVALID_ARGUMENT;
  if (!detail::is_in_reach(read->rows, read->heads, read->half)) return KDA_INVALID_ARGUMENT;
  read->x = elements<const void>(x);
  read->cos = elements<const float>(cos);
  read->sin = elements<const float>(sin);
  read->out = elements<void>(*call.tensors[3]);
  return KDA_OK;
}

inline int32_t read_split(const KdaCall& call, SplitCall* read) {
  if (call.num_scalars != 0 || !detail::are_served(call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &x = *call.tensors[0], &cos = *call.tensors[1], &sin = *call.tensors[2];
  if (x.ndim != 3 || !same_dtype(cos, x) || !detail::is_split_table(cos) || !detail::is_split_table(sin)) {
    return KDA_INVALID_ARGUMENT;
  }
  const int64_t heads = cos.shape[1], half = cos.shape[3];
  if (cos.shape[0] != x.shape[0] || cos.shape[2] != x.shape[1] || heads * 2 * half != x.shape[2]) {
    return KDA_INVALID_ARGUMENT;
  }
  if (half * element_bytes(x) % kAlignment != 0 || !detail::is_in_reach(x.shape[0] * x.shape[1], heads, half)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->is_bf16 = is_bf16(x);
  read->batch = x.shape[0];
  read->tokens = x.shape[1];
  read->heads = heads;
  read->half = half;
  read->x = elements<const void>(x);
  read->cos = detail::split_table(cos);
  read->sin = detail::split_table(sin);
  read->out = elements<void>(*call.tensors[3]);
  return KDA_OK;
}

}  // namespace kda::rotary
