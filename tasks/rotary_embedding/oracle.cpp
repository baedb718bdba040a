// oracle.cpp: both entries of rotary_embedding, written from the contract alone.
//   A: out[2j] = fma(-b, s, f32(a * c)), out[2j+1] = fma(a, s, f32(b * c));  a = x[2j], b = x[2j+1]
//   B: out[j] = bf16(a * c) - b * s, out[j + h] = bf16(b * c) + a * s;       a = x[j], b = x[j + h]
// Items are the tokens of all batches. The rounding of the cos product is the contract's and is kept: to f32 for A, to
// x's type and then to bf16 for B. What follows is double, rounded by whoever compares.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kda/abi.h"

namespace {

enum Entry { kPairs = 0, kSplit = 1 };

bool is_bf16(const KdaTensor& tensor) { return tensor.dtype.code == KDA_BFLOAT; }

template <typename T>
T fetch(const KdaTensor& tensor, int64_t element) {
  T value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + tensor.byte_offset + element * sizeof value,
              sizeof value);
  return value;
}

void put(const KdaTensor& tensor, int64_t element, double value) {
  std::memcpy(static_cast<char*>(tensor.data) + tensor.byte_offset + element * sizeof value, &value, sizeof value);
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
  if (!is_bf16(tensor)) return half_value(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof result);
  return result;
}

// To nearest even, with `precision` significant bits, `least` the exponent of the smallest normal number.
double rounded(double value, int precision, int least, double largest) {
  if (value == 0.0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), least) - (precision - 1);
  const double result = std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
  return std::fabs(result) > largest ? std::copysign(HUGE_VAL, result) : result;
}

double to_f16(double value) { return rounded(value, 11, -14, 65504.0); }
double to_bf16(double value) { return rounded(value, 8, -126, std::ldexp(255.0, 120)); }

// Row `row` of x and out is [H, D], dense.
void pairs_row(const KdaCall& call, int64_t row) {
  const KdaTensor &x = *call.tensors[0], &cos = *call.tensors[1], &sin = *call.tensors[2];
  const int64_t width = x.shape[x.ndim - 1], heads = x.shape[x.ndim - 2], columns = cos.shape[1];
  const int64_t step = columns == width ? 2 : 1;
  const int64_t table = row % cos.shape[0] * columns;
  for (int64_t head = 0; head < heads; ++head) {
    for (int64_t j = 0; j < width / 2; ++j) {
      const int64_t first = (row * heads + head) * width + 2 * j;
      const double a = value(x, first), b = value(x, first + 1);
      const double c = value(cos, table + j * step), s = value(sin, table + j * step);
      put(*call.tensors[3], first, std::fma(-b, s, static_cast<double>(static_cast<float>(a * c))));
      put(*call.tensors[3], first + 1, std::fma(a, s, static_cast<double>(static_cast<float>(b * c))));
    }
  }
}

int64_t place(const KdaTensor& table, int64_t b, int64_t head, int64_t s, int64_t j) {
  return b * table.strides[0] + head * table.strides[1] + s * table.strides[2] + j * table.strides[3];
}

void split_row(const KdaCall& call, int64_t row) {
  const KdaTensor &x = *call.tensors[0], &cos = *call.tensors[1], &sin = *call.tensors[2];
  const int64_t heads = cos.shape[1], tokens = cos.shape[2], half = cos.shape[3];
  const int64_t batch = row / tokens, token = row % tokens;
  const auto cos_product = [&](double product) { return to_bf16(is_bf16(x) ? product : to_f16(product)); };
  for (int64_t head = 0; head < heads; ++head) {
    for (int64_t j = 0; j < half; ++j) {
      const int64_t first = (row * heads + head) * 2 * half + j;
      const double a = value(x, first), b = value(x, first + half);
      const double c = value(cos, place(cos, batch, head, token, j));
      const double s = value(sin, place(sin, batch, head, token, j));
      put(*call.tensors[3], first, std::fma(-b, s, cos_product(a * c)));
      put(*call.tensors[3], first + half, std::fma(a, s, cos_product(b * c)));
    }
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) {
  const KdaTensor& x = *call->tensors[0];
  return x.ndim == 3 && call->entry == kPairs ? x.shape[0] : x.shape[0] * x.shape[1];
}

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != kPairs && call->entry != kSplit) return KDA_INVALID_ARGUMENT;
  for (int64_t row = begin; row < end; ++row) {
    if (call->entry == kPairs) {
      pairs_row(*call, row);
    } else {
      split_row(*call, row);
    }
  }
  return KDA_OK;
}
