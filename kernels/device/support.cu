// support.cu: the harness's own device code. It draws inputs, paints and checks guards and poison, digests buffers,
// evicts the L2 by reading, stands in for a producer, reads the clocks, holds a stream, measures peaks, and is both
// sides of the planted control.
//
// Compiled like a side, loaded by the worker. Every function enqueues on `stream` and returns a cudaError_t. Those that
// prepare are never timed: all are memory-bound, and none needs to be faster than what it prepares.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "kda/abi.h"
#include "kda/launch.cuh"

namespace {

constexpr int kThreads = 256;
constexpr int kMaxDims = 8;
constexpr unsigned kMaxBlocks = 4096;  // enough to fill any GPU; longer work strides over the grid

// A strided view, sizes and strides in elements.
struct View {
  int64_t shape[kMaxDims];
  int64_t strides[kMaxDims];
  int32_t ndim;
  int64_t elements;
};

enum Dtype : int32_t { kBf16, kF16, kF32, kF64, kI32, kI64, kU8, kBool };         // order of `tensor::Dtype`
enum FillKind : int32_t { kNormal, kUniform, kIntegers, kConstant, kArange };  // order of `tensor::Fill`

struct Fill {
  int32_t kind;
  double first;   // mean, low or value
  double second;  // standard deviation or high
  uint64_t key;
};

// splitmix64 as a counter-based generator; harness/tensor/fill.rs draws the same bits.
__device__ __forceinline__ uint64_t random_bits(uint64_t key, uint64_t index) {
  uint64_t z = key + (index + 1) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

constexpr float kNormalScale = 2.642875e-5f;  // 1 / sqrt((65536^2 - 1) / 3)

__device__ double fill_value(const Fill& fill, uint64_t index) {
  const uint64_t bits = random_bits(fill.key, index);
  switch (fill.kind) {
    case kNormal: {
      const int sum = static_cast<int>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
      const float deviate = __fmul_rn(static_cast<float>(sum - 2 * 65535), kNormalScale);
      return __fadd_rn(__fmul_rn(static_cast<float>(fill.second), deviate), static_cast<float>(fill.first));
    }
    case kUniform: {
      const float low = static_cast<float>(fill.first);
      const float unit = __fmul_rn(static_cast<float>(bits >> 40), 1.0f / 16777216.0f);
      return __fadd_rn(__fmul_rn(static_cast<float>(fill.second) - low, unit), low);
    }
    case kIntegers: {
      const int64_t low = static_cast<int64_t>(fill.first);
      const int64_t width = static_cast<int64_t>(fill.second) - low;
      const uint64_t span = width < 1 ? 1 : static_cast<uint64_t>(width);
      return static_cast<double>(low + static_cast<int64_t>((bits >> 32) * span >> 32));
    }
    case kArange: return static_cast<double>(index);
    default: return fill.first;
  }
}

// Saturates, as the host's conversion does; C++ leaves open what becomes of a value that does not fit.
template <typename Int>
__device__ Int to_integer(double value, Int low, Int high) {
  if (value <= static_cast<double>(low)) return low;
  return value >= static_cast<double>(high) ? high : static_cast<Int>(value);
}

// One NaN for host and device: conversions give each its own, and outputs may be compared by their bits.
__device__ void store_nan(void* base, int32_t dtype, int64_t position) {
  switch (dtype) {
    case kBf16: static_cast<uint16_t*>(base)[position] = 0x7FC0; break;
    case kF16: static_cast<uint16_t*>(base)[position] = 0x7E00; break;
    case kF32: static_cast<uint32_t*>(base)[position] = 0x7FC00000u; break;
    case kF64: static_cast<uint64_t*>(base)[position] = 0x7FF8000000000000ull; break;
    case kI32: static_cast<int32_t*>(base)[position] = 0; break;
    case kI64: static_cast<int64_t*>(base)[position] = 0; break;
    default: static_cast<uint8_t*>(base)[position] = 0; break;
  }
}

__device__ void store(void* base, int32_t dtype, int64_t position, double value) {
  if (value != value) return store_nan(base, dtype, position);
  switch (dtype) {
    // Through f32, as every float fill is drawn in f32: the value is exact there and rounds once.
    case kBf16: static_cast<__nv_bfloat16*>(base)[position] = __float2bfloat16_rn(static_cast<float>(value)); break;
    case kF16: static_cast<__half*>(base)[position] = __float2half_rn(static_cast<float>(value)); break;
    case kF32: static_cast<float*>(base)[position] = static_cast<float>(value); break;
    case kF64: static_cast<double*>(base)[position] = value; break;
    case kI32: static_cast<int32_t*>(base)[position] = to_integer<int32_t>(value, INT32_MIN, INT32_MAX); break;
    case kI64: static_cast<int64_t*>(base)[position] = to_integer<int64_t>(value, INT64_MIN, INT64_MAX); break;
    default: static_cast<uint8_t*>(base)[position] = to_integer<uint8_t>(value, 0, UINT8_MAX); break;
  }
}

// Where elements share a place, the last one stays, as on the host: of a dimension of stride 0 only the last index is
// drawn, and views that overlap in another way get one thread, see `elements_meet`.
// Index is the narrowest type that counts the elements: a 64-bit division costs several 32-bit ones.
template <typename Index>
__global__ void __launch_bounds__(kThreads) draw_kernel(void* base, int32_t dtype, View view, Fill fill) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; index < view.elements;
       index += step) {
    Index rest = static_cast<Index>(index);
    int64_t position = 0;
    bool is_last = true;
    for (int dim = view.ndim - 1; dim >= 0; --dim) {
      const Index size = static_cast<Index>(view.shape[dim]);
      const Index coordinate = rest % size;
      is_last = is_last && (view.strides[dim] != 0 || coordinate == size - 1);
      position += static_cast<int64_t>(coordinate) * view.strides[dim];
      rest /= size;
    }
    if (is_last) store(base, dtype, position, fill_value(fill, static_cast<uint64_t>(index)));
  }
}

