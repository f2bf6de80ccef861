// RUN: loom opt %s --loom-lower-vlane-idx > %t
// RUN: FileCheck-22 %s < %t
// RUN: loom opt %t --loom-lower-vlane-idx | diff %t -
// Upstream's name, with its option.
// RUN: loom opt %s -global-idx='vlen=256' | diff %t -
// The operation reads and writes as it is, too.
// RUN: loom opt %s | loom opt - | FileCheck-22 %s --check-prefix=SAME
// SAME: "torchsim.vlane_idx"() {vlane_offset = 3 : i64} : () -> vector<8xi32>

// CHECK-LABEL: func.func @lanes(
// CHECK: %[[N:.*]] = arith.constant 8 : i64
// CHECK: %[[LANE:.*]] = "vcix.v.i"(%[[N]]) {imm = 0 : i32, opcode = 0 : i64, rs2 = 0 : i32} : (i64) -> vector<8xi32>
// CHECK: %[[C:.*]] = arith.constant dense<3> : vector<8xi32>
// CHECK: %[[V:.*]] = arith.muli %[[LANE]], %[[C]] : vector<8xi32>
// CHECK: return %[[V]]
func.func @lanes() -> vector<8xi32> {
  %v = "torchsim.vlane_idx"() {vlane_offset = 3 : i64} : () -> vector<8xi32>
  return %v : vector<8xi32>
}

// In loops, each one of several; another width; a negative factor.
// CHECK-LABEL: func.func @loop(
// CHECK: affine.for
// CHECK: arith.constant 4 : i64
// CHECK: "vcix.v.i"({{.*}}) {{.*}} -> vector<4xi64>
// CHECK: arith.constant dense<-128> : vector<4xi64>
// CHECK: "vcix.v.i"
// CHECK-NOT: torchsim
func.func @loop(%m: memref<64xi64, 1>) {
  affine.for %i = 0 to 64 step 4 {
    %v = "torchsim.vlane_idx"() {vlane_offset = -128 : i64} : () -> vector<4xi64>
    %w = "torchsim.vlane_idx"() {vlane_offset = 1 : i64} : () -> vector<4xi64>
    %s = arith.addi %v, %w : vector<4xi64>
    affine.vector_store %s, %m[%i] : memref<64xi64, 1>, vector<4xi64>
  }
  return
}
