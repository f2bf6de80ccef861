// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-affinize))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-affinize))' | diff %t -

// Program ids and loops become indices, offsets one affine.apply each.
// CHECK-LABEL: func.func @product(
// CHECK-SAME: %[[A:.*]]: memref<*xf32>, %[[B:.*]]: memref<*xf32>, %[[NX:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[X:[^:]*]]: index, %[[Y:[^:]*]]: index, %{{[^:]*}}: index)
// CHECK-NOT: i32
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %{{.*}} step %{{[^:]*}} {
// CHECK: %[[OA:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 8192 + d1 * 16)>(%[[X]], %[[K]])
// CHECK: memref.reinterpret_cast %[[A]] to offset: [%[[OA]]]
// CHECK: %[[OB:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 8192 + d1 * 16)>(%[[K]], %[[Y]])
// CHECK: memref.reinterpret_cast %[[B]] to offset: [%[[OB]]]
func.func @product(%a: memref<*xf32>, %b: memref<*xf32>, %nx: i32, %ny: i32, %nz: i32, %x: i32, %y: i32, %z: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c8 = arith.constant 8 : i32
  %c16 = arith.constant 16 : i32
  %c512 = arith.constant 512 : index
  %rows = arith.muli %x, %c16 : i32
  %columns = arith.muli %y, %c16 : i32
  %ri = arith.index_cast %rows : i32 to index
  %ci = arith.index_cast %columns : i32 to index
  scf.for %k = %c0 to %c8 step %c1 : i32 {
    %k16 = arith.muli %k, %c16 : i32
    %ki = arith.index_cast %k16 : i32 to index
    %r = arith.muli %ri, %c512 : index
    %oa = arith.addi %r, %ki : index
    %pa = memref.reinterpret_cast %a to offset: [%oa], sizes: [16, 16], strides: [512, 1] : memref<*xf32> to memref<16x16xf32, strided<[512, 1], offset: ?>>
    %kr = arith.muli %ki, %c512 : index
    %ob = arith.addi %kr, %ci : index
    %pb = memref.reinterpret_cast %b to offset: [%ob], sizes: [16, 16], strides: [512, 1] : memref<*xf32> to memref<16x16xf32, strided<[512, 1], offset: ?>>
    memref.copy %pa, %pb : memref<16x16xf32, strided<[512, 1], offset: ?>> to memref<16x16xf32, strided<[512, 1], offset: ?>>
  }
  return
}

// A grouped order of programs: quotient and remainder of an id.  Strides are symbols.
// CHECK-LABEL: func.func @grouped(
// CHECK-SAME: %[[A:.*]]: memref<*xf32>, %[[S:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[X:[^:]*]]: index,
// CHECK: %[[O:.*]] = affine.apply affine_map<(d0)[s0] -> (d0 mod 4 + (d0 floordiv 4) * s0)>(%[[X]])[%[[S]]]
// CHECK: memref.reinterpret_cast %[[A]] to offset: [%[[O]]]
func.func @grouped(%a: memref<*xf32>, %stride: i32, %nx: i32, %ny: i32, %nz: i32, %x: i32, %y: i32, %z: i32) {
  %c4 = arith.constant 4 : i32
  %q = arith.divsi %x, %c4 : i32
  %r = arith.remsi %x, %c4 : i32
  %row = arith.muli %q, %stride : i32
  %sum = arith.addi %row, %r : i32
  %o = arith.index_cast %sum : i32 to index
  %p = memref.reinterpret_cast %a to offset: [%o], sizes: [4], strides: [1] : memref<*xf32> to memref<4xf32, strided<[1], offset: ?>>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%p : memref<4xf32, strided<[1], offset: ?>>)
  return
}

// The clamp of a mask: min(max(min(base + 64, size), base) - base, 64) is max(min(64, size - base), 0).
// CHECK-LABEL: func.func @mask(
// CHECK-SAME: %[[A:[^:]*]]: memref<64xf32>, %[[SIZE:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[X:[^:]*]]: index,
// CHECK: %[[LEAST:.*]] = affine.min affine_map<(d0)[s0] -> (64, d0 * -64 + s0)>(%[[X]])[%[[SIZE]]]
// CHECK: %[[N:.*]] = affine.max affine_map<()[s0] -> (s0, 0)>()[%[[LEAST]]]
// CHECK: memref.subview %[[A]][0] [%[[N]]] [1]
func.func @mask(%a: memref<64xf32>, %size: i32, %nx: i32, %ny: i32, %nz: i32, %x: i32, %y: i32, %z: i32) {
  %c64 = arith.constant 64 : index
  %c64_i32 = arith.constant 64 : i32
  %b = arith.muli %x, %c64_i32 : i32
  %base = arith.index_cast %b : i32 to index
  %end = arith.addi %base, %c64 : index
  %s = arith.index_cast %size : i32 to index
  %stop = arith.minsi %end, %s : index
  %above = arith.maxsi %stop, %base : index
  %left = arith.subi %above, %base : index
  %n = arith.minsi %left, %c64 : index
  %part = memref.subview %a[0] [%n] [1] : memref<64xf32> to memref<?xf32, strided<[1]>>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%part : memref<?xf32, strided<[1]>>)
  return
}

