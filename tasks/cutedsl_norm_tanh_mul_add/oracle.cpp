// oracle.cpp: both entries of cutedsl_norm_tanh_mul_add in double precision, written from the contract alone.
//   layer  n = (x - mean) / sqrt(mean((x - mean)^2) + eps), * weight + bias where both are given
//   rms    n = x / sqrt(mean(x^2) + eps), * weight where given
//   y = n * tanh(scale) + shift
//   dual   n2 = the same norm of y with weight2 and bias2;  y2 = n2 * (1 + scale2)
// Items are rows, b * S + s. n, y and n2 are left unrounded where they are used again: both sides round them, and an
// oracle that did so too would turn differences of one f32 ulp into whole ulps of x's type.
#include <cmath>
#include <cstdint>
#include <vector>

#include "kda/oracle_rows.h"

namespace {

enum NormType { kLayer = 0, kRms = 1 };

// 0 on dimensions of extent 1, whose stride says nothing.
int64_t stride(const KdaTensor& tensor, int dim) { return tensor.shape[dim] == 1 ? 0 : tensor.strides[dim]; }

// The values that row (b, s) meets in a tensor of rank 3, or in one of rank 1.
std::vector<double> row_of(const KdaTensor& tensor, int64_t b, int64_t s) {
  const int64_t first = tensor.ndim == 1 ? 0 : b * stride(tensor, 0) + s * stride(tensor, 1);
  std::vector<double> values(tensor.shape[tensor.ndim - 1]);
  kda::oracle::read_run(tensor, first, static_cast<int64_t>(values.size()), values.data());
  return values;
}

std::vector<double> norm(std::vector<double> row, bool is_layer, double epsilon, const KdaTensor* weight,
                         const KdaTensor* bias) {
  const double count = static_cast<double>(row.size());
  double mean = 0.0, squares = 0.0;
  if (is_layer) {
    for (const double element : row) mean += element;
    mean /= count;
  }
  for (double& element : row) {
    element -= mean;
    squares += element * element;
  }
  const double factor = 1.0 / std::sqrt(squares / count + epsilon);
  for (double& element : row) element *= factor;
  if (weight != nullptr && (!is_layer || bias != nullptr)) {
    const std::vector<double> weights = row_of(*weight, 0, 0);
    for (size_t c = 0; c < row.size(); ++c) row[c] *= weights[c];
    if (is_layer) {
      const std::vector<double> biases = row_of(*bias, 0, 0);
      for (size_t c = 0; c < row.size(); ++c) row[c] += biases[c];
    }
  }
  return row;
}

double* output_row(const KdaTensor& tensor, int64_t row) {
  return static_cast<double*>(tensor.data) + row * tensor.shape[2];
}

void tanh_row(const KdaCall& call, int64_t row) {
  const KdaTensor* const* tensor = call.tensors;
  const KdaTensor& x = *tensor[0];
  const bool is_dual = call.entry == 1, is_layer = call.scalars[0].value.i == kLayer;
  const double epsilon = static_cast<float>(call.scalars[1].value.f);
  const int64_t b = row / x.shape[1], s = row % x.shape[1];

  const std::vector<double> n = norm(row_of(x, b, s), is_layer, epsilon, tensor[1], tensor[2]);
  const std::vector<double> scale = row_of(*tensor[3], b, s), shift = row_of(*tensor[4], b, s);
  std::vector<double> y(n.size());
  for (size_t c = 0; c < n.size(); ++c) y[c] = n[c] * std::tanh(scale[c]) + shift[c];
  double* out = output_row(*tensor[is_dual ? 8 : 5], row);
  for (size_t c = 0; c < n.size(); ++c) out[c] = y[c];
  if (!is_dual) return;

  const std::vector<double> n2 = norm(y, is_layer, epsilon, tensor[5], tensor[6]), scale2 = row_of(*tensor[7], b, s);
  double* out2 = output_row(*tensor[9], row);
  for (size_t c = 0; c < n.size(); ++c) out2[c] = n2[c] * (1.0 + scale2[c]);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0] * call->tensors[0]->shape[1]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != 0 && call->entry != 1) return KDA_INVALID_ARGUMENT;
  for (int64_t row = begin; row < end; ++row) tanh_row(*call, row);
  return KDA_OK;
}
