#include "node/node.h"

#include <fmt/format.h>

#include <atomic>

#include "api/access.h"
#include "api/api_server.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "base/version.h"
#include "net/name_probe.h"
#include "net/peer_network.h"
#include "net/wire_checks.h"
#include "node/device_report.h"
#include "node/discovery_choice.h"
#include "node/local_nodes.h"
#include "node/model_engines.h"
#include "node/node_name.h"
#include "node/own_addresses.h"
#include "node/peer_wait.h"
#include "node/service_backend.h"
#include "node/thread_loops.h"
#include "service/service.h"

namespace shoal {
namespace {

constexpr int64_t thread_limit = 1024;

// A node with one model and a few peers and clients needs at least this many. Libraries abort when they get
// none, so this is checked before they start.
constexpr int64_t least_threads = 32;
constexpr int64_t least_open_files = 64;

Result<int64_t> thread_count_of(const NodeSettings& settings) {
  if (settings.thread_count < 0 || settings.thread_count > thread_limit) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--threads {}: from 1 to {} are possible", settings.thread_count, thread_limit));
  }
  if (settings.thread_count > 0) return settings.thread_count;
  return os::processor_count();
}

Result<Isa> isa_of(const NodeSettings& settings) {
  if (!settings.isa) return choose_isa();
  if (!isa_available(*settings.isa)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--isa {}: this processor does not have it", isa_name(*settings.isa)));
  }
  return *settings.isa;
}

// The threads and instruction set that compute.
struct Processors {
  int64_t thread_count;
  Isa isa;
};

Result<Processors> choose_processors(const NodeSettings& settings) {
  const auto threads = thread_count_of(settings);
  if (!threads) return fail(threads.error());
  const auto isa = isa_of(settings);
  if (!isa) return fail(isa.error());
  return Processors{.thread_count = *threads, .isa = *isa};
}

}  // namespace

// Members are destroyed in reverse order, so users stand below what they use.
struct Node::State {
  explicit State(NodeSettings node_settings) : settings(std::move(node_settings)) {}

  Result<void> start();
  Result<void> open_store();
  void take_name();
  Result<DeviceReport> measure_device(const Processors& processors) const;
  Result<void> make_service(const Processors& processors);
  Result<std::unique_ptr<PeerNetwork>> listen_for_peers() const;
  Result<void> start_api();
  void tell_this_machine();
  void stop();

  NodeSettings settings;
  const uint64_t incarnation = os::random_bits();
  std::optional<os::LivingFile> name_claim;
  std::unique_ptr<ModelStore> store;
  std::unique_ptr<ModelEngines> engines;
  ThreadLoops loops;
  ThreadLoop loop{"shoal-service"};
  std::unique_ptr<PeerNetwork> network;
  std::unique_ptr<Service> service;
  std::unique_ptr<ServiceBackend> backend;
  std::unique_ptr<ApiServer> api;
  std::unique_ptr<Discovery> discovery;
  std::optional<os::LivingFile> told;  // lets commands on this machine find the node
  bool stopped = false;

  Mutex mutex;  // for waiting until quit_asked
  ConditionVariable quit_changed;
  std::atomic<bool> quit_asked = false;
};

Result<void> Node::State::start() {
  os::keep_large_memory_apart();
  const auto processors = choose_processors(settings);
  if (!processors) return fail(processors.error());
  if (auto opened = open_store(); !opened) return opened;
  if (settings.api_port < 0 || settings.api_port > 65535) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--chatgpt-api-port {}: from 0 to 65535 are possible", settings.api_port));
  }
  if (settings.node.empty()) take_name();
  if (auto valid = check_node_id(settings.node); !valid) return valid;
  if (auto made = make_service(*processors); !made) return made;
  // A node tells others its API's port, so that is taken before anybody hears of the node.
  if (auto started = start_api(); !started) return started;
  service->start();
  if (auto started = network->start(*service); !started) return started;
  auto chosen = make_discovery(settings, service->own_report());
  if (!chosen) return fail(chosen.error());
  discovery = *std::move(chosen);
  if (discovery != nullptr) {
    discovery->start([this](PeerCandidate candidate) { network->add_candidate(std::move(candidate)); });
  }
  tell_this_machine();
  return {};
}

Result<void> Node::State::open_store() {
  auto opened = ModelStore::open(settings.folders);
  if (!opened) return fail(opened.error());
  store = std::make_unique<ModelStore>(*std::move(opened));
  for (const auto& [name, path] : settings.extra_models) store->add_model(name, path);
  return {};
}

Result<DeviceReport> Node::State::measure_device(const Processors& processors) const {
  auto device = make_device_report(processors.isa, processors.thread_count, settings.memory_limit_bytes);
  if (!device) return device;
  if (auto declared = declare_device(settings, *device); !declared) return fail(declared.error());
  return device;
}

// Makes the service with the engines and the network below it and the backend above it.
Result<void> Node::State::make_service(const Processors& processors) {
  SchedulerSettings scheduler;
  if (!settings.trace_path.empty()) {
    auto trace = StepTrace::open(settings.trace_path);
    if (!trace) return fail(trace.error(), "--trace");
    scheduler.trace = *std::move(trace);
  }
  auto device = measure_device(processors);
  if (!device) return fail(device.error());
  auto listening = listen_for_peers();
  if (!listening) return fail(listening.error());
  network = *std::move(listening);
  engines = std::make_unique<ModelEngines>(
      ModelEngineSettings{.thread_count = processors.thread_count,
                          .isa = processors.isa,
                          .kv_type = settings.kv_type,
                          .context_length = settings.context_length,
                          .spare_bytes = [this] { return service->own_report().device.free_bytes; }},
      *store);
  ServiceSettings service_settings{.own = {.node = settings.node,
                                           .incarnation = incarnation,
                                           .version = std::string(shoal_version()),
                                           .address = {},
                                           .peer_port = network->port(),
                                           .api_port = settings.api_port,
                                           .device = *std::move(device),
                                           .models = {},
                                           .shards = {}},
                                   .partitioning = settings.partitioning,
                                   .scheduler = std::move(scheduler),
                                   .measure_free_memory = measure_free_memory};
  service = std::make_unique<Service>(std::move(service_settings), loop, loops, *engines, *network);
  backend = std::make_unique<ServiceBackend>(*service, *network, [this] {
    {
      MutexLock lock(mutex);
      quit_asked = true;
    }
    quit_changed.notify_all();
  });
  return {};
}

