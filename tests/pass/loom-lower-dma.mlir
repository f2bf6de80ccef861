// RUN: loom opt %s --split-input-file --loom-lower-dma > %t
// RUN: FileCheck-22 %s < %t
// Upstream's name and options.
// RUN: loom opt %s --split-input-file -test-memref-to-gemmini="vectorlane=128 timing=0" | diff %t -
// RUN: loom opt %s --split-input-file -test-memref-to-gemmini="vectorlane=128 timing=1" | FileCheck-22 %s --check-prefix=TIMING
// With timing, transfers and waits go and nothing comes.
// TIMING-NOT: inline_asm
// TIMING-NOT: togsim.
// TIMING-NOT: dma_

// Numbers by hand.  CONFIG: dims left-padded to (1, 1, 8, 16): 0x0001000100080010; lane stride 4 << 32 | axis 3 << 14 | 4 bytes.
// CONFIG2: DRAM strides 0, 0, 64, 1: rs1 0, rs2 64 << 32 | 1.  CONFIG3: spad strides 0, 0, 1, 8: rs2 1 << 32 | 8.  MVIN: byte addresses.
// CHECK-LABEL: func.func @load(
// CHECK-SAME: %[[A:.*]]: memref<4096xf32>, %[[I:.*]]: index
// CHECK-DAG: %[[X:.*]] = memref.get_global @X1
// CHECK: %[[PA:.*]] = memref.extract_aligned_pointer_as_index %[[A]] : memref<4096xf32> -> index
// CHECK: %[[B:.*]] = arith.muli %[[I]], %c4
// CHECK: %[[SA:.*]] = arith.addi %[[PA]], %[[B]] : index
// CHECK: %[[DRAM:.*]] = arith.index_cast %[[SA]] : index to i64
// CHECK: %[[PX:.*]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: %[[SPAD:.*]] = arith.index_cast %[[PX]] : index to i64
// CHECK: %[[R1:.*]] = arith.constant 281479272202256 : i64
// CHECK: %[[R2:.*]] = arith.constant 17179918340 : i64
// CHECK: llvm.inline_asm has_side_effects ".insn r CUSTOM_1, 0x3, 0, x0, $0, $1", "r,r,~{dirflag},~{fpsr},~{flags}" %[[R1]], %[[R2]] : (i64, i64) -> ()
// CHECK: %[[S1:.*]] = arith.constant 0 : i64
// CHECK: %[[S2:.*]] = arith.constant 274877906945 : i64
// CHECK: llvm.inline_asm has_side_effects ".insn r CUSTOM_1, 0x3, 4, x0, $0, $1", {{.*}} %[[S1]], %[[S2]]
// CHECK: %[[T2:.*]] = arith.constant 4294967304 : i64
// CHECK: llvm.inline_asm has_side_effects ".insn r CUSTOM_1, 0x3, 5, x0, $0, $1", {{.*}}, %[[T2]]
// CHECK: llvm.inline_asm has_side_effects ".insn r CUSTOM_1, 0x3, 2, x0, $0, $1", {{.*}} %[[DRAM]], %[[SPAD]]
// Waits and the tag, which nobody needs now, are gone.
// CHECK-NOT: togsim
// CHECK-NOT: memref.alloc
// CHECK: return
memref.global "private" @X1 : memref<8x16xf32, 1>
func.func @load(%a: memref<4096xf32>, %i: index) {
  %x = memref.get_global @X1 : memref<8x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = arith.constant 128 : index
  %vs = arith.constant 4 : index
  "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c2, %vs) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [64, 1], tile_stride = [1, 8]}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.wait"(%tag, %c0, %n) : (memref<1xi32>, index, index) -> ()
  return
}

// -----

