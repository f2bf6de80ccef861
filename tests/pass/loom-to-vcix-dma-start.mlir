// Operands that memref.dma_start loads are waited for by memref.dma_wait.  Oracle: as of loom-to-vcix-matmul.mlir.
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-to-vcix{systolic-array-size=8 vlen=128})' | FileCheck %s
// CHECK: "memref.dma_start"({{[^,]+, [^,]+, [^,]+, [^,]+, [^,]+, [^,]+}}, %[[TA:[0-9]+]],
// CHECK: "memref.dma_start"({{[^,]+, [^,]+, [^,]+, [^,]+, [^,]+, [^,]+}}, %[[TB:[0-9]+]],
// CHECK: %[[S:[0-9]+]] = "affine.apply"{{.*}}-d0 + d1 + d2
// CHECK: "memref.dma_wait"(%[[TB]], %[[S]], %{{.*}}) : (memref<1xi32>, index, index) -> ()
// CHECK-COUNT-2: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 1 : i64
// CHECK: "memref.dma_wait"(%[[TA]],
// CHECK-COUNT-2: "vcix.iv"({{.*}}) {imm = 0 : i64, opcode = 0 : i64
// CHECK: "vcix.i"
// CHECK-COUNT-2: "vcix.v.i"
memref.global "private" @A : memref<8x8xf32, 1>
memref.global "private" @B : memref<8x8xf32, 1>
memref.global "private" @C : memref<8x8xf32, 1>
func.func @kernel(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
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
        "memref.dma_start"(%x, %c0, %a, %c0, %c0, %c2, %ta, %c0, %c1, %c1) {dram_stride = [8, 1], sram_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
        "memref.dma_start"(%y, %c0, %b, %c0, %c0, %c1, %tb, %c0, %c1, %c1) {dram_stride = [8, 1], sram_stride = [1, 8], async = true} : (memref<65536xf32>, index, memref<8x8xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<8x8xf32, 1>, memref<8x8xf32, 1>) outs(%c : memref<8x8xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}
