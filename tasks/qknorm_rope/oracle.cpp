// oracle.cpp: qknorm_rope, written from the contract alone.
//   y = x * w / sqrt(mean(x^2) + eps) over D;  p = positions[token], c = cache[p][j], s = cache[p][R/2 + j]
//   pairs (2j, 2j+1), or (j, j + R/2) with is_neox:  z = y c - y' s, z' = y' c + y s;  elements from R on keep y
// Items are tokens. Nothing is rounded between norm and rotation, so all is double; eps is a float in the call.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kda/abi.h"

namespace {

template <typename T>
T fetch(const KdaTensor& tensor, int64_t element) {
  T value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + tensor.byte_offset + element * sizeof value,
              sizeof value);
  return value;
}

double bf16_value(const KdaTensor& tensor, int64_t element) {
  const uint32_t wide = static_cast<uint32_t>(fetch<uint16_t>(tensor, element)) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof result);
  return result;
}

// Token `token` of q or k, a dense f64 tensor that holds the input and takes the output.
void token_heads(const KdaTensor& x, const KdaTensor& weight, const std::vector<double>& cos_sin, bool is_neox,
                 double eps, int64_t token) {
  const int64_t heads = x.shape[1], size = x.shape[2], half = static_cast<int64_t>(cos_sin.size()) / 2;
  for (int64_t head = 0; head < heads; ++head) {
    double* const y = reinterpret_cast<double*>(static_cast<char*>(x.data) + x.byte_offset) +
                      (token * heads + head) * size;
    double squares = 0.0;
    for (int64_t i = 0; i < size; ++i) squares += y[i] * y[i];
    const double factor = 1.0 / std::sqrt(squares / static_cast<double>(size) + eps);
    for (int64_t i = 0; i < size; ++i) y[i] *= factor * bf16_value(weight, i);
    for (int64_t j = 0; j < half; ++j) {
      double &first = y[is_neox ? j : 2 * j], &second = y[is_neox ? j + half : 2 * j + 1];
      const double a = first, b = second, c = cos_sin[j], s = cos_sin[half + j];
      first = a * c - b * s;
      second = b * c + a * s;
    }
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  if (call->entry != 0) return KDA_INVALID_ARGUMENT;
  const KdaTensor &cache = *call->tensors[4], &positions = *call->tensors[5];
  const int64_t width = cache.shape[1];
  const bool is_neox = call->scalars[0].value.i != 0;
  const double eps = static_cast<float>(call->scalars[1].value.f);
  std::vector<double> cos_sin(static_cast<size_t>(width));
  for (int64_t token = begin; token < end; ++token) {
    const bool is_wide = positions.dtype.bits == 64;
    const int64_t row = is_wide ? fetch<int64_t>(positions, token) : fetch<int32_t>(positions, token);
    for (int64_t i = 0; i < width; ++i) cos_sin[i] = fetch<float>(cache, row * width + i);
    token_heads(*call->tensors[0], *call->tensors[2], cos_sin, is_neox, eps, token);
    token_heads(*call->tensors[1], *call->tensors[3], cos_sin, is_neox, eps, token);
  }
  return KDA_OK;
}
