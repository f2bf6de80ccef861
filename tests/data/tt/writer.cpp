// The writer of matmul for wormhole, made by Loom.
// cores 3 x 2, one tile of c each
// a is multicast along x
#include <cstdint>
#include "api/dataflow/dataflow_api.h"

void kernel_main() {
  constexpr uint32_t c_cb = get_compile_time_arg_val(0);
  constexpr auto c_args = TensorAccessorArgs<1>();
  const uint32_t tile = get_arg_val<uint32_t>(1);
  const auto c = TensorAccessor(c_args, get_arg_val<uint32_t>(0), 2048);
  cb_wait_front(c_cb, 1);
  const uint32_t l1 = get_read_ptr(c_cb);
  noc_async_write_tile(tile, c, l1);
  noc_async_write_barrier();
  cb_pop_front(c_cb, 1);
}
