// predicated_load.cuh: loads under a predicate, as one predicated instruction a word instead of a branch.
//
//   auto x = kda::load_or_zero<8>(input + i, i < n);
//
// A conditional C++ load is a branch until the assembler folds it, which costs freedom in scheduling; this is what
// Triton emits for `tl.load(pointer, mask, other=0)`. Issue order among these loads is kept by the compiler front end.
#pragma once

#include "kda/vec.cuh"

namespace kda {

#if defined(KDA_EMULATED)

template <int N, typename T>
Vec<T, N> load_or_zero(const T* from, bool valid) {
  Vec<T, N> v = {};
  if (valid) v = Vec<T, N>::load(from);
  return v;
}

#else

namespace detail {

__device__ __forceinline__ uint4 ld_global_or_zero(const uint4* from, bool valid) {
  uint4 word;
  asm volatile(
      "{\n"
      "  .reg .pred p;\n"
      "  setp.ne.b32 p, %5, 0;\n"
      "  mov.b32 %0, 0;\n"
      "  mov.b32 %1, 0;\n"
      "  mov.b32 %2, 0;\n"
      "  mov.b32 %3, 0;\n"
      "  @p ld.global.v4.b32 {%0, %1, %2, %3}, [%4];\n"
      "}\n"
      : "=&r"(word.x), "=&r"(word.y), "=&r"(word.z), "=&r"(word.w)
      : "l"(from), "r"(static_cast<int>(valid)));
  return word;
}

__device__ __forceinline__ uint2 ld_global_or_zero(const uint2* from, bool valid) {
  uint2 word;
  asm volatile(
      "{\n"
      "  .reg .pred p;\n"
      "  setp.ne.b32 p, %3, 0;\n"
      "  mov.b32 %0, 0;\n"
      "  mov.b32 %1, 0;\n"
      "  @p ld.global.v2.b32 {%0, %1}, [%2];\n"
      "}\n"
      : "=&r"(word.x), "=&r"(word.y)
      : "l"(from), "r"(static_cast<int>(valid)));
  return word;
}

}  // namespace detail

// N elements of 8 or a multiple of 16 bytes, zero where not `valid`. Default caching.
template <int N, typename T>
__device__ __forceinline__ Vec<T, N> load_or_zero(const T* from, bool valid) {
  using Word = typename Vec<T, N>::Word;
  static_assert(sizeof(Word) >= 8, "one or more words of 8 or 16 bytes");
  Vec<T, N> v;
#pragma unroll
  for (int i = 0; i < Vec<T, N>::kWords; ++i) {
    reinterpret_cast<Word*>(v.data)[i] = detail::ld_global_or_zero(reinterpret_cast<const Word*>(from) + i, valid);
  }
  return v;
}

#endif

}  // namespace kda
