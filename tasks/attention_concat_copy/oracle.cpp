// oracle.cpp: attention_concat_copy by plain indexing, written from the contract alone. Raw bits move.
//   op_type 0  output[b, s, h, d] = a[b, s, h, d]
//   op_type 1  order 0: a, then b along s;  order 1: b, then a
//   op_type 2  the same with a[b, s, h_start + h, d] for a
// Items are the tokens (b, s) of the output. It is compared bit by bit, so it has its own dtype and is dense.
#include <cstdint>
#include <cstring>

#include "kda/abi.h"

namespace {

enum OpType { kCopy = 0, kConcat = 1, kSliceConcat = 2 };

int64_t element_bytes(const KdaTensor& tensor) { return tensor.dtype.bits / 8; }

int64_t place(const KdaTensor& tensor, int64_t b, int64_t s, int64_t h, int64_t d) {
  return b * tensor.strides[0] + s * tensor.strides[1] + h * tensor.strides[2] + d * tensor.strides[3];
}

char* address(const KdaTensor& tensor, int64_t element) {
  return static_cast<char*>(tensor.data) + tensor.byte_offset + element * element_bytes(tensor);
}

void copy_token(const KdaTensor& from, int64_t b, int64_t from_s, int64_t first_head, const KdaTensor& output,
                int64_t s) {
  const int64_t tokens = output.shape[1], heads = output.shape[2], channels = output.shape[3];
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t d = 0; d < channels; ++d) {
      const int64_t to = ((b * tokens + s) * heads + h) * channels + d;
      std::memcpy(address(output, to), address(from, place(from, b, from_s, first_head + h, d)), element_bytes(output));
    }
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) { return call->tensors[2]->shape[0] * call->tensors[2]->shape[1]; }

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const int64_t op_type = call->scalars[0].value.i, order = call->scalars[1].value.i;
  const int64_t first_head = op_type == kSliceConcat ? call->scalars[2].value.i : 0;
  if (op_type != kCopy && op_type != kConcat && op_type != kSliceConcat) return KDA_INVALID_ARGUMENT;
  const KdaTensor &a = *call->tensors[0], &output = *call->tensors[2];
  for (int64_t item = begin; item < end; ++item) {
    const int64_t b = item / output.shape[1], s = item % output.shape[1];
    if (op_type == kCopy) {
      copy_token(a, b, s, 0, output, s);
      continue;
    }
    const KdaTensor& shard = *call->tensors[1];
    const int64_t first_tokens = order == 0 ? a.shape[1] : shard.shape[1];
    const bool is_first = s < first_tokens;
    const int64_t from_s = is_first ? s : s - first_tokens;
    if (is_first == (order == 0)) {
      copy_token(a, b, from_s, first_head, output, s);
    } else {
      copy_token(shard, b, from_s, 0, output, s);
    }
  }
  return KDA_OK;
}
