// The ops of device kernels are known to `loom opt`, and keep their attributes; an op that the dialect does not have is refused.
// RUN: loom opt %s | FileCheck-22 %s
// RUN: loom opt %s | loom opt - | FileCheck-22 %s
// RUN: sed s/cb_push_back/cb_push_bakc/ %s > %t.mlir
// RUN: exits 1 loom opt %t.mlir 2>&1 | FileCheck-22 %s --check-prefix=UNKNOWN

// CHECK-LABEL: func.func @reader
// CHECK: %[[CB:.*]] = "ttkernel.get_compile_time_arg_val"() {arg_index = 0 : i32, loom.name = "x"} : () -> !ttkernel.cb
// CHECK: %[[L1:.*]] = "ttkernel.get_write_ptr"(%[[CB]]) : (!ttkernel.cb) -> i32
// CHECK: "ttkernel.noc_async_read_tile"(%{{.*}}, %{{.*}}, %[[L1]]) : (i32, !ttkernel.accessor, i32) -> ()
// UNKNOWN: ttkernel.cb_push_bakc
func.func @reader() attributes {ttkernel.thread = "noc"} {
  %x = "ttkernel.get_compile_time_arg_val"() {arg_index = 0 : i32, loom.name = "x"} : () -> !ttkernel.cb
  %args = "ttkernel.tensor_accessor_args"() {cta_base = 1 : i32} : () -> !ttkernel.accessor_args
  %address = "ttkernel.get_arg_val"() {arg_index = 0 : i32} : () -> i32
  %bytes = arith.constant 2048 : i32
  %tensor = "ttkernel.tensor_accessor"(%args, %address, %bytes) : (!ttkernel.accessor_args, i32, i32) -> !ttkernel.accessor
  %one = arith.constant 1 : i32
  "ttkernel.cb_reserve_back"(%x, %one) : (!ttkernel.cb, i32) -> ()
  %l1 = "ttkernel.get_write_ptr"(%x) : (!ttkernel.cb) -> i32
  "ttkernel.noc_async_read_tile"(%one, %tensor, %l1) : (i32, !ttkernel.accessor, i32) -> ()
  "ttkernel.noc_async_read_barrier"() : () -> ()
  "ttkernel.cb_push_back"(%x, %one) : (!ttkernel.cb, i32) -> ()
  return
}
