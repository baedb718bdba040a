// gated_residual_call.cuh: reads and refuses calls of the gated residual add and of the broadcast add, on the host, for
// both sides alike.
//   residual_gate_add   residual, update, gate, out: one shape of rank >= 2; gate may have 1 in all but the last dim
//   broadcast_add_4d    a: [1, 1, P, D];  b, out: [1, S, P, D]
// Everything is dense, of one dtype out of bf16, f16 and f32, on one GPU, and out of place. Nothing here launches.
#pragma once

#include "kda/modulation_call.cuh"
#include "kda/tensor.cuh"

namespace kda::gated_residual {

using modulation::Dtype;
using modulation::Operand;
using modulation::ScaleShiftCall;

namespace detail {

inline bool is_served(Dtype dtype) { return dtype != Dtype::kF64 && dtype != Dtype::kUnsupported; }

// Dense tensors of one served dtype on one GPU.
inline bool are_alike(const KdaCall& call) {
  for (int i = 0; i < call.num_tensors; ++i) {
    if (call.tensors[i] == nullptr) return false;
    const KdaTensor &tensor = *call.tensors[i], &first = *call.tensors[0];
    if (tensor.device.device_type != KDA_DEVICE_CUDA || tensor.device.device_id != first.device.device_id ||
        !same_dtype(tensor, first) || !kda::is_dense(tensor)) {
      return false;
    }
  }
  return is_served(modulation::dtype_of(*call.tensors[0]));
}

// Two dense tensors share memory.
inline bool overlap(const KdaTensor& a, const KdaTensor& b) {
  const auto begin = [](const KdaTensor& tensor) { return reinterpret_cast<uintptr_t>(elements<char>(tensor)); };
  const auto end = [&](const KdaTensor& tensor) { return begin(tensor) + numel(tensor) * element_bytes(tensor); };
  return begin(a) < end(b) && begin(b) < end(a);
}

// The last tensor, the output, shares memory with none before it.
inline bool is_out_of_place(const KdaCall& call) {
  const KdaTensor& out = *call.tensors[call.num_tensors - 1];
  for (int i = 0; i + 1 < call.num_tensors; ++i) {
    if (overlap(*call.tensors[i], out)) return false;
  }
  return true;
}

// The shape of `residual` with 1 in every dimension but the last.
inline bool is_row_of(const KdaTensor& gate, const KdaTensor& residual) {
  const int last = residual.ndim - 1;
  if (gate.ndim != residual.ndim || gate.shape[last] != residual.shape[last]) return false;
  for (int dim = 0; dim < last; ++dim) {
    if (gate.shape[dim] != 1) return false;
  }
  return true;
}

inline Operand row_operand(const KdaTensor& tensor, Dtype dtype) {
  return {modulation::first_element(tensor), dtype, 0, 0, 1, 1, false};
}

inline Operand token_operand(const KdaTensor& tensor, Dtype dtype, int64_t tokens, int64_t channels) {
  return {modulation::first_element(tensor), dtype, tokens * channels, channels, 1, 1, false};
}

}  // namespace detail

// The call as out = update * (0 + gate) + residual: KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT. Rank 3 keeps
// its batches, other ranks are one batch of rows.
inline int32_t read_residual_gate_add(const KdaCall& call, ScaleShiftCall* read) {
  if (call.num_tensors != 4 || call.num_scalars != 0 || !detail::are_alike(call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &residual = *call.tensors[0], &update = *call.tensors[1], &gate = *call.tensors[2],
                  &out = *call.tensors[3];
  // One row fits both readings of the gate; they give the same.
  const bool is_full = same_shape(gate, residual);
  if (residual.ndim < 2 || !same_shape(update, residual) || !same_shape(out, residual) ||
      (!is_full && !detail::is_row_of(gate, residual)) || !detail::is_out_of_place(call)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->channels = residual.shape[residual.ndim - 1];
  read->batch = residual.ndim == 3 ? residual.shape[0] : 1;
  read->tokens = 1;
  for (int dim = residual.ndim == 3 ? 1 : 0; dim < residual.ndim - 1; ++dim) read->tokens *= residual.shape[dim];
  read->dtype = modulation::dtype_of(residual);
  read->x = modulation::first_element(update);
  read->out = modulation::first_element(out);
  read->scale = is_full ? detail::token_operand(gate, read->dtype, read->tokens, read->channels)
                        : detail::row_operand(gate, read->dtype);
  read->shift = detail::token_operand(residual, read->dtype, read->tokens, read->channels);
  read->framed = false;
  read->constant = 0.0;
  return KDA_OK;
}

// out[s, i] = a[i] + b[s, i]: the rows of b have `period` = P * D elements.
struct BroadcastAddCall {
  int64_t frames, period;
  Dtype dtype;
  const void *a, *b;
  void* out;

  bool is_empty() const { return frames * period == 0; }
};

inline int32_t read_broadcast_add(const KdaCall& call, BroadcastAddCall* read) {
  if (call.num_tensors != 3 || call.num_scalars != 0 || !detail::are_alike(call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor &a = *call.tensors[0], &b = *call.tensors[1], &out = *call.tensors[2];
  if (b.ndim != 4 || b.shape[0] != 1 || !kda::has_shape(a, {1, 1, b.shape[2], b.shape[3]}) || !same_shape(out, b) ||
      !detail::is_out_of_place(call)) {
    return KDA_INVALID_ARGUMENT;
  }
  read->frames = b.shape[1];
  read->period = b.shape[2] * b.shape[3];
  read->dtype = modulation::dtype_of(b);
  read->a = modulation::first_element(a);
  read->b = modulation::first_element(b);
  read->out = modulation::first_element(out);
  return KDA_OK;
}

}  // namespace kda::gated_residual
