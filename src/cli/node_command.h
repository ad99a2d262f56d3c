// Starts a node in this process, for the commands that are one.
#pragma once

#include <memory>
#include <stop_token>

#include "base/error.h"
#include "cli/node_options.h"
#include "node/node.h"

namespace shoal {

// Starts the node and waits, for as long as it takes, until as many peers are connected as the options ask
// for. cancelled when asked to stop; otherwise as Node::start().
Result<std::unique_ptr<Node>> start_node(const NodeOptions& options, NodeSettings settings,
                                         std::stop_token stop);

// Runs a node until a signal or POST /quit.
Result<void> run_node(const NodeOptions& options);

}  // namespace shoal