// Whether elements may share a place by more than a stride of 0: some stride does not step over what smaller ones span.
bool elements_meet(const View& view) {
  int64_t behind = 0;  // stride that was stepped over last
  int64_t span = 0;
  for (;;) {
    int64_t next = INT64_MAX;
    int64_t reach = 0;
    int dims = 0;
    for (int dim = 0; dim < view.ndim; ++dim) {
      const int64_t stride = view.strides[dim];
      if (view.shape[dim] == 1 || stride <= behind || stride > next) continue;
      dims = stride == next ? dims + 1 : 1;
      reach = (view.shape[dim] - 1) * stride;
      next = stride;
    }
    if (dims == 0) return false;
    if (dims > 1 || next <= span) return true;
    behind = next;
    span += reach;
  }
}

// Bytes [address, address + bytes); address is a multiple of 4 for the first byte of a pattern to fall on it.
struct Span {
  uint64_t address;
  uint64_t bytes;
};

constexpr uint32_t kSpansAtOnce = 64;

// Spans in a kernel's own parameters: a table in device memory would have to be written, and waited for, first.
struct Spans {
  Span of[kSpansAtOnce];
  uint32_t first;  // number of of[0] among all spans of the call
};

__device__ __forceinline__ uint8_t pattern_byte(uint32_t pattern, uint64_t address) {
  return static_cast<uint8_t>(pattern >> 8 * (address & 3));
}

// Calls `word(address)` for the whole words of a span and `byte(address)` for the bytes around them.
template <typename Word, typename Byte>
__device__ void for_each(const Span& span, Word word, Byte byte) {
  const uint64_t end = span.address + span.bytes;
  const uint64_t up = (span.address + 3) & ~uint64_t{3};
  const uint64_t first = up < end ? up : end;
  const uint64_t down = end & ~uint64_t{3};
  const uint64_t last = down > first ? down : first;
  const uint64_t thread = static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const uint64_t step = static_cast<uint64_t>(gridDim.x) * kThreads;
  for (uint64_t address = first + 4 * thread; address < last; address += 4 * step) word(address);
  if (thread == 0) {
    for (uint64_t address = span.address; address < first; ++address) byte(address);
    for (uint64_t address = last; address < end; ++address) byte(address);
  }
}

__global__ void __launch_bounds__(kThreads) paint_kernel(const __grid_constant__ Spans spans, uint32_t pattern) {
  for_each(
      spans.of[blockIdx.y], [&](uint64_t address) { *reinterpret_cast<uint32_t*>(address) = pattern; },
      [&](uint64_t address) { *reinterpret_cast<uint8_t*>(address) = pattern_byte(pattern, address); });
}

