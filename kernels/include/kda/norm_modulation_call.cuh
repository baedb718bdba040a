// norm_modulation_call.cuh: reads and refuses calls of norms with modulation, on the host, for both sides alike.
//   fused_norm_scale_shift                    x, weight?, bias?, scale, shift, y
//   fused_scale_residual_norm_scale_shift     residual, x, gate?, weight?, bias?, scale, shift, y, res_out
//   fused_norm_tanh_mul_add                   x, weight?, bias?, scale, shift, y
//   fused_norm_tanh_mul_add_norm_scale        x, weight?, bias?, scale, shift, weight2?, bias2?, scale2, y, y2
// each with norm_type and eps. x is [B, S, D] with D a multiple of 256 up to 8192; every tensor is bf16, f16 or f32 on
// one GPU, dense in D, starts on 32 B, and has outer strides that are multiples of D. Outputs are dense and of x's
// dtype. Nothing here launches.
#pragma once

#include <limits.h>

#include "kda/norm_modulation_operand.cuh"
#include "kda/tensor.cuh"

namespace kda::norm_modulation {

constexpr int64_t kChannelStep = 256, kMaxChannels = 8192;
constexpr int64_t kBaseBytes = 32;

// Rows of x and what belongs to every norm of the family.
struct NormRows {
  int64_t batch, tokens;
  int channels;
  Dtype dtype;  // of x and the outputs
  Norm norm;
  float epsilon;

  __host__ __device__ __forceinline__ int64_t rows() const { return batch * tokens; }
  bool is_empty() const { return rows() == 0; }
};

// Weight and bias as they take effect: NULL where the norm ignores them.
struct Affine {
  RowOperand weight, bias;

  __host__ __device__ __forceinline__ bool is_present() const { return weight.data != nullptr; }
};

struct NormScaleShiftCall : NormRows {
  bool has_residual;
  RowOperand x, residual, gate, scale, shift;  // residual and gate with data NULL where absent
  Affine affine;
  void *y, *res_out;

