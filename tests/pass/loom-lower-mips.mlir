// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-mips)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-mips,loom-lower-mips)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-mips{kernel=fast})' | FileCheck %s --check-prefix=NAMED
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-mips,one-shot-bufferize{bufferize-function-boundaries},canonicalize)' | FileCheck %s --check-prefix=BUFFERS

// CHECK-DAG: func.func private @my_matmul_kernel(memref<f32>, index, index, index, memref<f32>, index, index, index, memref<f32>, index, index, index, index, index, index) attributes {llvm.bareptr = true, loom.kernel = "mips.matmul"}
// CHECK-DAG: func.func private @my_matmul_kernel_f64(memref<f64>,
// NAMED-DAG: func.func private @fast(
// NAMED-DAG: func.func private @fast_f64(

// CHECK-LABEL: func.func @on_tensors
// CHECK-SAME: (%[[A:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<8x2xf32>, %[[C:.*]]: tensor<4x2xf32>)
// CHECK: %[[MA:.*]] = bufferization.to_buffer %[[A]] read_only : tensor<4x8xf32> to memref<4x8xf32, strided<[?, ?], offset: ?>>
// CHECK: %[[BA:.*]], %[[OA:.*]], %[[SA:.*]]:2, %[[TA:.*]]:2 = memref.extract_strided_metadata %[[MA]]
// CHECK: %[[MB:.*]] = bufferization.to_buffer %[[B]] read_only
// CHECK: %[[BB:.*]], %[[OB:.*]], %[[SB:.*]]:2, %[[TB:.*]]:2 = memref.extract_strided_metadata %[[MB]]
// CHECK: %[[MC:.*]] = memref.alloc() : memref<4x2xf32>
// CHECK: %[[BC:.*]], %[[OC:.*]], %[[SC:.*]]:2, %[[TC:.*]]:2 = memref.extract_strided_metadata %[[MC]]
// CHECK: call @my_matmul_kernel(%[[BA]], %[[OA]], %[[TA]]#0, %[[TA]]#1, %[[BB]], %[[OB]], %[[TB]]#0, %[[TB]]#1, %[[BC]], %[[OC]], %[[TC]]#0, %[[TC]]#1, %[[SC]]#0, %[[SC]]#1, %[[SA]]#1)
// CHECK: %[[R:.*]] = bufferization.to_tensor %[[MC]] restrict writable
// CHECK: return %[[R]]
// BUFFERS-LABEL: func.func @on_tensors
// BUFFERS: call @my_matmul_kernel
// BUFFERS-NOT: memref.copy
// BUFFERS: return
func.func @on_tensors(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %c: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %0 = "mips.matmul"(%a, %b, %c) : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}

// CHECK-LABEL: func.func @open_sizes
// CHECK: memref.alloc(%{{.*}}, %{{.*}}) : memref<?x?xf32>
func.func @open_sizes(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %c: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = "mips.matmul"(%a, %b, %c) : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// Memory in other memory spaces comes to the default one.
// CHECK-LABEL: func.func @on_memory
// CHECK: %[[MA:.*]] = memref.memory_space_cast %{{.*}} : memref<4x8xf32, 1> to memref<4x8xf32>
// CHECK: memref.extract_strided_metadata %[[MA]]
// CHECK: memref.memory_space_cast %{{.*}} : memref<8x2xf32, strided<[1, 8], offset: 3>, 2> to memref<8x2xf32, strided<[1, 8], offset: 3>>
// CHECK-NOT: memory_space_cast
// CHECK: call @my_matmul_kernel(
func.func @on_memory(%a: memref<4x8xf32, 1>, %b: memref<8x2xf32, strided<[1, 8], offset: 3>, 2>, %c: memref<4x2xf32>) {
  "mips.matmul"(%a, %b, %c) : (memref<4x8xf32, 1>, memref<8x2xf32, strided<[1, 8], offset: 3>, 2>, memref<4x2xf32>) -> ()
  return
}

// Each element type has a function of its own.
// CHECK-LABEL: func.func @doubles
// CHECK: call @my_matmul_kernel_f64(
func.func @doubles(%a: memref<4x8xf64>, %b: memref<8x2xf64>, %c: memref<4x2xf64>) {
  "mips.matmul"(%a, %b, %c) : (memref<4x8xf64>, memref<8x2xf64>, memref<4x2xf64>) -> ()
  return
}
