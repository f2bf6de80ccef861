// A function that a library has: void scale(float *x, int64_t offset, int64_t n, float by).
func.func private @scale(memref<f32>, index, index, f32) attributes {llvm.bareptr = true}
func.func @double_it(%x: memref<12xf32>) {
  %base, %offset, %size, %stride = memref.extract_strided_metadata %x : memref<12xf32> -> memref<f32>, index, index, index
  %two = arith.constant 2.0 : f32
  func.call @scale(%base, %offset, %size, %two) : (memref<f32>, index, index, f32) -> ()
  return
}
