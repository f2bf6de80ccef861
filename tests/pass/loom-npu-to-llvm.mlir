// Dialect LLVM of NPU programs.  Oracle: signatures of LLVM's intrinsics for XSfvcp, registers of 256 bits, by hand.
// RUN: loom opt %s --split-input-file --pass-pipeline='builtin.module(loom-npu-to-llvm{vlen=256})' | FileCheck %s

// Tiles and tensors are external; constants are not.
// CHECK-DAG: llvm.mlir.global external @X() {addr_space = 1 : i32{{.*}}} : !llvm.array<64 x f32>
// CHECK-DAG: llvm.mlir.global external @Y() {addr_space = 1 : i32{{.*}}} : !llvm.array<8 x array<8 x f32>>
// CHECK-DAG: llvm.mlir.global external @dram_3() {addr_space = 0 : i32{{.*}}} : !llvm.array<100 x f32>
// CHECK-DAG: llvm.mlir.global private constant @table({{.*}}) {{.*}} : !llvm.array<2 x f32>
memref.global "private" @X : memref<64xf32, 1> = uninitialized
memref.global "private" @Y : memref<8x8xf32, 1>
memref.global "private" @dram_3 : memref<100xf32>
memref.global "private" constant @table : memref<2xf32> = dense<[1.0, 2.0]>

// -----

// Weights and inputs: fixed vectors go into registers of that many elements.
// CHECK-LABEL: llvm.func @push(
// CHECK-SAME: %[[V:.*]]: vector<8xf32>
// CHECK-DAG: %[[N:[0-9]+]] = llvm.mlir.constant(8 : i64)
// CHECK-DAG: %[[P:.*]] = llvm.mlir.poison : vector<[2]xf32>
// CHECK: %[[R:.*]] = llvm.intr.vector.insert %[[V]], %[[P]][0] : vector<8xf32> into vector<[2]xf32>
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.iv.se"(%{{.*}}, %{{.*}}, %[[R]], %{{.*}}, %[[N]]) : (i64, i64, vector<[2]xf32>, i64, i64) -> ()
func.func @push(%v: vector<8xf32>) {
  %n = arith.constant 8 : i64
  "vcix.iv"(%v, %n) {opcode = 1 : i64, imm = 0 : i64, rd = 0 : i64} : (vector<8xf32>, i64) -> ()
  return
}

// -----

// Five elements lie in eight; one register at least; as many as there are, whatever rvl says.
// CHECK-LABEL: llvm.func @push_five(
// CHECK-DAG: %[[N:[0-9]+]] = llvm.mlir.constant(5 : i64)
// CHECK: llvm.shufflevector %{{.*}}, %{{.*}} [0, 1, 2, 3, 4, -1, -1, -1] : vector<5xf32>
// CHECK: llvm.intr.vector.insert {{.*}} : vector<8xf32> into vector<[2]xf32>
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.iv.se"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[N]])
func.func @push_five(%v: vector<5xf32>) {
  %n = arith.constant 8 : i64
  "vcix.iv"(%v, %n) {opcode = 0 : i64} : (vector<5xf32>, i64) -> ()
  return
}

// -----

// Fewer elements than the vector has, if rvl says so.
// CHECK-LABEL: llvm.func @push_some(
// CHECK-DAG: %[[N:[0-9]+]] = llvm.mlir.constant(3 : i64)
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.iv.se"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[N]])
func.func @push_some(%v: vector<8xf32>) {
  %n = arith.constant 3 : i64
  "vcix.iv"(%v, %n) {opcode = 0 : i64} : (vector<8xf32>, i64) -> ()
  return
}

// -----

// A number that is not known: the lesser of both.
// CHECK-LABEL: llvm.func @push_any(
// CHECK: %[[L:.*]] = llvm.intr.umin(%{{.*}}, %{{.*}}) : (i64, i64) -> i64
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.iv.se"({{.*}}, %[[L]])
func.func @push_any(%v: vector<8xf32>, %n: i64) {
  "vcix.iv"(%v, %n) {opcode = 0 : i64} : (vector<8xf32>, i64) -> ()
  return
}

// -----

// Two registers of f32, half a register of bytes (which takes a whole one).
// CHECK-LABEL: llvm.func @registers(
// CHECK: llvm.intr.vector.insert {{.*}} : vector<16xf32> into vector<[4]xf32>
// CHECK: llvm.intr.vector.insert {{.*}} : vector<16xi8> into vector<[8]xi8>
// CHECK: llvm.intr.vector.insert {{.*}} : vector<16xbf16> into vector<[4]xbf16>
func.func @registers(%v: vector<16xf32>, %w: vector<16xi8>, %x: vector<16xbf16>) {
  %n = arith.constant 16 : i64
  "vcix.iv"(%v, %n) {opcode = 0 : i64} : (vector<16xf32>, i64) -> ()
  "vcix.iv"(%w, %n) {opcode = 0 : i64, imm = 2 : i64} : (vector<16xi8>, i64) -> ()
  "vcix.iv"(%x, %n) {opcode = 0 : i64, imm = 1 : i64} : (vector<16xbf16>, i64) -> ()
  return
}

// -----

