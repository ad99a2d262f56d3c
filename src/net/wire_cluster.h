// Writes and reads the parts that messages are made of: nodes, plans, errors. Internal to net.
#pragma once

#include "cluster/node_report.h"
#include "cluster/placement.h"
#include "cluster/plan.h"
#include "net/wire_checks.h"
#include "service/peer_messages.h"
#include "shoal.pb.h"

namespace shoal {

constexpr int64_t layer_limit = 100'000;
constexpr int64_t node_limit = 10'000;
constexpr int64_t error_text_limit = 1 << 16;
constexpr int64_t text_limit = 1 << 28;
constexpr int64_t token_limit = 1 << 26;

void write(const Error& error, wire::Error& out);
void write(const Epoch& epoch, wire::Epoch& out);
void write(const NodeReport& report, wire::NodeReport& out);
void write(const ModelDemand& demand, wire::ModelDemand& out);
void write(const Plan& plan, wire::Plan& out);
void write(const EngineInfo& info, wire::EngineInfo& out);

Error read(const wire::Error& in, WireChecks& checks);
Epoch read(const wire::Epoch& in, WireChecks& checks);
NodeReport read(const wire::NodeReport& in, WireChecks& checks);
ModelDemand read(const wire::ModelDemand& in, WireChecks& checks);
Plan read(const wire::Plan& in, WireChecks& checks);
EngineInfo read(const wire::EngineInfo& in, WireChecks& checks);

}  // namespace shoal