// Asking the network takes a quarter of a second, so it is asked only where somebody could be found.
void Node::State::take_name() {
  const bool can_ask = settings.discovery.module == DiscoveryModule::udp;
  OwnName own = take_own_name(settings.folders.home, [&](const NodeId& name) {
    return can_ask && is_name_taken(name,
                                    {.host = settings.peer_host,
                                     .listen_port = settings.discovery.listen_port,
                                     .broadcast_port = settings.discovery.broadcast_port,
                                     .allowed_interface_types = settings.discovery.allowed_interface_types,
                                     .incarnation = incarnation},
                                    {});
  });
  settings.node = std::move(own.name);
  if (own.claim) name_claim.emplace(*std::move(own.claim));
}

Result<std::unique_ptr<PeerNetwork>> Node::State::listen_for_peers() const {
  const auto listen = [&](int32_t port) {
    return PeerNetwork::listen(
        {.host = settings.peer_host, .port = port, .candidate_lifetime = settings.discovery.timeout});
  };
  if (settings.peer_port != 0) return listen(settings.peer_port);
  for (int32_t i = 0; i < usual_peer_ports; ++i) {
    auto listening = listen(usual_peer_port + i);
    if (listening || listening.error().code != ErrorCode::unavailable) return listening;
  }
  return listen(0);
}

// Without this file `shoal run --node-id` finds the node only by its API port.
void Node::State::tell_this_machine() {
  const auto folder = os::user_folder();
  if (!folder) return log_debug(1, "{}", folder.error().message);
  auto file = tell_local_node(*folder, {.node = settings.node,
                                        .peer_port = network->port(),
                                        .api_host = settings.api_host,
                                        .api_port = api->port()});
  if (!file) return log_debug(1, "{}", file.error().message);
  told.emplace(*std::move(file));
}

Result<void> Node::State::start_api() {
  ApiSettings api_settings{.host = settings.api_host,
                           .port = settings.api_port,
                           .default_model = settings.default_model,
                           .default_temperature = settings.default_temperature,
                           .system_prompt = settings.system_prompt,
                           .max_generate_tokens = settings.max_generate_tokens,
                           .allowed_hosts = settings.allowed_hosts,
                           .allowed_origins = settings.allowed_origins,
                           .http = {.response_timeout = settings.response_timeout}};
  api = std::make_unique<ApiServer>(std::move(api_settings), *backend);
  return api->start();
}

void Node::State::stop() {
  if (stopped) return;
  stopped = true;
  told.reset();
  if (discovery != nullptr) discovery->stop();
  if (service != nullptr) service->stop();
  if (api != nullptr) api->stop();
  if (network != nullptr) network->stop();
  loop.stop();
}

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}
Node::~Node() { stop(); }

Result<std::unique_ptr<Node>> Node::start(NodeSettings settings) {
  if (auto files = os::raise_open_file_limit(least_open_files); !files) return fail(files.error());
  const auto threads = thread_count_of(settings);
  if (!threads) return fail(threads.error());
  if (auto room = os::check_thread_room(least_threads + 2 * *threads); !room) return fail(room.error());
  std::unique_ptr<Node> node(new Node(std::make_unique<State>(std::move(settings))));
  if (auto started = node->state_->start(); !started) return fail(started.error());
  return node;
}

const NodeId& Node::id() const { return state_->settings.node; }
int32_t Node::peer_port() const { return state_->network->port(); }
int32_t Node::api_port() const { return state_->api->port(); }
ApiBackend& Node::backend() { return *state_->backend; }

std::vector<std::string> Node::addresses_for_others() const {
  return own_addresses(state_->settings.api_host, os::interface_addresses());
}

std::string Node::reach() const {
  const bool is_local =
      is_loopback_address(state_->settings.peer_host) && is_loopback_address(state_->settings.api_host);
  return is_local ? "only programs on this machine can reach this node"
                  : "anyone on this private network can reach this node; --node-host 127.0.0.1 and "
                    "--api-host 127.0.0.1 keep it to this machine";
}

Result<void> Node::wait_for_peers(int64_t count, Duration deadline, std::stop_token stop) {
  const TimePoint end = state_->loop.now() + deadline;
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  while (true) {
    const ClusterView cluster = backend().cluster();
    if (std::ssize(cluster.nodes) - 1 >= count) return {};
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "asked to stop while waiting for peers");
    if (state_->loop.now() >= end) {
      return fail(ErrorCode::deadline_exceeded, describe_wait(cluster, count, state_->settings.discovery));
    }
    asked.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
  }
}

void Node::wait_for_quit(std::stop_token stop) {
  MutexLock lock(state_->mutex);
  state_->quit_changed.wait(state_->mutex, stop, [this] { return state_->quit_asked.load(); });
}

void Node::finish_answers(Duration patience) { state_->service->finish_answers(patience); }

void Node::stop() { state_->stop(); }

}  // namespace shoal