// A width that may be negative keeps its minimum: max(min(x, t), 0) would be another number.
// CHECK-LABEL: func.func @signed_width(
// CHECK: %[[N:.*]] = arith.minsi
// CHECK: memref.subview %{{.*}}[0] [%[[N]]] [1]
func.func @signed_width(%a: memref<64xf32>, %size: index, %t: index, %nx: index, %ny: index, %nz: index, %x: index, %y: index, %z: index) {
  %above = arith.maxsi %size, %x : index
  %left = arith.subi %above, %x : index
  %n = arith.minsi %left, %t : index
  %part = memref.subview %a[0] [%n] [1] : memref<64xf32> to memref<?xf32, strided<[1]>>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%part : memref<?xf32, strided<[1]>>)
  return
}

// What a loop carries to compute offsets becomes an index; numbers that are data stay what they are.
// CHECK-LABEL: func.func @carried(
// CHECK-SAME: %[[A:[^:]*]]: memref<*xi32>, %[[L:[^:]*]]: memref<4xi32>, %[[X:[^:]*]]: index,
// CHECK: scf.for %{{.*}} iter_args(%[[AT:.*]] = %{{.*}}) -> (index) {
// CHECK: %[[O:.*]] = affine.apply affine_map<()[s0] -> (s0 * 32)>()[%[[AT]]]
// CHECK: memref.reinterpret_cast %[[A]] to offset: [%[[O]]]
// CHECK: %[[N:.*]] = affine.load %[[L]][%[[X]]]
// CHECK: %[[SEVEN:.*]] = arith.constant 7 : i32
// CHECK: linalg.fill ins(%[[SEVEN]] : i32)
// CHECK: %[[NEXT:.*]] = arith.addi %[[AT]], %{{.*}} : index
// CHECK: scf.yield %[[NEXT]] : index
// CHECK: %[[BACK:.*]] = arith.index_cast %[[X]] : index to i32
// CHECK: affine.store %[[BACK]], %[[L]][%[[X]]]
func.func @carried(%a: memref<*xi32>, %l: memref<4xi32>, %x: i32, %y: i32, %z: i32) {
  %c0 = arith.constant 0 : i32
  %c7 = arith.constant 7 : i32
  %c1 = arith.constant 1 : i32
  %at0 = arith.constant 0 : i64
  %c64 = arith.constant 64 : i64
  %c32 = arith.constant 32 : index
  %xi = arith.index_cast %x : i32 to index
  %end = scf.for %k = %c0 to %c7 step %c1 iter_args(%at = %at0) -> (i64) : i32 {
    %i = arith.index_cast %at : i64 to index
    %o = arith.muli %i, %c32 : index
    %p = memref.reinterpret_cast %a to offset: [%o], sizes: [4], strides: [1] : memref<*xi32> to memref<4xi32, strided<[1], offset: ?>>
    %n = memref.load %l[%xi] : memref<4xi32>
    %m = arith.addi %n, %n : i32
    memref.store %m, %l[%xi] : memref<4xi32>
    linalg.fill ins(%c7 : i32) outs(%p : memref<4xi32, strided<[1], offset: ?>>)
    %next = arith.addi %at, %c64 : i64
    scf.yield %next : i64
  }
  memref.store %x, %l[%xi] : memref<4xi32>
  return
}

// An offset read from memory stays one input of the expression.
// CHECK-LABEL: func.func @paged(
// CHECK: %[[PAGE:.*]] = affine.load
// CHECK: %[[I:.*]] = arith.index_cast %[[PAGE]] : i32 to index
// CHECK: %[[O:.*]] = affine.apply affine_map<(d0)[s0] -> ({{.*}})>(%{{.*}})[%[[I]]]
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [%[[O]]]
func.func @paged(%a: memref<*xf32>, %pages: memref<4xi32>, %x: i32, %y: i32, %z: i32) {
  %c128 = arith.constant 128 : i32
  %xi = arith.index_cast %x : i32 to index
  %page = memref.load %pages[%xi] : memref<4xi32>
  %start = arith.muli %page, %c128 : i32
  %sum = arith.addi %start, %y : i32
  %o = arith.index_cast %sum : i32 to index
  %p = memref.reinterpret_cast %a to offset: [%o], sizes: [4], strides: [1] : memref<*xf32> to memref<4xf32, strided<[1], offset: ?>>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%p : memref<4xf32, strided<[1], offset: ?>>)
  return
}
