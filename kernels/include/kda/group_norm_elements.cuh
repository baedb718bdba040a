// group_norm_elements.cuh: what the kernels over dense groups share: a group's place, and the affine of a channel.
//   x, out: [rows = B * num_groups, group_channels * positions] dense;  weight, bias: [num_groups * group_channels]
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"
#include "kda/fast_divide.cuh"
#include "kda/group_norm_math.cuh"

namespace kda::group_norm {

// Elements of an access of 16 B.
template <typename T>
constexpr int kLanes = 16 / static_cast<int>(sizeof(T));

template <typename T>
struct DenseGroups {
  const T *x, *weight, *bias;
  T* out;
  int elements, groups, group_channels;  // elements of a group; groups of a batch
  FastDivide positions;                  // of a channel
  float eps;

  // The first channel of a row's group.
  __device__ __forceinline__ int first_channel(int row) const {
    return static_cast<int>(static_cast<unsigned>(row) % static_cast<unsigned>(groups)) * group_channels;
  }

  // Of channel `channel` of the batch.
  __device__ __forceinline__ ChannelAffine<T> affine(GroupMoments moments, int channel) const {
    return ChannelAffine<T>::of(moments, to_float(__ldg(weight + channel)), to_float(__ldg(bias + channel)));
  }

  // Elements [i, i + N) of a group whose first channel is `first_channel`. With `kWhole`, a vector is in one channel.
  template <bool kWhole, int N>
  __device__ __forceinline__ Vec<T, N> normalised(const Vec<T, N>& x, int i, int first_channel,
                                                  GroupMoments moments) const {
    if constexpr (kWhole || N == 1) {
      return normalise_silu(x, affine(moments, first_channel + static_cast<int>(positions.quotient(i))));
    } else {
      Vec<float, N> y;
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const int of_element = first_channel + static_cast<int>(positions.quotient(i + j));
        y[j] = normalise_silu(x[j], affine(moments, of_element));
      }
      return from_float<T>(y);
    }
  }
};

}  // namespace kda::group_norm
