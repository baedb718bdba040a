// qknorm_rope_arguments.cuh: what kernels of qknorm_rope take, and how they find a head.
#pragma once

#include <cuda_bf16.h>
#include <string.h>

#include "kda/qknorm_rope_call.cuh"
#include "kda/vec.cuh"

namespace kda::qknorm_rope {

template <typename Position>
struct Arguments {
  __nv_bfloat16 *q, *k;
  int64_t q_token, k_token, head_stride;
  const __nv_bfloat16 *q_weight, *k_weight;
  const float* cache;
  const Position* positions;
  unsigned tokens, q_heads, heads;
  int rope_dim;
  float eps;

  // Heads of q come first. k goes back by them here, not on the host: a call's pointers lie in its own buffers.
  __device__ __forceinline__ __nv_bfloat16* head(unsigned token, unsigned head) const {
    return (head < q_heads ? q + token * q_token : k - q_heads * head_stride + token * k_token) + head * head_stride;
  }
};

// By 32-bit words: `first ? a : b` chooses between addresses, which puts both into local memory.
template <typename T, int N>
__device__ __forceinline__ Vec<T, N> select(bool first, const Vec<T, N>& a, const Vec<T, N>& b) {
  constexpr int kWords = Vec<T, N>::kBytes / 4;
  static_assert(kWords * 4 == Vec<T, N>::kBytes, "whole words");
  uint32_t a_words[kWords], b_words[kWords];
  memcpy(a_words, a.data, sizeof a_words);
  memcpy(b_words, b.data, sizeof b_words);
#pragma unroll
  for (int i = 0; i < kWords; ++i) a_words[i] = first ? a_words[i] : b_words[i];
  Vec<T, N> chosen;
  memcpy(chosen.data, a_words, sizeof a_words);
  return chosen;
}

template <typename Position>
Arguments<Position> arguments_of(const Call& call) {
  return {call.q,
          call.k,
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
