// The pool of threads that run a launch's blocks. The launching thread is one of them, and alone runs what is short.
#ifndef KDA_EMULATED_POOL_H
#define KDA_EMULATED_POOL_H

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <new>

#include "kda/emulated/run_blocks.h"

namespace kda::emulated {

// A thread region may take two memory mappings a stack, and Linux allows a process 65530 (vm.max_map_count): this many
// pool threads with full blocks fit twice, for two sides in one process.
inline constexpr unsigned kMaxPoolThreads = 15;

// Helpers are woken only for a launch that has run this long: waking one costs about as much.
inline constexpr int64_t kAloneNanos = 20'000;

inline int64_t now_nanos() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Pool {
 public:
  Pool() {
    cpu_set_t cpus;
    const int available = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    num_threads_ = static_cast<unsigned>(available) < kMaxPoolThreads ? static_cast<unsigned>(available) : kMaxPoolThreads;
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Joins the helpers, since their code goes away when the side is unloaded.
  ~Pool() {
    lock();
    stopping_ = true;
    pthread_cond_broadcast(&work_);
    unlock();
    for (unsigned i = 0; i < num_helpers_; ++i) pthread_join(helpers_[i], nullptr);
    for (BlockState* region : regions_) release(region);
    for (BlockState* region : gang_regions_) release(region);
  }

  // How many threads later launches may use, the launching one included.
  void limit_threads(unsigned count) {
    lock();
    num_threads_ = count < 1 ? 1 : count > kMaxPoolThreads ? kMaxPoolThreads : count;
    unlock();
  }

  // Runs the launch to its end; false when it failed, with a message in launch.error. One launch runs at a time.
  bool run(Launch& launch) {
    pthread_mutex_lock(&running_);
    BlockState* const region = provide_region(regions_[0]);
    if (region == nullptr) {
      fail_launch(launch, "no address space for the emulated device");
    } else if (launch.gang.x * launch.gang.y * launch.gang.z > 1) {
      run_gangs(launch);
    } else {
      plan_blocks(launch);
      started_nanos_ = now_nanos();
      helpers_called_ = false;
      launch.before_grab = call_helpers_if_long;
      run_blocks(*region, launch);
      if (helpers_called_) {
        lock();
        launch_ = nullptr;
        while (num_busy_ != 0) pthread_cond_wait(&done_, &mutex_);
        unlock();
      }
    }
    pthread_mutex_unlock(&running_);
    return !launch.failed.load();
  }

 private:
  struct HelperStart {
    Pool* pool;
    unsigned index;
  };

  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }

  static BlockState* provide_region(BlockState*& region) {
    if (region == nullptr) {
      void* const memory = reserve_region();
      if (memory == nullptr) return nullptr;
      if (mprotect(memory, sizeof(BlockState), PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, kRegionBytes);
        return nullptr;
      }
      region = new (memory) BlockState{};
    }
    return region;
  }

  static void release(BlockState* region) {
    if (region == nullptr) return;
    free(region->dynamic_smem);
    munmap(region, kRegionBytes);
  }

  static void fail_launch(Launch& launch, const char* message) {
    snprintf(launch.error, sizeof(launch.error), "%s", message);
    launch.failed.store(true);
  }

  // One thread for each rank runs that rank's block of every gang, one gang after the other.
  void run_gangs(Launch& launch) {
    Gang gang(launch.gang.x * launch.gang.y * launch.gang.z);
    GangMember members[kMaxGangBlocks];
    unsigned num_started = 0;
    for (unsigned rank = 0; rank < gang.members() && !launch.failed.load(); ++rank) {
      gang.block(rank) = provide_region(gang_regions_[rank]);
      if (gang.block(rank) == nullptr) fail_launch(launch, "no address space for the blocks of a cluster");
    }
    for (; num_started < gang.members() && !launch.failed.load(); ++num_started) {
      GangMember& member = members[num_started];
      member.launch = &launch;
      member.gang = &gang;
      member.rank = num_started;
      if (pthread_create(&member.thread, nullptr, gang_member_main, &member) == 0) continue;
      fail_launch(launch, "no host thread for a block of a cluster");
      gang.fail();
      break;
    }
    for (unsigned rank = 0; rank < num_started; ++rank) pthread_join(members[rank].thread, nullptr);
  }

  struct GangMember {
    pthread_t thread;
    Launch* launch;
    Gang* gang;
    unsigned rank;
  };

  static void* gang_member_main(void* argument) {
    const GangMember& member = *static_cast<const GangMember*>(argument);
    run_blocks(*member.gang->block(member.rank), *member.launch, member.gang, member.rank);
    return nullptr;
  }

  // Blocks are taken several at a time, of about 4096 threads together, but so that all pool threads get many turns.
  void plan_blocks(Launch& launch) const {
    launch.num_blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
    const uint64_t block_threads = uint64_t{launch.block.x} * launch.block.y * launch.block.z;
    const uint64_t many_turns = launch.num_blocks / (8 * num_threads_);
    const uint64_t blocks = 4096 / block_threads;
    launch.blocks_per_grab = blocks < many_turns ? blocks : many_turns;
    if (launch.blocks_per_grab == 0) launch.blocks_per_grab = 1;
  }

  static void call_helpers_if_long(Launch& launch) {
    Pool& pool = instance();
    if (launch.next_block.load(std::memory_order_relaxed) >= launch.num_blocks) return;
    if (now_nanos() - pool.started_nanos_ < kAloneNanos) return;
    launch.before_grab = nullptr;
    pool.call_helpers(launch);
  }

  void call_helpers(Launch& launch) {
    lock();
    while (num_helpers_ + 1 < num_threads_) {
      HelperStart& start = starts_[num_helpers_];
      start = {this, num_helpers_ + 1};
      // Without this thread the launch is slower, not wrong.
      if (pthread_create(&helpers_[num_helpers_], nullptr, helper_main, &start) != 0) break;
      ++num_helpers_;
    }
    helpers_called_ = true;
    launch_ = &launch;
    ++launch_number_;
    pthread_cond_broadcast(&work_);
    unlock();
  }

  static void* helper_main(void* argument) {
    const HelperStart start = *static_cast<HelperStart*>(argument);
    start.pool->help(start.index);
    return nullptr;
  }

  void help(unsigned index) {
    uint64_t helped = 0;
    lock();
    for (;;) {
      while (!stopping_ && (launch_ == nullptr || launch_number_ == helped || index >= num_threads_)) {
        pthread_cond_wait(&work_, &mutex_);
      }
      if (stopping_) break;
      Launch& launch = *launch_;
      helped = launch_number_;
      ++num_busy_;
      unlock();
      if (BlockState* const region = provide_region(regions_[index])) run_blocks(*region, launch);
      lock();
      if (--num_busy_ == 0) pthread_cond_signal(&done_);
    }
    unlock();
  }

 public:
  static Pool& instance() {
    static Pool pool;
    return pool;
  }

 private:
  pthread_mutex_t running_ = PTHREAD_MUTEX_INITIALIZER;  // held by the thread whose launch runs
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;    // guards what follows
  pthread_cond_t work_ = PTHREAD_COND_INITIALIZER;
  pthread_cond_t done_ = PTHREAD_COND_INITIALIZER;
  Launch* launch_ = nullptr;
  uint64_t launch_number_ = 0;
  unsigned num_threads_ = 1;
  unsigned num_helpers_ = 0;
  unsigned num_busy_ = 0;
  bool stopping_ = false;

  // Only the launching thread uses these.
  int64_t started_nanos_ = 0;
  bool helpers_called_ = false;

  pthread_t helpers_[kMaxPoolThreads] = {};
  HelperStart starts_[kMaxPoolThreads] = {};
  BlockState* regions_[kMaxPoolThreads] = {};  // each touched by its own thread alone
  BlockState* gang_regions_[kMaxGangBlocks] = {};
};

}  // namespace kda::emulated

#endif
