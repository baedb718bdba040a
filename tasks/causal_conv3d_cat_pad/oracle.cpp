// oracle.cpp: causal_conv3d_cat_pad by plain indexing, written from the contract alone. Raw bits move.
//   ts = d - (pad_d_left - P),  hs = h - pad_h_top,  ws = w - pad_w_left
//   out[n, c, d, h, w] = cache[n, c, ts, hs, ws] for 0 <= ts < P, x[n, c, ts - P, hs, ws] for ts >= P; 0 elsewhere
// Items are the planes (n, c, d) of the output. It is compared bit by bit, so it has its own dtype and is dense.
#include <cstdint>
#include <cstring>

#include "kda/abi.h"

namespace {

int64_t element_bytes(const KdaTensor& tensor) { return tensor.dtype.bits / 8; }

char* address(const KdaTensor& tensor, int64_t element) {
  return static_cast<char*>(tensor.data) + tensor.byte_offset + element * element_bytes(tensor);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

int64_t kda_oracle_items(const KdaCall* call) {
  const int64_t* shape = call->tensors[2]->shape;
  return shape[0] * shape[1] * shape[2];
}

int32_t kda_oracle_run(const KdaCall* call, int64_t begin, int64_t end) {
  const KdaTensor &x = *call->tensors[0], &cache = *call->tensors[1], &out = *call->tensors[2];
  const int64_t pad_w = call->scalars[0].value.i, pad_h = call->scalars[2].value.i;
  const int64_t cached = cache.shape[2], zeros = call->scalars[4].value.i - cached;
  const int64_t channels = out.shape[1], depth = out.shape[2], height = out.shape[3], width = out.shape[4];
  for (int64_t item = begin; item < end; ++item) {
    const int64_t n = item / depth / channels, c = item / depth % channels, ts = item % depth - zeros;
    const KdaTensor& from = ts < cached ? cache : x;
    const int64_t t = ts < cached ? ts : ts - cached;
    for (int64_t h = 0; h < height; ++h) {
      for (int64_t w = 0; w < width; ++w) {
        char* to = address(out, (item * height + h) * width + w);
        const int64_t hs = h - pad_h, ws = w - pad_w;
        if (ts < 0 || hs < 0 || hs >= x.shape[3] || ws < 0 || ws >= x.shape[4]) {
          std::memset(to, 0, element_bytes(out));
          continue;
        }
        const int64_t place = n * from.strides[0] + c * from.strides[1] + t * from.strides[2] + hs * from.strides[3] +
                              ws * from.strides[4];
        std::memcpy(to, address(from, place), element_bytes(out));
      }
    }
  }
  return KDA_OK;
}
