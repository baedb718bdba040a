// oracle.cpp: both entries of cutedsl_norm_scale_shift in double precision, written from the contract alone.
//   [r = residual + gate * x, or residual + x, rounded to x's type]
//   layer  n = (r - mean) / sqrt(mean((r - mean)^2) + eps), * weight + bias where both are given
//   rms    n = r / sqrt(mean(r^2) + eps), * weight where given
//   y = n * (1 + scale) + shift
// Items are rows, b * S + s. r is rounded as the contract says, once where residual, gate and x have one 16-bit type
// and by way of f32 otherwise, since it is stored and the norm is of what is stored. n is left unrounded: both sides
// round it, and an oracle that did so too would turn differences of one f32 ulp into whole ulps of y.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kda/abi.h"

namespace {

enum NormType { kLayer = 0, kRms = 1 };

float float_of_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// IEEE binary16: with the exponent's bias moved by a factor of 2^112, subnormals fall into place too.
float half_value(uint16_t bits) {
  const uint32_t magnitude = (bits & 0x7FFFu) << 13;
  const bool is_finite = (bits & 0x7C00u) != 0x7C00u;
  const float value = is_finite ? float_of_bits(magnitude) * 0x1p112f : float_of_bits(magnitude | 0x7F800000u);
  return (bits & 0x8000u) != 0 ? -value : value;
}

bool is_bf16(const KdaTensor& tensor) { return tensor.dtype.code == KDA_BFLOAT; }
bool is_f32(const KdaTensor& tensor) { return tensor.dtype.bits == 32; }
bool same_type(const KdaTensor& a, const KdaTensor& b) {
  return a.dtype.code == b.dtype.code && a.dtype.bits == b.dtype.bits;
}

double value(const KdaTensor& tensor, int64_t element) {
  const int64_t element_bytes = tensor.dtype.bits / 8;
  const char* from = static_cast<const char*>(tensor.data) + tensor.byte_offset + element * element_bytes;
  if (is_f32(tensor)) {
    float single;
    std::memcpy(&single, from, sizeof single);
    return single;
  }
  uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return is_bf16(tensor) ? float_of_bits(static_cast<uint32_t>(bits) << 16) : half_value(bits);
}

// The nearest value of the tensor's type, ties to even.
double rounded_like(const KdaTensor& tensor, double exact) {
  if (is_f32(tensor)) return static_cast<float>(exact);
  if (!std::isfinite(exact) || exact == 0.0) return exact;
  const int digits = is_bf16(tensor) ? 8 : 11, lowest = is_bf16(tensor) ? -126 : -14;
  const double limit = is_bf16(tensor) ? 0x1.FEp127 : 65504.0;
  const int exponent = std::max(std::ilogb(exact), lowest) - (digits - 1);
  const double result = std::ldexp(std::nearbyint(std::ldexp(exact, -exponent)), exponent);
  return std::fabs(result) > limit ? std::copysign(HUGE_VAL, exact) : result;
}

// 0 on dimensions of extent 1, whose stride says nothing.
int64_t stride(const KdaTensor& tensor, int dim) { return tensor.shape[dim] == 1 ? 0 : tensor.strides[dim]; }

// The `channels` values that row (b, s) of x meets.
std::vector<double> row_of(const KdaTensor& tensor, int64_t b, int64_t s, int64_t tokens, int64_t channels) {
  int64_t first = 0;
  if (tensor.ndim == 2) first = b * stride(tensor, 0);
  if (tensor.ndim == 3) first = b * stride(tensor, 0) + s * stride(tensor, 1);
  if (tensor.ndim == 4) first = b * stride(tensor, 0) + s / (tokens / tensor.shape[1]) * stride(tensor, 1);
  const bool is_single = tensor.ndim == 1 && tensor.shape[0] == 1;
  std::vector<double> values(channels);
  for (int64_t c = 0; c < channels; ++c) values[c] = value(tensor, is_single ? 0 : first + c);
  return values;
}

void norm_row(const KdaCall& call, int64_t row) {
  const bool has_residual = call.entry == 1;
  const KdaTensor* const* tensor = call.tensors;
  const KdaTensor* residual = has_residual ? *tensor++ : nullptr;
  const KdaTensor& x = **tensor++;
  const KdaTensor* gate = has_residual ? *tensor++ : nullptr;
  const KdaTensor *weight = tensor[0], *bias = tensor[1], &scale = *tensor[2], &shift = *tensor[3];
  const int64_t tokens = x.shape[1], channels = x.shape[2], b = row / tokens, s = row % tokens;
  double* y = static_cast<double*>(tensor[4]->data) + row * channels;
  const auto operand = [&](const KdaTensor& given) { return row_of(given, b, s, tokens, channels); };

  std::vector<double> r = operand(x);
  if (has_residual) {
    double* res_out = static_cast<double*>(tensor[5]->data) + row * channels;
    const std::vector<double> base = operand(*residual);
    const std::vector<double> factor = gate != nullptr ? operand(*gate) : std::vector<double>(channels, 1.0);
    const bool is_rounded_once = gate == nullptr || same_type(*gate, x);
    for (int64_t c = 0; c < channels; ++c) {
      const double exact = std::fma(factor[c], r[c], base[c]);
      res_out[c] = is_rounded_once ? exact : static_cast<float>(exact);
      r[c] = rounded_like(x, res_out[c]);
    }
  }

  const bool is_layer = call.scalars[0].value.i == kLayer;
  double mean = 0.0, squares = 0.0;
  for (int64_t c = 0; is_layer && c < channels; ++c) mean += r[c] / static_cast<double>(channels);
  for (int64_t c = 0; c < channels; ++c) squares += (r[c] - mean) * (r[c] - mean);
  const double epsilon = static_cast<float>(call.scalars[1].value.f);
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(channels) + epsilon);

  const bool has_weight = weight != nullptr && (!is_layer || bias != nullptr);
  const bool has_bias = has_weight && is_layer;
  const std::vector<double> weights = has_weight ? operand(*weight) : std::vector<double>(channels, 1.0);
  const std::vector<double> biases = has_bias ? operand(*bias) : std::vector<double>(channels, 0.0);
  const std::vector<double> scales = operand(scale), shifts = operand(shift);
  for (int64_t c = 0; c < channels; ++c) {
    const double n = (r[c] - mean) * factor * weights[c] + biases[c];
    y[c] = n * (1.0 + scales[c]) + shifts[c];
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

// Tensors 0 and 1 of entry 1 have one shape, so the first says it for both entries.
int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0] * call->tensors[0]->shape[1]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != 0 && call->entry != 1) return KDA_INVALID_ARGUMENT;
  for (int64_t row = begin; row < end; ++row) norm_row(*call, row);
  return KDA_OK;
}
