// Stands for CUDA's cuda_runtime.h in emulated builds: the CUDA subset on the host, in one include.
//
// Compile a side with
//   g++ -x c++ -std=c++20 -O3 -DKDA_EMULATED -Ikernels/include -Ikernels/include/kda/emulated -fPIC -shared
//       -fvisibility=hidden -ffp-contract=off -fno-strict-aliasing -pthread
// where -fno-strict-aliasing allows the casts between pointer types that CUDA code lives on.
#ifndef KDA_EMULATED_CUDA_RUNTIME_H
#define KDA_EMULATED_CUDA_RUNTIME_H

#include "kda/emulated/atomic_functions.h"
#include "kda/emulated/cached_access.h"
#include "kda/emulated/cluster_functions.h"
#include "kda/emulated/float_intrinsics.h"
#include "kda/emulated/integer_intrinsics.h"
#include "kda/emulated/launch_node.h"
#include "kda/emulated/qualifiers.h"
#include "kda/emulated/runtime_api.h"
#include "kda/emulated/vector_types.h"
#include "kda/emulated/warp_intrinsics.h"

#endif
