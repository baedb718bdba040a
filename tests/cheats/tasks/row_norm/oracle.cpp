// oracle.cpp: LayerNorm over rows in double precision; an item is a row.
#include <cmath>

#include "kda/abi.h"

template <typename T>
static T* at(const KdaTensor* tensor) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + tensor->byte_offset);
}

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[3]->shape[0]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const KdaTensor* x = call->tensors[0];
  const auto* weight = at<const float>(call->tensors[1]);
  const auto* bias = at<const float>(call->tensors[2]);
  const int64_t columns = x->shape[1];
  for (int64_t row = begin; row < end; ++row) {
    const auto* from = at<const float>(x) + row * x->strides[0];
    auto* to = at<double>(call->tensors[3]) + row * columns;
    double mean = 0.0, variance = 0.0;
    for (int64_t c = 0; c < columns; ++c) mean += from[c];
    mean /= static_cast<double>(columns);
    for (int64_t c = 0; c < columns; ++c) variance += (from[c] - mean) * (from[c] - mean);
    variance /= static_cast<double>(columns);
    const double scale = 1.0 / std::sqrt(variance + call->scalars[0].value.f);
    for (int64_t c = 0; c < columns; ++c) to[c] = (from[c] - mean) * scale * weight[c] + bias[c];
  }
  return KDA_OK;
}
