// Barriers with and without early exits, static and dynamic shared memory, built-in variables, block reductions.
#include "kda/reduce.cuh"
#include "testing.h"

namespace {

// Reverses each block's elements through shared memory, over and over, so that a barrier that lets one through shows.
template <typename T, int kThreads>
__global__ void reverse_kernel(T* data, int rounds) {
  __shared__ T tile[kThreads];
  T& element = data[blockIdx.x * kThreads + threadIdx.x];
  for (int i = 0; i < rounds; ++i) {
    tile[threadIdx.x] = element;
    __syncthreads();
    element = tile[kThreads - 1 - static_cast<int>(threadIdx.x)];
    __syncthreads();
  }
}

template <typename T, int kThreads>
void check_reverse(testing::Stream& stream) {
  constexpr int kBlocks = 50;
  std::vector<T> data(kBlocks * kThreads);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<T>(i);
  kda::launch(reverse_kernel<T, kThreads>, kBlocks, kThreads, 0, stream.get(), data.data(), 5);
  for (size_t i = 0; i < data.size(); ++i) {
    const size_t expected = i / kThreads * kThreads + kThreads - 1 - i % kThreads;
    CHECK(data[i] == static_cast<T>(expected), "%d threads, element %zu", kThreads, i);
  }
}

// The first half of the block sums what all of it wrote; the rest has exited by then.
__global__ void early_exit_kernel(int* out) {
  KDA_DYNAMIC_SMEM(int, values);
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  if (threadIdx.x >= blockDim.x / 2) return;
  int sum = 0;
  for (unsigned i = 0; i < blockDim.x; ++i) sum += values[i];
  __syncthreads();
  values[threadIdx.x] = sum;
  __syncthreads();
  out[blockIdx.x * blockDim.x + threadIdx.x] = values[blockDim.x / 2 - 1 - threadIdx.x];
}

void check_early_exit(testing::Stream& stream) {
  for (const unsigned threads : {2u, 64u, 100u, 256u, 1024u}) {
    std::vector<int> out(8 * threads, -1);
    CHECK(kda::launch(early_exit_kernel, 8, threads, threads * sizeof(int), stream.get(), out.data()) == cudaSuccess,
          "%s", stream.error().c_str());
    const int sum = static_cast<int>(threads * (threads - 1) / 2);
    for (size_t i = 0; i < out.size(); ++i) {
      CHECK(out[i] == (i % threads < threads / 2 ? sum : -1), "%u threads, element %zu: %d", threads, i, out[i]);
    }
  }
}

__global__ void predicates_kernel(int* out) {
  const int i = static_cast<int>(threadIdx.x);
  if (i == 99) return;
  const int count = __syncthreads_count(i % 2);
  const int all_small = __syncthreads_and(i < 100);
  const int all_but_one = __syncthreads_and(i != 5);
  const int one = __syncthreads_or(i == 7);
  const int none = __syncthreads_or(i == 99);
  out[i] = count * 16 + all_small + 2 * all_but_one + 4 * one + 8 * none;
}

void check_predicates(testing::Stream& stream) {
  int out[100] = {};
  kda::launch(predicates_kernel, 1, 100, 0, stream.get(), out);
  for (int i = 0; i < 99; ++i) CHECK(out[i] == 49 * 16 + 1 + 4, "thread %d: %d", i, out[i]);
}

struct Place {
  uint3 thread, block;
  dim3 block_dim, grid_dim;
};

__global__ void places_kernel(Place* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  __syncthreads();
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = {threadIdx, blockIdx, blockDim, gridDim};
}

void check_places(testing::Stream& stream) {
  const dim3 grid(3, 5, 2), block(4, 3, 7);
  std::vector<Place> out(30 * 84);
  kda::launch(places_kernel, grid, block, 0, stream.get(), out.data());
  size_t i = 0;
  for (unsigned bz = 0; bz < grid.z; ++bz)
    for (unsigned by = 0; by < grid.y; ++by)
      for (unsigned bx = 0; bx < grid.x; ++bx)
        for (unsigned tz = 0; tz < block.z; ++tz)
          for (unsigned ty = 0; ty < block.y; ++ty)
            for (unsigned tx = 0; tx < block.x; ++tx, ++i) {
              const Place& p = out[i];
              CHECK(p.thread.x == tx && p.thread.y == ty && p.thread.z == tz, "element %zu", i);
              CHECK(p.block.x == bx && p.block.y == by && p.block.z == bz, "element %zu", i);
              CHECK(p.block_dim.x == 4 && p.block_dim.y == 3 && p.block_dim.z == 7, "element %zu", i);
              CHECK(p.grid_dim.x == 3 && p.grid_dim.y == 5 && p.grid_dim.z == 2, "element %zu", i);
            }
}

// Dynamic shared memory starts as all ones in every block, whatever the last block left there.
__global__ void fresh_smem_kernel(unsigned* out, int words) {
  KDA_DYNAMIC_SMEM(unsigned, values);
  unsigned both = ~0u;
  for (int i = static_cast<int>(threadIdx.x); i < words; i += static_cast<int>(blockDim.x)) {
    both &= values[i];
    values[i] = 0;
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = both;
}

void check_fresh_smem(testing::Stream& stream) {
  constexpr size_t kBytes = 200 * 1024;
  std::vector<unsigned> out(16 * 64);
  kda::launch(fresh_smem_kernel, 16, 64, kBytes, stream.get(), out.data(), static_cast<int>(kBytes / 4));
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == ~0u, "element %zu: %x", i, out[i]);
}

template <int kThreads>
__global__ void sums_kernel(float* out) {
  float pair[2] = {static_cast<float>(threadIdx.x), 1.0f};
  kda::block_reduce<kThreads, 0>(pair, kda::Sum{});
  const float high = kda::block_reduce<kThreads, 1>(static_cast<float>(threadIdx.x), kda::Max{});
  const float count = kda::block_sum<kThreads, 2>(1.0f);
  out[threadIdx.x] = pair[0] + pair[1] + high + count;
}

template <int kThreads>
void check_sums(testing::Stream& stream) {
  float out[kThreads];
  kda::launch(sums_kernel<kThreads>, 1, kThreads, 0, stream.get(), out);
  const float expected = kThreads * (kThreads - 1) / 2 + kThreads + (kThreads - 1) + kThreads;
  for (int i = 0; i < kThreads; ++i) CHECK(out[i] == expected, "%d threads, thread %d", kThreads, i);
}

// A stack that is used deeply, in as many fibers as there can be.
__global__ void deep_stack_kernel(int* out) {
  volatile char local[24 * 1024];
  for (int i = 0; i < 24 * 1024; i += 512) local[i] = static_cast<char>(threadIdx.x);
  __syncthreads();
  int wrong = 0;
  for (int i = 0; i < 24 * 1024; i += 512) wrong += local[i] != static_cast<char>(threadIdx.x);
  out[threadIdx.x] = wrong;
}

void check_deep_stacks(testing::Stream& stream) {
  int out[1024];
  kda::launch(deep_stack_kernel, 1, 1024, 0, stream.get(), out);
  for (int i = 0; i < 1024; ++i) CHECK(out[i] == 0, "thread %d", i);
}

}  // namespace

int main() {
  testing::Stream stream;
  check_reverse<int, 32>(stream);
  check_reverse<float, 96>(stream);
  check_reverse<double, 1024>(stream);
  check_reverse<unsigned char, 33>(stream);
  check_early_exit(stream);
  check_predicates(stream);
  check_places(stream);
  check_fresh_smem(stream);
  check_sums<32>(stream);
  check_sums<96>(stream);
  check_sums<128>(stream);
  check_sums<1024>(stream);
  check_deep_stacks(stream);
  return testing::finish("block_test");
}
