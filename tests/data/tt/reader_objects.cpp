// The reader of matmul for wormhole, made by Loom.
// cores 3 x 2, one tile of c each
// a is multicast along x
#include <cstdint>
#include "api/dataflow/dataflow_api.h"
#include "api/dataflow/circular_buffer.h"
#include "api/dataflow/noc.h"
#include "api/tensor/noc_traits.h"
#include "api/core_local_mem.h"

void kernel_main() {
  Noc noc;
  CircularBuffer a_cb(get_compile_time_arg_val(0));
  CircularBuffer b_cb(get_compile_time_arg_val(1));
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
    a_cb.reserve_back(1);
    const uint32_t a_l1 = a_cb.get_write_ptr();
    if (is_sender) {
      noc.async_read(a, CoreLocalMem<uint32_t>(a_l1), a.get_aligned_page_size(), {.page_id = static_cast<uint32_t>(core_y * 4 + k)}, {});
      noc.async_read_barrier();
      noc_semaphore_wait(ready_word, 2);
      noc_semaphore_set(ready_word, 0);
      noc_async_write_multicast(a_l1, get_noc_multicast_addr(first_x, sender_y, last_x, sender_y, a_l1), tile_bytes, 2);
      noc_semaphore_set(valid_word, 1);
      noc_semaphore_set_multicast(valid, get_noc_multicast_addr(first_x, sender_y, last_x, sender_y, valid), 2);
      noc.async_write_barrier();
    } else {
      noc_semaphore_set(valid_word, 0);
      noc_semaphore_inc(get_noc_addr(sender_x, sender_y, ready), 1);
      noc_semaphore_wait(valid_word, 1);
    }
    a_cb.push_back(1);
    // b[k, core_x]
    b_cb.reserve_back(1);
    const uint32_t b_l1 = b_cb.get_write_ptr();
    noc.async_read(b, CoreLocalMem<uint32_t>(b_l1), b.get_aligned_page_size(), {.page_id = static_cast<uint32_t>(k * 3 + core_x)}, {});
    noc.async_read_barrier();
    b_cb.push_back(1);
  }
  noc.async_atomic_barrier();
}
