// oracle.cpp: both entries of residual_gate_add in double precision, written from the contract alone.
//   A: out = residual + update * gate;  gate of the residual's shape, or one row of it for every row
//   B: out[0, s, p, d] = a[0, 0, p, d] + b[0, s, p, d]
// Items are rows of the last dimension for A and frames for B. The contract's rounding point is kept: with 16-bit
// operands the sum is single precision before it is stored. With f32 operands it is left unrounded, so that one FMA
// and a product rounded before the sum are judged alike. An output that is compared bit by bit is rounded here.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kda/abi.h"

namespace {

enum Entry { kResidualGateAdd = 0, kBroadcastAdd = 1 };

bool is_bf16(const KdaTensor& tensor) { return tensor.dtype.code == KDA_BFLOAT; }

template <typename T>
T fetch(const KdaTensor& tensor, int64_t element) {
  T value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + tensor.byte_offset + element * sizeof value,
              sizeof value);
  return value;
}

template <typename T>
void put(const KdaTensor& tensor, int64_t element, T value) {
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

// Every input is dense: the contract refuses others.
double value(const KdaTensor& tensor, int64_t element) {
  if (tensor.dtype.bits == 32) return fetch<float>(tensor, element);
  const uint16_t bits = fetch<uint16_t>(tensor, element);
  if (!is_bf16(tensor)) return half_value(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof result);
  return result;
}

// Nearest even. `value` is finite: grids compare bits only where every result is.
uint16_t bf16_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

uint16_t half_bits(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(static_cast<double>(value));
  if (magnitude == 0.0) return sign;
  const int exponent = std::max(std::ilogb(magnitude), -14);
  // Units of the last place, rounded to nearest even; a carry runs into the exponent by itself.
  const int64_t units = std::llrint(std::ldexp(magnitude, 10 - exponent));
  const int64_t bits = (static_cast<int64_t>(exponent + 14) << 10) + units;
  return static_cast<uint16_t>(sign | (bits < 0x7c00 ? bits : 0x7c00));
}

void store(const KdaTensor& out, int64_t element, const KdaTensor& like, double result) {
  if (like.dtype.bits == 16) result = static_cast<float>(result);
  if (out.dtype.bits == 64) {
    put(out, element, result);
  } else if (out.dtype.bits == 32) {
    put(out, element, static_cast<float>(result));
  } else {
    const float single = static_cast<float>(result);
    put(out, element, is_bf16(out) ? bf16_bits(single) : half_bits(single));
  }
}

int64_t elements_from(const KdaTensor& tensor, int first) {
  int64_t count = 1;
  for (int dim = first; dim < tensor.ndim; ++dim) count *= tensor.shape[dim];
  return count;
}

bool has_same_shape(const KdaTensor& a, const KdaTensor& b) {
  for (int dim = 0; dim < a.ndim; ++dim) {
    if (a.shape[dim] != b.shape[dim]) return false;
  }
  return true;
}

void gated_row(const KdaCall& call, int64_t row) {
  const KdaTensor &residual = *call.tensors[0], &update = *call.tensors[1], &gate = *call.tensors[2];
  const int64_t channels = residual.shape[residual.ndim - 1];
  const int64_t first = row * channels, first_gate = has_same_shape(gate, residual) ? first : 0;
  for (int64_t c = 0; c < channels; ++c) {
    const double result =
        std::fma(value(update, first + c), value(gate, first_gate + c), value(residual, first + c));
    store(*call.tensors[3], first + c, residual, result);
  }
}

void added_frame(const KdaCall& call, int64_t frame) {
  const KdaTensor &a = *call.tensors[0], &b = *call.tensors[1];
  const int64_t period = elements_from(b, 2);
  for (int64_t i = 0; i < period; ++i) {
    store(*call.tensors[2], frame * period + i, b, value(a, i) + value(b, frame * period + i));
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) {
  if (call->entry == kBroadcastAdd) return call->tensors[1]->shape[1];
  const KdaTensor& residual = *call->tensors[0];
  const int64_t channels = residual.shape[residual.ndim - 1];
  return channels == 0 ? 0 : elements_from(residual, 0) / channels;
}

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != kResidualGateAdd && call->entry != kBroadcastAdd) return KDA_INVALID_ARGUMENT;
  for (int64_t item = begin; item < end; ++item) {
    if (call->entry == kResidualGateAdd) {
      gated_row(*call, item);
    } else {
      added_frame(*call, item);
    }
  }
  return KDA_OK;
}
