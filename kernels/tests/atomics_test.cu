// Atomics across blocks that run at the same time, the last-block pattern, and a compare-and-swap lock.
#include "testing.h"

namespace {

struct Sums {
  int i;
  unsigned u;
  unsigned long long ull;
  float f;
  double d;
  int high, low;
  unsigned bits_or, bits_and, bits_xor, wrapped;
};

__global__ void sums_kernel(Sums* sums) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(&sums->i, 1);
  atomicAdd(&sums->u, 2u);
  atomicAdd(&sums->ull, 3ull);
  atomicAdd(&sums->f, 1);
  atomicAdd(&sums->d, 0.5);
  atomicMax(&sums->high, i);
  atomicMin(&sums->low, -i);
  atomicOr(&sums->bits_or, 1u << i % 32);
  atomicAnd(&sums->bits_and, ~(1u << i % 16));
  atomicXor(&sums->bits_xor, 1u);
  atomicInc(&sums->wrapped, 9u);
}

void check_sums(testing::Stream& stream) {
  constexpr int kThreads = 400 * 256;
  Sums s = {};
  s.bits_and = ~0u;
  kda::launch(sums_kernel, 400, 256, 0, stream.get(), &s);
  CHECK(s.i == kThreads && s.u == 2 * kThreads && s.ull == 3 * kThreads, "%d %u %llu", s.i, s.u, s.ull);
  CHECK(s.f == kThreads && s.d == kThreads / 2, "%g %g", static_cast<double>(s.f), s.d);
  CHECK(s.high == kThreads - 1 && s.low == 1 - kThreads, "%d %d", s.high, s.low);
  CHECK(s.bits_or == ~0u && s.bits_and == 0xffff0000u && s.bits_xor == 0, "%x %x %x", s.bits_or, s.bits_and, s.bits_xor);
  CHECK(s.wrapped == kThreads % 10, "%u", s.wrapped);
}

// Every block writes its sum; the one that takes the last ticket adds them up.
__global__ void last_block_kernel(float* partials, unsigned* ticket, float* total) {
  __shared__ bool is_last;
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = static_cast<float>(blockIdx.x);
    __threadfence();
    is_last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!is_last || threadIdx.x != 0) return;
  __threadfence();
  float sum = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) sum += __ldcg(partials + i);
  *total = sum;
}

void check_last_block(testing::Stream& stream) {
  std::vector<float> partials(5000);
  unsigned ticket = 0;
  float total = -1;
  kda::launch(last_block_kernel, 5000, 64, 0, stream.get(), partials.data(), &ticket, &total);
  CHECK(total == 5000.0f * 4999 / 2, "%g", static_cast<double>(total));
}

__global__ void lock_kernel(int* lock, int* count, float* exchanged) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  __threadfence();
  *count = *count + 1;
  __threadfence();
  atomicExch(lock, 0);
  atomicExch(exchanged, 1.5f);
}

void check_lock(testing::Stream& stream) {
  int lock = 0, count = 0;
  float exchanged = 0;
  kda::launch(lock_kernel, 2000, 32, 0, stream.get(), &lock, &count, &exchanged);
  CHECK(count == 2000 * 32 && exchanged == 1.5f, "%d %g", count, static_cast<double>(exchanged));
}

}  // namespace

int main() {
  testing::Stream stream;
  check_sums(stream);
  check_last_block(stream);
  check_lock(stream);
  return testing::finish("atomics_test");
}
