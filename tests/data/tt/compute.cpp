// The compute of matmul for wormhole, made by Loom.
// cores 3 x 2, one tile of c each
// a is multicast along x
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/cb_api.h"
#include "api/compute/reg_api.h"
#include "api/compute/pack.h"
#include "api/compute/matmul.h"

void kernel_main() {
  constexpr uint32_t a = get_compile_time_arg_val(0);
  constexpr uint32_t b = get_compile_time_arg_val(1);
  constexpr uint32_t c = get_compile_time_arg_val(2);
  mm_init(a, b, c);
  tile_regs_acquire();
  for (int32_t k = 0; k < 4; k++) {
    cb_wait_front(a, 1);
    cb_wait_front(b, 1);
    matmul_tiles(a, b, 0, 0, 0);
    cb_pop_front(a, 1);
    cb_pop_front(b, 1);
  }
  tile_regs_commit();
  cb_reserve_back(c, 1);
  tile_regs_wait();
  pack_tile(0, c);
  tile_regs_release();
  cb_push_back(c, 1);
}
