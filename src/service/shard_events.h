// What happens to a shard of this node. Implemented by hosting, called on the service's loop.
#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "engine/engine.h"

namespace shoal {

class ShardEvents {
 public:
  virtual ~ShardEvents() = default;
  // Called once, and never after the shard was closed.
  virtual void on_shard_loaded(const InstanceId& instance, const Epoch& epoch, Result<EngineInfo> loaded) = 0;
  virtual void on_load_ended() = 0;  // called once, also after close(): the loading thread has ended
  virtual void on_ring_lost(const InstanceId& instance, const Epoch& epoch, const Error& reason) = 0;
};

}  // namespace shoal
