#include "kernels/cpu/lanes_portable.h"
#include "kernels/cpu/table.inl"
#include "kernels/cpu/tables.h"

namespace shoal::cpu {

const Kernels* baseline_table() {
  static constexpr Kernels table = make_table<portable::Lanes>(Isa::baseline);
  return &table;
}

}  // namespace shoal::cpu
