// The compute of matmul for wormhole, made by Loom.
// cores 3 x 2, one tile of c each
// a is multicast along x
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/cb_api.h"
#include "api/compute/reg_api.h"
#include "api/compute/pack.h"
#include "api/compute/matmul.h"
#include "api/dataflow/circular_buffer.h"
#include "api/compute/compute_kernel_hw_startup.h"

void kernel_main() {
  CircularBuffer a(get_compile_time_arg_val(0));
  CircularBuffer b(get_compile_time_arg_val(1));
  CircularBuffer c(get_compile_time_arg_val(2));
  compute_kernel_hw_startup<SrcOrder::Reverse>(a.get_cb_id(), b.get_cb_id(), c.get_cb_id());
  matmul_init(a.get_cb_id(), b.get_cb_id());
  tile_regs_acquire();
  for (int32_t k = 0; k < 4; k++) {
    a.wait_front(1);
    b.wait_front(1);
    matmul_tiles(a.get_cb_id(), b.get_cb_id(), 0, 0, 0);
    a.pop_front(1);
    b.pop_front(1);
  }
  tile_regs_commit();
  c.reserve_back(1);
  tile_regs_wait();
  pack_tile(0, c.get_cb_id());
  tile_regs_release();
  c.push_back(1);
}
