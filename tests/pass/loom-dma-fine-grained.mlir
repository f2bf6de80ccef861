// RUN: loom opt %s --split-input-file --loom-dma-fine-grained > %t
// RUN: FileCheck-22 %s < %t
// RUN: loom opt %t --split-input-file --loom-dma-fine-grained | diff %t -
// Upstream's name and option; 128 is the default.
// RUN: loom opt %s --split-input-file -dma-fine-grained='systolic-array-size=128' | diff %t -

// A 512x256x384 tile in subtiles of 128: loops m, k, n; the input moves along m and k, the weight along k and n.  Column-major tiles, dealt to lanes along their last
// dim: its offset is in rounds of 128 lanes.
// CHECK-LABEL: func.func @gemm(
// CHECK: affine.for %[[K:.*]] = 0 to 1024 step 256 {
// CHECK: %[[XD:.*]] = affine.apply affine_map<(d0) -> (d0 + 7)>(%[[K]])
// CHECK: %[[TX:.*]] = memref.alloc() : memref<1xi32>
// CHECK: %[[TW:.*]] = memref.alloc() : memref<1xi32>
// CHECK: affine.for %[[M:.*]] = 0 to 4 {
// CHECK-NEXT: affine.for %[[KK:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[N:.*]] = 0 to 3 {
// CHECK-NEXT: %[[P0:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 131072 + d1 * 128)>(%[[M]], %[[KK]])
// CHECK-NEXT: %[[P1:.*]] = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%[[P0]], %[[XD]])
// CHECK-NEXT: %[[P2:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 512)>(%[[M]], %[[KK]])
// CHECK-NEXT: %[[P3:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%[[M]], %[[KK]])
// CHECK: "togsim.transfer"(%arg0, %[[P1]], %{{.*}}, %[[P2]], %[[TX]], %[[P3]], {{.*}}) {async = true, dma_kind = "MVIN", dram_stride = [1024, 1], fine_grained = true, subtile_size = [128, 128], tile_stride = [1, 512], vlane_split_axis = 1 : i64}
// CHECK-NEXT: %[[Q0:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 49152 + d1 * 128)>(%[[KK]], %[[N]])
// CHECK-NEXT: affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%[[Q0]], %[[K]])
// CHECK-NEXT: affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 256)>(%[[KK]], %[[N]])
// CHECK-NEXT: affine.apply affine_map<(d0, d1) -> (d0 * 3 + d1)>(%[[KK]], %[[N]])
// CHECK: "togsim.transfer"(%arg1, {{.*}}, %[[TW]], {{.*}}) {async = true, {{.*}}fine_grained = true, subtile_size = [128, 128]
// CHECK-NEXT: } {inner_loop = true}
// CHECK-NEXT: } {inner_loop = true}
// CHECK-NEXT: } {inner_loop = true}
// The waits follow the fresh tag; nothing of the whole tiles is left.
// CHECK-NEXT: "togsim.wait"(%[[TX]],
// CHECK-NOT: "togsim.transfer"
// CHECK: linalg.matmul
memref.global "private" @X1 : memref<512x256xf32, 1>
memref.global "private" @W1 : memref<256x384xf32, 1>
memref.global "private" @Y1 : memref<512x384xf32, 1>
func.func @gemm(%a: memref<1048576xf32>, %b: memref<1048576xf32>) {
  %x = memref.get_global @X1 : memref<512x256xf32, 1>
  %w = memref.get_global @W1 : memref<256x384xf32, 1>
  %y = memref.get_global @Y1 : memref<512x384xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %tw = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %k = 0 to 1024 step 256 {
    %d = affine.apply affine_map<(k) -> (k + 7)>(%k)
    "togsim.transfer"(%a, %d, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1024, 1], tile_stride = [1, 512], subtile_size = [128, 128], async = true}
      : (memref<1048576xf32>, index, memref<512x256xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    "togsim.transfer"(%b, %k, %w, %c0, %tw, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [384, 1], tile_stride = [1, 256], subtile_size = [128, 128], async = true}
      : (memref<1048576xf32>, index, memref<256x384xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    "togsim.wait"(%tx, %c0, %c1) : (memref<1xi32>, index, index) -> ()
    linalg.matmul ins(%x, %w : memref<512x256xf32, 1>, memref<256x384xf32, 1>) outs(%y : memref<512x384xf32, 1>)
  } {accumulation_loop = true}
  return
}

// -----

// memref.dma_start: zeros and the offset as indices; the bias has a nest of its own at its place, with its own tag as it was.  Weight of one subtile.
// A tile index that was not 0 is added.
// CHECK-LABEL: sym_name = "start"
// CHECK: upperBoundMap = affine_map<() -> (2)>
// CHECK: upperBoundMap = affine_map<() -> (1)>
// CHECK: "memref.dma_start"(%{{.*}}) {dram_stride = [0, 1], fine_grained = true, sram_stride = [1, 256], subtile_size = [128, 128]}
// CHECK: accumulation_loop
memref.global "private" @X2 : memref<256x128xf32, 1>
memref.global "private" @W2 : memref<128x128xf32, 1>
memref.global "private" @Y2 : memref<256x128xf32, 1>
func.func @start(%a: memref<1048576xf32>, %b: memref<1048576xf32>, %z: memref<128xf32>) {
  %x = memref.get_global @X2 : memref<256x128xf32, 1>
  %w = memref.get_global @W2 : memref<128x128xf32, 1>
  %y = memref.get_global @Y2 : memref<256x128xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %tw = memref.alloc() : memref<1xi32>
  %tz = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c14 = arith.constant 14 : index
  "memref.dma_start"(%z, %c0, %y, %c0, %c0, %c14, %tz, %c0, %c1, %c1) {dram_stride = [0, 1], sram_stride = [1, 256], subtile_size = [128, 128], async = false}
    : (memref<128xf32>, index, memref<256x128xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
  affine.for %k = 0 to 1024 step 128 {
    "memref.dma_start"(%a, %k, %x, %c0, %c0, %c2, %tx, %c0, %c1, %c1) {dram_stride = [1024, 1], sram_stride = [1, 256], subtile_size = [128, 128], async = true}
      : (memref<1048576xf32>, index, memref<256x128xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
    "memref.dma_start"(%b, %k, %w, %c0, %c0, %c1, %tw, %c0, %c1, %c1) {dram_stride = [128, 1], sram_stride = [1, 128], subtile_size = [128, 128], async = true}
      : (memref<1048576xf32>, index, memref<128x128xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
    linalg.matmul ins(%x, %w : memref<256x128xf32, 1>, memref<128x128xf32, 1>) outs(%y : memref<256x128xf32, 1>)
  } {accumulation_loop = true}
  return
}

// -----

// Nothing is asynchronous: nothing is cut.
// CHECK-LABEL: func.func @waits(
// CHECK-NOT: fine_grained
// CHECK: return
memref.global "private" @X3 : memref<256x128xf32, 1>
memref.global "private" @W3 : memref<128x128xf32, 1>
memref.global "private" @Y3 : memref<256x128xf32, 1>
func.func @waits(%a: memref<1048576xf32>, %b: memref<1048576xf32>) {
  %x = memref.get_global @X3 : memref<256x128xf32, 1>
  %w = memref.get_global @W3 : memref<128x128xf32, 1>
  %y = memref.get_global @Y3 : memref<256x128xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1024, 1], tile_stride = [1, 256], subtile_size = [128, 128]}
    : (memref<1048576xf32>, index, memref<256x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%b, %c0, %w, %c0, %tx, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [128, 1], tile_stride = [1, 128], subtile_size = [128, 128], async = false}
    : (memref<1048576xf32>, index, memref<128x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  linalg.matmul ins(%x, %w : memref<256x128xf32, 1>, memref<128x128xf32, 1>) outs(%y : memref<256x128xf32, 1>)
  return
}

// -----

// The weight is not loaded here: nothing is cut.
// CHECK-LABEL: func.func @half(
// CHECK-NOT: fine_grained
// CHECK: return
memref.global "private" @X4 : memref<256x128xf32, 1>
memref.global "private" @W4 : memref<128x128xf32, 1>
memref.global "private" @Y4 : memref<256x128xf32, 1>
func.func @half(%a: memref<1048576xf32>) {
  %x = memref.get_global @X4 : memref<256x128xf32, 1>
  %w = memref.get_global @W4 : memref<128x128xf32, 1>
  %y = memref.get_global @Y4 : memref<256x128xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1024, 1], tile_stride = [1, 256], subtile_size = [128, 128], async = true}
    : (memref<1048576xf32>, index, memref<256x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  linalg.matmul ins(%x, %w : memref<256x128xf32, 1>, memref<128x128xf32, 1>) outs(%y : memref<256x128xf32, 1>)
  return
}

// -----

// No product: nothing is cut, whatever subtile_size says.
// CHECK-LABEL: func.func @no_product(
// CHECK-NOT: fine_grained
// CHECK: return
memref.global "private" @X5 : memref<256x128xf32, 1>
func.func @no_product(%a: memref<1048576xf32>) {
  %x = memref.get_global @X5 : memref<256x128xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [1024, 1], tile_stride = [1, 256], subtile_size = [128, 128], async = true}
    : (memref<1048576xf32>, index, memref<256x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Batches (rank 3): loops b, m, k, n.  The operands are parts of the tiles; only the first of two products counts; stores are no loads.
// Rank 3 has no order for a bias: it stays whole.
// CHECK-LABEL: func.func @batches(
// CHECK: "togsim.transfer"(%arg2, {{.*}}) {{{.*}}subtile_size = [1, 128, 128]
// CHECK-NOT: fine_grained
// CHECK: affine.for %[[B:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[M:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[K:.*]] = 0 to 1 {
// CHECK-NEXT: affine.for %[[N:.*]] = 0 to 3 {
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (d0 * 2 + d1 + d2)>(%[[B]], %[[M]], %[[K]])
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (d0 * 3 + d1 * 3 + d2)>(%[[B]], %[[K]], %[[N]])
// CHECK-COUNT-4: inner_loop = true
// CHECK: "togsim.transfer"(%arg2, {{.*}}) {{{.*}}dma_kind = "MVOUT", {{.*}}subtile_size = [1, 128, 128]
memref.global "private" @X6 : memref<2x256x128xf32, 1>
memref.global "private" @W6 : memref<2x128x384xf32, 1>
memref.global "private" @Y6 : memref<2x256x384xf32, 1>
func.func @batches(%a: memref<1048576xf32>, %b: memref<1048576xf32>, %o: memref<1048576xf32>) {
  %x = memref.get_global @X6 : memref<2x256x128xf32, 1>
  %w = memref.get_global @W6 : memref<2x128x384xf32, 1>
  %y = memref.get_global @Y6 : memref<2x256x384xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %tw = memref.alloc() : memref<1xi32>
  %ty = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  "togsim.transfer"(%o, %c0, %y, %c0, %ty, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [98304, 384, 1], tile_stride = [98304, 1, 256], subtile_size = [1, 128, 128], async = true}
    : (memref<1048576xf32>, index, memref<2x256x384xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%a, %c0, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [32768, 128, 1], tile_stride = [32768, 1, 256], subtile_size = [1, 128, 128], async = true}
    : (memref<1048576xf32>, index, memref<2x256x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%b, %c0, %w, %c0, %tw, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [49152, 384, 1], tile_stride = [49152, 1, 128], subtile_size = [1, 128, 128], async = true}
    : (memref<1048576xf32>, index, memref<2x128x384xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  %x0 = memref.reinterpret_cast %x to offset: [0], sizes: [256, 128], strides: [128, 1] : memref<2x256x128xf32, 1> to memref<256x128xf32, strided<[128, 1]>, 1>
  %w0 = memref.reinterpret_cast %w to offset: [0], sizes: [128, 384], strides: [384, 1] : memref<2x128x384xf32, 1> to memref<128x384xf32, strided<[384, 1]>, 1>
  %y0 = memref.reinterpret_cast %y to offset: [0], sizes: [256, 384], strides: [384, 1] : memref<2x256x384xf32, 1> to memref<256x384xf32, strided<[384, 1]>, 1>
  linalg.matmul ins(%x0, %w0 : memref<256x128xf32, strided<[128, 1]>, 1>, memref<128x384xf32, strided<[384, 1]>, 1>) outs(%y0 : memref<256x384xf32, strided<[384, 1]>, 1>)
  linalg.matmul ins(%x0, %w0 : memref<256x128xf32, strided<[128, 1]>, 1>, memref<128x384xf32, strided<[384, 1]>, 1>) outs(%y0 : memref<256x384xf32, strided<[384, 1]>, 1>)
  "togsim.transfer"(%o, %c0, %y, %c0, %ty, %c0, %c3, %c1) {dma_kind = "MVOUT", vlane_split_axis = 2 : i64, dram_stride = [98304, 384, 1], tile_stride = [98304, 1, 256], subtile_size = [1, 128, 128], async = true}
    : (memref<1048576xf32>, index, memref<2x256x384xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Convolution (rank 4): seven loops; input dims are loops 0, 1, 4, 5, weight dims 2, 3, 5, 6; the bias goes dims 2, 3, 0, 1.
// CHECK-LABEL: func.func @conv(
// CHECK: affine.for %[[Z2:.*]] = 0 to 4 {
// CHECK-NEXT: affine.for %[[Z3:.*]] = 0 to 1 {
// CHECK-NEXT: affine.for %[[Z0:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[Z1:.*]] = 0 to 3 {
// CHECK: affine.apply affine_map<(d0, d1, d2, d3) -> (d0 * 12 + d1 * 4 + d2 + d3)>(%[[Z0]], %[[Z1]], %[[Z2]], %[[Z3]])
// CHECK: affine.for %[[L0:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[L1:.*]] = 0 to 3 {
// CHECK-NEXT: affine.for %[[L2:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[L3:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[L4:.*]] = 0 to 1 {
// CHECK-NEXT: affine.for %[[L5:.*]] = 0 to 4 {
// CHECK-NEXT: affine.for %[[L6:.*]] = 0 to 1 {
// CHECK: affine.apply affine_map<(d0, d1, d2, d3) -> (d0 * 12 + d1 * 4 + d2 * 4 + d3)>(%[[L0]], %[[L1]], %[[L4]], %[[L5]])
// CHECK: affine.apply affine_map<(d0, d1, d2, d3) -> (d0 * 8 + d1 * 4 + d2 + d3)>(%[[L2]], %[[L3]], %[[L5]], %[[L6]])
// CHECK-COUNT-7: inner_loop = true
memref.global "private" @X7 : memref<2x3x4x4xf32, 1>
memref.global "private" @W7 : memref<2x2x4x2xf32, 1>
memref.global "private" @Y7 : memref<2x3x4x5xf32, 1>
func.func @conv(%a: memref<1048576xf32>, %b: memref<1048576xf32>, %o: memref<1048576xf32>) {
  %x = memref.get_global @X7 : memref<2x3x4x4xf32, 1>
  %w = memref.get_global @W7 : memref<2x2x4x2xf32, 1>
  %y = memref.get_global @Y7 : memref<2x3x4x5xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %tw = memref.alloc() : memref<1xi32>
  %ty = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%o, %c0, %y, %c0, %ty, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [60, 20, 5, 1], tile_stride = [60, 20, 5, 1], subtile_size = [1, 1, 1, 5]}
    : (memref<1048576xf32>, index, memref<2x3x4x5xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%a, %c0, %x, %c0, %tx, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [48, 16, 4, 1], tile_stride = [48, 16, 4, 1], subtile_size = [1, 1, 4, 1], async = true}
    : (memref<1048576xf32>, index, memref<2x3x4x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%b, %c0, %w, %c0, %tw, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [16, 8, 2, 1], tile_stride = [16, 8, 2, 1], subtile_size = [1, 1, 1, 2]}
    : (memref<1048576xf32>, index, memref<2x2x4x2xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  %x0 = memref.reinterpret_cast %x to offset: [0], sizes: [3, 4], strides: [4, 1] : memref<2x3x4x4xf32, 1> to memref<3x4xf32, strided<[4, 1]>, 1>
  %w0 = memref.reinterpret_cast %w to offset: [0], sizes: [4, 2], strides: [2, 1] : memref<2x2x4x2xf32, 1> to memref<4x2xf32, strided<[2, 1]>, 1>
  %y0 = memref.reinterpret_cast %y to offset: [0], sizes: [3, 2], strides: [5, 1] : memref<2x3x4x5xf32, 1> to memref<3x2xf32, strided<[5, 1]>, 1>
  linalg.matmul ins(%x0, %w0 : memref<3x4xf32, strided<[4, 1]>, 1>, memref<4x2xf32, strided<[2, 1]>, 1>) outs(%y0 : memref<3x2xf32, strided<[5, 1]>, 1>)
  return
}

// -----

// Masks of the tile become masks of the subtiles: min(hi - iv * 128, 128).  Tiles are found by name where each use has its own get_global; the weight comes first here,
// so that the nest stands at the input.  Lane stride 2: rounds are 256 elements, their offset 256 / 128 * 2 * 256.
// CHECK-LABEL: func.func @masks(
// CHECK: %[[HI:.*]] = affine.min affine_map<(d0) -> (256, -d0 + 300)>(%[[M:.*]])
// CHECK: affine.for %[[I:.*]] = 0 to 2 {
// CHECK-NEXT: affine.for %[[J:.*]] = 0 to 2 {
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 512)>(%[[I]], %[[J]])
// CHECK: %[[LO1:.*]] = affine.max affine_map<(d0, d1) -> (d0 - d1 * 128, 0)>(%arg2, %[[I]])
// CHECK: %[[HI1:.*]] = affine.min affine_map<(d0, d1) -> (-d0 - d1 * 128 + 300, 128)>(%[[M]], %[[I]])
// CHECK: %[[HI2:.*]] = affine.min affine_map<(d0, d1) -> (d0 - d1 * 256, 256)>(%arg2, %[[J]])
// CHECK: "togsim.transfer"(%arg0, {{.*}}, %[[LO1]], %[[HI1]], %c0{{.*}}, %[[HI2]]) {{{.*}}masked_axes = [0, 1]
memref.global "private" @X8 : memref<256x512xf32, 1>
memref.global "private" @W8 : memref<512x128xf32, 1>
memref.global "private" @Y8 : memref<256x128xf32, 1>
func.func @masks(%a: memref<1048576xf32>, %b: memref<1048576xf32>, %hi: index) {
  %x = memref.get_global @X8 : memref<256x512xf32, 1>
  %w = memref.get_global @W8 : memref<512x128xf32, 1>
  %tx = memref.alloc() : memref<1xi32>
  %tw = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %m = 0 to 300 step 256 {
    %end = affine.min affine_map<(m) -> (256, 300 - m)>(%m)
    "togsim.transfer"(%b, %m, %w, %c0, %tw, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [128, 1], tile_stride = [1, 512], subtile_size = [256, 128], async = true}
      : (memref<1048576xf32>, index, memref<512x128xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    "togsim.transfer"(%a, %m, %x, %c0, %tx, %c0, %c2, %c2, %hi, %end, %c0, %hi) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [512, 1], tile_stride = [1, 256], subtile_size = [128, 256], async = true, masked_axes = [0, 1]}
      : (memref<1048576xf32>, index, memref<256x512xf32, 1>, index, memref<1xi32>, index, index, index, index, index, index, index) -> ()
    %x2 = memref.get_global @X8 : memref<256x512xf32, 1>
    %w2 = memref.get_global @W8 : memref<512x128xf32, 1>
    %y2 = memref.get_global @Y8 : memref<256x128xf32, 1>
    linalg.matmul ins(%x2, %w2 : memref<256x512xf32, 1>, memref<512x128xf32, 1>) outs(%y2 : memref<256x128xf32, 1>)
  } {accumulation_loop = true}
  return
}
