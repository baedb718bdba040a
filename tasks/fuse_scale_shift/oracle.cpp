// oracle.cpp: the three entries of fuse_scale_shift in double precision, written from the contract alone.
//   A: out = x * (k + scale) + shift;  x: [B, L, C], scale and shift broadcast over it, or scale [B, F, 1, C]
//   B: h = (x - mean) * rsqrt(var + eps) [* weight] [+ bias];  out = h * (1 + scale_s) + shift_s;  gate_out = gate_s
//   C: r = residual + residual_gate * x, then B of r
// Items are token rows, b * L + l. The contract's rounding points are kept: k + scale and r are single precision (x
// in double keeps both in double), everything after them is double and is left unrounded. gate_out, and `out` of a
// call whose result is a bit copy of x, are copied as bytes.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "kda/abi.h"

namespace {

enum Entry { kScaleShift = 0, kLayerNorm = 1, kResidualLayerNorm = 2 };

// Read access to a host tensor of any dtype; offsets count elements.
class Reader {
 public:
  explicit Reader(const KdaTensor* tensor) : tensor_(tensor) {}
  explicit operator bool() const { return tensor_ != nullptr; }

  int rank() const { return tensor_->ndim; }
  int64_t extent(int dim) const { return tensor_->shape[dim]; }
  // 0 on dimensions of extent 1, whose stride says nothing.
  int64_t stride(int dim) const { return tensor_->shape[dim] == 1 ? 0 : tensor_->strides[dim]; }
  int64_t element_bytes() const { return tensor_->dtype.bits / 8; }
  bool is_double() const { return tensor_->dtype.code == KDA_FLOAT && tensor_->dtype.bits == 64; }
  bool is_single_value() const { return rank() == 0 || (rank() == 1 && extent(0) == 1); }

  const char* address(int64_t offset) const {
    return static_cast<const char*>(tensor_->data) + tensor_->byte_offset + offset * element_bytes();
  }

  // `count` elements from `offset` on, `stride` apart, as doubles: exact for every float type.
  std::vector<double> row(int64_t offset, int64_t stride, int64_t count) const {
    switch (tensor_->dtype.code) {
      case KDA_BFLOAT:
        return decode<uint16_t>(offset, stride, count, [](uint16_t bits) { return bit_cast_float(bits << 16); });
      case KDA_FLOAT:
        if (tensor_->dtype.bits == 16) return decode<uint16_t>(offset, stride, count, half_value);
        if (tensor_->dtype.bits == 32) return decode<float>(offset, stride, count, [](float value) { return value; });
        return decode<double>(offset, stride, count, [](double value) { return value; });
      default:
        return std::vector<double>(count, 0.0);
    }
  }

  double first() const { return row(0, 0, 1)[0]; }

  // For an index tensor: any integer width, or bool.
  bool is_nonzero(int64_t offset) const {
    const char* bytes = address(offset);
    for (int64_t i = 0; i < element_bytes(); ++i) {
      if (bytes[i] != 0) return true;
    }
    return false;
  }

 private:
  template <typename T, typename Value>
  std::vector<double> decode(int64_t offset, int64_t stride, int64_t count, Value value_of) const {
    std::vector<double> values(count);
    const char* from = address(offset);
    for (int64_t i = 0; i < count; ++i) {
      T element;
      std::memcpy(&element, from + i * stride * static_cast<int64_t>(sizeof(T)), sizeof element);
      values[i] = value_of(element);
    }
    return values;
  }

  static float bit_cast_float(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  // IEEE binary16: with the exponent's bias moved by a factor of 2^112, subnormals fall into place too.
  static float half_value(uint16_t bits) {
    const uint32_t magnitude = (bits & 0x7FFFu) << 13;
    const bool is_finite = (bits & 0x7C00u) != 0x7C00u;
    const float value = is_finite ? bit_cast_float(magnitude) * 0x1p112f : bit_cast_float(magnitude | 0x7F800000u);
    return (bits & 0x8000u) != 0 ? -value : value;
  }

  const KdaTensor* tensor_;
};

template <typename T>
T* writable(const KdaTensor* tensor) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + tensor->byte_offset);
}

// Offset of the row that token (b, l) sees, and the channel stride within it.
struct Row {
  int64_t offset;
  int64_t channel_stride;
};

Row broadcast_row(const Reader& operand, int64_t b, int64_t l) {
  switch (operand.rank()) {
    case 2:
      return {b * operand.stride(0), operand.stride(1)};
    case 3:
      return {b * operand.stride(0) + l * operand.stride(1), operand.stride(2)};
    default:
      return {0, 0};
  }
}

Row frame_row(const Reader& scale, int64_t b, int64_t l, int64_t tokens) {
  const int64_t tokens_per_frame = tokens / scale.extent(1);
  return {b * scale.stride(0) + l / tokens_per_frame * scale.stride(1), scale.stride(3)};
}

// Beside a framed scale, shift holds one row a token in row-major order of its own shape, whatever that shape is.
// Its last dimension is C.
Row per_token_row(const Reader& shift, int64_t row) {
  int64_t offset = 0;
  for (int dim = shift.rank() - 2; dim >= 0; --dim) {
    offset += row % shift.extent(dim) * shift.stride(dim);
    row /= shift.extent(dim);
  }
  return {offset, shift.stride(shift.rank() - 1)};
}

