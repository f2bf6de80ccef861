// Products on the systolic array (npu.md 1.6), for an array of 8 lanes and vectors of 128 bits.  Oracle: the formulas of src/target/npu/npt_vcix.h, by hand.
// RUN: loom opt %s --split-input-file --pass-pipeline='builtin.module(loom-to-vcix{systolic-array-size=8 vlen=128})' | FileCheck %s

// One block: weights, inputs, compute, pops; A is read down its columns as they lie in the bank, C is added to where it is read.
// CHECK-LABEL: func.func @whole(
// CHECK-DAG: %[[A:[a-z0-9_]+]] = memref.get_global @A
// CHECK-DAG: %[[B:[a-z0-9_]+]] = memref.get_global @B
// CHECK-DAG: %[[C:[a-z0-9_]+]] = memref.get_global @C
// CHECK-NOT: vcix
// CHECK: %[[W0:[a-z0-9_]+]] = vector.transfer_read %[[B]][%c0{{.*}}, %c0{{.*}}]
// CHECK: "vcix.iv"(%[[W0]], %c4_i64) {imm = 0 : i64, opcode = 1
// CHECK: %[[W1:[a-z0-9_]+]] = vector.transfer_read %[[B]][%c0{{.*}}, %c4{{.*}}]
// CHECK: "vcix.iv"(%[[W1]], %c4_i64) {imm = 0 : i64, opcode = 1
// CHECK: %[[I0:[a-z0-9_]+]] = vector.transfer_read %[[A]][%c0{{.*}}, %c0{{.*}}]
// CHECK: "vcix.iv"(%[[I0]], %c4_i64) {imm = 0 : i64, opcode = 0
// CHECK: %[[I1:[a-z0-9_]+]] = vector.transfer_read %[[A]][%c0{{.*}}, %c4{{.*}}]
// CHECK: "vcix.iv"(%[[I1]], %c4_i64) {imm = 0 : i64, opcode = 0
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: %[[P0:[a-z0-9_]+]] = "vcix.v.i"(%c4_i64) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: %[[C0:[a-z0-9_]+]] = vector.transfer_read %[[C]][%[[X:[a-z0-9_]+]], %[[Y:[a-z0-9_]+]]]
// CHECK: %[[S0:[a-z0-9_]+]] = arith.addf %[[C0]], %[[P0]]
// CHECK: vector.transfer_write %[[S0]], %[[C]][%[[X]], %[[Y]]]
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: arith.addf
// CHECK: vector.transfer_write
// CHECK-NOT: vcix
// CHECK-NOT: linalg.matmul
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @whole(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Operands of synchronous transfers are not waited for.
// CHECK-LABEL: func.func @no_waits(
// CHECK-NOT: togsim.wait
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @no_waits(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// N above SS: a loop over blocks of columns of B and C.
// CHECK-LABEL: func.func @wide_n(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 3 {
// CHECK-NOT: affine.for
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8) floordiv 24)>(%[[N]])
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8) mod 24)>(%[[N]])
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8 + 4) floordiv 24)>(%[[N]])
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8) floordiv 24)>(%[[N]])
// CHECK: vector.transfer_read
// CHECK: } {inner_loop = true}
// CHECK: } {accumulation_loop = true}

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x24xf32, 1>
memref.global "private" @C : memref<8x24xf32, 1>
func.func @wide_n(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x24xf32, 1>
  %c = memref.get_global @C : memref<8x24xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [24, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x24xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x24xf32, 1>) outs(%c : memref<8x24xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// K above SS: a loop over blocks of rows of B and columns of A.
// CHECK-LABEL: func.func @wide_k(
// CHECK: affine.for %[[K:[a-z0-9_]+]] = 0 to 2 {
// CHECK: vector.transfer_read
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8) floordiv 16)>(%[[K]])
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: } {inner_loop = true}

