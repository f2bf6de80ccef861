// c[64, 96] = a[64, 128] @ b[128, 96] on 3 x 2 cores: core (x, y) makes tile (y, x) of c.  The cores at x = 0 read a's tiles and multicast them along x.
// Written by hand: the example of what src/target/tt prints (tt_golden_test.c).
module attributes {loom.kernel = "matmul", loom.machine = "wormhole", loom.summary = "cores 3 x 2, one tile of c each\na is multicast along x"} {
  func.func @reader() attributes {ttkernel.thread = "noc"} {
    %a_cb = "ttkernel.get_compile_time_arg_val"() {arg_index = 0 : i32, loom.name = "a_cb"} : () -> !ttkernel.cb
    %b_cb = "ttkernel.get_compile_time_arg_val"() {arg_index = 1 : i32, loom.name = "b_cb"} : () -> !ttkernel.cb
    %a_args = "ttkernel.tensor_accessor_args"() {cta_base = 2 : i32, loom.name = "a_args"} : () -> !ttkernel.accessor_args
    %b_args = "ttkernel.tensor_accessor_args"() {cta_base = 3 : i32, loom.name = "b_args"} : () -> !ttkernel.accessor_args
    %a_address = "ttkernel.get_arg_val"() {arg_index = 0 : i32} : () -> i32
    %b_address = "ttkernel.get_arg_val"() {arg_index = 1 : i32} : () -> i32
    %x = "ttkernel.get_arg_val"() {arg_index = 2 : i32, loom.name = "core_x"} : () -> i32
    %y = "ttkernel.get_arg_val"() {arg_index = 3 : i32, loom.name = "core_y"} : () -> i32
    %sender_x = "ttkernel.get_arg_val"() {arg_index = 4 : i32, loom.name = "sender_x"} : () -> i32
    %sender_y = "ttkernel.get_arg_val"() {arg_index = 5 : i32, loom.name = "sender_y"} : () -> i32
    %first_x = "ttkernel.get_arg_val"() {arg_index = 6 : i32, loom.name = "first_x"} : () -> i32
    %last_x = "ttkernel.get_arg_val"() {arg_index = 7 : i32, loom.name = "last_x"} : () -> i32
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %2 = arith.constant 2 : i32
    %3 = arith.constant 3 : i32
    %4 = arith.constant 4 : i32
    %bytes = arith.constant {loom.name = "tile_bytes"} 2048 : i32
    %a = "ttkernel.tensor_accessor"(%a_args, %a_address, %bytes) {loom.name = "a"} : (!ttkernel.accessor_args, i32, i32) -> !ttkernel.accessor
    %b = "ttkernel.tensor_accessor"(%b_args, %b_address, %bytes) {loom.name = "b"} : (!ttkernel.accessor_args, i32, i32) -> !ttkernel.accessor
    %ready = "ttkernel.get_semaphore"(%0) {loom.name = "ready"} : (i32) -> i32
    %valid = "ttkernel.get_semaphore"(%1) {loom.name = "valid"} : (i32) -> i32
    %ready_word = "ttkernel.reinterpret_cast"(%ready) {loom.name = "ready_word"} : (i32) -> !ttkernel.l1_ptr
    %valid_word = "ttkernel.reinterpret_cast"(%valid) {loom.name = "valid_word"} : (i32) -> !ttkernel.l1_ptr
    %is_sender = arith.cmpi eq, %x, %0 {loom.name = "is_sender"} : i32
    scf.for %k = %0 to %4 step %1 : i32 {
      "ttkernel.cb_reserve_back"(%a_cb, %1) {loom.comment = "a[core_y, k]: multicast along x to 3 cores"} : (!ttkernel.cb, i32) -> ()
      %l1 = "ttkernel.get_write_ptr"(%a_cb) {loom.name = "a_l1"} : (!ttkernel.cb) -> i32
      scf.if %is_sender {
        %row = arith.muli %y, %4 : i32
        %tile = arith.addi %row, %k : i32
        "ttkernel.noc_async_read_tile"(%tile, %a, %l1) : (i32, !ttkernel.accessor, i32) -> ()
        "ttkernel.noc_async_read_barrier"() : () -> ()
        "ttkernel.noc_semaphore_wait"(%ready_word, %2) : (!ttkernel.l1_ptr, i32) -> ()
        "ttkernel.noc_semaphore_set"(%ready_word, %0) : (!ttkernel.l1_ptr, i32) -> ()
        %to = "ttkernel.get_noc_multicast_addr"(%first_x, %sender_y, %last_x, %sender_y, %l1) : (i32, i32, i32, i32, i32) -> !ttkernel.noc_addr
        "ttkernel.noc_async_write_multicast"(%l1, %to, %bytes, %2) : (i32, !ttkernel.noc_addr, i32, i32) -> ()
        "ttkernel.noc_semaphore_set"(%valid_word, %1) : (!ttkernel.l1_ptr, i32) -> ()
        %valid_there = "ttkernel.get_noc_multicast_addr"(%first_x, %sender_y, %last_x, %sender_y, %valid) : (i32, i32, i32, i32, i32) -> !ttkernel.noc_addr
        "ttkernel.noc_semaphore_set_multicast"(%valid, %valid_there, %2) : (i32, !ttkernel.noc_addr, i32) -> ()
        "ttkernel.noc_async_write_barrier"() : () -> ()
      } else {
        "ttkernel.noc_semaphore_set"(%valid_word, %0) : (!ttkernel.l1_ptr, i32) -> ()
        %sender_ready = "ttkernel.get_noc_addr"(%sender_x, %sender_y, %ready) : (i32, i32, i32) -> !ttkernel.noc_addr
        "ttkernel.noc_semaphore_inc"(%sender_ready, %1) : (!ttkernel.noc_addr, i32) -> ()
        "ttkernel.noc_semaphore_wait"(%valid_word, %1) : (!ttkernel.l1_ptr, i32) -> ()
      }
      "ttkernel.cb_push_back"(%a_cb, %1) : (!ttkernel.cb, i32) -> ()
      "ttkernel.cb_reserve_back"(%b_cb, %1) {loom.comment = "b[k, core_x]"} : (!ttkernel.cb, i32) -> ()
      %b_row = arith.muli %k, %3 : i32
      %b_tile = arith.addi %b_row, %x : i32
      %b_l1 = "ttkernel.get_write_ptr"(%b_cb) {loom.name = "b_l1"} : (!ttkernel.cb) -> i32
      "ttkernel.noc_async_read_tile"(%b_tile, %b, %b_l1) : (i32, !ttkernel.accessor, i32) -> ()
      "ttkernel.noc_async_read_barrier"() : () -> ()
      "ttkernel.cb_push_back"(%b_cb, %1) : (!ttkernel.cb, i32) -> ()
    } {loom.name = "k"}
    "ttkernel.noc_async_atomic_barrier"() : () -> ()
    return
  }
  func.func @compute() attributes {ttkernel.thread = "compute"} {
    %a = "ttkernel.get_compile_time_arg_val"() {arg_index = 0 : i32, loom.name = "a"} : () -> !ttkernel.cb
    %b = "ttkernel.get_compile_time_arg_val"() {arg_index = 1 : i32, loom.name = "b"} : () -> !ttkernel.cb
    %c = "ttkernel.get_compile_time_arg_val"() {arg_index = 2 : i32, loom.name = "c"} : () -> !ttkernel.cb
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %4 = arith.constant 4 : i32
    "ttkernel.mm_init"(%a, %b, %c) : (!ttkernel.cb, !ttkernel.cb, !ttkernel.cb) -> ()
    "ttkernel.tile_regs_acquire"() : () -> ()
    scf.for %k = %0 to %4 step %1 : i32 {
      "ttkernel.cb_wait_front"(%a, %1) : (!ttkernel.cb, i32) -> ()
      "ttkernel.cb_wait_front"(%b, %1) : (!ttkernel.cb, i32) -> ()
      "ttkernel.matmul_tiles"(%a, %b, %0, %0, %0) : (!ttkernel.cb, !ttkernel.cb, i32, i32, i32) -> ()
      "ttkernel.cb_pop_front"(%a, %1) : (!ttkernel.cb, i32) -> ()
      "ttkernel.cb_pop_front"(%b, %1) : (!ttkernel.cb, i32) -> ()
    } {loom.name = "k"}
    "ttkernel.tile_regs_commit"() : () -> ()
    "ttkernel.cb_reserve_back"(%c, %1) : (!ttkernel.cb, i32) -> ()
    "ttkernel.tile_regs_wait"() : () -> ()
    "ttkernel.pack_tile"(%0, %c) : (i32, !ttkernel.cb) -> ()
    "ttkernel.tile_regs_release"() : () -> ()
    "ttkernel.cb_push_back"(%c, %1) : (!ttkernel.cb, i32) -> ()
    return
  }
  func.func @writer() attributes {ttkernel.thread = "noc"} {
    %c_cb = "ttkernel.get_compile_time_arg_val"() {arg_index = 0 : i32, loom.name = "c_cb"} : () -> !ttkernel.cb
    %c_args = "ttkernel.tensor_accessor_args"() {cta_base = 1 : i32, loom.name = "c_args"} : () -> !ttkernel.accessor_args
    %c_address = "ttkernel.get_arg_val"() {arg_index = 0 : i32} : () -> i32
    %tile = "ttkernel.get_arg_val"() {arg_index = 1 : i32, loom.name = "tile"} : () -> i32
    %1 = arith.constant 1 : i32
    %bytes = arith.constant 2048 : i32
    %c = "ttkernel.tensor_accessor"(%c_args, %c_address, %bytes) {loom.name = "c"} : (!ttkernel.accessor_args, i32, i32) -> !ttkernel.accessor
    "ttkernel.cb_wait_front"(%c_cb, %1) : (!ttkernel.cb, i32) -> ()
    %l1 = "ttkernel.get_read_ptr"(%c_cb) : (!ttkernel.cb) -> i32
    "ttkernel.noc_async_write_tile"(%tile, %c, %l1) : (i32, !ttkernel.accessor, i32) -> ()
    "ttkernel.noc_async_write_barrier"() : () -> ()
    "ttkernel.cb_pop_front"(%c_cb, %1) : (!ttkernel.cb, i32) -> ()
    return
  }
}
