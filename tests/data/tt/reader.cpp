// The reader of matmul for wormhole, made by Loom.
// cores 3 x 2, one tile of c each
// a is multicast along x
#include <cstdint>
#include "api/dataflow/dataflow_api.h"

void kernel_main() {
  constexpr uint32_t a_cb = get_compile_time_arg_val(0);
  constexpr uint32_t b_cb = get_compile_time_arg_val(1);
  constexpr auto a_args = TensorAccessorArgs<2>();
  constexpr auto b_args = TensorAccessorArgs<a_args.next_compile_time_args_offset()>();
  const int32_t core_x = get_arg_val<uint32_t>(2);
  const int32_t core_y = get_arg_val<uint32_t>(3);
  const uint32_t sender_x = get_arg_val<uint32_t>(4);
  const uint32_t sender_y = get_arg_val<uint32_t>(5);
  const uint32_t first_x = get_arg_val<uint32_t>(6);
  const uint32_t last_x = get_arg_val<uint32_t>(7);
  constexpr int32_t tile_bytes = 2048;
  const auto a = TensorAccessor(a_args, get_arg_val<uint32_t>(0), tile_bytes);
  const auto b = TensorAccessor(b_args, get_arg_val<uint32_t>(1), tile_bytes);
  const uint32_t ready = get_semaphore(0);
  const uint32_t valid = get_semaphore(1);
  const auto ready_word = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(ready);
  const auto valid_word = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(valid);
  const bool is_sender = core_x == 0;
  for (int32_t k = 0; k < 4; k++) {
    // a[core_y, k]: multicast along x to 3 cores
    cb_reserve_back(a_cb, 1);
    const uint32_t a_l1 = get_write_ptr(a_cb);
    if (is_sender) {
      noc_async_read_tile(core_y * 4 + k, a, a_l1);
      noc_async_read_barrier();
      noc_semaphore_wait(ready_word, 2);
      noc_semaphore_set(ready_word, 0);
      noc_async_write_multicast(a_l1, get_noc_multicast_addr(first_x, sender_y, last_x, sender_y, a_l1), tile_bytes, 2);
      noc_semaphore_set(valid_word, 1);
      noc_semaphore_set_multicast(valid, get_noc_multicast_addr(first_x, sender_y, last_x, sender_y, valid), 2);
      noc_async_write_barrier();
    } else {
      noc_semaphore_set(valid_word, 0);
      noc_semaphore_inc(get_noc_addr(sender_x, sender_y, ready), 1);
      noc_semaphore_wait(valid_word, 1);
    }
    cb_push_back(a_cb, 1);
    // b[k, core_x]
    cb_reserve_back(b_cb, 1);
    const uint32_t b_l1 = get_write_ptr(b_cb);
    noc_async_read_tile(k * 3 + core_x, b, b_l1);
    noc_async_read_barrier();
    cb_push_back(b_cb, 1);
  }
  noc_async_atomic_barrier();
}
