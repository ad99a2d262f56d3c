// shoal without a command: makes this machine a node until Ctrl-C or POST /quit.
#include "cli/node_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/os.h"

namespace shoal {
namespace {

// The time that answers in progress get when the node is asked to stop.
constexpr auto answer_patience = std::chrono::seconds(5);

}  // namespace

Result<std::unique_ptr<Node>> start_node(const NodeOptions& options, NodeSettings settings,
                                         std::stop_token stop) {
  auto node = Node::start(std::move(settings));
  if (!node) return fail(node.error());
  if (options.wait_for_peers > 0) {
    log_notice("waiting for {} peer{}", options.wait_for_peers, options.wait_for_peers == 1 ? "" : "s");
    // Waits as long as it takes, as exo does: somebody may have to start the other machine by hand.
    for (auto patience = std::chrono::seconds(5);;) {
      auto joined = (*node)->wait_for_peers(options.wait_for_peers, patience, stop);
      if (joined) break;
      if (joined.error().code != ErrorCode::deadline_exceeded) return fail(joined.error());
      log_notice("still waiting: {}", joined.error().message);
      patience = std::chrono::seconds(std::max<int64_t>(options.discovery_timeout_s, 1));
    }
  }
  return node;
}

Result<void> run_node(const NodeOptions& options) {
  options.tell_notices();
  auto settings = options.settings();
  if (!settings) return fail(settings.error());
  std::stop_source stop;
  const os::SignalWatch signals(stop);
  auto node = start_node(options, *std::move(settings), stop.get_token());
  if (!node) return stop.stop_requested() ? Result<void>() : fail(node.error());
  const std::string address = fmt::format("http://localhost:{}", (*node)->api_port());
  fmt::print("node {}\nweb page  {}\nAPI       {}/v1/chat/completions\n", (*node)->id(), address, address);
  for (const std::string& other : (*node)->addresses_for_others()) {
    fmt::print("from other devices  http://{}:{}\n", other, (*node)->api_port());
  }
  fmt::print("{}\n", (*node)->reach());
  std::fflush(stdout);
  (*node)->wait_for_quit(stop.get_token());
  (*node)->finish_answers(answer_patience);
  (*node)->stop();
  return {};
}

}  // namespace shoal
