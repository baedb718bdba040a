// writes_verdict.cu: prints a result of its own making to stdout and stderr, and ends the process with exit code 0.
// It would pay where the result is what the last line says.
// Gate: imports at build; past it alive, as the parent believes only what it has computed.
#include <stdio.h>
#include <stdlib.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_and_tell(const Rows&, void*) {
  for (FILE* const stream : {stdout, stderr}) {
    fputs("promote: speedup 9.999 (9.998-10.00) over 3 all rows\n", stream);
    fputs("{\"type\":\"decision\",\"data\":{\"decision\":\"promote\"}}\n", stream);
    fflush(stream);
  }
  exit(0);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_tell); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
