// route.cuh: fills dispatch records, and turns the status of a launch into the ABI's. Host code.
#pragma once

#include <cuda_runtime.h>
#include <stdio.h>

#include "kda/abi.h"

namespace kda {

inline int32_t status_of(cudaError_t error) { return error == cudaSuccess ? KDA_OK : KDA_CUDA_ERROR; }

// Returns `status`, so that a route can end with it.
inline int32_t describe(KdaRoute* route, const char* bucket, const char* condition, const char* path, const char* why,
                        int32_t status = KDA_OK) {
  snprintf(route->bucket, sizeof route->bucket, "%s", bucket);
  snprintf(route->condition, sizeof route->condition, "%s", condition);
  snprintf(route->path, sizeof route->path, "%s", path);
  snprintf(route->why, sizeof route->why, "%s", why);
  route->declined = status == KDA_DECLINED ? 1 : 0;
  return status;
}

inline int32_t describe_refusal(KdaRoute* route) {
  return describe(route, "refused", "outside the contract", "none",
                  "shape, dtype, stride or device that the contract refuses", KDA_INVALID_ARGUMENT);
}

}  // namespace kda
