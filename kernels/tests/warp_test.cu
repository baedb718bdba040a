// Shuffles of every kind, width and type, votes, warp reductions, and groups of lanes that meet apart from each other.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "testing.h"

namespace {

constexpr unsigned kFull = 0xffffffffu;

enum class Kind { kIndex, kUp, kDown, kXor };

// The lane that PTX's shfl.sync reads, written from its pseudo-code (PTX ISA, "shfl.sync") rather than from CUDA's
// description, so that the two are compared.
int source_lane(Kind kind, int lane, int operand, int width) {
  const int segment_mask = 32 - width;
  const int max_lane = (lane & segment_mask) | ((kind == Kind::kUp ? 0 : 31) & ~segment_mask);
  const int b = operand & 31;
  int source = 0;
  bool valid = false;
  switch (kind) {
    case Kind::kUp:
      source = lane - b;
      valid = source >= max_lane;
      break;
    case Kind::kDown:
      source = lane + b;
      valid = source <= max_lane;
      break;
    case Kind::kXor:
      source = lane ^ b;
      valid = source <= max_lane;
      break;
    case Kind::kIndex:
      source = (lane & segment_mask) | (b & ~segment_mask);
      valid = source <= max_lane;
      break;
  }
  return valid ? source : lane;
}

template <typename T>
__global__ void shuffle_kernel(T* out, Kind kind, int operand, int width) {
  const T value = static_cast<T>(static_cast<float>(threadIdx.x + 1));
  T result = value;
  switch (kind) {
    case Kind::kIndex:
      result = __shfl_sync(kFull, value, operand, width);
      break;
    case Kind::kUp:
      result = __shfl_up_sync(kFull, value, static_cast<unsigned>(operand), width);
      break;
    case Kind::kDown:
      result = __shfl_down_sync(kFull, value, static_cast<unsigned>(operand), width);
      break;
    case Kind::kXor:
      result = __shfl_xor_sync(kFull, value, operand, width);
      break;
  }
  out[threadIdx.x] = result;
}

template <typename T>
void check_shuffles(testing::Stream& stream, const char* type) {
  for (const Kind kind : {Kind::kIndex, Kind::kUp, Kind::kDown, Kind::kXor}) {
    for (int width = 1; width <= 32; width *= 2) {
      for (int operand = 0; operand < 32; ++operand) {
        T out[32];
        CHECK(kda::launch(shuffle_kernel<T>, 1, 32, 0, stream.get(), out, kind, operand, width) == cudaSuccess, "%s",
              stream.error().c_str());
        for (int lane = 0; lane < 32; ++lane) {
          const float expected = static_cast<float>(source_lane(kind, lane, operand, width) + 1);
          CHECK(static_cast<float>(out[lane]) == expected, "%s kind %d width %d operand %d lane %d: %g, not %g", type,
                static_cast<int>(kind), width, operand, lane, static_cast<double>(static_cast<float>(out[lane])),
                static_cast<double>(expected));
        }
      }
    }
  }
}

__global__ void pairs_kernel(__nv_bfloat162* bf16, __half2* f16) {
  const float x = static_cast<float>(threadIdx.x);
  bf16[threadIdx.x] = __shfl_xor_sync(kFull, __floats2bfloat162_rn(x, x + 0.5f), 1);
  f16[threadIdx.x] = __shfl_down_sync(kFull, __floats2half2_rn(x, -x), 3);
}

void check_pairs(testing::Stream& stream) {
  __nv_bfloat162 bf16[32];
  __half2 f16[32];
  kda::launch(pairs_kernel, 1, 32, 0, stream.get(), bf16, f16);
  for (int lane = 0; lane < 32; ++lane) {
    const float x = static_cast<float>(lane ^ 1);
    CHECK(__low2float(bf16[lane]) == x && __high2float(bf16[lane]) == x + 0.5f, "lane %d", lane);
    const float y = static_cast<float>(lane + 3 < 32 ? lane + 3 : lane);
    CHECK(__low2float(f16[lane]) == y && __high2float(f16[lane]) == -y, "lane %d", lane);
  }
}

struct Votes {
  unsigned ballot, any_of, all_of, sum, active, match;
  int low, high, low_unsigned;
};

__global__ void votes_kernel(Votes* out) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  Votes& v = out[threadIdx.x];
  v.ballot = __ballot_sync(kFull, lane % 3 == 0);
  v.any_of = static_cast<unsigned>(__any_sync(kFull, lane == 17) + 2 * __any_sync(kFull, lane > 40));
  v.all_of = static_cast<unsigned>(__all_sync(kFull, lane < 32) + 2 * __all_sync(kFull, lane != 5));
  v.sum = __reduce_add_sync(kFull, static_cast<unsigned>(lane));
  v.low = __reduce_min_sync(kFull, lane - 8);
  v.high = __reduce_max_sync(kFull, lane - 40);
  v.low_unsigned = static_cast<int>(__reduce_min_sync(kFull, static_cast<unsigned>(lane - 8)));
  v.match = __match_any_sync(kFull, lane / 8);
  v.active = __activemask();
}

