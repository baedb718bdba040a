// qknorm_rope_call.cuh: reads and refuses calls of qknorm_rope, on the host, for both sides alike.
//   q [N, Hq, D], k [N, Hk, D] bf16, last stride 1, one head stride, token strides free, apart from each other
//   q_weight, k_weight bf16 [D] dense;  cos_sin_cache f32 [rows, R] dense, R/2 cosines and R/2 sines a row
//   positions i32 or i64 [N] dense, trusted to lie in [0, rows)
// D is 64, 128 or 256; R whole lanes of D/32 elements; rotated halves take a power of two of them, at least 2.
// q, k and weights are whole 16 B, strides too; the cache needs a float's alignment. Nothing launches here.
#pragma once

#include <stdint.h>

#include "kda/tensor.cuh"

namespace kda::qknorm_rope {

constexpr int64_t kAlignment = 16;  // bytes

// Strides in elements. A head index counts q's heads first, then k's.
struct Call {
  int64_t tokens;
  int q_heads, k_heads, head_dim, rope_dim;
  bool is_neox, has_wide_positions;
  float eps;
  __nv_bfloat16 *q, *k;
  int64_t q_token, k_token, head_stride;
  const __nv_bfloat16 *q_weight, *k_weight;
  const float* cache;
  const void* positions;

  int heads() const { return q_heads + k_heads; }
  bool is_empty() const { return tokens * heads() == 0; }
};

namespace detail {

inline int64_t extent_bytes(const KdaTensor& tensor) {
  if (numel(tensor) == 0) return 0;
  int64_t last = 0;
  for (int dim = 0; dim < tensor.ndim; ++dim) last += (tensor.shape[dim] - 1) * tensor.strides[dim];
  return (last + 1) * element_bytes(tensor);
}

// By the spans from first to last element: interleaved views count as overlapping. False where pointers are not known
// yet: kda_workspace_bytes sees NULL.
inline bool overlap(const KdaTensor& a, const KdaTensor& b) {
  if (a.data == nullptr || b.data == nullptr) return false;
  const auto begin = [](const KdaTensor& tensor) { return reinterpret_cast<uintptr_t>(elements<char>(tensor)); };
  return begin(a) < begin(b) + extent_bytes(b) && begin(b) < begin(a) + extent_bytes(a);
}

inline bool is_served_head_dim(int64_t head_dim) { return head_dim == 64 || head_dim == 128 || head_dim == 256; }

inline bool is_served_rope_dim(int64_t rope_dim, int64_t head_dim, bool is_neox) {
  const int64_t lane_elements = head_dim / 32, lanes = rope_dim / lane_elements;
  if (rope_dim <= 0 || rope_dim > head_dim || rope_dim % lane_elements != 0) return false;
  return !is_neox || (lanes >= 2 && (lanes & (lanes - 1)) == 0);
}

// q or k.
inline bool are_heads(const KdaTensor& x, int64_t tokens, int64_t head_dim) {
  if (x.ndim != 3 || !is_bf16(x) || x.shape[0] != tokens || x.shape[2] != head_dim) return false;
  return numel(x) == 0 || (x.strides[2] == 1 && rows_aligned(x, 2, kAlignment));
}

inline bool is_weight(const KdaTensor& weight, int64_t head_dim) {
  return is_bf16(weight) && has_shape(weight, {head_dim}) && is_dense(weight) && aligned(weight, kAlignment);
}

}  // namespace detail

inline int32_t read_call(const KdaCall& call, Call* read) {
  if (call.entry != 0 || call.num_tensors != 6 || call.num_scalars != 4) return KDA_INVALID_ARGUMENT;
  for (int i = 0; i < 6; ++i) {
    if (call.tensors[i] == nullptr) return KDA_INVALID_ARGUMENT;
    const KdaDevice device = call.tensors[i]->device;
    if (device.device_type != KDA_DEVICE_CUDA || device.device_id != call.tensors[0]->device.device_id) {
      return KDA_INVALID_ARGUMENT;
    }
  }
  const KdaTensor &q = *call.tensors[0], &k = *call.tensors[1], &q_weight = *call.tensors[2];
  const KdaTensor &k_weight = *call.tensors[3], &cache = *call.tensors[4], &positions = *call.tensors[5];
  if (q.ndim != 3 || k.ndim != 3 || cache.ndim != 2 || positions.ndim != 1) return KDA_INVALID_ARGUMENT;

  const bool is_neox = call.scalars[0].value.i != 0;
  const int64_t head_dim = call.scalars[2].value.i == 0 ? q.shape[2] : call.scalars[2].value.i;
  const int64_t rope_dim = call.scalars[3].value.i == 0 ? cache.shape[1] : call.scalars[3].value.i;
  if (!detail::is_served_head_dim(head_dim) || !detail::is_served_rope_dim(rope_dim, head_dim, is_neox)) {
    return KDA_INVALID_ARGUMENT;
  }
  const int64_t tokens = q.shape[0], q_heads = q.shape[1], k_heads = k.shape[1];
  if (!detail::are_heads(q, tokens, head_dim) || !detail::are_heads(k, tokens, head_dim) ||
      !detail::is_weight(q_weight, head_dim) || !detail::is_weight(k_weight, head_dim)) {
    return KDA_INVALID_ARGUMENT;
  }
  if (!is_f32(cache) || cache.shape[1] != rope_dim || !is_dense(cache) || (tokens != 0 && cache.shape[0] == 0)) {
    return KDA_INVALID_ARGUMENT;
  }
  if ((!is_i32(positions) && !is_i64(positions)) || positions.shape[0] != tokens || !is_dense(positions)) {
    return KDA_INVALID_ARGUMENT;
  }
  // A single head's stride is free. 2^30 leaves upstream's 32-bit count of heads room for a last turn.
  if (q_heads > 1 && k_heads > 1 && q.strides[1] != k.strides[1]) return KDA_INVALID_ARGUMENT;
  constexpr int64_t kMostHeads = int64_t{1} << 30;
  if (tokens > kMostHeads || q_heads > kMostHeads || k_heads > kMostHeads) return KDA_INVALID_ARGUMENT;
  if (tokens != 0 && q_heads + k_heads > kMostHeads / tokens) return KDA_INVALID_ARGUMENT;
  // In place: no tensor that is written may share a byte with another one.
  for (int i = 1; i < 6; ++i) {
    if (detail::overlap(q, *call.tensors[i]) || (i > 1 && detail::overlap(k, *call.tensors[i]))) {
      return KDA_INVALID_ARGUMENT;
    }
  }

  read->tokens = tokens;
  read->q_heads = static_cast<int>(q_heads);
  read->k_heads = static_cast<int>(k_heads);
  read->head_dim = static_cast<int>(head_dim);
  read->rope_dim = static_cast<int>(rope_dim);
  read->is_neox = is_neox;
  read->has_wide_positions = is_i64(positions);
  read->eps = static_cast<float>(call.scalars[1].value.f);
  read->q = elements<__nv_bfloat16>(q);
  read->k = elements<__nv_bfloat16>(k);
  read->q_token = q.strides[0];
  read->k_token = k.strides[0];
  // Where q and k have one head each, neither stride is used but to bias k's base back and forth.
  read->head_stride = q_heads > 1 ? q.strides[1] : k_heads > 1 ? k.strides[1] : head_dim;
  read->q_weight = elements<const __nv_bfloat16>(q_weight);
  read->k_weight = elements<const __nv_bfloat16>(k_weight);
  read->cache = elements<const float>(cache);
  read->positions = elements<const void>(positions);
  return KDA_OK;
}

}  // namespace kda::qknorm_rope
