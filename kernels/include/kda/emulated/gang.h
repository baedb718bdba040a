// Blocks that run at the same time and meet: those of a cluster, or all of a cooperative grid. Each has a host thread
// to itself, and its fibers wait for those of other blocks by letting that thread wait.
#ifndef KDA_EMULATED_GANG_H
#define KDA_EMULATED_GANG_H

#include <pthread.h>
#include <sched.h>

#include "kda/emulated/block.h"

namespace kda::emulated {

// A cluster's limit. A cooperative grid may have as many blocks as the multiprocessors hold, but no more than these.
inline constexpr unsigned kMaxGangBlocks = 16;

class Gang {
 public:
  explicit Gang(unsigned members) : members_(members) {}
  Gang(const Gang&) = delete;
  Gang& operator=(const Gang&) = delete;

  unsigned members() const { return members_; }
  BlockState*& block(unsigned rank) { return blocks_[rank]; }

  // Waits until every member has met or ended its block. False when the launch fails meanwhile.
  bool meet() {
    pthread_mutex_lock(&mutex_);
    ++met_;
    const uint64_t meeting = meetings_;
    close_meeting_if_complete();
    while (meetings_ == meeting && !failed_) pthread_cond_wait(&changed_, &mutex_);
    const bool is_good = !failed_;
    pthread_mutex_unlock(&mutex_);
    return is_good;
  }

  // Waits until every member has ended its block, so that nobody's shared memory goes before others are done with it.
  bool end_round() {
    pthread_mutex_lock(&mutex_);
    ++ended_;
    const uint64_t round = rounds_;
    close_meeting_if_complete();
    if (ended_ == members_) {
      ended_ = 0;
      ++rounds_;
      pthread_cond_broadcast(&changed_);
    }
    while (rounds_ == round && !failed_) pthread_cond_wait(&changed_, &mutex_);
    const bool is_good = !failed_;
    pthread_mutex_unlock(&mutex_);
    return is_good;
  }

  // Wakes everybody: a block has failed.
  void fail() {
    pthread_mutex_lock(&mutex_);
    failed_ = true;
    pthread_cond_broadcast(&changed_);
    pthread_mutex_unlock(&mutex_);
  }

 private:
  void close_meeting_if_complete() {
    if (met_ == 0 || met_ + ended_ != members_) return;
    met_ = 0;
    ++meetings_;
    pthread_cond_broadcast(&changed_);
  }

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
  const unsigned members_;
  unsigned met_ = 0;
  unsigned ended_ = 0;
  uint64_t meetings_ = 0;
  uint64_t rounds_ = 0;
  bool failed_ = false;
  BlockState* blocks_[kMaxGangBlocks] = {};
};

}  // namespace kda::emulated

#endif
