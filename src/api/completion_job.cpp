#include "api/completion_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/api_error.h"

namespace shoal {
namespace {

constexpr const char* heartbeat_comment = ": waiting\n\n";

int64_t percent(const LoadingStatus& status) {
  if (status.bytes_total <= 0) return 0;
  return std::clamp<int64_t>(static_cast<int64_t>(100.0 * static_cast<double>(status.bytes_done) /
                                                  static_cast<double>(status.bytes_total)),
                             0, 100);
}

// All state belongs to the response's strand: sinks post to it, and everything else is called on it.
class CompletionJob : public std::enable_shared_from_this<CompletionJob> {
 public:
  CompletionJob(ApiBackend& backend, Metrics& metrics, CompletionPlan plan,
                std::shared_ptr<ResponseWriter> response)
      : backend_(backend),
        metrics_(metrics),
        response_(std::move(response)),
        shape_(std::move(plan.shape)),
        is_stream_(plan.is_stream),
        tells_progress_(plan.is_stream && plan.tells_progress),
        calls_(std::move(plan.calls)),
        echoes_(std::move(plan.echoes)),
        choices_per_prompt_(plan.requests.front().settings.choice_count),
        choices_(plan.requests.size() * choices_per_prompt_),
        readers_(choices_.size()),
        text_offsets_(choices_.size()),
        waiting_prompts_(plan.requests.size()) {
    for (const ServiceRequest& request : plan.requests) open_.push_back(request.request);
  }

  void start(std::vector<ServiceRequest> requests);

  ResponseWriter& response() { return *response_; }

  void on_loading(const LoadingStatus& status) {
    if (has_ended_) return;
    response_->note_progress();
    if (!tells_progress_) return;
    begin_stream();
    std::string comment = fmt::format(": loading {} %\n\n", percent(status));
    if (comment == last_comment_) return;
    response_->write(comment);
    last_comment_ = std::move(comment);
  }

  void on_accepted(size_t prompt_index, int64_t prompt_tokens, const AnswerOpening& opening) {
    if (has_ended_) return;
    open_readers(prompt_index, opening);
    response_->note_progress();
    usage_.prompt_tokens += prompt_tokens;
    metrics_.count_prompt_tokens(prompt_tokens);
    for (uint32_t i = 0; i < choices_per_prompt_; ++i)
      open_choice(prompt_index, first_choice(prompt_index) + i);
    if (is_stream_ && --waiting_prompts_ == 0) begin_stream();
  }

  void on_token(size_t prompt_index, uint32_t choice_index, DeliveredToken token) {
    if (has_ended_) return;
    response_->note_progress();
    metrics_.count_token();
    if (!std::exchange(has_token_, true)) metrics_.observe_first_token(started_);
    const uint32_t choice = first_choice(prompt_index) + choice_index;
    const std::vector<AnswerEvent> pieces = read(choice, token.text);
    if (is_stream_) return write_token(choice, pieces, token);
    keep(choice, pieces);
    token.text.clear();
    if (shape_.has_logprobs) choices_[choice].tokens.push_back(std::move(token));
  }

  void on_finished(size_t prompt_index, uint32_t choice_index, const GenerationEnd& end) {
    if (has_ended_) return;
    response_->note_progress();
    usage_.completion_tokens += end.completion_tokens;
    const uint32_t choice = first_choice(prompt_index) + choice_index;
    choices_[choice].reason = end.reason;
    std::vector<AnswerEvent> pieces = read(choice, end.text);
    if (readers_[choice] != nullptr) {
      const TextEnd how = end.reason == FinishReason::length ? TextEnd::cut : TextEnd::whole;
      for (AnswerEvent& piece : readers_[choice]->finish(how)) pieces.push_back(std::move(piece));
    }
    if (!is_stream_) return keep(choice, pieces);
    for (const AnswerEvent& piece : pieces) write_piece(choice, piece, {});
    const bool has_calls = readers_[choice] != nullptr && readers_[choice]->has_calls();
    write(format_finish_event(shape_, choice, end.reason,
                              has_calls ? AnswerEnd::with_calls : AnswerEnd::with_text));
  }

