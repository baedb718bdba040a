// qknorm_rope_arguments.cuh: what kernels of qknorm_rope take, and how they find a head.
#pragma once

#include <cuda_bf16.h>

#include "kda/qknorm_rope_call.cuh"

namespace kda::qknorm_rope {

template <typename Position>
struct Arguments {
  __nv_bfloat16 *q, *k;  // k is biased by -q_heads * head_stride, so that one head index serves both
  int64_t q_token, k_token, head_stride;
  const __nv_bfloat16 *q_weight, *k_weight;
  const float* cache;
  const Position* positions;
  unsigned tokens, q_heads, heads;
  int rope_dim;
  float eps;

  __device__ __forceinline__ __nv_bfloat16* head(unsigned token, unsigned head) const {
    return (head < q_heads ? q + token * q_token : k + token * k_token) + head * head_stride;
  }
};

template <typename Position>
Arguments<Position> arguments_of(const Call& call) {
  const uintptr_t bias = static_cast<uintptr_t>(call.q_heads * call.head_stride) * sizeof(__nv_bfloat16);
  return {call.q,
          reinterpret_cast<__nv_bfloat16*>(reinterpret_cast<uintptr_t>(call.k) - bias),
          call.q_token,
          call.k_token,
          call.head_stride,
          call.q_weight,
          call.k_weight,
          call.cache,
          static_cast<const Position*>(call.positions),
          static_cast<unsigned>(call.tokens),
          static_cast<unsigned>(call.q_heads),
          static_cast<unsigned>(call.heads()),
          call.rope_dim,
          call.eps};
}

}  // namespace kda::qknorm_rope
