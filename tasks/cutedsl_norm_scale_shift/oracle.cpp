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
#include <vector>

#include "kda/oracle_rows.h"

namespace {

enum NormType { kLayer = 0, kRms = 1 };

bool same_type(const KdaTensor& a, const KdaTensor& b) {
  return a.dtype.code == b.dtype.code && a.dtype.bits == b.dtype.bits;
}

// 0 on dimensions of extent 1, whose stride says nothing.
int64_t stride(const KdaTensor& tensor, int dim) { return tensor.shape[dim] == 1 ? 0 : tensor.strides[dim]; }

// The `channels` values that row (b, s) of x meets.
std::vector<double> row_of(const KdaTensor& tensor, int64_t b, int64_t s, int64_t tokens, int64_t channels) {
  int64_t first = 0;
  if (tensor.ndim == 2) first = b * stride(tensor, 0);
  if (tensor.ndim == 3) first = b * stride(tensor, 0) + s * stride(tensor, 1);
  if (tensor.ndim == 4) first = b * stride(tensor, 0) + s / (tokens / tensor.shape[1]) * stride(tensor, 1);
  std::vector<double> values(channels);
  if (tensor.ndim == 1 && tensor.shape[0] == 1) {
    kda::oracle::read_run(tensor, 0, 1, values.data());
    values.assign(channels, values[0]);
  } else {
    kda::oracle::read_run(tensor, first, channels, values.data());
  }
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
    // The product of two f32 is exact in double, so this rounds once.
    for (int64_t c = 0; c < channels; ++c) r[c] = factor[c] * r[c] + base[c];
    if (!is_rounded_once) {
      for (double& element : r) element = static_cast<float>(element);
    }
    std::copy(r.begin(), r.end(), res_out);
    kda::oracle::round_run(x, channels, r.data());
  }

  const bool is_layer = call.scalars[0].value.i == kLayer;
  double mean = 0.0, squares = 0.0;
  for (int64_t c = 0; is_layer && c < channels; ++c) mean += r[c];
  mean /= static_cast<double>(channels);
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