// The four kinds: funct7 2, 1, 14, 3, and 0, 1, 2, 3 at bit 17 of CONFIG.
// CHECK-LABEL: func.func @kinds(
// CHECK: arith.constant 4295016452 : i64
// CHECK: "r,r
// CHECK: ".insn r CUSTOM_1, 0x3, 2, x0
// CHECK: arith.constant 4295147524 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 1, x0
// CHECK: arith.constant 4295278596 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 14, x0
// CHECK: arith.constant 4295409668 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 3, x0
memref.global "private" @X2 : memref<8xf32, 1>
func.func @kinds(%a: memref<4096xf32>) {
  %x = memref.get_global @X2 : memref<8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c14 = arith.constant 14 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c14, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c3, %c1) {dma_kind = "MVOUT", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// A subtile is what is moved: dims (1, 1, 4, 8); two bytes; strides and axis of the whole tile.  Negative DRAM strides wrap.
// 0x0001000100040008; 1 << 32 | 3 << 14 | 2; strides -64 (in 32 bits) and 1.
// CHECK-LABEL: func.func @subtile(
// CHECK: arith.constant 281479271940104 : i64
// CHECK: arith.constant 4295016450 : i64
// CHECK: arith.constant -274877906943 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 4, x0
memref.global "private" @X3 : memref<8x16xf16, 1>
func.func @subtile(%a: memref<4096xf16>) {
  %x = memref.get_global @X3 : memref<8x16xf16, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [-64, 1], tile_stride = [16, 1], subtile_size = [4, 8], fine_grained = true}
    : (memref<4096xf16>, index, memref<8x16xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// memref.dma_start: its indices count with the row-major strides of the tile; dim 1 of 8x16 is 1, dim 0 is 16.  MVOUT comes from the scratchpad.
// CHECK-LABEL: func.func @start(
// CHECK: %[[ROW:.*]] = arith.muli %arg1, %c16
// CHECK: %[[AT:.*]] = arith.addi %arg2, %[[ROW]]
// CHECK: arith.muli %[[AT]], %c4
// CHECK: ".insn r CUSTOM_1, 0x3, 3, x0
// CHECK-NOT: dma_
memref.global "private" @X4 : memref<8x16xf32, 1>
func.func @start(%a: memref<4096xf32>, %i: index, %j: index) {
  %x = memref.get_global @X4 : memref<8x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  "memref.dma_start"(%x, %i, %j, %a, %c0, %c3, %tag, %c0, %c1, %c1) {dram_stride = [64, 1], sram_stride = [16, 1]}
    : (memref<8x16xf32, 1>, index, index, memref<4096xf32>, index, index, memref<1xi32>, index, index, index) -> ()
  memref.dma_wait %tag[%c0], %c1 : memref<1xi32>
  return
}

// -----

// Masks: low and high of the four dims in 16 bits each; a constant mask is packed here, another at run time; unmasked dims are whole.  The fill in the bits of an element.
// CHECK-LABEL: func.func @masks(
// A bound is held within the tile where it is not known to be.
// CHECK: %[[LOW:.*]] = arith.constant 3 : i64
// CHECK: %[[MOST:.*]] = arith.maxsi %arg1, %c0
// CHECK: %[[HELD:.*]] = arith.minsi %[[MOST]], %c8
// CHECK: %[[HI:.*]] = arith.index_cast %[[HELD]] : index to i64
// CHECK: %[[BY:.*]] = arith.constant 16 : i64
// CHECK: %[[S:.*]] = arith.shli %[[HI]], %[[BY]] : i64
// CHECK: %[[REST:.*]] = arith.constant 281479271677964 : i64
// CHECK: %[[HIGH:.*]] = arith.ori %[[S]], %[[REST]] : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 7, x0, $0, $1", {{.*}} %[[LOW]], %[[HIGH]]
// CHECK: %[[FILL:.*]] = arith.constant 4286578688 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 8, x0, $0, $1", {{.*}} %[[FILL]],
// CHECK: ".insn r CUSTOM_1, 0x3, 2, x0
memref.global "private" @X5 : memref<8x16xf32, 1>
func.func @masks(%a: memref<4096xf32>, %hi: index) {
  %x = memref.get_global @X5 : memref<8x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c12 = arith.constant 12 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %c0, %hi, %c3, %c12) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [64, 1], tile_stride = [1, 8], masked_axes = [0, 1], masked_fill = 0xFF800000 : f32}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index, index, index, index, index) -> ()
  return
}

// -----

// Fills of other types: 1 in bf16 is 0x3F80, -1 in i8 is 0xFF; no fill is 0.
// CHECK-LABEL: func.func @fills(
// CHECK: arith.constant 16256 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 8, x0
// CHECK: arith.constant 255 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 8, x0
memref.global "private" @X6 : memref<8xbf16, 1>
memref.global "private" @X7 : memref<8xi8, 1>
func.func @fills(%a: memref<4096xbf16>, %b: memref<4096xi8>) {
  %x = memref.get_global @X6 : memref<8xbf16, 1>
  %y = memref.get_global @X7 : memref<8xi8, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %c0, %c2) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1], masked_axes = [0], masked_fill = 1.0 : f32}
    : (memref<4096xbf16>, index, memref<8xbf16, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  "togsim.transfer"(%b, %c0, %y, %c0, %tag, %c0, %c2, %c1, %c0, %c2) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1], masked_axes = [0], masked_fill = -1 : i64}
    : (memref<4096xi8>, index, memref<8xi8, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  return
}

// -----

