// oracle.cpp: acc += scale * x in double precision; an item is an element. The output starts from its input.
#include <cstring>

#include "kda/abi.h"

template <typename T>
static T* at(const KdaTensor* tensor) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + tensor->byte_offset);
}

static float from_bf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[0]->shape[0]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  auto* acc = at<double>(call->tensors[0]);
  const auto* x = at<const uint16_t>(call->tensors[1]);
  const double scale = static_cast<float>(call->scalars[0].value.f);
  for (int64_t i = begin; i < end; ++i) acc[i] += scale * from_bf16(x[i]);
  return KDA_OK;
}