// Adds the number of words and odd bytes that differ from the pattern to *damage.
__global__ void __launch_bounds__(kThreads)
check_kernel(const __grid_constant__ Spans spans, uint32_t pattern, unsigned long long* damage) {
  unsigned long long found = 0;
  for_each(
      spans.of[blockIdx.y], [&](uint64_t address) { found += *reinterpret_cast<const uint32_t*>(address) != pattern; },
      [&](uint64_t address) {
        found += *reinterpret_cast<const uint8_t*>(address) != pattern_byte(pattern, address);
      });
  if (found != 0) atomicAdd(damage, found);
}

// Adds what the block's threads have found to *total: one atomic a block, as those on one address take turns.
__device__ void add_up(unsigned long long found, unsigned long long* total) {
  __shared__ unsigned long long of_block;
  if (threadIdx.x == 0) of_block = 0;
  __syncthreads();
  for (int lane = 16; lane > 0; lane /= 2) found += __shfl_down_sync(0xFFFFFFFFu, found, lane);
  if (threadIdx.x % 32 == 0 && found != 0) atomicAdd(&of_block, found);
  __syncthreads();
  if (threadIdx.x == 0 && of_block != 0) atomicAdd(total, of_block);
}

// Adds a sum over (place, word) that changes with any word and any exchange of two words to *digest.
__global__ void __launch_bounds__(kThreads)
digest_kernel(const __grid_constant__ Spans spans, unsigned long long* digest) {
  const Span span = spans.of[blockIdx.y];
  const uint64_t key = spans.first + blockIdx.y;
  unsigned long long sum = 0;
  for_each(
      span,
      [&](uint64_t address) {
        sum += random_bits(*reinterpret_cast<const uint32_t*>(address) + (key << 32), (address - span.address) / 4);
      },
      [&](uint64_t address) {
        sum += random_bits(*reinterpret_cast<const uint8_t*>(address) + (key << 32), ~(address - span.address));
      });
  add_up(sum, digest);
}

// Reads `vectors` x 16 B so that what was in the L2 before is evicted and its dirty lines are written back.
__global__ void __launch_bounds__(kThreads) read_kernel(const uint4* data, uint64_t vectors, uint32_t* sink) {
  uint32_t folded = 0;
  const uint64_t step = static_cast<uint64_t>(gridDim.x) * kThreads;
  for (uint64_t index = static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x; index < vectors; index += step) {
    const uint4 value = data[index];
    folded ^= value.x ^ value.y ^ value.z ^ value.w;
  }
  if (folded == 0x9E3779B9u) *sink = folded;  // keeps the loads alive; the buffer holds zeros, so it never happens
}

// Writes every word back as it is: lines of the spans are in the L2 and dirty afterwards, as a producer leaves them.
__global__ void __launch_bounds__(kThreads) touch_kernel(const __grid_constant__ Spans spans) {
  for_each(
      spans.of[blockIdx.y],
      [&](uint64_t address) {
        volatile uint32_t* const word = reinterpret_cast<uint32_t*>(address);
        *word = *word;
      },
      [&](uint64_t address) {
        volatile uint8_t* const byte = reinterpret_cast<uint8_t*>(address);
        *byte = *byte;
      });
}

// out[i] = in[i] over 16 B vectors, `passes` times in all.
//   Moves 32 * vectors B a pass. Bound: memory, or the L2 where both buffers fit.
__global__ void __launch_bounds__(kThreads)
copy_kernel(uint4* out, const uint4* in, int64_t vectors, int passes) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  for (int pass = 0; pass < passes; ++pass) {
    for (int64_t index = thread; index < vectors; index += step) {
      out[index] = __ldcg(in + index);  // past the L1, which would hold a small buffer's part of a multiprocessor
    }
  }
}

constexpr int kFmaChains = 16;  // independent, so that latency does not show

// `rounds` x 16 fused multiply-adds a thread, 2 operations each. Bound: the FMA pipe.
__global__ void __launch_bounds__(kThreads) fma_kernel(float* sink, int rounds) {
  float sums[kFmaChains];
  for (int chain = 0; chain < kFmaChains; ++chain) sums[chain] = static_cast<float>(threadIdx.x + chain);
#pragma unroll 4
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int chain = 0; chain < kFmaChains; ++chain) sums[chain] = fmaf(sums[chain], 0.9999f, 0.0001f);
  }
  float sum = 0.0f;
  for (int chain = 0; chain < kFmaChains; ++chain) sum += sums[chain];
  if (sum == -1.0f) *sink = sum;  // keeps the chains alive; all stay positive, so it never happens
}

constexpr int kTiles = 8;  // independent accumulators a warp