  void on_done(const RequestId& request) {
    std::erase(open_, request);
    if (has_ended_ || !open_.empty()) return;
    has_ended_ = true;
    metrics_.observe_answer(started_);
    if (!is_stream_) {
      response_->send({.status = 200, .body = format_answer(shape_, choices_, usage_), .headers = {}});
      return;
    }
    begin_stream();
    if (shape_.includes_usage) response_->write(format_usage_event(shape_, usage_));
    response_->write("data: [DONE]\n\n");
    response_->end_stream();
  }

  void on_failed(const RequestId& request, const Error& error) {
    std::erase(open_, request);
    end_with(to_request_error(error, shape_.kind == AnswerKind::chat ? "messages" : "prompt"));
  }

  void on_interrupted(Interruption reason) {
    switch (reason) {
      case Interruption::client_gone:
        cancel_all();
        has_ended_ = true;
        return;
      case Interruption::silent_too_long:
        return end_with(
            to_api_error({ErrorCode::deadline_exceeded, "the model made no progress for too long"}));
      case Interruption::server_stopping:
        return end_with(to_api_error({ErrorCode::unavailable, "this node is stopping"}));
    }
  }

 private:
  uint32_t first_choice(size_t prompt_index) const {
    return static_cast<uint32_t>(prompt_index) * choices_per_prompt_;
  }

  // Not called until the head of every prompt has accepted: until then a refusal still has a status of its
  // own, and what is to be written waits.
  void begin_stream() {
    if (std::exchange(has_begun_, true)) return;
    response_->begin_stream({.status = 200,
                             .content_type = "text/event-stream; charset=utf-8",
                             .body = "",
                             .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}},
                            heartbeat_comment);
    if (!unsent_.empty()) response_->write(std::exchange(unsent_, {}));
  }

  void write(const std::string& event) {
    if (has_begun_) return response_->write(event);
    unsent_ += event;
  }

  void open_choice(size_t prompt_index, uint32_t choice) {
    if (is_stream_ && shape_.kind == AnswerKind::chat) write(format_role_event(shape_, choice));
    if (echoes_.empty()) return;
    const AnswerEvent echo{.kind = AnswerEventKind::content, .text = echoes_[prompt_index]};
    if (!is_stream_) return keep(choice, {echo});
    write_piece(choice, echo, {});
  }

  // Only chats have readers, since a completion is nothing but text.
  void open_readers(size_t prompt_index, const AnswerOpening& opening) {
    if (shape_.kind != AnswerKind::chat) return;
    for (uint32_t i = 0; i < choices_per_prompt_; ++i) {
      std::unique_ptr<ChoiceParser>& reader = readers_[first_choice(prompt_index) + i];
      if (reader == nullptr) reader = std::make_unique<ChoiceParser>(opening, calls_);
    }
  }

  std::vector<AnswerEvent> read(uint32_t choice, const std::string& text) {
    if (readers_[choice] != nullptr) return readers_[choice]->push(text);
    if (text.empty()) return {};
    return {{.kind = AnswerEventKind::content, .text = text}};
  }

  void keep(uint32_t choice, const std::vector<AnswerEvent>& pieces) {
    ChoiceAnswer& answer = choices_[choice];
    for (const AnswerEvent& piece : pieces) {
      switch (piece.kind) {
        case AnswerEventKind::content: answer.text += piece.text; break;
        case AnswerEventKind::reasoning: answer.reasoning += piece.text; break;
        case AnswerEventKind::call_begin:
          answer.calls.push_back({.id = piece.id, .name = piece.name, .arguments = ""});
          break;
        case AnswerEventKind::call_arguments: answer.calls.back().arguments += piece.text; break;
        case AnswerEventKind::call_end: break;
        case AnswerEventKind::call_withdrawn: answer.calls.pop_back(); break;
      }
    }
  }

  // With logprobs every token has an event, without them only tokens that show something.
  void write_token(uint32_t choice, const std::vector<AnswerEvent>& pieces, const DeliveredToken& token) {
    std::span<const DeliveredToken> tokens;
    if (shape_.has_logprobs) tokens = {&token, 1};
    for (const AnswerEvent& piece : pieces) {
      if (write_piece(choice, piece, tokens)) tokens = {};
    }
    if (!tokens.empty()) write_piece(choice, {.kind = AnswerEventKind::content}, tokens);
    text_offsets_[choice] += count_characters(token);
  }