  bool has_gate() const { return gate.data != nullptr; }
};

struct NormTanhCall : NormRows {
  bool is_dual;
  RowOperand x, scale, shift, scale2;
  Affine affine, affine2;
  void *y, *y2;
};

namespace detail {

inline bool is_served(Dtype dtype) {
  return dtype == Dtype::kBf16 || dtype == Dtype::kF16 || dtype == Dtype::kF32;
}

// dtype, device, base and strides as every operand has them. `channels` is the extent that its last dimension has.
inline bool takes_runs(const KdaTensor& tensor, const KdaTensor& x, int64_t channels) {
  if (tensor.device.device_type != KDA_DEVICE_CUDA || tensor.device.device_id != x.device.device_id ||
      !is_served(modulation::dtype_of(tensor)) || !kda::aligned(tensor, kBaseBytes)) {
    return false;
  }
  const int last = tensor.ndim - 1;
  if (channels > 1 && (tensor.shape[last] != channels || tensor.strides[last] != 1)) return false;
  for (int dim = 0; dim < last; ++dim) {
    if (modulation::stride_of(tensor, dim) % channels != 0) return false;
  }
  return true;
}

inline bool is_broadcast_extent(int64_t extent, int64_t full) { return extent == 1 || extent == full; }

// [1|B, 1|S, D].
inline bool read_rank_3(const KdaTensor* given, const KdaTensor& x, RowOperand* operand) {
  if (given == nullptr || given->ndim != 3 || !takes_runs(*given, x, x.shape[2]) ||
      !is_broadcast_extent(given->shape[0], x.shape[0]) || !is_broadcast_extent(given->shape[1], x.shape[1])) {
    return false;
  }
  *operand = {modulation::first_element(*given), modulation::stride_of(*given, 0), modulation::stride_of(*given, 1), 1,
              modulation::dtype_of(*given),      false};
  return true;
}

// [1], [D], [1|B, D], [1|B, 1|S, D] or [B, F, 1, D].
inline bool read_operand(const KdaTensor* given, const KdaTensor& x, RowOperand* operand) {
  if (given == nullptr) return false;
  const int64_t batch = x.shape[0], tokens = x.shape[1], channels = x.shape[2];
  if (given->ndim == 3) return read_rank_3(given, x, operand);
  *operand = {modulation::first_element(*given), 0, 0, 1, modulation::dtype_of(*given), false};
  if (given->ndim == 1 && given->shape[0] == 1) {
    operand->is_single = true;
    return takes_runs(*given, x, 1);
  }
  if (given->ndim < 1 || given->ndim > 4 || !takes_runs(*given, x, channels)) return false;
  if (given->ndim == 1) return true;
  operand->batch = modulation::stride_of(*given, 0);
  if (given->ndim == 2) return is_broadcast_extent(given->shape[0], batch);
  const int64_t frames = given->shape[1];
  if (given->shape[0] != batch || given->shape[2] != 1 || frames < 1 || tokens % frames != 0) return false;
  operand->step = modulation::stride_of(*given, 1);
  operand->tokens_per_step = tokens == 0 ? 1 : static_cast<int>(tokens / frames);
  return true;
}

// Layer norm takes weight and bias together or neither, rms norm takes the weight alone.
inline bool read_affine(const KdaTensor* weight, const KdaTensor* bias, const KdaTensor& x, Norm norm, Affine* affine) {
  *affine = {};
  for (const KdaTensor* given : {weight, bias}) {
    if (given != nullptr && (given->ndim != 1 || !takes_runs(*given, x, x.shape[2]))) return false;
  }
  if (weight == nullptr || (norm == Norm::kLayer && bias == nullptr)) return true;
  affine->weight = {modulation::first_element(*weight), 0, 0, 1, modulation::dtype_of(*weight), false};
  if (norm == Norm::kLayer) {
    affine->bias = {modulation::first_element(*bias), 0, 0, 1, modulation::dtype_of(*bias), false};
  }
  return true;
}

// x, or the residual beside it.
inline bool read_input(const KdaTensor* given, const KdaTensor& x, RowOperand* operand) {
  return given != nullptr && same_shape(*given, x) && same_dtype(*given, x) && read_rank_3(given, x, operand);
}

inline bool read_output(const KdaTensor* given, const KdaTensor& x, void** out) {
  if (given == nullptr || !same_shape(*given, x) || !same_dtype(*given, x) || !takes_runs(*given, x, x.shape[2]) ||
      !kda::is_dense(*given)) {
    return false;
  }
  *out = modulation::first_element(*given);
  return true;
}

inline bool read_rows(const KdaCall& call, const KdaTensor* x, NormRows* read) {
  if (call.num_scalars != 2 || call.scalars[0].kind != KDA_SCALAR_INT || call.scalars[1].kind != KDA_SCALAR_FLOAT ||
      x == nullptr || x->ndim != 3 || x->shape[2] < kChannelStep || x->shape[2] % kChannelStep != 0 ||
      x->shape[2] > kMaxChannels || x->shape[0] * x->shape[1] > INT_MAX) {
    return false;
  }
  const int64_t norm = call.scalars[0].value.i;
  if (norm != static_cast<int64_t>(Norm::kLayer) && norm != static_cast<int64_t>(Norm::kRms)) return false;
  *read = {x->shape[0], x->shape[1], static_cast<int>(x->shape[2]), modulation::dtype_of(*x), static_cast<Norm>(norm),
           static_cast<float>(call.scalars[1].value.f)};
  return true;
}

}  // namespace detail

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_norm_scale_shift(const KdaCall& call, NormScaleShiftCall* read) {
  *read = {};
  read->has_residual = call.entry == 1;
  if (call.entry < 0 || call.entry > 1 || call.num_tensors != (read->has_residual ? 9 : 6)) return KDA_INVALID_ARGUMENT;
  const KdaTensor* const* tensor = call.tensors + (read->has_residual ? 1 : 0);
  const KdaTensor* x = *tensor++;
  bool fits = detail::read_rows(call, x, read) && detail::read_input(x, *x, &read->x);
  if (fits && read->has_residual) {
    const KdaTensor* gate = *tensor++;
    fits = detail::read_input(call.tensors[0], *x, &read->residual) &&
           (gate == nullptr || detail::read_operand(gate, *x, &read->gate));
  }
  fits = fits && detail::read_affine(tensor[0], tensor[1], *x, read->norm, &read->affine) &&
         detail::read_operand(tensor[2], *x, &read->scale) && detail::read_operand(tensor[3], *x, &read->shift) &&
         detail::read_output(tensor[4], *x, &read->y) &&
         (!read->has_residual || detail::read_output(tensor[5], *x, &read->res_out));
  return fits ? KDA_OK : KDA_INVALID_ARGUMENT;
}

// KDA_OK with `read` filled, or KDA_INVALID_ARGUMENT.
inline int32_t read_norm_tanh(const KdaCall& call, NormTanhCall* read) {
  *read = {};
  read->is_dual = call.entry == 1;
  if (call.entry < 0 || call.entry > 1 || call.num_tensors != (read->is_dual ? 10 : 6)) return KDA_INVALID_ARGUMENT;
  const KdaTensor* const* tensor = call.tensors;
  const KdaTensor* x = tensor[0];
  bool fits = detail::read_rows(call, x, read) && detail::read_input(x, *x, &read->x) &&
              detail::read_affine(tensor[1], tensor[2], *x, read->norm, &read->affine) &&
              detail::read_rank_3(tensor[3], *x, &read->scale) && detail::read_rank_3(tensor[4], *x, &read->shift);
  if (fits && read->is_dual) {
    fits = detail::read_affine(tensor[5], tensor[6], *x, read->norm, &read->affine2) &&
           detail::read_rank_3(tensor[7], *x, &read->scale2);
  }
  tensor += read->is_dual ? 8 : 5;
  fits = fits && detail::read_output(tensor[0], *x, &read->y) &&
         (!read->is_dual || detail::read_output(tensor[1], *x, &read->y2));
  return fits ? KDA_OK : KDA_INVALID_ARGUMENT;
}

}  // namespace kda::norm_modulation