void check_votes(testing::Stream& stream) {
  Votes out[64];
  kda::launch(votes_kernel, 1, 64, 0, stream.get(), out);
  unsigned ballot = 0;
  for (int lane = 0; lane < 32; lane += 3) ballot |= 1u << lane;
  for (int i = 0; i < 64; ++i) {
    const Votes& v = out[i];
    CHECK(v.ballot == ballot && v.any_of == 1 && v.all_of == 1, "thread %d: %x %u %u", i, v.ballot, v.any_of, v.all_of);
    CHECK(v.sum == 496 && v.low == -8 && v.high == -9, "thread %d: %u %d %d", i, v.sum, v.low, v.high);
    CHECK(v.low_unsigned == 0, "thread %d: %d", i, v.low_unsigned);
    CHECK(v.match == 0xffu << i % 32 / 8 * 8, "thread %d: %x", i, v.match);
  }
}

// Halves of a warp take different numbers of steps before all lanes meet again.
__global__ void groups_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int value = lane;
  if (lane < 16) {
    for (int offset = 8; offset > 0; offset /= 2) value += __shfl_xor_sync(0x0000ffffu, value, offset);
  } else {
    value = __shfl_sync(0xffff0000u, value, 31);
    __syncwarp(0xffff0000u);
  }
  out[lane] = __shfl_xor_sync(kFull, value, 16);
}

void check_groups(testing::Stream& stream) {
  int out[32];
  CHECK(kda::launch(groups_kernel, 1, 32, 0, stream.get(), out) == cudaSuccess, "%s", stream.error().c_str());
  for (int lane = 0; lane < 32; ++lane) CHECK(out[lane] == (lane < 16 ? 31 : 120), "lane %d: %d", lane, out[lane]);
}

// Lanes that have exited, and lanes that never existed, are not waited for; reading one gives the undefined bits.
__global__ void exited_kernel(unsigned* ballots, float* read) {
  if (threadIdx.x % 32 >= 24) return;
  ballots[threadIdx.x] = __ballot_sync(kFull, 1);
  read[threadIdx.x] = __shfl_sync(kFull, 1.0f, 30);
}

void check_exited(testing::Stream& stream) {
  unsigned ballots[40] = {};
  float read[40] = {};
  CHECK(kda::launch(exited_kernel, 1, 40, 0, stream.get(), ballots, read) == cudaSuccess, "%s",
        stream.error().c_str());
  for (int i = 0; i < 40; ++i) {
    const unsigned expected = i < 24 ? 0x00ffffffu : i < 32 ? 0 : 0xffu;
    CHECK(ballots[i] == expected, "thread %d: %x", i, ballots[i]);
    CHECK(expected == 0 || isnan(read[i]), "thread %d: %g", i, static_cast<double>(read[i]));
  }
}

// __syncwarp orders shared memory among the lanes.
__global__ void exchange_kernel(int* out) {
  __shared__ int values[64];
  const int warp_base = static_cast<int>(threadIdx.x) & ~31;
  for (int round = 0; round < 8; ++round) {
    values[threadIdx.x] = static_cast<int>(threadIdx.x) + round;
    __syncwarp();
    out[threadIdx.x] = values[warp_base + (static_cast<int>(threadIdx.x) + 1) % 32];
    __syncwarp();
  }
}

void check_exchange(testing::Stream& stream) {
  int out[64];
  kda::launch(exchange_kernel, 1, 64, 0, stream.get(), out);
  for (int i = 0; i < 64; ++i) CHECK(out[i] == (i & ~31) + (i + 1) % 32 + 7, "thread %d: %d", i, out[i]);
}

}  // namespace

int main() {
  testing::Stream stream;
  check_shuffles<int>(stream, "int");
  check_shuffles<unsigned>(stream, "unsigned");
  check_shuffles<long long>(stream, "long long");
  check_shuffles<unsigned long long>(stream, "unsigned long long");
  check_shuffles<float>(stream, "float");
  check_shuffles<double>(stream, "double");
  check_shuffles<__half>(stream, "__half");
  check_shuffles<__nv_bfloat16>(stream, "__nv_bfloat16");
  check_pairs(stream);
  check_votes(stream);
  check_groups(stream);
  check_exited(stream);
  check_exchange(stream);
  return testing::finish("warp_test");
}
