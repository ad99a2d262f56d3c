// A backend for tests: answers as a script says, and remembers what it was asked.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/backend.h"
#include "base/mutex.h"

namespace shoal {

class FakeBackend final : public ApiBackend {
 public:
  struct Submission {
    ServiceRequest request;
    std::shared_ptr<ResponseSink> sink;
  };

  // Runs within submit(), on the server's thread. Without it the submission only waits for next_submission().
  std::function<void(const Submission&)> script;
  ClusterView view;
  std::vector<ModelView> model_list{{.name = "tiny", .is_loaded = true, .context_length = 4096},
                                    {.name = "other", .is_loaded = false}};
  ServiceStatus service_status{};
  Result<void> unload_outcome;

  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink) override {
    Submission submission{std::move(request), std::move(sink)};
    {
      const MutexLock lock(mutex_);
      submissions_.push_back(submission);
    }
    changed_.notify_all();
    if (script) script(submission);
  }
  void cancel(const RequestId& request) override {
    const MutexLock lock(mutex_);
    cancelled_.push_back(request);
    changed_.notify_all();
  }
  void unload(const std::string& model, std::function<void(Result<void>)> done) override {
    {
      const MutexLock lock(mutex_);
      unloaded_.push_back(model);
    }
    done(unload_outcome);
  }
  ClusterView cluster() const override { return view; }
  std::vector<ModelView> models() const override { return model_list; }
  ServiceStatus status() const override { return service_status; }
  void quit() override {
    const MutexLock lock(mutex_);
    has_quit_ = true;
  }

  // Waits for it; an empty sink after ten seconds.
  Submission next_submission() {
    MutexLock lock(mutex_);
    changed_.wait_for(mutex_, std::chrono::seconds(10),
                      [this]() REQUIRES(mutex_) { return !submissions_.empty(); });
    if (submissions_.empty()) return {};
    Submission first = std::move(submissions_.front());
    submissions_.pop_front();
    return first;
  }
  int64_t submission_count() {
    const MutexLock lock(mutex_);
    return static_cast<int64_t>(submissions_.size());
  }
  bool wait_for_cancel(const RequestId& request) {
    MutexLock lock(mutex_);
    return changed_.wait_for(mutex_, std::chrono::seconds(10), [&]() REQUIRES(mutex_) {
      return std::ranges::find(cancelled_, request) != cancelled_.end();
    });
  }
  int64_t cancel_count() {
    const MutexLock lock(mutex_);
    return static_cast<int64_t>(cancelled_.size());
  }
  std::vector<std::string> unloaded() {
    const MutexLock lock(mutex_);
    return unloaded_;
  }
  bool has_quit() {
    const MutexLock lock(mutex_);
    return has_quit_;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Submission> submissions_ GUARDED_BY(mutex_);
  std::vector<RequestId> cancelled_ GUARDED_BY(mutex_);
  std::vector<std::string> unloaded_ GUARDED_BY(mutex_);
  bool has_quit_ GUARDED_BY(mutex_) = false;
};

// Gives every choice these pieces, one a token, then ends it.
inline void answer(const FakeBackend::Submission& submission, const std::vector<std::string>& pieces,
                   FinishReason reason = FinishReason::stop, int64_t prompt_tokens = 5,
                   const AnswerOpening& opening = {}) {
  ResponseSink& sink = *submission.sink;
  sink.on_accepted(prompt_tokens, opening);
  for (uint32_t choice = 0; choice < submission.request.settings.choice_count; ++choice) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      DeliveredToken token{.index = static_cast<int64_t>(i),
                           .token = static_cast<TokenId>(100 + i),
                           .text = pieces[i],
                           .logprob = std::nullopt,
                           .top_logprobs = {}};
      if (submission.request.settings.top_logprobs) {
        token.logprob = TokenLogprob{.token = token.token, .bytes = pieces[i], .logprob = -0.5f};
        for (int64_t k = 0; k < *submission.request.settings.top_logprobs; ++k) {
          token.top_logprobs.push_back({.token = static_cast<TokenId>(200 + k),
                                        .bytes = k == 0 ? pieces[i] : "alt" + std::to_string(k),
                                        .logprob = -0.5f - static_cast<float>(k)});
        }
      }
      sink.on_token(choice, token);
    }
    sink.on_finished(choice, {.reason = reason,
                              .text = "",
                              .stopped_at = std::nullopt,
                              .completion_tokens = static_cast<int64_t>(pieces.size())});
  }
  sink.on_done();
}

}  // namespace shoal
