// One bidirectional gRPC stream of byte frames, seen from either end. All but write() on the completion loop.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/completion_loop.h"
#include "net/outbox.h"

namespace shoal {

class CallHandler {
 public:
  virtual ~CallHandler() = default;
  virtual void on_frame(std::span<const std::string_view> pieces) = 0;
  // Once; nothing follows.
  virtual void on_ended(Error reason) = 0;
};

class Call : public FrameWriter, public std::enable_shared_from_this<Call> {
 public:
  ~Call() override = default;

  // `handler` is told of frames and of the end until it is replaced; null: nobody is.
  void set_handler(CallHandler* handler) { handler_ = handler; }
  // Frames of `outbox` go out here.
  void attach(std::shared_ptr<Outbox> outbox);

  // Ends at once; the handler hears the reason.
  void cancel(Error reason);
  // Ends when what is in the outbox has been sent. The handler hears of the end.
  void close();

  // Whether the connection below is still being made.
  virtual bool is_connecting() const { return false; }

  // The address of the other side, empty when unknown.
  virtual std::string peer_address() const = 0;

  void reserve_write() override { ++pending_writes_; }
  void write(EncodedFrame frame) override;

 protected:
  // `on_done`: nothing of this is in use any longer.
  explicit Call(std::function<void(Call*)> on_done);

  virtual void begin_read(grpc::ByteBuffer* target, void* tag) = 0;
  virtual void begin_write(const grpc::ByteBuffer& frame, void* tag) = 0;
  // Says that nothing more will be written. False: there is no such thing on this side, finishing says it.
  virtual bool begin_half_close(void* tag) = 0;
  virtual void begin_finish(void* tag) = 0;
  // Whether finishing must wait for the read that is under way.
  virtual bool finishes_after_read() const = 0;
  virtual void try_cancel() = 0;
  // How the stream ended, once it has.
  virtual Error end_reason() const = 0;

  void read_next();
  void end(std::optional<Error> reason);
  void retire() { on_done_(this); }
  void finish_if_idle();
  // A client's stream can be written to once it has started; counts as a write until then.
  void start_done(bool ok);
  void make_writable();

 private:
  void read_done(bool ok);
  void write_done(bool ok);
  void half_close();
  void finish_done();
  void report_end(Error reason);

  std::function<void(Call*)> on_done_;
  CallHandler* handler_ = nullptr;
  std::shared_ptr<Outbox> outbox_;
  grpc::ByteBuffer read_buffer_;
  Completion read_done_, write_done_, half_closed_, finish_done_;
  bool writable_ = false;
  bool reading_ = false;
  bool ended_ = false;
  bool closing_ = false;
  bool finishing_ = false;
  bool finished_ = false;
  std::atomic<int64_t> pending_writes_ = 0;  // the start of a call and its half-close count too
};

// A stream that this node opened, over a connection of its own.
class ClientCall final : public Call {
 public:
  ClientCall(CompletionLoop& loop, std::shared_ptr<grpc::Channel> channel, const std::string& method,
             std::function<void(Call*)> on_done);
  void start();
  bool is_connecting() const override { return channel_->GetState(false) == GRPC_CHANNEL_CONNECTING; }
  std::string peer_address() const override;

 private:
  void begin_read(grpc::ByteBuffer* target, void* tag) override { stream_->Read(target, tag); }
  void begin_write(const grpc::ByteBuffer& frame, void* tag) override { stream_->Write(frame, tag); }
  bool begin_half_close(void* tag) override;
  void begin_finish(void* tag) override { stream_->Finish(&status_, tag); }
  bool finishes_after_read() const override { return true; }
  void try_cancel() override { context_.TryCancel(); }
  Error end_reason() const override;

  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  Completion started_;
  grpc::Status status_;
};

// A stream that another node opened.
class ServerCall final : public Call {
 public:
  // `on_open` is called when there is a stream; not when the server ends before.
  ServerCall(CompletionLoop& loop, grpc::AsyncGenericService& service,
             std::function<void(std::shared_ptr<ServerCall>)> on_open, std::function<void(Call*)> on_done);
  void wait_for_stream();
  void start_reading() { read_next(); }

  std::string_view method() const { return method_; }
  std::string peer_address() const override;

  // Ends the stream; the other side gets the error.
  void refuse(const Error& error);

 private:
  void begin_read(grpc::ByteBuffer* target, void* tag) override { stream_.Read(target, tag); }
  void begin_write(const grpc::ByteBuffer& frame, void* tag) override { stream_.Write(frame, tag); }
  bool begin_half_close(void*) override { return false; }
  void begin_finish(void* tag) override { stream_.Finish(status_, tag); }
  bool finishes_after_read() const override { return false; }
  void try_cancel() override { context_.TryCancel(); }
  Error end_reason() const override;

  CompletionLoop& loop_;
  grpc::AsyncGenericService& service_;
  std::function<void(std::shared_ptr<ServerCall>)> on_open_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  Completion opened_;
  std::string method_;
  grpc::Status status_;
};

}  // namespace shoal
