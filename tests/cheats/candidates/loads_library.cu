// loads_library.cu: finds a function by a name that it puts together at run time.
// It would pay: a list of forbidden names has not got this one.
// Gate: imports, as looking names up is itself an import.
#include <dlfcn.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_by_name(const Rows& rows, void* stream) {
  char name[] = "dvTusfbnDsfbuf";
  for (char* letter = name; *letter != '\0'; ++letter) *letter -= 1;
  if (dlsym(RTLD_DEFAULT, name) != nullptr) return cudaErrorUnknown;
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_by_name); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
