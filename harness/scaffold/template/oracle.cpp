// oracle.cpp: y = a + b in double precision; an item is an element.
#include "kda/abi.h"

template <typename T>
static T* at(const KdaTensor* t) {
  return reinterpret_cast<T*>(static_cast<char*>(t->data) + t->byte_offset);
}

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[2]->shape[0]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const auto* a = at<const float>(call->tensors[0]);
  const auto* b = at<const float>(call->tensors[1]);
  auto* y = at<double>(call->tensors[2]);
  for (int64_t i = begin; i < end; ++i) y[i] = static_cast<double>(a[i]) + static_cast<double>(b[i]);
  return KDA_OK;
}
