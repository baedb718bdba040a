// oracle.cpp: sums over rows in double precision; an item is a column.
#include "kda/abi.h"

template <typename T>
static T* at(const KdaTensor* tensor) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + tensor->byte_offset);
}

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[1]->shape[0]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const auto* x = at<const float>(call->tensors[0]);
  auto* y = at<double>(call->tensors[1]);
  const int64_t rows = call->tensors[0]->shape[0], columns = call->tensors[0]->shape[1];
  for (int64_t c = begin; c < end; ++c) {
    double sum = 0.0;
    for (int64_t row = 0; row < rows; ++row) sum += x[row * columns + c];
    y[c] = sum;
  }
  return KDA_OK;
}