// `rounds` x 8 products of 16x16 and 16x8 bf16 a warp, 4096 operations each. Bound: the tensor pipe, as mma.sync feeds it.
__global__ void __launch_bounds__(kThreads) mma_kernel(float* sink, int rounds) {
#if defined(KDA_EMULATED)
  (void)sink, (void)rounds;
#else
  float sums[kTiles][4] = {};
  const uint32_t a[4] = {threadIdx.x, 0, 0, 0}, b[2] = {0, 0};
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(sums[tile][0]), "+f"(sums[tile][1]), "+f"(sums[tile][2]), "+f"(sums[tile][3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }
  float sum = 0.0f;
  for (int tile = 0; tile < kTiles; ++tile) sum += sums[tile][0] + sums[tile][3];
  if (sum == -1.0f) *sink = sum;
#endif
}

// What one multiprocessor's counters show: two of these give the SM clock in between.
struct Stamp {
  uint64_t cycles;
  uint64_t nanoseconds;
  uint64_t multiprocessor;
};

__global__ void stamp_kernel(Stamp* stamp) {
#if defined(KDA_EMULATED)
  *stamp = Stamp{};
#else
  uint32_t multiprocessor;
  uint64_t now;
  asm volatile("mov.u32 %0, %smid;" : "=r"(multiprocessor));
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  *stamp = Stamp{static_cast<uint64_t>(clock64()), now, multiprocessor};
#endif
}

__global__ void empty_kernel() {}

__device__ __forceinline__ uint64_t nanoseconds() {
#if defined(KDA_EMULATED)
  return ~uint64_t{0};  // past every limit: an emulated stream runs at once, so there is nothing to hold
#else
  uint64_t now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
#endif
}

// Holds the stream until the host sets *released, or for `limit_ns` at most.
__global__ void hold_kernel(const volatile uint32_t* released, uint64_t limit_ns) {
  const uint64_t end = nanoseconds() + limit_ns;
  while (*released == 0 && nanoseconds() < end) {
  }
}

constexpr uint64_t kWordsAThread = 16;  // that a digest folds before it is added up

unsigned blocks_for(uint64_t items) {
  const uint64_t blocks = (items + kThreads - 1) / kThreads;
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks > kMaxBlocks ? kMaxBlocks : blocks);
}

