// token_copy_runs.cuh: one or two sources of token runs into one dense output, in one launch.
//   output[b, first_token + t] = source[b, t];  a run is the H * D elements of a token
//   source: runs dense, a pitch apart (a view of some heads has a wider pitch);  output: [B, tokens, run] dense
// Moves 2 * bytes of the output, each once. Bound: HBM. [1, 9052, 32, 128] bf16: 148.3 MB, 44 us at the 3.35 TB/s of
// the H100 SXM data sheet.
// Grid: (row groups of the first source, then of the second; parts of a run; B). A block is x threads along the run by
// y tokens, 256 threads at most; a thread takes kVectorsPerThread accesses of one run, x apart, all loaded before the
// first is stored. x follows the run's length, so that next to no thread lacks work, and no thread divides: a source
// has blocks in proportion to its tokens.
#pragma once

#include "kda/caching.cuh"

namespace kda {

constexpr int kTokenRunThreads = 256;
constexpr int kVectorsPerThread = 2;

// Pitches in accesses.
template <typename Access>
struct TokenRuns {
  const typename Access::Element* data;
  int64_t batch_pitch;
  int token_pitch, tokens;
};

template <typename Access>
struct TokenRunsCopy {
  TokenRuns<Access> sources[2];
  typename Access::Element* output;
  int64_t output_batch_pitch;
  int run;           // accesses
  int first_blocks;  // row groups of the first source
};

// kBytes of storage, moved as they are.
template <int kBytes>
struct RawAccess {
  using Element = unsigned short;
  static constexpr int kElements = kBytes / static_cast<int>(sizeof(Element));
};

template <typename Access>
__global__ void __launch_bounds__(kTokenRunThreads) token_copy_runs_kernel(const TokenRunsCopy<Access> copy) {
  constexpr int kElements = Access::kElements;
  using Run = Vec<typename Access::Element, kElements>;
  const bool is_second = static_cast<int>(blockIdx.x) >= copy.first_blocks;
  // Selected field by field: an index into kernel arguments would move them to local memory.
  const auto* data = is_second ? copy.sources[1].data : copy.sources[0].data;
  const int64_t batch_pitch = is_second ? copy.sources[1].batch_pitch : copy.sources[0].batch_pitch;
  const int token_pitch = is_second ? copy.sources[1].token_pitch : copy.sources[0].token_pitch;
  const int tokens = is_second ? copy.sources[1].tokens : copy.sources[0].tokens;
  const int first_token = is_second ? copy.sources[0].tokens : 0;

  const int group = static_cast<int>(blockIdx.x) - (is_second ? copy.first_blocks : 0);
  const int token = group * static_cast<int>(blockDim.y) + static_cast<int>(threadIdx.y);
  if (token >= tokens) return;
  const int column = blockIdx.y * (blockDim.x * kVectorsPerThread) + threadIdx.x;
  const auto* from = data + (blockIdx.z * batch_pitch + int64_t{token} * token_pitch + column) * kElements;
  auto* to = copy.output +
             (blockIdx.z * copy.output_batch_pitch + int64_t{first_token + token} * copy.run + column) * kElements;

  Run runs[kVectorsPerThread];
#pragma unroll
  for (int i = 0; i < kVectorsPerThread; ++i) {
    const int step = i * static_cast<int>(blockDim.x);
    if (column + step < copy.run) runs[i] = load_stream<Caching::kDefault, kElements>(from + step * kElements);
  }
#pragma unroll
  for (int i = 0; i < kVectorsPerThread; ++i) {
    const int step = i * static_cast<int>(blockDim.x);
    if (column + step < copy.run) store_stream<Caching::kEvictFirst>(to + step * kElements, runs[i]);
  }
}

}  // namespace kda
