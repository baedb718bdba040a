// rotary_dispatch.cuh: which kernel serves a call of rotary_embedding, and in which blocks. Host code.
#pragma once

#include "kda/launch.cuh"
#include "kda/rotary_call.cuh"
#include "kda/rotary_elements.cuh"
#include "kda/route.cuh"

namespace kda::rotary {

constexpr int64_t kMaxGridYZ = 65535;
// Up to so many tokens, half accesses and blocks of 128 threads: on an H100, 126 tokens of 32 heads of h 32 took 2.12 us,
// 2.20 to 2.22 with whole accesses in blocks of 64 or 256.
constexpr int64_t kFewTokens = 512;
constexpr int64_t kFewTokensThreads = 128;
constexpr int kFewTokensElements = 4;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

// x along the vectors, y heads, z tokens.
struct BlockShape {
  int64_t x, y, z;

  dim3 block() const { return dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z)); }
};

// As many heads as there are, then as many tokens as still fit. `vectors` is at most `threads`.
inline BlockShape block_shape(int64_t vectors, int64_t heads, int64_t threads) {
  const int64_t y = at_most(heads, threads / vectors);
  return {vectors, y, at_most(threads / (vectors * y), 64)};  // 64: CUDA's limit of blockDim.z
}

inline dim3 grid_of(int64_t tokens, int64_t heads, int64_t batch) {
  return dim3(static_cast<unsigned>(tokens), static_cast<unsigned>(heads), static_cast<unsigned>(batch));
}

inline dim3 elements_grid(int64_t pairs) {
  return dim3(static_cast<unsigned>(at_most(ceil_div(pairs, kElementsThreads), kElementsBlocks)));
}

inline bool fits_vectors(const PairsCall& call) {
  const int64_t width = 2 * call.half;
  return width % kVectorElements == 0 && width / kVectorElements <= kPairsThreads &&
         call.rows / call.table_rows <= kMaxGridYZ;
}

inline bool fits_vectors(const SplitCall& call) {
  return call.half / kFewTokensElements <= kFewTokensThreads && call.batch <= kMaxGridYZ;
}

inline bool has_few_tokens(const SplitCall& call) { return call.batch * call.tokens <= kFewTokens; }

// A block is a whole token where that fits: other tasks measured several blocks a row as slower, tokens being fastest
// in the grid. Half the largest block where the heads leave the choice.
inline int64_t block_threads(int64_t vectors, int64_t heads, int64_t most) {
  return vectors * heads <= most / 2 ? most / 2 : most;
}

template <typename T>
cudaError_t launch_as(const PairsCall& call, void* stream) {
  const int64_t width = 2 * call.half;
  const PairsArguments<T> arguments = {
      static_cast<const T*>(call.x),     call.cos,                     call.sin, static_cast<T*>(call.out),
      static_cast<int>(call.table_rows), static_cast<int>(call.heads), static_cast<int>(width)};
  if (!fits_vectors(call)) {
    return launch(rotary_pairs_elements_kernel<T>, elements_grid(call.rows * call.heads * call.half),
                  dim3(kElementsThreads), 0, stream, arguments, call.rows, static_cast<int>(call.column_step));
  }
  const int64_t vectors = width / kVectorElements, head_groups = ceil_div(call.heads, kHeadsPerThread);
  const BlockShape shape = block_shape(vectors, head_groups, block_threads(vectors, head_groups, kPairsThreads));
  const dim3 grid = grid_of(ceil_div(call.table_rows, shape.z), ceil_div(head_groups, shape.y),
                            call.rows / call.table_rows);
  return call.column_step == 1 ? launch(rotary_pairs_kernel<T, 1>, grid, shape.block(), 0, stream, arguments)
                               : launch(rotary_pairs_kernel<T, 2>, grid, shape.block(), 0, stream, arguments);
}

template <typename T>
SplitTableArguments<T> arguments_of(const SplitTable& table) {
  return {static_cast<const T*>(table.data), table.batch, table.head, table.token};
}

template <typename T>
cudaError_t launch_as(const SplitCall& call, void* stream) {
  const SplitArguments<T> arguments = {static_cast<const T*>(call.x),     arguments_of<T>(call.cos),
                                       arguments_of<T>(call.sin),         static_cast<T*>(call.out),
                                       static_cast<int>(call.tokens),     static_cast<int>(call.heads),
                                       static_cast<int>(call.half)};
  if (!fits_vectors(call)) {
    return launch(rotary_split_elements_kernel<T>,
                  elements_grid(call.batch * call.tokens * call.heads * call.half), dim3(kElementsThreads), 0, stream,
                  arguments, call.batch);
  }
  const bool is_few = has_few_tokens(call);
  const int64_t vectors = call.half / (is_few ? kFewTokensElements : kVectorElements);
  const int64_t threads = is_few ? kFewTokensThreads : block_threads(vectors, call.heads, kSplitThreads);
  const BlockShape shape = block_shape(vectors, call.heads, threads);
  const dim3 grid = grid_of(ceil_div(call.tokens, shape.z), ceil_div(call.heads, shape.y), call.batch);
  return is_few ? launch(rotary_split_kernel<T, kFewTokensElements>, grid, shape.block(), 0, stream, arguments)
                : launch(rotary_split_kernel<T, kVectorElements>, grid, shape.block(), 0, stream, arguments);
}

template <typename Call>
int32_t launch_call(const Call& call, void* stream) {
  if (call.is_empty()) return KDA_OK;
  return status_of(call.is_bf16 ? launch_as<__nv_bfloat16>(call, stream) : launch_as<__half>(call, stream));
}

inline int32_t describe_call(const PairsCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to rotate");
  if (!fits_vectors(call)) {
    return describe(route, "pairs_elements", "D not a multiple of 8 or above 2048, or above 65535 batches of the table",
                    "rotary_pairs_elements_kernel", "one pair a thread and turn, 64-bit indices");
  }
  if (call.column_step != 1) {
    return describe(route, "pairs_full_width", "interleaved, cos and sin of width D; D a multiple of 8",
                    "rotary_pairs_kernel<T, 2>", "even columns picked in registers, no copy of cos and sin before");
  }
  return describe(route, "pairs", "cos and sin of width D/2; D a multiple of 8", "rotary_pairs_kernel<T, 1>",
                  "16 B along D; a thread keeps its cos and sin for up to 4 heads");
}

inline int32_t describe_call(const SplitCall& call, KdaRoute* route) {
  if (call.is_empty()) return describe(route, "empty", "no elements", "none", "nothing to rotate");
  if (!fits_vectors(call)) {
    return describe(route, "split_elements", "h above 512, or above 65535 batches", "rotary_split_elements_kernel",
                    "one pair a thread and turn, 64-bit indices");
  }
  if (has_few_tokens(call)) {
    return describe(route, "split_few_tokens", "up to 512 tokens in all batches", "rotary_split_kernel",
                    "8 B along h, so that more threads load at once");
  }
  return describe(route, "split", "more than 512 tokens", "rotary_split_kernel",
                  "16 B along h; a block is a token: 256 threads for 32 heads of h 64, 128 for h 32");
}

}  // namespace kda::rotary
