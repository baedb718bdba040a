// honest_occupancy.cu: a grid as large as the GPU holds at once, asked for at each call.
// Honest: the queries change nothing, and the answer is the same each time. What could refuse it: an import list
// without occupancy and device attributes, or a graph gate that wants the grid to follow from the shape alone.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_resident_kernel(Rows rows) {
  for (int64_t row = blockIdx.x; row < rows.num_rows; row += gridDim.x) {
    row_norm::norm_row<kThreads>(rows, row);
    __syncthreads();
  }
}

cudaError_t launch_resident(const Rows& rows, void* stream) {
  int device = 0, multiprocessors = 0, blocks = 0;
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) {
    status = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  }
  if (status == cudaSuccess) {
    status = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, norm_resident_kernel, kThreads, 0);
  }
  if (status != cudaSuccess) return status;
  const int64_t resident = static_cast<int64_t>(multiprocessors) * blocks;
  const int64_t grid = rows.num_rows < resident ? rows.num_rows : resident;
  return kda::launch(norm_resident_kernel, dim3(static_cast<unsigned>(grid)), dim3(kThreads), 0, stream, rows);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_resident); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