memref.global "private" @A : memref<8x16xf32, 1>
memref.global "private" @B : memref<16x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @wide_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x16xf32, 1>
  %b = memref.get_global @B : memref<16x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 16]} : (memref<65536xf32>, index, memref<16x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x16xf32, 1>, memref<16x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// M above SS: rows of A in a loop behind the weights, which stay.
// CHECK-LABEL: func.func @wide_m(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.for %[[M:[a-z0-9_]+]] = 0 to 3 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: } {inner_loop = true}

memref.global "private" @A : memref<24x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<24x8xf32, 1>
func.func @wide_m(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<24x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<24x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 24]} : (memref<65536xf32>, index, memref<24x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<24x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<24x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// All above SS: n, k, m from the outside; flat place of a weight n K + k SS + i, of an input k M + m push + i, of a sum n M + m push + i.
// CHECK-LABEL: func.func @wide_all(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 3 {
// CHECK: affine.for %[[K:[a-z0-9_]+]] = 0 to 4 {
// CHECK: affine.apply affine_map<(d0, d1) -> ((d1 * 8 + d0 * 32 + 4) floordiv 24)>(%[[N]], %[[K]])
// CHECK: affine.apply affine_map<(d0, d1) -> ((d1 * 8 + d0 * 32 + 4) mod 24)>(%[[N]], %[[K]])
// CHECK: affine.for %[[M:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.apply affine_map<(d0, d1) -> ((d1 * 8 + d0 * 16 + 4) floordiv 32)>(%[[K]], %[[M]])
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: affine.apply affine_map<(d0, d1) -> ((d1 * 8 + d0 * 16 + 4) floordiv 24)>(%[[N]], %[[M]])
// CHECK: affine.apply affine_map<(d0, d1) -> ((d1 * 8 + d0 * 16 + 4) mod 24)>(%[[N]], %[[M]])
// CHECK: } {inner_loop = true}
// CHECK: } {inner_loop = true}
// CHECK: } {inner_loop = true}
// CHECK: } {accumulation_loop = true}

memref.global "private" @A : memref<16x32xf32, 1>
memref.global "private" @B : memref<32x24xf32, 1>
memref.global "private" @C : memref<16x24xf32, 1>
func.func @wide_all(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<16x32xf32, 1>
  %b = memref.get_global @B : memref<32x24xf32, 1>
  %c = memref.get_global @C : memref<16x24xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [32, 1], tile_stride = [1, 16]} : (memref<65536xf32>, index, memref<16x32xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [24, 1], tile_stride = [1, 32]} : (memref<65536xf32>, index, memref<32x24xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x32xf32, 1>, memref<32x24xf32, 1>) outs(%c : memref<16x24xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// K below SS: the rows of weights behind it are zeros.
// CHECK-LABEL: func.func @zeros_behind_k(
// CHECK: %[[ZERO:[a-z0-9_]+]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"(%[[ZERO]], %c4_i64) {imm = 0 : i64, opcode = 1
// CHECK-NOT: opcode = 1 : i64, rd
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()

memref.global "private" @A : memref<8x4xf32, 1>
memref.global "private" @B : memref<4x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @zeros_behind_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x4xf32, 1>
  %b = memref.get_global @B : memref<4x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [4, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 4]} : (memref<65536xf32>, index, memref<4x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x4xf32, 1>, memref<4x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// K that is no multiple of a vector: a shorter vector, then zeros; six rows and two.
// CHECK-LABEL: func.func @tail_of_k(
// CHECK: memref.collapse_shape %{{.*}} {{\[\[}}0, 1]] : memref<6x8xf32, 1> into memref<48xf32, 1>
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<2xf32>, i64) -> ()
// CHECK: arith.constant dense<0.000000e+00> : vector<2xf32>
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<2xf32>, i64) -> ()
// CHECK-NOT: opcode = 1 : i64, rd
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()