// Compute: opcode, rs2, rd, immediate, element width, lmul, number.
// CHECK-LABEL: llvm.func @compute(
// CHECK-DAG: %[[N:[0-9]+]] = llvm.mlir.constant(8 : i64)
// CHECK-DAG: %[[OP:[0-9]+]] = llvm.mlir.constant(1 : i64)
// CHECK-DAG: %[[IMM:[0-9]+]] = llvm.mlir.constant(4 : i64)
// CHECK-DAG: %[[SEW:[0-9]+]] = llvm.mlir.constant(32 : i64)
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.i.se"(%[[OP]], %{{.*}}, %{{.*}}, %[[IMM]], %[[SEW]], %{{.*}}, %[[N]]) : (i64, i64, i64, i64, i64, i64, i64) -> ()
func.func @compute() {
  %n = arith.constant 8 : i64
  "vcix.i"(%n) {opcode = 1 : i64, imm = 4 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64, lmul = 0 : i64} : (i64) -> ()
  return
}

// -----

// Pops stay in order (.se); the number of the lane is the same whenever it is asked for.
// CHECK-LABEL: llvm.func @pop(
// CHECK: %[[R:.*]] = llvm.call_intrinsic "llvm.riscv.sf.vc.v.i.se"({{.*}}) : (i64, i64, i64, i64) -> vector<[2]xf32>
// CHECK: %[[E:.*]] = llvm.intr.vector.extract %[[R]][0] : vector<4xf32> from vector<[2]xf32>
// CHECK: llvm.shufflevector %[[E]], %[[E]] [0, 1, 2] : vector<4xf32>
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.i"({{.*}}) : (i64, i64, i64, i64) -> vector<[2]xi32>
func.func @pop() -> (vector<3xf32>, vector<8xi32>) {
  %n = arith.constant 8 : i64
  %0 = "vcix.v.i"(%n) {opcode = 2 : i64, imm = 0 : i64, rs2 = 0 : i64} : (i64) -> vector<3xf32>
  %1 = "vcix.v.i"(%n) {opcode = 0 : i64, imm = 0 : i64, rs2 = 0 : i64} : (i64) -> vector<8xi32>
  return %0, %1 : vector<3xf32>, vector<8xi32>
}

// -----

// Functions have no order.
// CHECK-LABEL: llvm.func @function(
// CHECK-DAG: %[[N:[0-9]+]] = llvm.mlir.constant(8 : i64)
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.iv"(%{{.*}}, %{{.*}}, %{{.*}}, %[[N]]) : (i64, vector<[2]xf32>, i64, i64) -> vector<[2]xf32>
func.func @function(%v: vector<8xf32>) -> vector<8xf32> {
  %0 = "vcix.v.iv"(%v) {opcode = 3 : i64, imm = 0 : i32} : (vector<8xf32>) -> vector<8xf32>
  return %0 : vector<8xf32>
}

// -----

// A scalable vector is whole, although PyTorchSim writes 9.
// CHECK-LABEL: llvm.func @scalable(
// CHECK-DAG: %[[ALL:[0-9]+]] = llvm.mlir.constant(-1 : i64)
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.iv"(%{{.*}}, %{{.*}}, %{{.*}}, %[[ALL]]) : (i64, vector<[4]xf32>, i64, i64) -> vector<[4]xf32>
func.func @scalable(%v: vector<[4]xf32>) -> vector<[4]xf32> {
  %n = arith.constant 9 : i64
  %0 = "vcix.v.iv"(%v, %n) {opcode = 3 : i64, imm = 0 : i32} : (vector<[4]xf32>, i64) -> vector<[4]xf32>
  return %0 : vector<[4]xf32>
}

// -----

// Two sources: vector, float, integer.
// CHECK-LABEL: llvm.func @two(
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.vv.se"
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.fv.se"
// CHECK: llvm.call_intrinsic "llvm.riscv.sf.vc.v.xv.se"
func.func @two(%v: vector<8xf32>, %f: f32, %x: i64) -> vector<8xf32> {
  %0 = "vcix.v.sv"(%v, %v) {opcode = 1 : i64} : (vector<8xf32>, vector<8xf32>) -> vector<8xf32>
  %1 = "vcix.v.sv"(%0, %f) {opcode = 0 : i64} : (vector<8xf32>, f32) -> vector<8xf32>
  %2 = "vcix.v.sv"(%1, %x) {opcode = 3 : i64} : (vector<8xf32>, i64) -> vector<8xf32>
  return %2 : vector<8xf32>
}

// -----

// Waits have no code, and their tags are gone with them; loops, views, affine maps and vectors are lowered.
// CHECK-LABEL: llvm.func @rest(
// CHECK-NOT: malloc
// CHECK-NOT: togsim
// CHECK-NOT: {{(affine|scf|memref|vector|arith|cf)\.}}
// CHECK: llvm.getelementptr %{{.*}} : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> vector<8xf32>
// CHECK: llvm.return
memref.global "private" @X : memref<8x8xf32, 1>
func.func @rest(%k: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = memref.alloc() : memref<1xi32>
  "togsim.wait"(%t, %c0, %c1) : (memref<1xi32>, index, index) -> ()
  %x = memref.get_global @X : memref<8x8xf32, 1>
  %z = arith.constant 0.0 : f32
  %flat = memref.collapse_shape %x [[0, 1]] : memref<8x8xf32, 1> into memref<64xf32, 1>
  affine.for %i = 0 to 64 step 8 {
    %p = affine.apply affine_map<(d0, d1) -> ((d0 + d1) floordiv 8)>(%i, %k)
    %v = vector.transfer_read %x[%p, %c0], %z {in_bounds = [true]} : memref<8x8xf32, 1>, vector<8xf32>
    vector.transfer_write %v, %flat[%i] {in_bounds = [true]} : vector<8xf32>, memref<64xf32, 1>
  }
  return
}