// A launch for every 64 spans, of as many blocks a span as the longest of them needs at `bytes_a_thread`.
template <typename... Params, typename... Args>
cudaError_t launch_over(void (*kernel)(Spans, Params...), const Span* spans, uint32_t count, uint64_t bytes_a_thread,
                        void* stream, Args... args) {
  for (uint32_t first = 0; first < count; first += kSpansAtOnce) {
    const uint32_t taken = std::min(count - first, kSpansAtOnce);
    Spans some{};
    some.first = first;
    uint64_t longest = 0;
    for (uint32_t number = 0; number < taken; ++number) {
      some.of[number] = spans[first + number];
      longest = std::max(longest, some.of[number].bytes);
    }
    const dim3 grid(blocks_for(longest / bytes_a_thread), taken);
    const cudaError_t status = kda::launch(kernel, grid, dim3(kThreads), 0, stream, some, args...);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

// One vector a thread and pass, so that time follows bytes without steps.
cudaError_t launch_copy(uint64_t to, uint64_t from, uint64_t bytes, int passes, void* stream) {
  const int64_t vectors = static_cast<int64_t>(bytes / 16);
  const unsigned blocks = static_cast<unsigned>((vectors + kThreads - 1) / kThreads);
  return kda::launch(copy_kernel, dim3(blocks), dim3(kThreads), 0, stream, reinterpret_cast<uint4*>(to),
                     reinterpret_cast<const uint4*>(from), vectors, passes);
}

// Copies `parts` parts in 51: all of them are 2 % more than 50. harness/session/controls.rs says so too.
int32_t launch_planted(const KdaCall& call, uint64_t parts) {
  const KdaTensor& in = *call.tensors[0];
  const uint64_t bytes = static_cast<uint64_t>(in.shape[0]) * sizeof(float) * parts / 51;
  const cudaError_t status = launch_copy(reinterpret_cast<uint64_t>(call.tensors[1]->data),
                                         reinterpret_cast<uint64_t>(in.data), bytes, 1, call.stream);
  return status == cudaSuccess ? KDA_OK : KDA_CUDA_ERROR;
}

}  // namespace

extern "C" {

KDA_EXPORT int32_t kda_support_draw(uint64_t address, int32_t dtype, int32_t ndim, const int64_t* shape,
                                    const int64_t* strides, int32_t fill_kind, double first, double second,
                                    uint64_t key, void* stream) {
  if (ndim < 0 || ndim > kMaxDims) return cudaErrorInvalidValue;
  View view{};
  view.ndim = ndim;
  view.elements = 1;
  for (int dim = 0; dim < ndim; ++dim) {
    view.shape[dim] = shape[dim];
    view.strides[dim] = strides[dim];
    view.elements *= shape[dim];
  }
  if (view.elements == 0) return cudaSuccess;
  const auto kernel = view.elements <= UINT32_MAX ? draw_kernel<uint32_t> : draw_kernel<uint64_t>;
  const bool in_order = elements_meet(view);
  return kda::launch(kernel, dim3(in_order ? 1 : blocks_for(view.elements)), dim3(in_order ? 1 : kThreads), 0, stream,
                     reinterpret_cast<void*>(address), dtype, view, Fill{fill_kind, first, second, key});
}

// `spans` is host memory, read during the call, here and below.
KDA_EXPORT int32_t kda_support_paint(const void* spans, uint32_t count, uint32_t pattern, void* stream) {
  return launch_over(paint_kernel, static_cast<const Span*>(spans), count, 4, stream, pattern);
}

KDA_EXPORT int32_t kda_support_check(const void* spans, uint32_t count, uint32_t pattern, uint64_t* damage,
                                     void* stream) {
  return launch_over(check_kernel, static_cast<const Span*>(spans), count, 4, stream, pattern,
                     reinterpret_cast<unsigned long long*>(damage));
}

KDA_EXPORT int32_t kda_support_digest(const void* spans, uint32_t count, uint64_t* digest, void* stream) {
  return launch_over(digest_kernel, static_cast<const Span*>(spans), count, 4 * kWordsAThread, stream,
                     reinterpret_cast<unsigned long long*>(digest));
}

KDA_EXPORT int32_t kda_support_read(uint64_t address, uint64_t bytes, uint64_t sink, void* stream) {
  return kda::launch(read_kernel, dim3(blocks_for(bytes / 16)), dim3(kThreads), 0, stream,
                     reinterpret_cast<const uint4*>(address), bytes / 16, reinterpret_cast<uint32_t*>(sink));
}

KDA_EXPORT int32_t kda_support_touch(const void* spans, uint32_t count, void* stream) {
  return launch_over(touch_kernel, static_cast<const Span*>(spans), count, 4, stream);
}

KDA_EXPORT int32_t kda_support_copy(uint64_t to, uint64_t from, uint64_t bytes, int32_t passes, void* stream) {
  return launch_copy(to, from, bytes, passes, stream);
}

// `blocks` x 256 threads; operations = blocks * 256 * rounds * 32.
KDA_EXPORT int32_t kda_support_fma(uint64_t sink, uint32_t blocks, int32_t rounds, void* stream) {
  return kda::launch(fma_kernel, dim3(blocks), dim3(kThreads), 0, stream, reinterpret_cast<float*>(sink), rounds);
}

// `blocks` x 8 warps; operations = blocks * 8 * rounds * 8 * 4096.
KDA_EXPORT int32_t kda_support_mma(uint64_t sink, uint32_t blocks, int32_t rounds, void* stream) {
  return kda::launch(mma_kernel, dim3(blocks), dim3(kThreads), 0, stream, reinterpret_cast<float*>(sink), rounds);
}

KDA_EXPORT int32_t kda_support_stamp(uint64_t stamp, void* stream) {
  return kda::launch(stamp_kernel, dim3(1), dim3(1), 0, stream, reinterpret_cast<Stamp*>(stamp));
}

// The planted control behind the ABI's calls: tensors in and out of one size. The baseline moves 2 % more bytes.
KDA_EXPORT int32_t kda_support_planted_baseline(const KdaCall* call) { return launch_planted(*call, 51); }

KDA_EXPORT int32_t kda_support_planted_candidate(const KdaCall* call) { return launch_planted(*call, 50); }

KDA_EXPORT int32_t kda_support_empty(void* stream) { return kda::launch(empty_kernel, dim3(1), dim3(32), 0, stream); }

KDA_EXPORT int32_t kda_support_hold(uint64_t released, uint64_t limit_ns, void* stream) {
  return kda::launch(hold_kernel, dim3(1), dim3(1), 0, stream, reinterpret_cast<const volatile uint32_t*>(released),
                     limit_ns);
}

}  // extern "C"