memref.global "private" @A : memref<8x6xf32, 1>
memref.global "private" @B : memref<6x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @tail_of_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x6xf32, 1>
  %b = memref.get_global @B : memref<6x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [6, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x6xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 6]} : (memref<65536xf32>, index, memref<6x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x6xf32, 1>, memref<6x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// K = 1.
// CHECK-LABEL: func.func @single_k(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<1xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<3xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()

memref.global "private" @A : memref<8x1xf32, 1>
memref.global "private" @B : memref<1x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @single_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x1xf32, 1>
  %b = memref.get_global @B : memref<1x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x1xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 1]} : (memref<65536xf32>, index, memref<1x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x1xf32, 1>, memref<1x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// M below a vector: vectors of M.
// CHECK-LABEL: func.func @few_rows(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<2xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<2xf32>
// CHECK-NOT: vcix.v.i

memref.global "private" @A : memref<2x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<2x8xf32, 1>
func.func @few_rows(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<2x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<2x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 2]} : (memref<65536xf32>, index, memref<2x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<2x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<2x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// M that is no multiple of a vector: through a flat view, the last vector shorter, so that nothing behind the column is touched.
// CHECK-LABEL: func.func @tail_of_m(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: %[[FLAT:[a-z0-9_]+]] = memref.collapse_shape
// CHECK: vector.transfer_read %[[FLAT]][%c0
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: vector.transfer_read %[[FLAT]][%c4
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<2xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: memref.collapse_shape
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<2xf32>
// CHECK-NOT: vcix.v.i

memref.global "private" @A : memref<6x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<6x8xf32, 1>
func.func @tail_of_m(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<6x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<6x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 6]} : (memref<65536xf32>, index, memref<6x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<6x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<6x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// M = 1: one element at a time (PyTorchSim's two would run into the next column).
// CHECK-LABEL: func.func @single_row(
// CHECK: affine.for
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<1xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<1xf32>

memref.global "private" @A : memref<1x16xf32, 1>
memref.global "private" @B : memref<16x8xf32, 1>
memref.global "private" @C : memref<1x8xf32, 1>
func.func @single_row(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<1x16xf32, 1>
  %b = memref.get_global @B : memref<16x8xf32, 1>
  %c = memref.get_global @C : memref<1x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 1]} : (memref<65536xf32>, index, memref<1x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 16]} : (memref<65536xf32>, index, memref<16x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<1x16xf32, 1>, memref<16x8xf32, 1>) outs(%c : memref<1x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// N below SS is N lanes; nothing else changes.
// CHECK-LABEL: func.func @few_columns(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK-NOT: affine.for

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x4xf32, 1>
memref.global "private" @C : memref<8x4xf32, 1>
func.func @few_columns(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x4xf32, 1>
  %c = memref.get_global @C : memref<8x4xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [4, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x4xf32, 1>) outs(%c : memref<8x4xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// N that is no multiple of a vector: B and C through flat views, for PyTorchSim's indices would cross rows of the memref.
// CHECK-LABEL: func.func @odd_columns(
// CHECK: memref.collapse_shape {{.*}} : memref<8x3xf32, 1> into memref<24xf32, 1>
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: vector.transfer_read {{.*}} : memref<8x8xf32, 1>
// CHECK: memref.collapse_shape {{.*}} : memref<8x3xf32, 1>

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x3xf32, 1>
memref.global "private" @C : memref<8x3xf32, 1>
func.func @odd_columns(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x3xf32, 1>
  %c = memref.get_global @C : memref<8x3xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [3, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x3xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x3xf32, 1>) outs(%c : memref<8x3xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// f16: eight to a vector; sums are f32.
// CHECK-LABEL: func.func @f16(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<8xf16>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<8xf16>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 16 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<8xf32>
// CHECK: vector.transfer_read {{.*}} : memref<8x8xf32, 1>, vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK-NOT: truncf
// CHECK: return

memref.global "private" @A : memref<8x8xf16, 1>
memref.global "private" @B : memref<8x8xf16, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @f16(%x: memref<65536xf16>, %y: memref<65536xf16>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf16, 1>
  %b = memref.get_global @B : memref<8x8xf16, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf16>, index, memref<8x8xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf16>, index, memref<8x8xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf16, 1>, memref<8x8xf16, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// C in f16: added up in f32, rounded when stored.
// CHECK-LABEL: func.func @f16_to_f16(
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<8xf32>
// CHECK: vector.transfer_read {{.*}} : memref<8x8xf16, 1>, vector<8xf16>
// CHECK: arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: vector.transfer_write

memref.global "private" @A : memref<8x8xf16, 1>
memref.global "private" @B : memref<8x8xf16, 1>
memref.global "private" @C : memref<8x8xf16, 1>
func.func @f16_to_f16(%x: memref<65536xf16>, %y: memref<65536xf16>, %z: memref<65536xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf16, 1>
  %b = memref.get_global @B : memref<8x8xf16, 1>
  %c = memref.get_global @C : memref<8x8xf16, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf16>, index, memref<8x8xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf16>, index, memref<8x8xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf16, 1>, memref<8x8xf16, 1>) outs(%c : memref<8x8xf16, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// bf16: pushes say so in their immediate.
// CHECK-LABEL: func.func @bf16(
// CHECK: "vcix.iv"({{.*}}) {imm = 1 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<8xbf16>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 1 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<8xbf16>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 16 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<8xf32>

memref.global "private" @A : memref<8x8xbf16, 1>
memref.global "private" @B : memref<8x8xbf16, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @bf16(%x: memref<65536xbf16>, %y: memref<65536xbf16>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xbf16, 1>
  %b = memref.get_global @B : memref<8x8xbf16, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xbf16>, index, memref<8x8xbf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xbf16>, index, memref<8x8xbf16, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xbf16, 1>, memref<8x8xbf16, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// i8: pushes of integers, sums in i32.
// CHECK-LABEL: func.func @i8(
// CHECK: "vcix.iv"({{.*}}) {imm = 2 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<8xi8>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 2 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<8xi8>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 8 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<8xi32>
// CHECK: arith.addi {{.*}} : vector<8xi32>

memref.global "private" @A : memref<8x16xi8, 1>
memref.global "private" @B : memref<16x8xi8, 1>
memref.global "private" @C : memref<8x8xi32, 1>
func.func @i8(%x: memref<65536xi8>, %y: memref<65536xi8>, %z: memref<65536xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x16xi8, 1>
  %b = memref.get_global @B : memref<16x8xi8, 1>
  %c = memref.get_global @C : memref<8x8xi32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8]} : (memref<65536xi8>, index, memref<8x16xi8, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 16]} : (memref<65536xi8>, index, memref<16x8xi8, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x16xi8, 1>, memref<16x8xi8, 1>) outs(%c : memref<8x8xi32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// i32.
// CHECK-LABEL: func.func @i32(
// CHECK: "vcix.iv"({{.*}}) {imm = 2 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xi32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 2 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xi32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 2 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xi32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xi32>
// CHECK: arith.addi {{.*}} : vector<4xi32>

memref.global "private" @A : memref<8x8xi32, 1>
memref.global "private" @B : memref<8x8xi32, 1>
memref.global "private" @C : memref<8x8xi32, 1>
func.func @i32(%x: memref<65536xi32>, %y: memref<65536xi32>, %z: memref<65536xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xi32, 1>
  %b = memref.get_global @B : memref<8x8xi32, 1>
  %c = memref.get_global @C : memref<8x8xi32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xi32>, index, memref<8x8xi32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xi32>, index, memref<8x8xi32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xi32, 1>, memref<8x8xi32, 1>) outs(%c : memref<8x8xi32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A wait before the weights, one before the inputs; the index of the accumulation loop with -1 is a mark.
// CHECK-LABEL: func.func @async_both(
// CHECK-DAG: %[[TA:[a-z0-9_]+]] = memref.alloc()
// CHECK: affine.for %[[ACC:[a-z0-9_]+]] = 0 to 4 {
// CHECK: togsim.transfer
// CHECK: %[[SB:[a-z0-9_]+]] = affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 + d2)>(%{{.*}}, %c0{{.*}}, %c0{{.*}})
// CHECK: "togsim.wait"(%[[TB:[a-z0-9_]+]], %[[SB]], %c1{{.*}}) : (memref<1xi32>, index, index) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: %[[SA:[a-z0-9_]+]] = affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 + d2)>
// CHECK: "togsim.wait"(%{{.*}}, %[[SA]]
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @async_both(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Only A is asynchronous.
// CHECK-LABEL: func.func @async_a(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK-NOT: togsim.wait
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @async_a(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Only B is asynchronous.
// CHECK-LABEL: func.func @async_b(
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK-NOT: togsim.wait
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @async_b(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Every accumulation loop has its mark.
// CHECK-LABEL: func.func @two_reductions(
// CHECK: affine.apply affine_map<(d0, d1, d2, d3) -> (-d0 - d1 + d2 + d3)>
// CHECK: togsim.wait

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @two_reductions(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        affine.for %k1 = 0 to 4 {
          "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
          "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
          linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
        } {accumulation_loop = true}
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// B in parts of SS columns: a slot each.
// CHECK-LABEL: func.func @parts_of_n(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 3 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 + d2)>(%{{.*}}, %[[N]], %c0
// CHECK: togsim.wait

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x24xf32, 1>
memref.global "private" @C : memref<8x24xf32, 1>
func.func @parts_of_n(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x24xf32, 1>
  %c = memref.get_global @C : memref<8x24xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], subtile_size = [8, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [24, 1], tile_stride = [1, 8], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<8x24xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x24xf32, 1>) outs(%c : memref<8x24xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Parts of columns and rows: n (K / KStep) + k.
// CHECK-LABEL: func.func @parts_of_n_and_k(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.for %[[K:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2)>(%{{.*}}, %[[N]], %[[K]])
// CHECK: togsim.wait

memref.global "private" @A : memref<8x16xf32, 1>
memref.global "private" @B : memref<16x16xf32, 1>
memref.global "private" @C : memref<8x16xf32, 1>
func.func @parts_of_n_and_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x16xf32, 1>
  %b = memref.get_global @B : memref<16x16xf32, 1>
  %c = memref.get_global @C : memref<8x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8], subtile_size = [8, 8]} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x16xf32, 1>, memref<16x16xf32, 1>) outs(%c : memref<8x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Parts of two blocks of rows: the slot changes with every second block.
// CHECK-LABEL: func.func @deep_parts_of_k(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.for %[[K:[a-z0-9_]+]] = 0 to 4 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2 floordiv 2)>(%{{.*}}, %[[N]], %[[K]])
// CHECK: togsim.wait

memref.global "private" @A : memref<8x32xf32, 1>
memref.global "private" @B : memref<32x16xf32, 1>
memref.global "private" @C : memref<8x16xf32, 1>
func.func @deep_parts_of_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x32xf32, 1>
  %b = memref.get_global @B : memref<32x16xf32, 1>
  %c = memref.get_global @C : memref<8x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [32, 1], tile_stride = [1, 8], subtile_size = [8, 16]} : (memref<65536xf32>, index, memref<8x32xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 32], subtile_size = [16, 8], async = true} : (memref<65536xf32>, index, memref<32x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x32xf32, 1>, memref<32x16xf32, 1>) outs(%c : memref<8x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A in parts of SS rows: waited for in the loop over them.
// CHECK-LABEL: func.func @parts_of_m(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.for %[[M:[a-z0-9_]+]] = 0 to 3 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 3 + d2)>(%{{.*}}, %c0{{.*}}, %[[M]])
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<24x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<24x8xf32, 1>
func.func @parts_of_m(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<24x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<24x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 24], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<24x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], subtile_size = [8, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<24x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<24x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Parts of fewer rows than SS are pushed one by one.
// CHECK-LABEL: func.func @small_parts_of_m(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.for %[[M:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2)>(%{{.*}}, %c0{{.*}}, %[[M]])
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK-NOT: vcix.v.i
// CHECK: } {inner_loop = true}

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @small_parts_of_m(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], subtile_size = [4, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], subtile_size = [8, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A bias with one slot is waited for there.
// CHECK-LABEL: func.func @bias(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 2 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%c0{{.*}}, %c0{{.*}})
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x16xf32, 1>
memref.global "private" @C : memref<8x16xf32, 1>
func.func @bias(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c14 = arith.constant 14 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x16xf32, 1>
  %c = memref.get_global @C : memref<8x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  %tc = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      "togsim.transfer"(%z, %c0, %c, %c0, %tc, %c0, %c14, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x16xf32, 1>) outs(%c : memref<8x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A bias in parts: n (M / MStep) + m.
// CHECK-LABEL: func.func @bias_in_parts(
// CHECK: affine.for %[[N:[a-z0-9_]+]] = 0 to 2 {
// CHECK: togsim.wait
// CHECK: affine.for %[[M:[a-z0-9_]+]] = 0 to 2 {
// CHECK: togsim.wait
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%[[N]], %[[M]])
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<16x8xf32, 1>
memref.global "private" @B : memref<8x16xf32, 1>
memref.global "private" @C : memref<16x16xf32, 1>
func.func @bias_in_parts(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c14 = arith.constant 14 : index
  %a = memref.get_global @A : memref<16x8xf32, 1>
  %b = memref.get_global @B : memref<8x16xf32, 1>
  %c = memref.get_global @C : memref<16x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  %tc = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      %slot = affine.apply affine_map<(d0) -> (d0)>(%c0)
      "togsim.transfer"(%z, %c0, %c, %c0, %tc, %slot, %c14, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x8xf32, 1>, memref<8x16xf32, 1>) outs(%c : memref<16x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// The older form without a tag index.
// CHECK-LABEL: func.func @without_slot(
// CHECK: "togsim.wait"(%{{.*}}, %{{.*}}, %{{.*}}) : (memref<1xi32>, index, index) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @without_slot(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A that affine.vector_store made, through a cast (scores times values), counts as initialised.
// CHECK-LABEL: func.func @stored(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK-NOT: linalg.matmul
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @stored(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        %v = arith.constant dense<1.0> : vector<4xf32>
        %flat = memref.reinterpret_cast %a to offset: [0], sizes: [64], strides: [1] : memref<8x8xf32, 1> to memref<64xf32, strided<[1]>, 1>
        affine.vector_store %v, %flat[0] : memref<64xf32, strided<[1]>, 1>, vector<4xf32>
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// And where it has fewer columns than SS, the other lanes count as zeros; which they are is asked for before the first push.
// CHECK-LABEL: func.func @stored_few(
// CHECK: %[[LANE:[0-9]+]] = "vcix.v.i"(%{{.*}}) {imm = 0 : i64, opcode = 0 : i64, rs2 = 0 : i64} : (i64) -> vector<4xi32>
// CHECK: %[[LIMIT:[a-z0-9_]+]] = arith.constant dense<4> : vector<4xi32>
// CHECK: %[[IS:[0-9]+]] = arith.cmpi ult, %[[LANE]], %[[LIMIT]]
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: %[[READ:[0-9]+]] = vector.transfer_read
// CHECK: %[[MASKED:[0-9]+]] = arith.select %[[IS]], %[[READ]]
// CHECK: "vcix.iv"(%[[MASKED]]
// CHECK: arith.select %[[IS]]
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()

memref.global "private" @A : memref<8x4xf32, 1>
memref.global "private" @B : memref<4x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @stored_few(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.get_global @A : memref<8x4xf32, 1>
  %b = memref.get_global @B : memref<4x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        %v = arith.constant dense<1.0> : vector<4xf32>
        %flat = memref.reinterpret_cast %a to offset: [0], sizes: [32], strides: [1] : memref<8x4xf32, 1> to memref<32xf32, strided<[1]>, 1>
        affine.vector_store %v, %flat[0] : memref<32xf32, strided<[1]>, 1>, vector<4xf32>
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 4]} : (memref<65536xf32>, index, memref<4x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x4xf32, 1>, memref<4x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Also of a last vector that is shorter.
// CHECK-LABEL: func.func @stored_few_tail(
// CHECK: %[[IS:[0-9]+]] = arith.cmpi ult, {{.*}} : vector<4xi32>
// CHECK: %[[LAST:[0-9]+]] = arith.cmpi ult, {{.*}} : vector<2xi32>
// CHECK: arith.select %[[IS]]
// CHECK: arith.select %[[LAST]], {{.*}} : vector<2xi1>, vector<2xf32>
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<2xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()

memref.global "private" @A : memref<6x4xf32, 1>
memref.global "private" @B : memref<4x8xf32, 1>
memref.global "private" @C : memref<6x8xf32, 1>
func.func @stored_few_tail(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.get_global @A : memref<6x4xf32, 1>
  %b = memref.get_global @B : memref<4x8xf32, 1>
  %c = memref.get_global @C : memref<6x8xf32, 1>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        %v = arith.constant dense<1.0> : vector<4xf32>
        %flat = memref.reinterpret_cast %a to offset: [0], sizes: [24], strides: [1] : memref<6x4xf32, 1> to memref<24xf32, strided<[1]>, 1>
        affine.vector_store %v, %flat[0] : memref<24xf32, strided<[1]>, 1>, vector<4xf32>
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 4]} : (memref<65536xf32>, index, memref<4x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<6x4xf32, 1>, memref<4x8xf32, 1>) outs(%c : memref<6x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A loaded tile needs no such mask.
// CHECK-LABEL: func.func @loaded_few(
// CHECK-NOT: arith.select
// CHECK: return

memref.global "private" @A : memref<8x4xf32, 1>
memref.global "private" @B : memref<4x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @loaded_few(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x4xf32, 1>
  %b = memref.get_global @B : memref<4x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [4, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 4]} : (memref<65536xf32>, index, memref<4x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x4xf32, 1>, memref<4x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A product whose B comes from nowhere is left.
// CHECK-LABEL: func.func @not_initialised(
// CHECK-NOT: vcix
// CHECK: linalg.matmul

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @not_initialised(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Or A.
// CHECK-LABEL: func.func @not_initialised_a(
// CHECK-NOT: vcix
// CHECK: linalg.matmul

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @not_initialised_a(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Loads from other arguments than 0 and 1 are no operands ..
// CHECK-LABEL: func.func @other_arguments(
// CHECK-NOT: vcix
// CHECK: linalg.matmul

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @other_arguments(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%y, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%x, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// .. unless idx_map says so.
// CHECK-LABEL: func.func @mapped_arguments(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK-NOT: linalg.matmul
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @mapped_arguments(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%y, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%x, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul {idx_map = array<i32: 1, 0, 2>} ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Without accumulation loop: left.
// CHECK-LABEL: func.func @no_reduction(
// CHECK-NOT: vcix
// CHECK: linalg.matmul

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @no_reduction(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// With one outer loop: left.
// CHECK-LABEL: func.func @one_outer(
// CHECK-NOT: vcix
// CHECK: linalg.matmul

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @one_outer(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %k0 = 0 to 4 {
      "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8]} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
    } {accumulation_loop = true}
  } {outer_loop = true}
  return
}

// -----

// npu.matmul: wherever it stands, whatever it reads; nothing is waited for that is not loaded.
// CHECK-LABEL: func.func @marked(
// CHECK: affine.for %{{.*}} = 0 to 2 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK: } {inner_loop = true}
// CHECK-NOT: linalg.matmul
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x16xf32, 1>
memref.global "private" @C : memref<8x16xf32, 1>
func.func @marked(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x16xf32, 1>
  %c = memref.get_global @C : memref<8x16xf32, 1>
  linalg.matmul {npu.matmul} ins(%a, %b : memref<8x8xf32, 1>, memref<8x16xf32, 1>) outs(%c : memref<8x16xf32, 1>)
  return
}

// -----

// And loads are told by their tiles, not by arguments.
// CHECK-LABEL: func.func @marked_any_argument(
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 + d1)>
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @marked_any_argument(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    "togsim.transfer"(%y, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    "togsim.transfer"(%z, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    linalg.matmul {npu.matmul} ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
  } {outer_loop = true}
  return
}

// -----

// npu.overwrite: stored, not added.
// CHECK-LABEL: func.func @overwrite(
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: %[[P:[a-z0-9_]+]] = "vcix.v.i"
// CHECK: vector.transfer_write %[[P]]
// CHECK-NOT: arith.addf
// CHECK: return

memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @overwrite(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %a = memref.get_global @A : memref<8x8xf32, 1>
  %b = memref.get_global @B : memref<8x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  linalg.matmul {npu.matmul, npu.overwrite} ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
  return
}

// -----

// Of several blocks of k the first is stored, the others are added.
// CHECK-LABEL: func.func @overwrite_k(
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: %[[P:[a-z0-9_]+]] = "vcix.v.i"
// CHECK: vector.transfer_write %[[P]]
// CHECK: affine.for %[[K:[a-z0-9_]+]] = 1 to 3 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.apply affine_map<(d0) -> ((d0 * 8) floordiv 24)>(%[[K]])
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: arith.addf
// CHECK: vector.transfer_write
// CHECK: } {inner_loop = true}

memref.global "private" @A : memref<8x24xf32, 1>
memref.global "private" @B : memref<24x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @overwrite_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %a = memref.get_global @A : memref<8x24xf32, 1>
  %b = memref.get_global @B : memref<24x8xf32, 1>
  %c = memref.get_global @C : memref<8x8xf32, 1>
  linalg.matmul {npu.matmul, npu.overwrite} ins(%a, %b : memref<8x24xf32, 1>, memref<24x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
  return
}

// -----

// Four inner loops, k_h k_w o_h o_w: weights are pushed before the pixels' loops and stay for all of them; slots count k_h and k_w of B, o_h and o_w of A.
// CHECK-LABEL: func.func @conv(
// CHECK: affine.for %[[KH:[a-z0-9_]+]] = 0 to 3 {
// CHECK: affine.for %[[KW:[a-z0-9_]+]] = 0 to 2 {
// CHECK: affine.apply affine_map<(d0, d1, d2, d3, d4) -> (-d0 + d1 * 2 + d2 + d3 + d4)>(%{{.*}}, %[[KH]], %[[KW]]
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.for %[[OH:[a-z0-9_]+]] = 0 to 5 {
// CHECK: affine.for %[[OW:[a-z0-9_]+]] = 0 to 4 {
// CHECK: memref.reinterpret_cast
// CHECK: affine.apply affine_map<(d0, d1, d2, d3, d4) -> (-d0 + d1 * 5 + d2 + d3 + d4)>(%{{.*}}, %[[OH]], %[[OW]]
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>
// CHECK-NOT: linalg.matmul
// CHECK: return

memref.global "private" @A : memref<32x32x8x8xf32, 1>
memref.global "private" @B : memref<3x2x8x8xf32, 1>
memref.global "private" @Y : memref<5x4x8x8xf32, 1>
func.func @conv(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<32x32x8x8xf32, 1>
  %b = memref.get_global @B : memref<3x2x8x8xf32, 1>
  %c = memref.get_global @Y : memref<5x4x8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %m = 0 to 2 {
  affine.for %n = 0 to 2 {
  affine.for %k = 0 to 2 {
  "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<32x32x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<3x2x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %kh = 0 to 3 {
  affine.for %kw = 0 to 2 {
    %wo = affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 64)>(%kh, %kw)
    %vb = memref.reinterpret_cast %b to offset: [%wo], sizes: [8, 8], strides: [8, 1] : memref<3x2x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
  affine.for %oh = 0 to 5 {
  affine.for %ow = 0 to 4 {
    %ih = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%oh, %kh)
    %iw = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%ow, %kw)
    %io = affine.apply affine_map<(d0, d1) -> (d0 * 2048 + d1 * 64)>(%ih, %iw)
    %va = memref.reinterpret_cast %a to offset: [%io], sizes: [8, 8], strides: [8, 1] : memref<32x32x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    %yo = affine.apply affine_map<(d0, d1) -> (d0 * 256 + d1 * 64)>(%oh, %ow)
    %vy = memref.reinterpret_cast %c to offset: [%yo], sizes: [8, 8], strides: [8, 1] : memref<5x4x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    linalg.matmul ins(%va, %vb : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>, memref<8x8xf32, strided<[8, 1], offset: ?>, 1>) outs(%vy : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>)
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {accumulation_loop = true}
  } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Steps between pixels: 2 down, 3 across, 4 pixels and 2 taps wide: 2 (1 + 3 3 + 1) and 3.
// CHECK-LABEL: func.func @conv_strided(
// CHECK: affine.apply affine_map<(d0, d1, d2, d3, d4) -> (-d0 + d1 * 22 + d2 * 3 + d3 + d4)>
// CHECK: togsim.wait
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()

memref.global "private" @A : memref<32x32x8x8xf32, 1>
memref.global "private" @B : memref<3x2x8x8xf32, 1>
memref.global "private" @Y : memref<5x4x8x8xf32, 1>
func.func @conv_strided(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<32x32x8x8xf32, 1>
  %b = memref.get_global @B : memref<3x2x8x8xf32, 1>
  %c = memref.get_global @Y : memref<5x4x8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %m = 0 to 2 {
  affine.for %n = 0 to 2 {
  affine.for %k = 0 to 2 {
  "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<32x32x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<3x2x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %kh = 0 to 3 {
  affine.for %kw = 0 to 2 {
    %wo = affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 64)>(%kh, %kw)
    %vb = memref.reinterpret_cast %b to offset: [%wo], sizes: [8, 8], strides: [8, 1] : memref<3x2x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
  affine.for %oh = 0 to 5 {
  affine.for %ow = 0 to 4 {
    %ih = affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%oh, %kh)
    %iw = affine.apply affine_map<(d0, d1) -> (d0 * 3 + d1)>(%ow, %kw)
    %io = affine.apply affine_map<(d0, d1) -> (d0 * 2048 + d1 * 64)>(%ih, %iw)
    %va = memref.reinterpret_cast %a to offset: [%io], sizes: [8, 8], strides: [8, 1] : memref<32x32x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    %yo = affine.apply affine_map<(d0, d1) -> (d0 * 256 + d1 * 64)>(%oh, %ow)
    %vy = memref.reinterpret_cast %c to offset: [%yo], sizes: [8, 8], strides: [8, 1] : memref<5x4x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    linalg.matmul ins(%va, %vb : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>, memref<8x8xf32, strided<[8, 1], offset: ?>, 1>) outs(%vy : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>)
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {accumulation_loop = true}
  } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Blocks of channels: the pixels' loops move into the loop over them.
// CHECK-LABEL: func.func @conv_blocks(
// CHECK: affine.for %{{.*}} = 0 to 3 {
// CHECK: affine.for %{{.*}} = 0 to 2 {
// CHECK: affine.for %{{.*}} = 0 to 2 {
// CHECK: affine.for %{{.*}} = 0 to 3 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: affine.for %{{.*}} = 0 to 5 {
// CHECK: affine.for %{{.*}} = 0 to 4 {
// CHECK: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64, rd = 0 : i64} : (vector<4xf32>, i64) -> ()
// CHECK: "vcix.i"({{.*}}) {imm = 4 : i64, lmul = 0 : i64, opcode = 1 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64} : (i64) -> ()
// CHECK: "vcix.v.i"({{.*}}) {imm = 0 : i64, opcode = 2 : i64, rs2 = 0 : i64} : (i64) -> vector<4xf32>

memref.global "private" @A : memref<32x32x8x24xf32, 1>
memref.global "private" @B : memref<3x2x24x16xf32, 1>
memref.global "private" @Y : memref<5x4x8x16xf32, 1>
func.func @conv_blocks(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<32x32x8x24xf32, 1>
  %b = memref.get_global @B : memref<3x2x24x16xf32, 1>
  %c = memref.get_global @Y : memref<5x4x8x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %m = 0 to 2 {
  affine.for %n = 0 to 2 {
  affine.for %k = 0 to 2 {
  "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<32x32x8x24xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1], async = true} : (memref<65536xf32>, index, memref<3x2x24x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %kh = 0 to 3 {
  affine.for %kw = 0 to 2 {
    %wo = affine.apply affine_map<(d0, d1) -> (d0 * 768 + d1 * 384)>(%kh, %kw)
    %vb = memref.reinterpret_cast %b to offset: [%wo], sizes: [24, 16], strides: [16, 1] : memref<3x2x24x16xf32, 1> to memref<24x16xf32, strided<[16, 1], offset: ?>, 1>
  affine.for %oh = 0 to 5 {
  affine.for %ow = 0 to 4 {
    %ih = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%oh, %kh)
    %iw = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%ow, %kw)
    %io = affine.apply affine_map<(d0, d1) -> (d0 * 6144 + d1 * 192)>(%ih, %iw)
    %va = memref.reinterpret_cast %a to offset: [%io], sizes: [8, 24], strides: [24, 1] : memref<32x32x8x24xf32, 1> to memref<8x24xf32, strided<[24, 1], offset: ?>, 1>
    %yo = affine.apply affine_map<(d0, d1) -> (d0 * 512 + d1 * 128)>(%oh, %ow)
    %vy = memref.reinterpret_cast %c to offset: [%yo], sizes: [8, 16], strides: [16, 1] : memref<5x4x8x16xf32, 1> to memref<8x16xf32, strided<[16, 1], offset: ?>, 1>
    linalg.matmul ins(%va, %vb : memref<8x24xf32, strided<[24, 1], offset: ?>, 1>, memref<24x16xf32, strided<[16, 1], offset: ?>, 1>) outs(%vy : memref<8x16xf32, strided<[16, 1], offset: ?>, 1>)
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {accumulation_loop = true}
  } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Synchronous operands of a convolution.
// CHECK-LABEL: func.func @conv_sync(
// CHECK-NOT: togsim.wait
// CHECK: return

memref.global "private" @A : memref<32x32x8x8xf32, 1>
memref.global "private" @B : memref<3x2x8x8xf32, 1>
memref.global "private" @Y : memref<5x4x8x8xf32, 1>
func.func @conv_sync(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<32x32x8x8xf32, 1>
  %b = memref.get_global @B : memref<3x2x8x8xf32, 1>
  %c = memref.get_global @Y : memref<5x4x8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %m = 0 to 2 {
  affine.for %n = 0 to 2 {
  affine.for %k = 0 to 2 {
  "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1]} : (memref<65536xf32>, index, memref<32x32x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [1, 1, 1, 1]} : (memref<65536xf32>, index, memref<3x2x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %kh = 0 to 3 {
  affine.for %kw = 0 to 2 {
    %wo = affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 64)>(%kh, %kw)
    %vb = memref.reinterpret_cast %b to offset: [%wo], sizes: [8, 8], strides: [8, 1] : memref<3x2x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
  affine.for %oh = 0 to 5 {
  affine.for %ow = 0 to 4 {
    %ih = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%oh, %kh)
    %iw = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%ow, %kw)
    %io = affine.apply affine_map<(d0, d1) -> (d0 * 2048 + d1 * 64)>(%ih, %iw)
    %va = memref.reinterpret_cast %a to offset: [%io], sizes: [8, 8], strides: [8, 1] : memref<32x32x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    %yo = affine.apply affine_map<(d0, d1) -> (d0 * 256 + d1 * 64)>(%oh, %ow)
    %vy = memref.reinterpret_cast %c to offset: [%yo], sizes: [8, 8], strides: [8, 1] : memref<5x4x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    linalg.matmul ins(%va, %vb : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>, memref<8x8xf32, strided<[8, 1], offset: ?>, 1>) outs(%vy : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>)
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {accumulation_loop = true}
  } {outer_loop = true}
  } {outer_loop = true}
  return
}
