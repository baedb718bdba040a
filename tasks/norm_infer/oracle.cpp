// oracle.cpp: both entries of norm_infer in double precision, written from the contract alone.
//   A: h = (x - mean) / sqrt(var + eps), population variance, or x / sqrt(mean(x^2) + eps);  y = h [* weight] [+ bias]
//   B: y = x / sqrt(mean(x^2) + eps) * w
// Items are rows of the last dimension. The contract rounds once, to the dtype of out, which is left to whoever
// compares; eps is single precision.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kda/abi.h"

namespace {

enum Entry { kNorm = 0, kOnePass = 1 };

template <typename T>
T fetch(const KdaTensor& tensor, int64_t element) {
  T value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + tensor.byte_offset + element * sizeof value,
              sizeof value);
  return value;
}

// IEEE binary16, subnormals, infinities and NaN included.
double half_value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? HUGE_VAL : std::nan("");
  } else {
    magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double value(const KdaTensor& tensor, int64_t element) {
  if (tensor.dtype.bits == 32) return fetch<float>(tensor, element);
  const uint16_t bits = fetch<uint16_t>(tensor, element);
  if (tensor.dtype.code != KDA_BFLOAT) return half_value(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof result);
  return result;
}

// Where row `row` of x begins; rows are counted over all dimensions but the last.
int64_t row_start(const KdaTensor& x, int64_t row) {
  int64_t start = 0;
  for (int dim = x.ndim - 2; dim >= 0; --dim) {
    start += row % x.shape[dim] * x.strides[dim];
    row /= x.shape[dim];
  }
  return start;
}

struct Operands {
  const KdaTensor *x, *weight, *bias, *out;
  bool is_rms;
  double epsilon;
};

Operands operands_of(const KdaCall& call) {
  const auto epsilon = static_cast<double>(static_cast<float>(call.scalars[0].value.f));
  if (call.entry == kOnePass) return {call.tensors[0], call.tensors[1], nullptr, call.tensors[2], true, epsilon};
  return {call.tensors[0], call.tensors[1], call.tensors[2], call.tensors[3], call.scalars[1].value.i != 0, epsilon};
}

void normalise_row(const Operands& operands, int64_t row) {
  const KdaTensor& x = *operands.x;
  const int64_t columns = x.shape[x.ndim - 1], start = row_start(x, row);
  std::vector<double> h(static_cast<size_t>(columns));
  double sum = 0.0, squares = 0.0;
  for (int64_t c = 0; c < columns; ++c) {
    h[c] = value(x, start + c * x.strides[x.ndim - 1]);
    sum += h[c];
  }
  const double mean = operands.is_rms ? 0.0 : sum / static_cast<double>(columns);
  for (double& element : h) {
    element -= mean;
    squares += element * element;
  }
  const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(columns) + operands.epsilon);
  double* const out = reinterpret_cast<double*>(static_cast<char*>(operands.out->data) + operands.out->byte_offset);
  for (int64_t c = 0; c < columns; ++c) {
    double y = h[c] * inverse;
    if (operands.weight != nullptr) y *= value(*operands.weight, c);
    if (operands.bias != nullptr) y += value(*operands.bias, c);
    out[row * columns + c] = y;
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) {
  const KdaTensor& x = *call->tensors[0];
  int64_t rows = x.shape[x.ndim - 1] == 0 ? 0 : 1;
  for (int dim = 0; dim + 1 < x.ndim; ++dim) rows *= x.shape[dim];
  return rows;
}

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != kNorm && call->entry != kOnePass) return KDA_INVALID_ARGUMENT;
  const Operands operands = operands_of(*call);
  for (int64_t row = begin; row < end; ++row) normalise_row(operands, row);
  return KDA_OK;
}