void scale_shift_row(const KdaCall* call, int64_t row) {
  const Reader x(call->tensors[0]), scale(call->tensors[1]), shift(call->tensors[2]);
  const KdaTensor* out = call->tensors[3];
  const int64_t tokens = x.extent(1), channels = x.extent(2);
  const int64_t b = row / tokens, l = row % tokens, first = row * channels;

  const bool is_copy = scale.is_single_value() && shift.is_single_value() && scale.first() == 0.0 && shift.first() == 0.0;
  const int64_t out_bytes = Reader(out).element_bytes();
  if (is_copy && out_bytes == x.element_bytes()) {
    std::memcpy(writable<char>(out) + first * x.element_bytes(), x.address(first), channels * x.element_bytes());
    return;
  }

  const bool framed = scale.rank() == 4;
  const Row scale_row = framed ? frame_row(scale, b, l, tokens) : broadcast_row(scale, b, l);
  const Row shift_row = framed ? per_token_row(shift, row) : broadcast_row(shift, b, l);
  const double constant = call->scalars[0].value.f;
  const bool in_double = x.is_double() || scale.is_double() || shift.is_double();
  const std::vector<double> values = x.row(first, 1, channels);
  const std::vector<double> scales = scale.row(scale_row.offset, scale_row.channel_stride, channels);
  const std::vector<double> shifts = shift.row(shift_row.offset, shift_row.channel_stride, channels);
  for (int64_t c = 0; c < channels; ++c) {
    double result = values[c];
    if (!is_copy && in_double) {
      result = std::fma(values[c], constant + scales[c], shifts[c]);
    } else if (!is_copy) {
      // Two singles multiply exactly in double, so product and sum round once, as an FMA does.
      const float factor = static_cast<float>(constant) + static_cast<float>(scales[c]);
      result = values[c] * static_cast<double>(factor) + shifts[c];
    }
    // A call of f32 x with narrower modulation is compared bitwise, so its `out` may be f32 here.
    if (out_bytes == 8) {
      writable<double>(out)[first + c] = result;
    } else {
      writable<float>(out)[first + c] = static_cast<float>(result);
    }
  }
}

void layernorm_row(const KdaCall* call, int64_t row) {
  const KdaTensor* const* tensor = call->tensors;
  const bool has_residual = call->entry == kResidualLayerNorm;
  const Reader x(tensor[0]), residual(has_residual ? tensor[1] : nullptr),
      residual_gate(has_residual ? tensor[2] : nullptr);
  tensor += has_residual ? 3 : 1;
  const Reader weight(tensor[0]), bias(tensor[1]), index(tensor[8]);
  const int64_t tokens = x.extent(1), channels = x.extent(2);
  const int64_t b = row / tokens, l = row % tokens, first = row * channels;
  const int set = index.is_nonzero(b * index.stride(0) + l * index.stride(1)) ? 1 : 0;
  const Reader scale(tensor[2 + 3 * set]), shift(tensor[3 + 3 * set]), gate(tensor[4 + 3 * set]);
  double* out = writable<double>(tensor[9]) + first;
  double* residual_out = has_residual ? writable<double>(tensor[10]) + first : nullptr;
  char* gate_out = writable<char>(tensor[has_residual ? 11 : 10]) + first * x.element_bytes();

  std::vector<double> values = x.row(first, 1, channels);
  if (has_residual) {
    const std::vector<double> adds = residual.row(first, 1, channels), factors = residual_gate.row(first, 1, channels);
    for (int64_t c = 0; c < channels; ++c) {
      const double exact = factors[c] * values[c] + adds[c];
      const float rounded = static_cast<float>(exact);
      residual_out[c] = x.element_bytes() == 4 ? exact : rounded;
      values[c] = rounded;
    }
  }
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(channels);
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double epsilon = static_cast<float>(call->scalars[0].value.f);
  const double inverse_deviation = 1.0 / std::sqrt(squares / static_cast<double>(channels) + epsilon);
  const std::vector<double> scales = scale.row(b * scale.stride(0), scale.stride(1), channels);
  const std::vector<double> shifts = shift.row(b * shift.stride(0), shift.stride(1), channels);
  const std::vector<double> weights = weight ? weight.row(0, weight.stride(0), channels) : std::vector(channels, 1.0);
  const std::vector<double> biases = bias ? bias.row(0, bias.stride(0), channels) : std::vector(channels, 0.0);
  for (int64_t c = 0; c < channels; ++c) {
    const double h = (values[c] - mean) * inverse_deviation * weights[c] + biases[c];
    out[c] = h * (1.0 + scales[c]) + shifts[c];
    std::memcpy(gate_out + c * x.element_bytes(), gate.address(b * gate.stride(0) + c * gate.stride(1)),
                x.element_bytes());
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0] * call->tensors[0]->shape[1]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry < kScaleShift || call->entry > kResidualLayerNorm) return KDA_INVALID_ARGUMENT;
  for (int64_t row = begin; row < end; ++row) {
    if (call->entry == kScaleShift) {
      scale_shift_row(call, row);
    } else {
      layernorm_row(call, row);
    }
  }
  return KDA_OK;
}