  // False when the piece has nothing for the client.
  bool write_piece(uint32_t choice, const AnswerEvent& piece, std::span<const DeliveredToken> tokens) {
    if (piece.kind == AnswerEventKind::call_end || piece.kind == AnswerEventKind::call_withdrawn)
      return false;
    write(format_piece_event(shape_, choice, piece, tokens, text_offsets_[choice]));
    return true;
  }

  void end_with(const ApiError& error) {
    if (std::exchange(has_ended_, true)) return;
    cancel_all();
    if (!has_begun_) return response_->send(error_response(error));
    response_->write("data: " + format_error(error) + "\n\ndata: [DONE]\n\n");
    response_->end_stream();
  }

  void cancel_all() {
    for (const RequestId& request : std::exchange(open_, {})) backend_.cancel(request);
  }

  ApiBackend& backend_;
  Metrics& metrics_;
  const std::shared_ptr<ResponseWriter> response_;
  const AnswerShape shape_;
  const bool is_stream_;
  const bool tells_progress_;
  const CallReading calls_;
  const std::vector<std::string> echoes_;
  const uint32_t choices_per_prompt_;
  const TimePoint started_ = std::chrono::steady_clock::now();

  std::vector<RequestId> open_;
  std::vector<ChoiceAnswer> choices_;
  std::vector<std::unique_ptr<ChoiceParser>> readers_;  // by choice; null for completions
  std::vector<int64_t> text_offsets_;                   // by choice, behind what the stream has had
  Usage usage_;
  std::string last_comment_;
  std::string unsent_;      // events from before the stream's head
  size_t waiting_prompts_;  // prompts whose heads have not accepted yet
  bool has_begun_ = false;  // the stream's head has been sent
  bool has_token_ = false;
  bool has_ended_ = false;
};

// Receives the answers to one prompt from the backend.
class PromptSink final : public ResponseSink {
 public:
  PromptSink(std::shared_ptr<CompletionJob> job, RequestId request, size_t prompt_index)
      : job_(std::move(job)), request_(std::move(request)), prompt_index_(prompt_index) {}

  void on_loading(LoadingStatus status) override {
    post([status = std::move(status)](CompletionJob& job) { job.on_loading(status); });
  }
  void on_accepted(int64_t prompt_tokens, AnswerOpening opening) override {
    post([index = prompt_index_, prompt_tokens, opening = std::move(opening)](CompletionJob& job) {
      job.on_accepted(index, prompt_tokens, opening);
    });
  }
  void on_token(uint32_t choice_index, DeliveredToken token) override {
    post([index = prompt_index_, choice_index, token = std::move(token)](CompletionJob& job) mutable {
      job.on_token(index, choice_index, std::move(token));
    });
  }
  void on_finished(uint32_t choice_index, GenerationEnd end) override {
    post([index = prompt_index_, choice_index, end = std::move(end)](CompletionJob& job) {
      job.on_finished(index, choice_index, end);
    });
  }
  void on_done() override {
    post([request = request_](CompletionJob& job) { job.on_done(request); });
  }
  void on_failed(Error error) override {
    post([request = request_, error = std::move(error)](CompletionJob& job) {
      job.on_failed(request, error);
    });
  }

 private:
  template <class Call>
  void post(Call call) {
    job_->response().post([job = job_, call = std::move(call)]() mutable { call(*job); });
  }

  const std::shared_ptr<CompletionJob> job_;
  const RequestId request_;
  const size_t prompt_index_;
};

void CompletionJob::start(std::vector<ServiceRequest> requests) {
  // A weak pointer, because the response holds this callback.
  response_->on_interrupted([weak = weak_from_this()](Interruption reason) {
    if (const auto job = weak.lock()) job->on_interrupted(reason);
  });
  for (size_t i = 0; i < requests.size(); ++i) {
    auto sink = std::make_shared<PromptSink>(shared_from_this(), requests[i].request, i);
    backend_.submit(std::move(requests[i]), std::move(sink));
  }
}

}  // namespace

void start_completion(ApiBackend& backend, Metrics& metrics, CompletionPlan plan,
                      std::shared_ptr<ResponseWriter> response) {
  std::vector<ServiceRequest> requests = plan.requests;
  auto job = std::make_shared<CompletionJob>(backend, metrics, std::move(plan), std::move(response));
  job->start(std::move(requests));
}

}  // namespace shoal
