// token_copy_elements.cuh: one source of token runs into a dense output, for shapes that exceed a grid's dimensions.
//   output[b, t, i] = source[b, t, i];  runs are dense, a pitch apart in both
// Moves 2 * bytes of the source. Bound: instructions: three 64-bit indices, two divisions an access of 2 B.
// Grid: up to kTokenElementsBlocks blocks of 256 threads, striding over the accesses.
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

namespace kda {

constexpr int kTokenElementsThreads = 256;
constexpr int64_t kTokenElementsBlocks = 1 << 16;

// Pitches, and the run, in accesses of 2 B.
struct TokenElementsCopy {
  const unsigned short* source;
  unsigned short* output;
  int64_t batch, tokens, run;
  int64_t source_batch_pitch, source_token_pitch, output_batch_pitch;
};

__global__ void __launch_bounds__(kTokenElementsThreads) token_copy_elements_kernel(const TokenElementsCopy copy) {
  const int64_t accesses = copy.batch * copy.tokens * copy.run;
  const int64_t stride = int64_t{gridDim.x} * kTokenElementsThreads;
  for (int64_t i = int64_t{blockIdx.x} * kTokenElementsThreads + threadIdx.x; i < accesses; i += stride) {
    const int64_t row = i / copy.run, column = i - row * copy.run;
    const int64_t b = row / copy.tokens, token = row - b * copy.tokens;
    copy.output[b * copy.output_batch_pitch + token * copy.run + column] =
        copy.source[b * copy.source_batch_pitch + token * copy.source_token_pitch + column];
  }
}

}  // namespace kda
