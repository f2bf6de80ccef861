// RUN: loom opt %data/stage0/matmul.mlir --pass-pipeline='builtin.module(loom-enumerate-spatial-mappings{machine=wormhole full-occ},loom-analyze-reuse)' -o %t.c
// RUN: FileCheck %s --check-prefix=MM < %t.c
// RUN: loom opt %t.c --pass-pipeline='builtin.module(loom-analyze-reuse)' | diff %t.c -
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-analyze-reuse)' | FileCheck %s

// x moves with m only, y with n only, the result with both; the sequential loop moves both inputs.  A level of one core reuses nothing.
// MM-LABEL: func.func @matmul__x8_y1y8__d0i0_d1i0_d2i1__f01(
// MM: memref.subview %arg0{{.*}} {loom.reuse = {sequential = [], spatial = [{block_sym = @tile_n, depth = 2 : i64, dim = "dim_y", level = 1 : i64, turns = 8 : i64}], temporal = [{block_sym = @tile_n, depth = 4 : i64}]}}
// MM: memref.subview %arg1{{.*}} {loom.reuse = {sequential = [], spatial = [{block_sym = @tile_m, depth = 0 : i64, dim = "dim_x", level = 0 : i64, turns = 8 : i64}], temporal = [{block_sym = @tile_m, depth = 3 : i64}]}}
// MM: memref.subview %arg2{{.*}} {loom.reuse = {sequential = [], spatial = [], temporal = []}}

// Places depend on where loops start, on what they carry and on what masks clamp.
// CHECK-LABEL: func.func @through(
// CHECK: memref.subview %arg0[%{{.*}}] [8] [1] {loom.reuse = {bytes = 32 : i64, sequential = [], spatial = [{depth = 1 : i64, dim = "y", level = 0 : i64, turns = 4 : i64}], temporal = []}}
// CHECK: memref.subview %arg0[%{{.*}}] [8] [1] {loom.reuse = {bytes = 32 : i64, sequential = [], spatial = [{depth = 0 : i64, dim = "x", level = 0 : i64, turns = 4 : i64}], temporal = []}}
// CHECK: memref.subview %arg0[0] [8] [1] {loom.reuse = {bytes = 32 : i64, sequential = [{depth = 2 : i64}], spatial = [{depth = 0 : i64, dim = "x", level = 0 : i64, turns = 4 : i64}, {depth = 1 : i64, dim = "y", level = 0 : i64, turns = 4 : i64}], temporal = []}}
func.func @through(%a: memref<64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  affine.parallel (%x) = (0) to (4) {
    affine.parallel (%y) = (0) to (4) {
      %end = scf.for %k = %c0 to %n step %c1 iter_args(%at = %y) -> (index) {
        %start = arith.muli %x, %n : index
        %i = arith.addi %start, %k : index
        %p = memref.subview %a[%i] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1], offset: ?>>
        %t = bufferization.to_tensor %p : memref<8xf32, strided<[1], offset: ?>> to tensor<8xf32>
        %q = memref.subview %a[%at] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1], offset: ?>>
        %u = bufferization.to_tensor %q : memref<8xf32, strided<[1], offset: ?>> to tensor<8xf32>
        %r = memref.subview %a[0] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1]>>
        %v = bufferization.to_tensor %r : memref<8xf32, strided<[1]>> to tensor<8xf32>
        %next = arith.addi %at, %c1 : index
        scf.yield %next : index
      } {loom.iter_type = #loom.iter_type<"sequential">}
    } {loom.iter_type = #loom.iter_type<"spatial">, loom.mapped_to = @y}
  } {loom.iter_type = #loom.iter_type<"spatial">, loom.mapped_to = @x}
  return
}

// A loop whose turns differ from core to core: nothing in it is shared, what is outside may be.
// CHECK-LABEL: func.func @causal(
// CHECK: memref.subview %arg0[0] [8] [1] {loom.reuse = {bytes = 32 : i64, sequential = [], spatial = [{{.*}}], temporal = []}}
// CHECK: memref.subview %arg0[0] [8] [1] {loom.reuse = {bytes = 32 : i64, sequential = [{depth = 1 : i64}], spatial = [], temporal = []}}
func.func @causal(%a: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  affine.parallel (%x) = (0) to (4) {
    %p = memref.subview %a[0] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1]>>
    %t = bufferization.to_tensor %p : memref<8xf32, strided<[1]>> to tensor<8xf32>
    scf.for %k = %c0 to %x step %c1 {
      %q = memref.subview %a[0] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1]>>
      %u = bufferization.to_tensor %q : memref<8xf32, strided<[1]>> to tensor<8xf32>
    } {loom.iter_type = #loom.iter_type<"sequential">}
  } {loom.iter_type = #loom.iter_type<"spatial">, loom.mapped_to = @x}
  return
}

// Loops nobody mapped say nothing.
// CHECK-LABEL: func.func @plain(
// CHECK-NOT: loom.reuse
func.func @plain(%a: memref<64xf32>) {
  affine.for %k = 0 to 8 {
    %p = memref.subview %a[0] [8] [1] : memref<64xf32> to memref<8xf32, strided<[1]>>
    %t = bufferization.to_tensor %p : memref<8xf32, strided<[1]>> to tensor<8xf32>
  }
  return
}
