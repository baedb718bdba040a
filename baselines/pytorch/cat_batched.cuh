// cat_batched.cuh: port of PyTorch's torch.cat along one dimension, one launch for all sources.
//   output[slice, offset of source y + i] = source y[slice, i];  a slice is what one index before the dimension holds
// Moves 2 * bytes of the output. Bound: HBM.
// Grid: (min(32 * SMs, ceil(vectors of the longest source / 128)), sources), blocks of 128 threads; a thread takes one
// vector a turn and strides over its source by the grid. x follows the longest source: on a short one, most blocks end
// at once.
//   cat_vectors_kernel   16 B a thread and turn, where pointers and slices are whole 16 B
//   cat_elements_kernel  loads of kPerLoad elements, stores of one, a division for each
#pragma once

#include "kda/launch.cuh"
#include "kda/vec.cuh"

namespace kda::pytorch {

constexpr int kCatThreads = 128;
constexpr int kCatBlocksPerSm = 32;
constexpr int kCatVectorBytes = 16;
constexpr int kMaxCatSources = 128;  // upstream's table; it goes by value, about 3 KB of kernel arguments

struct CatTable {
  const void* data[kMaxCatSources];
  uint32_t offset[kMaxCatSources];    // where the source begins in a slice of the output
  uint32_t slice[kMaxCatSources];     // of the source
  uint32_t elements[kMaxCatSources];  // of the source; all three in elements
  bool is_contiguous[kMaxCatSources];
  uint32_t out_slice;
};

template <int kPerVector>
__global__ void __launch_bounds__(kCatThreads) cat_vectors_kernel(char* output, const CatTable table) {
  uint32_t index = blockIdx.x * kCatThreads + threadIdx.x;
  const uint32_t vectors = table.elements[blockIdx.y] / kPerVector;
  if (index >= vectors) return;
  const char* data = static_cast<const char*>(table.data[blockIdx.y]);
  const uint32_t slice = table.slice[blockIdx.y] / kPerVector;
  const uint32_t out_slice = table.out_slice / kPerVector;
  char* out = output + int64_t{table.offset[blockIdx.y] / kPerVector} * kCatVectorBytes;
  const uint32_t stride = gridDim.x * kCatThreads;
  while (index < vectors) {
    const uint32_t row = index / slice, column = index - row * slice;
    const uint4 vector = *reinterpret_cast<const uint4*>(data + int64_t{index} * kCatVectorBytes);
    *reinterpret_cast<uint4*>(out + int64_t{row * out_slice + column} * kCatVectorBytes) = vector;
    index += stride;
  }
}

template <typename T, int kPerLoad>
__global__ void __launch_bounds__(kCatThreads) cat_elements_kernel(T* output, const CatTable table) {
  uint32_t index = blockIdx.x * kCatThreads + threadIdx.x;
  const T* data = static_cast<const T*>(table.data[blockIdx.y]);
  const uint32_t elements = table.elements[blockIdx.y], slice = table.slice[blockIdx.y];
  T* out = output + table.offset[blockIdx.y];
  const uint32_t stride = gridDim.x * kCatThreads;
  const auto store = [&](uint32_t element, T value) {
    const uint32_t row = element / slice;
    out[row * table.out_slice + (element - row * slice)] = value;
  };
  for (; index < elements / kPerLoad; index += stride) {
    const Vec<T, kPerLoad> values = Vec<T, kPerLoad>::load(data + int64_t{index} * kPerLoad);
#pragma unroll
    for (int i = 0; i < kPerLoad; ++i) store(index * kPerLoad + i, values[i]);
  }
  // Elements past the last whole load.
  const uint32_t tail = elements / kPerLoad * kPerLoad + (blockIdx.x * kCatThreads + threadIdx.x);
  if (tail < elements) store(tail, data[tail]);
}

// Two dense sources [slices, a slice of the source]; counts in elements.
struct CatCall {
  char* output;
  const char* data[2];
  int64_t slice[2];
  int64_t slices;

  int64_t out_slice() const { return slice[0] + slice[1]; }
  // Counts are 32 bits wide; upstream copies source by source where they do not fit.
  bool is_in_reach() const { return slices * out_slice() <= INT32_MAX; }
};

inline bool begins_at(const void* pointer, int bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

inline bool takes_vectors(const CatCall& call, int element_bytes) {
  bool takes = begins_at(call.output, kCatVectorBytes);
  for (int i = 0; i < 2; ++i) {
    takes = takes && begins_at(call.data[i], kCatVectorBytes) && call.slice[i] * element_bytes % kCatVectorBytes == 0;
  }
  return takes;
}

inline CatTable table_of(const CatCall& call) {
  CatTable table = {};
  for (int i = 0; i < 2; ++i) {
    table.data[i] = call.data[i];
    table.offset[i] = static_cast<uint32_t>(i == 0 ? 0 : call.slice[0]);
    table.slice[i] = static_cast<uint32_t>(call.slice[i]);
    table.elements[i] = static_cast<uint32_t>(call.slices * call.slice[i]);
    table.is_contiguous[i] = true;
  }
  table.out_slice = static_cast<uint32_t>(call.out_slice());
  return table;
}

template <typename T>
cudaError_t launch_cat(const CatCall& call, void* stream) {
  int device = 0, multiprocessors = 0;
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) {
    status = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  }
  if (status != cudaSuccess) return status;
  const int64_t longest = call.slices * (call.slice[0] > call.slice[1] ? call.slice[0] : call.slice[1]);
  const auto grid = [&](int64_t per_thread) {
    const int64_t blocks = ((longest + per_thread - 1) / per_thread + kCatThreads - 1) / kCatThreads;
    const int64_t most = int64_t{kCatBlocksPerSm} * multiprocessors;
    return dim3(static_cast<unsigned>(blocks < most ? blocks : most), 2);
  };
  const CatTable table = table_of(call);
  constexpr int kPerVector = kCatVectorBytes / sizeof(T);
  if (takes_vectors(call, sizeof(T))) {
    return launch(cat_vectors_kernel<kPerVector>, grid(kPerVector), dim3(kCatThreads), 0, stream, call.output, table);
  }
  // 8 B of 2 B elements, 16 B of 4 B elements; single loads where a source begins off 16 B.
  T* output = reinterpret_cast<T*>(call.output);
  if (begins_at(call.data[0], kCatVectorBytes) && begins_at(call.data[1], kCatVectorBytes)) {
    return launch(cat_elements_kernel<T, 4>, grid(4), dim3(kCatThreads), 0, stream, output, table);
  }
  return launch(cat_elements_kernel<T, 1>, grid(1), dim3(kCatThreads), 0, stream, output, table);
}

}  // namespace kda::pytorch
