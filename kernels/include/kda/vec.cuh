// vec.cuh: `kda::Vec<T, N>`, N elements moved by one access (or by several of 16 bytes, the widest that every GPU has).
//
//   auto x = kda::Vec<__nv_bfloat16, 8>::load_readonly(input + i);
//   kda::Vec<float, 8> f = kda::to_float(x);
//   kda::from_float<__nv_bfloat16>(f).store(output + i);
//
// The pointer must be aligned to `alignof(Vec<T, N>)`; check it on the host with `kda::aligned` of tensor.cuh.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

namespace kda {

namespace detail {

template <int kBytes>
struct Word {
  using type = uint4;
};
template <>
struct Word<1> {
  using type = unsigned char;
};
template <>
struct Word<2> {
  using type = unsigned short;
};
template <>
struct Word<4> {
  using type = unsigned int;
};
template <>
struct Word<8> {
  using type = uint2;
};

}  // namespace detail

// Element conversions that round to nearest even.
__host__ __device__ __forceinline__ float to_float(float x) { return x; }
__host__ __device__ __forceinline__ float to_float(__half x) { return __half2float(x); }
__host__ __device__ __forceinline__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__host__ __device__ __forceinline__ T from_float(float x);
template <>
__host__ __device__ __forceinline__ float from_float<float>(float x) {
  return x;
}
template <>
__host__ __device__ __forceinline__ __half from_float<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__host__ __device__ __forceinline__ __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

template <typename T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vec {
  static constexpr int kBytes = static_cast<int>(sizeof(T)) * N;
  static_assert((kBytes < 16 && (kBytes & (kBytes - 1)) == 0) || kBytes % 16 == 0,
                "a Vec takes 1, 2, 4 or 8 bytes, or a multiple of 16");
  using Word = typename detail::Word<(kBytes < 16 ? kBytes : 16)>::type;
  static constexpr int kWords = kBytes / static_cast<int>(sizeof(Word));
  static constexpr int kSize = N;

  T data[N];

  __host__ __device__ __forceinline__ T& operator[](int i) { return data[i]; }
  __host__ __device__ __forceinline__ const T& operator[](int i) const { return data[i]; }

  static __device__ __forceinline__ Vec filled(T value) {
    Vec v;
#pragma unroll
    for (int i = 0; i < N; ++i) v.data[i] = value;
    return v;
  }

  // Default caching; global or shared memory.
  static __device__ __forceinline__ Vec load(const T* from) {
    Vec v;
#pragma unroll
    for (int i = 0; i < kWords; ++i) v.words()[i] = reinterpret_cast<const Word*>(from)[i];
    return v;
  }

  // Read-only path (ld.global.nc): for memory that nothing writes while the kernel runs.
  static __device__ __forceinline__ Vec load_readonly(const T* from) {
    Vec v;
#pragma unroll
    for (int i = 0; i < kWords; ++i) v.words()[i] = __ldg(reinterpret_cast<const Word*>(from) + i);
    return v;
  }

  // Evict-first (ld.global.cs): for data that is touched once.
  static __device__ __forceinline__ Vec load_streaming(const T* from) {
    Vec v;
#pragma unroll
    for (int i = 0; i < kWords; ++i) v.words()[i] = __ldcs(reinterpret_cast<const Word*>(from) + i);
    return v;
  }

  __device__ __forceinline__ void store(T* to) const {
#pragma unroll
    for (int i = 0; i < kWords; ++i) reinterpret_cast<Word*>(to)[i] = words()[i];
  }

  // Evict-first (st.global.cs): for data that nobody reads back soon.
  __device__ __forceinline__ void store_streaming(T* to) const {
#pragma unroll
    for (int i = 0; i < kWords; ++i) __stcs(reinterpret_cast<Word*>(to) + i, words()[i]);
  }

 private:
  __device__ __forceinline__ Word* words() { return reinterpret_cast<Word*>(data); }
  __device__ __forceinline__ const Word* words() const { return reinterpret_cast<const Word*>(data); }
};

template <typename T, int N>
__device__ __forceinline__ Vec<float, N> to_float(const Vec<T, N>& v) {
  Vec<float, N> f;
#pragma unroll
  for (int i = 0; i < N; ++i) f[i] = to_float(v[i]);
  return f;
}

// Pairs are rounded by one instruction (cvt.rn.bf16x2.f32, cvt.rn.f16x2.f32) where the element has one.
template <typename T, int N>
__device__ __forceinline__ Vec<T, N> from_float(const Vec<float, N>& f) {
  Vec<T, N> v;
#pragma unroll
  for (int i = 0; i + 1 < N; i += 2) {
    if constexpr (sizeof(T) == 2) {
      const auto pair = [&] {
        if constexpr (__is_same(T, __half)) {
          return __floats2half2_rn(f[i], f[i + 1]);
        } else {
          return __floats2bfloat162_rn(f[i], f[i + 1]);
        }
      }();
      v[i] = pair.x;
      v[i + 1] = pair.y;
    } else {
      v[i] = from_float<T>(f[i]);
      v[i + 1] = from_float<T>(f[i + 1]);
    }
  }
  if constexpr (N % 2 == 1) v[N - 1] = from_float<T>(f[N - 1]);
  return v;
}

}  // namespace kda
