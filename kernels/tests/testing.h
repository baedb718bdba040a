// What the programs in this folder share: a stream that runs or records its nodes, and checks that print what failed.
#ifndef KDA_TESTS_TESTING_H
#define KDA_TESTS_TESTING_H

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kda/emulated/stream.h"
#include "kda/launch.cuh"

namespace testing {

inline int num_failures = 0;

// Runs each node at once, or keeps it while `recording`.
class Stream {
 public:
  Stream() { link_.base.enqueue = enqueue; }

  cudaStream_t get() { return &link_.base; }
  const std::string& error() const { return error_; }
  size_t num_recorded() const { return recorded_.size(); }
  const KdaEmulatedNode& recorded(size_t i) const { return recorded_[i].node; }

  bool recording = false;

  bool replay() {
    for (Recorded& recorded : recorded_) {
      if (!run(recorded.node)) return false;
    }
    return true;
  }

 private:
  // The C struct comes first, so that its address leads back here.
  struct Link {
    KdaEmulatedStream base;
    Stream* owner;
  };
  struct Recorded {
    KdaEmulatedNode node;
    void* args;
  };

  static int32_t enqueue(KdaEmulatedStream* stream, const KdaEmulatedNode* node) {
    Stream& self = *reinterpret_cast<Link*>(stream)->owner;
    if (!self.recording) return self.run(*node) ? 0 : 1;
    // Kept for the life of the program.
    void* const args = std::aligned_alloc(16, (node->args_bytes + 15) / 16 * 16);
    std::memcpy(args, node->args, node->args_bytes);
    self.recorded_.push_back({*node, args});
    self.recorded_.back().node.args = args;
    return 0;
  }

  bool run(const KdaEmulatedNode& node) {
    char message[1024] = "";
    if (node.run(&node, message, sizeof(message)) == 0) return true;
    error_ = message;
    return false;
  }

  Link link_{{}, this};
  std::string error_;
  std::vector<Recorded> recorded_;
};

inline int finish(const char* program) {
  if (num_failures != 0) std::printf("%s: %d checks failed\n", program, num_failures);
  return num_failures == 0 ? 0 : 1;
}

}  // namespace testing

// Prints the message and goes on, so that one run shows every failure; only the first few in full.
#define CHECK(condition, ...)                                           \
  do {                                                                  \
    if (!(condition) && ++testing::num_failures <= 20) {                \
      std::printf("%s:%d: %s failed: ", __FILE__, __LINE__, #condition); \
      std::printf(__VA_ARGS__);                                         \
      std::printf("\n");                                                \
    }                                                                   \
  } while (false)

#endif
