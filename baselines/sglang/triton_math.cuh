// triton_math.cuh: f32 arithmetic, accesses and block sums as Triton emits them on sm_90 and sm_100.
#pragma once

#include "kda/reduce.cuh"
#include "kda/vec.cuh"

namespace kda::sglang {

#if defined(KDA_EMULATED)

inline float div_full_approx(float a, float b) { return a / b; }
inline float sqrt_approx(float x) { return sqrtf(x); }

template <typename T>
T load_in_order(const T* from) {
  return *from;
}

template <typename Word>
void store_whole(Word* to, Word word) {
  *to = word;
}

#else

// div.full.f32: Triton's `/`, 2 ulp over the whole range, where nvcc's is correctly rounded.
__device__ __forceinline__ float div_full_approx(float a, float b) {
  float quotient;
  asm("div.full.f32 %0, %1, %2;" : "=f"(quotient) : "f"(a), "f"(b));
  return quotient;
}

// sqrt.approx.f32: Triton's `sqrt`.
__device__ __forceinline__ float sqrt_approx(float x) {
  float root;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(root) : "f"(x));
  return root;
}

// One element, by a load that the front end leaves where it stands, as it does with Triton's; ptxas may move it.
template <typename T>
__device__ __forceinline__ T load_in_order(const T* from) {
  T element;
  if constexpr (sizeof(T) == 2) {
    asm volatile("ld.global.b16 %0, [%1];" : "=h"(*reinterpret_cast<unsigned short*>(&element)) : "l"(from) : "memory");
  } else {
    asm volatile("ld.global.b32 %0, [%1];" : "=r"(*reinterpret_cast<unsigned*>(&element)) : "l"(from) : "memory");
  }
  return element;
}

// One store, as Triton's: of words made of packed pairs, nvcc splits a plain one into several of 4 B.
__device__ __forceinline__ void store_whole(uint4* to, uint4 word) {
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(word.x), "r"(word.y), "r"(word.z), "r"(word.w)
               : "memory");
}
__device__ __forceinline__ void store_whole(uint2* to, uint2 word) {
  asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(to), "r"(word.x), "r"(word.y) : "memory");
}
__device__ __forceinline__ void store_whole(unsigned* to, unsigned word) { *to = word; }
__device__ __forceinline__ void store_whole(unsigned short* to, unsigned short word) { *to = word; }

#endif

// Butterfly within warps, warp sums to shared memory, butterfly of those by one warp, result back through shared
// memory: two barriers, none where the block is one warp.
template <int kWarps>
__device__ __forceinline__ float block_sum_butterfly(float value, float (&partials)[kWarps + 1]) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  value = warp_sum(value);
  if constexpr (kWarps == 1) {
    return value;
  } else {
    if (lane == 0) partials[warp] = value;
    __syncthreads();
    if (warp == 0) {
      const float total = warp_sum<kWarps>(partials[lane % kWarps]);
      if (lane == 0) partials[kWarps] = total;
    }
    __syncthreads();
    return partials[kWarps];
  }
}

}  // namespace kda::sglang
