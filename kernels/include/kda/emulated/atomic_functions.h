// Atomics and fences. Blocks run on several threads of the host, so these are real.
#ifndef KDA_EMULATED_ATOMIC_FUNCTIONS_H
#define KDA_EMULATED_ATOMIC_FUNCTIONS_H

#include <stdint.h>
#include <string.h>

#include <type_traits>

#include "kda/emulated/qualifiers.h"

namespace kda::emulated {

// Replaces *address by update(*address) and returns what it was. Compares bits, so that a NaN does not loop forever.
template <typename T, typename Update>
__forceinline__ T atomic_update(T* address, Update update) {
  using Bits = std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>;
  static_assert(sizeof(T) == sizeof(Bits));
  Bits* const bits = reinterpret_cast<Bits*>(address);
  Bits old_bits = __atomic_load_n(bits, __ATOMIC_RELAXED);
  for (;;) {
    T old;
    memcpy(&old, &old_bits, sizeof(T));
    const T updated = update(old);
    Bits new_bits;
    memcpy(&new_bits, &updated, sizeof(T));
    if (__atomic_compare_exchange_n(bits, &old_bits, new_bits, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return old;
  }
}

template <typename T>
concept AtomicInteger = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, long> ||
                        std::is_same_v<T, unsigned long> || std::is_same_v<T, long long> ||
                        std::is_same_v<T, unsigned long long>;

template <typename T>
concept AtomicSummand = AtomicInteger<T> || std::is_same_v<T, float> || std::is_same_v<T, double>;

}  // namespace kda::emulated

// The value's type does not take part in deduction, so that atomicAdd(&float_sum, 1) works as in CUDA.
template <kda::emulated::AtomicSummand T>
__forceinline__ T atomicAdd(T* address, std::type_identity_t<T> value) {
  if constexpr (kda::emulated::AtomicInteger<T>) {
    return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
  } else {
    return kda::emulated::atomic_update(address, [value](T old) { return old + value; });
  }
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicSub(T* address, std::type_identity_t<T> value) {
  return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicMax(T* address, std::type_identity_t<T> value) {
  return kda::emulated::atomic_update(address, [value](T old) { return old < value ? value : old; });
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicMin(T* address, std::type_identity_t<T> value) {
  return kda::emulated::atomic_update(address, [value](T old) { return value < old ? value : old; });
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicAnd(T* address, std::type_identity_t<T> value) {
  return __atomic_fetch_and(address, value, __ATOMIC_RELAXED);
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicOr(T* address, std::type_identity_t<T> value) {
  return __atomic_fetch_or(address, value, __ATOMIC_RELAXED);
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicXor(T* address, std::type_identity_t<T> value) {
  return __atomic_fetch_xor(address, value, __ATOMIC_RELAXED);
}
template <kda::emulated::AtomicSummand T>
__forceinline__ T atomicExch(T* address, std::type_identity_t<T> value) {
  return kda::emulated::atomic_update(address, [value](T) { return value; });
}
template <kda::emulated::AtomicInteger T>
__forceinline__ T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  __atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return compare;
}
// Wrap around, as CUDA defines them.
__forceinline__ unsigned atomicInc(unsigned* address, unsigned limit) {
  return kda::emulated::atomic_update(address, [limit](unsigned old) { return old >= limit ? 0 : old + 1; });
}
__forceinline__ unsigned atomicDec(unsigned* address, unsigned limit) {
  return kda::emulated::atomic_update(address,
                                      [limit](unsigned old) { return old == 0 || old > limit ? limit : old - 1; });
}

__forceinline__ void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
__forceinline__ void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
__forceinline__ void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
