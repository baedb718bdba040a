// oracle.cpp: GroupNorm and SiLU in double precision, written from the contract alone.
//   t = (x - mean) / sqrt(var + eps) * weight[c] + bias[c];  out = t * sigmoid(t)
// mean and biased variance are those of a batch's group of C / num_groups channels, all their space included. Items are
// (batch, group). Nothing after the loads is rounded; sums are taken relative to the group's first element.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kda/abi.h"

namespace {

constexpr int kSpaceDims = 3;

struct F32 {
  using Bits = float;
  static double value(float x) { return x; }
};

struct Bf16 {
  using Bits = uint16_t;
  static double value(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float x;
    std::memcpy(&x, &wide, sizeof x);
    return x;
  }
};

struct F16 {
  using Bits = uint16_t;
  static double value(uint16_t bits) {
    // Exponent and mantissa as those of a float 2^112 times too small; NaN and infinities take the float's.
    uint32_t wide = static_cast<uint32_t>(bits & 0x7fff) << 13;
    const bool finite = (bits & 0x7c00) != 0x7c00;
    if (!finite) wide |= 0x7f800000;
    wide |= static_cast<uint32_t>(bits & 0x8000) << 16;
    float x;
    std::memcpy(&x, &wide, sizeof x);
    return finite ? x * 0x1p112f : x;
  }
};

template <typename Dtype>
const typename Dtype::Bits* elements(const KdaTensor& tensor) {
  return reinterpret_cast<const typename Dtype::Bits*>(static_cast<const char*>(tensor.data) + tensor.byte_offset);
}

// The positions of one channel, in row-major order.
struct Space {
  int64_t sizes[kSpaceDims] = {1, 1, 1};
  int64_t strides[kSpaceDims] = {0, 0, 0};

  explicit Space(const KdaTensor& x) {
    for (int dim = 2; dim < x.ndim; ++dim) {
      const int at = dim - x.ndim + kSpaceDims;
      sizes[at] = x.shape[dim];
      strides[at] = x.strides[dim];
    }
  }

  int64_t count() const { return sizes[0] * sizes[1] * sizes[2]; }

  template <typename Body>
  void each(Body body) const {
    for (int64_t i = 0; i < sizes[0]; ++i) {
      for (int64_t j = 0; j < sizes[1]; ++j) {
        const int64_t row = i * strides[0] + j * strides[1];
        for (int64_t k = 0; k < sizes[2]; ++k) body(row + k * strides[2]);
      }
    }
  }
};

template <typename Dtype>
void group(const KdaCall& call, int64_t item) {
  const KdaTensor &x = *call.tensors[0], &out = *call.tensors[3];
  const int64_t num_groups = call.scalars[0].value.i, channels = x.shape[1] / num_groups;
  const double eps = static_cast<float>(call.scalars[1].value.f);
  const int64_t batch = item / num_groups, first = item % num_groups * channels;
  const Space space(x);
  const int64_t count = channels * space.count();
  if (count == 0) return;
  const auto* from = elements<Dtype>(x) + batch * x.strides[0] + first * x.strides[1];
  const double origin = Dtype::value(*from);
  double sum = 0.0, squares = 0.0;
  for (int64_t c = 0; c < channels; ++c) {
    const auto* channel = from + c * x.strides[1];
    space.each([&](int64_t position) {
      const double distance = Dtype::value(channel[position]) - origin;
      sum += distance;
      squares += distance * distance;
    });
  }
  const double shift = sum / static_cast<double>(count), mean = origin + shift;
  double variance = squares / static_cast<double>(count) - shift * shift;
  if (variance < 0.0) variance = 0.0;  // a NaN stays one: infinities among the elements leave no variance
  const double scale = 1.0 / std::sqrt(variance + eps);
  auto* to = reinterpret_cast<double*>(static_cast<char*>(out.data) + out.byte_offset) +
             (batch * x.shape[1] + first) * space.count();
  for (int64_t c = 0; c < channels; ++c) {
    const auto* channel = from + c * x.strides[1];
    const double weight = Dtype::value(elements<Dtype>(*call.tensors[1])[first + c]);
    const double bias = Dtype::value(elements<Dtype>(*call.tensors[2])[first + c]);
    space.each([&](int64_t position) {
      const double t = (Dtype::value(channel[position]) - mean) * scale * weight + bias;
      *to++ = t * (1.0 / (1.0 + std::exp(-t)));
    });
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0] * call->scalars[0].value.i; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const KdaDataType dtype = call->tensors[0]->dtype;
  for (int64_t item = begin; item < end; ++item) {
    if (dtype.bits == 32) {
      group<F32>(*call, item);
    } else if (dtype.code == KDA_BFLOAT) {
      group<Bf16>(*call, item);
    } else {
      group<F16>(*call, item);
    }
  }
  return KDA_OK;
}