// Indirect, in the three forms there are: bit 16 of CONFIG, and CONFIG4 with the address of the offsets, their bytes and their stride (4 << 16 | 16).
// An affine.apply {indirect_access} loses the part of the index, whose factor is the stride.
// CHECK-LABEL: func.func @gather(
// CHECK: %[[O:.*]] = memref.extract_aligned_pointer_as_index %1 : memref<8x16xi32, 1> -> index
// CHECK: %[[OFFSETS:.*]] = arith.index_cast %[[O]] : index to i64
// CHECK: arith.constant 4295081988 : i64
// CHECK: %[[WORD:.*]] = arith.constant 262160 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 6, x0, $0, $1", {{.*}} %[[OFFSETS]], %[[WORD]]
// CHECK: ".insn r CUSTOM_1, 0x3, 6, x0
// CHECK: affine_map<(d0, d1) -> (d0 * 100 + 3)>(%{{.*}}, %c0
// CHECK: arith.constant 262160 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 6, x0
// CHECK-NOT: 0x3, 6, x0
// CHECK: return
memref.global "private" @X8 : memref<8x16xf32, 1>
memref.global "private" @I : memref<8x16xi32, 1>
func.func @gather(%a: memref<4096xf32>, %k: index) {
  %x = memref.get_global @X8 : memref<8x16xf32, 1>
  %o = memref.get_global @I : memref<8x16xi32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %o) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [0, 1], tile_stride = [16, 1], indirect = true, offset_stride = 16 : i64}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index, memref<8x16xi32, 1>) -> ()
  "memref.dma_start"(%a, %c0, %x, %c0, %c0, %c2, %tag, %c0, %c1, %c1) {dram_stride = [0, 1], sram_stride = [16, 1], indirect_offset = @I, offset_stride = 16 : i64}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
  %v = affine.load %o[0, 0] : memref<8x16xi32, 1>
  %i = arith.index_cast %v : i32 to index
  affine.for %p = 0 to 4 {
    %at = affine.apply affine_map<(d0)[s0] -> (s0 * 16 + d0 * 100 + 3)>(%p)[%i] {indirect_access}
    "memref.dma_start"(%a, %at, %x, %c0, %c0, %c2, %tag, %c0, %c1, %c1) {dram_stride = [0, 1], sram_stride = [16, 1]}
      : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
  }
  return
}

// -----

// Rank 4 fills the instruction: dims (2, 3, 8, 16), lane axis 1; strides by pairs.  Eight bytes.
// CHECK-LABEL: func.func @four(
// CHECK: arith.constant 562962838847504 : i64
// CHECK: arith.constant 4294983688 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 0, x0
// CHECK: arith.constant 4398046511232 : i64
// CHECK: arith.constant 68719476737 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 4, x0
// CHECK: arith.constant 1649267441792 : i64
// CHECK: arith.constant 4294967304 : i64
// CHECK: ".insn r CUSTOM_1, 0x3, 5, x0
memref.global "private" @X9 : memref<2x3x8x16xf64, 1>
func.func @four(%a: memref<4096xf64>) {
  %x = memref.get_global @X9 : memref<2x3x8x16xf64, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1024, 128, 16, 1], tile_stride = [384, 128, 1, 8]}
    : (memref<4096xf64>, index, memref<2x3x8x16xf64, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Bits below a byte take one; bool tiles have bytes.
// CHECK-LABEL: func.func @bits(
// CHECK: arith.constant 4295016449 : i64
memref.global "private" @X10 : memref<8xi1, 1>
func.func @bits(%a: memref<4096xi1>) {
  %x = memref.get_global @X10 : memref<8xi1, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]}
    : (memref<4096xi1>, index, memref<8xi1, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// A bound that affine.min and affine.max hold within the tile is used as it is.
// CHECK-LABEL: func.func @held(
// CHECK: %[[LO:.*]] = affine.max
// CHECK: %[[HI:.*]] = affine.min
// CHECK: %[[L:.*]] = arith.minsi %[[LO]], %c8
// CHECK: arith.index_cast %[[L]]
// CHECK: %[[H:.*]] = arith.maxsi %[[HI]], %c0
// CHECK-NEXT: arith.index_cast %[[H]]
// CHECK: ".insn r CUSTOM_1, 0x3, 7, x0
memref.global "private" @X11 : memref<8xf32, 1>
func.func @held(%a: memref<4096xf32>) {
  %x = memref.get_global @X11 : memref<8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 4 {
    %lo = affine.max affine_map<(i) -> (i - 2, 0)>(%i)
    %hi = affine.min affine_map<(i) -> (3 - i, 8)>(%i)
    "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %lo, %hi) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1], masked_axes = [0]}
      : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  }
  return
}
