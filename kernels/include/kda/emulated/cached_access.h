// Loads and stores with a cache hint. The host has no such hints: they are plain accesses of the types CUDA takes.
#ifndef KDA_EMULATED_CACHED_ACCESS_H
#define KDA_EMULATED_CACHED_ACCESS_H

#include <type_traits>

#include "kda/emulated/qualifiers.h"

#define KDA_CACHED_LOAD(name)             \
  template <typename T>                   \
  __forceinline__ T name(const T* from) { \
    return *from;                         \
  }
#define KDA_CACHED_STORE(name)                                                  \
  template <typename T>                                                         \
  __forceinline__ void name(T* to, const std::type_identity_t<T>& value) {      \
    *to = value;                                                                \
  }

KDA_CACHED_LOAD(__ldg)
KDA_CACHED_LOAD(__ldca)
KDA_CACHED_LOAD(__ldcg)
KDA_CACHED_LOAD(__ldcs)
KDA_CACHED_LOAD(__ldcv)
KDA_CACHED_LOAD(__ldlu)
KDA_CACHED_STORE(__stwb)
KDA_CACHED_STORE(__stcg)
KDA_CACHED_STORE(__stcs)
KDA_CACHED_STORE(__stwt)

#undef KDA_CACHED_LOAD
#undef KDA_CACHED_STORE

#endif
