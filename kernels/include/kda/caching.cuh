// caching.cuh: loads and stores of data touched once, with the cache policy as a template argument.
//
//   auto x = kda::load_stream<kda::Caching::kEvictFirst, 8>(input + i);
//
// Which policy is faster depends on the mix of streams; it is measured, not derived.
#pragma once

#include "kda/vec.cuh"

namespace kda {

// How the streams pass through the caches.
enum class Caching { kEvictFirst, kDefault };

template <Caching kCaching, int N, typename T>
__device__ __forceinline__ Vec<T, N> load_stream(const T* from) {
  if constexpr (kCaching == Caching::kEvictFirst)
    return Vec<T, N>::load_streaming(from);
  else
    return Vec<T, N>::load(from);
}

template <Caching kCaching, typename T, int N>
__device__ __forceinline__ void store_stream(T* to, const Vec<T, N>& v) {
  if constexpr (kCaching == Caching::kEvictFirst)
    v.store_streaming(to);
  else
    v.store(to);
}

}  // namespace kda
