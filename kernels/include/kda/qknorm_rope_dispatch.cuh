// qknorm_rope_dispatch.cuh: which kernel serves a call of qknorm_rope, and in which blocks. Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/qknorm_rope_tokens.cuh"
#include "kda/qknorm_rope_warps.cuh"
#include "kda/route.cuh"

namespace kda::qknorm_rope {

constexpr int kManyTokensThreads = 256;
constexpr int kFewTokensThreads = 128;
constexpr int kMostHeadsPerThread = 4;  // 16 registers of x
constexpr int64_t kMostSlices = 65535;  // CUDA's limit of gridDim.y
// Below so many blocks an SM, heads are spread over more of them (a guess: no GPU has timed it).
constexpr int64_t kBlocksPerMultiprocessor = 2;

enum class Bucket { kEmpty, kTokens, kTokensFew, kWarps };

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Heads a thread, evened out over the slices: 3 of 48 heads, 4 of 60.
inline int heads_per_thread(const Call& call) {
  const int64_t sweeps = ceil_div(call.heads(), kManyTokensThreads / kHeadLanes);
  return static_cast<int>(ceil_div(sweeps, ceil_div(sweeps, kMostHeadsPerThread)));
}

inline int64_t slices(const Call& call, int threads, int heads_per_thread) {
  return ceil_div(call.heads(), threads / kHeadLanes * heads_per_thread);
}

// 0 where it cannot be asked.
inline int num_multiprocessors() {
  int device = 0, count = 0;
  if (cudaGetDevice(&device) != cudaSuccess) return 0;
  return cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) == cudaSuccess ? count : 0;
}

inline Bucket bucket_of(const Call& call) {
  if (call.is_empty()) return Bucket::kEmpty;
  const bool fits = call.head_dim == kTokenHeadDim && call.rope_dim == kTokenHeadDim && !call.is_neox &&
                    slices(call, kFewTokensThreads, 1) <= kMostSlices;
  if (!fits) return Bucket::kWarps;
  const int64_t blocks = call.tokens * slices(call, kManyTokensThreads, heads_per_thread(call));
  return blocks < kBlocksPerMultiprocessor * num_multiprocessors() ? Bucket::kTokensFew : Bucket::kTokens;
}

template <typename Position>
cudaError_t launch_grid(void (*kernel)(Arguments<Position>), const Call& call, int64_t slices, int threads,
                        void* stream) {
  LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(call.tokens), static_cast<unsigned>(slices));
  config.block = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  config.serialization = StreamSerialization::kProgrammatic;
  return launch(config, kernel, arguments_of<Position>(call));
}

template <int kThreads, int kHeads, typename Position>
cudaError_t launch_tokens(const Call& call, void* stream) {
  const bool is_aligned = reinterpret_cast<uintptr_t>(call.cache) % kAlignment == 0;
  return launch_grid<Position>(is_aligned ? qknorm_rope_tokens_kernel<kThreads, kHeads, true, Position>
                                          : qknorm_rope_tokens_kernel<kThreads, kHeads, false, Position>,
                               call, slices(call, kThreads, kHeads), kThreads, stream);
}

template <bool kIsNeox, typename Position>
cudaError_t launch_warps(const Call& call, void* stream) {
  const auto kernel = call.head_dim == 64    ? qknorm_rope_warps_kernel<64, kIsNeox, Position>
                      : call.head_dim == 128 ? qknorm_rope_warps_kernel<128, kIsNeox, Position>
                                             : qknorm_rope_warps_kernel<256, kIsNeox, Position>;
  return launch_grid<Position>(kernel, call, 1, kWarpsThreads, stream);
}

template <typename Position>
cudaError_t launch_as(const Call& call, void* stream) {
  switch (bucket_of(call)) {
    case Bucket::kEmpty:
      return cudaSuccess;
    case Bucket::kTokensFew:
      return launch_tokens<kFewTokensThreads, 1, Position>(call, stream);
    case Bucket::kWarps:
      return call.is_neox ? launch_warps<true, Position>(call, stream) : launch_warps<false, Position>(call, stream);
    case Bucket::kTokens:
      break;
  }
  switch (heads_per_thread(call)) {
    case 1:
      return launch_tokens<kManyTokensThreads, 1, Position>(call, stream);
    case 2:
      return launch_tokens<kManyTokensThreads, 2, Position>(call, stream);
    case 3:
      return launch_tokens<kManyTokensThreads, 3, Position>(call, stream);
    default:
      return launch_tokens<kManyTokensThreads, kMostHeadsPerThread, Position>(call, stream);
  }
}

inline int32_t launch_call(const Call& call, void* stream) {
  return status_of(call.has_wide_positions ? launch_as<int64_t>(call, stream) : launch_as<int32_t>(call, stream));
}

inline int32_t describe_call(const Call& call, KdaRoute* route) {
  switch (bucket_of(call)) {
    case Bucket::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to norm");
    case Bucket::kTokensFew:
      return describe(route, "tokens_few", "D = R = 128, adjacent pairs, fewer than 2 blocks of a token an SM",
                      "qknorm_rope_tokens_kernel<128, 1>", "blocks of 8 heads: more SMs have one");
    case Bucket::kTokens:
      return describe(route, "tokens", "D = R = 128, adjacent pairs", "qknorm_rope_tokens_kernel<256, 1 to 4>",
                      "16 B a lane, up to 4 heads of a token in flight, its cos, sin and the weights in registers");
    case Bucket::kWarps:
      break;
  }
  return describe(route, "warps", "other D or R, or rotated halves", "qknorm_rope_warps_kernel",
                  "a warp a head, a block a token, R at run time");
}

}  // namespace kda::qknorm_rope
