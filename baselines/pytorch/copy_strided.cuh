// copy_strided.cuh: port of PyTorch's tensor.copy_ between different strides, on its general elementwise path.
//   to[b, s, i] = from[b, s, i];  i runs over H * D elements that are dense in both, s and b over pitches
// Moves 2 * batch*tokens*run * sizeof(T) B, by accesses of one element: 64 B a warp where T has 2 B. Bound: HBM on
// paper, instructions in fact, as every element divides its index once a dimension.
// Grid: ceil(n / (128 * kPerThread)) blocks of 128 threads. A thread takes kPerThread elements 128 apart, one after the
// other: the two may alias upstream, so that a load waits for the store before it.
#pragma once

#include "kda/launch.cuh"
#include "pytorch/add_broadcast.cuh"
#include "pytorch/offset_calculator.cuh"

namespace kda::pytorch {

// T has the width of the element; what it means does not matter.
template <typename T>
__global__ void __launch_bounds__(kElementwiseThreads, 4)
    copy_elementwise_kernel(int elements, char* to, const char* from, const OffsetCalculator<2> calculator) {
  int index = kElementwiseThreads * kPerThread<T> * blockIdx.x + threadIdx.x;
#pragma unroll
  for (int i = 0; i < kPerThread<T>; ++i) {
    if (index < elements) {
      const Offsets<2> offset = calculator.get(index);
      *reinterpret_cast<T*>(to + offset.of[0]) = *reinterpret_cast<const T*>(from + offset.of[1]);
      index += kElementwiseThreads;
    }
  }
}

// A dimension of a copy; pitches in bytes.
struct CopyDim {
  int64_t size, to_pitch, from_pitch;
};

constexpr int kCopyDims = 3;

// A copy, or a part of one. The dimensions are the run's elements, tokens and batches.
struct CopyPart {
  char* to;
  const char* from;
  CopyDim dims[kCopyDims];

  int64_t elements() const { return dims[0].size * dims[1].size * dims[2].size; }
};

// Dimensions of size 1 are dropped, and one that goes on where the one before it ends is merged with that.
inline OffsetCalculator<2> coalesced(const CopyPart& part) {
  OffsetCalculator<2> calculator = {};
  CopyDim merged[kCopyDims];
  int count = 0;
  for (const CopyDim& dim : part.dims) {
    if (dim.size == 1) continue;
    CopyDim* last = count == 0 ? nullptr : &merged[count - 1];
    if (last != nullptr && dim.to_pitch == last->size * last->to_pitch &&
        dim.from_pitch == last->size * last->from_pitch) {
      last->size *= dim.size;
    } else {
      merged[count++] = dim;
    }
  }
  calculator.dims = count;
  for (int dim = 0; dim < count; ++dim) {
    calculator.sizes[dim] = IntDivider::of(static_cast<uint32_t>(merged[dim].size));
    calculator.strides[dim][0] = static_cast<uint32_t>(merged[dim].to_pitch);
    calculator.strides[dim][1] = static_cast<uint32_t>(merged[dim].from_pitch);
  }
  return calculator;
}

template <typename T>
cudaError_t launch_copy(const CopyPart& part, void* stream) {
  if (part.elements() == 0) return cudaSuccess;
  // Offsets are 32 bits wide: a larger copy is halved along its farthest reaching dimension, as upstream does.
  int64_t to_reach = 0, from_reach = 0, farthest = -1;
  int split = 0;
  for (int dim = 0; dim < kCopyDims; ++dim) {
    const CopyDim& d = part.dims[dim];
    const int64_t to = (d.size - 1) * d.to_pitch, from = (d.size - 1) * d.from_pitch;
    to_reach += to;
    from_reach += from;
    if (d.size > 1 && (to > from ? to : from) > farthest) {
      farthest = to > from ? to : from;
      split = dim;
    }
  }
  if (to_reach > INT32_MAX || from_reach > INT32_MAX || part.elements() > INT32_MAX) {
    CopyPart first = part, second = part;
    const int64_t half = part.dims[split].size / 2;
    first.dims[split].size = half;
    second.dims[split].size -= half;
    second.to += half * part.dims[split].to_pitch;
    second.from += half * part.dims[split].from_pitch;
    const cudaError_t status = launch_copy<T>(first, stream);
    return status == cudaSuccess ? launch_copy<T>(second, stream) : status;
  }
  constexpr int kPerBlock = kElementwiseThreads * kPerThread<T>;
  const int64_t blocks = (part.elements() + kPerBlock - 1) / kPerBlock;
  return launch(copy_elementwise_kernel<T>, dim3(static_cast<unsigned>(blocks)), dim3(kElementwiseThreads), 0, stream,
                part.elements(), part.to, part.from, coalesced(part));
}

}  // namespace kda::pytorch
