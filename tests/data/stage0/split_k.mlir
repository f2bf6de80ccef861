// Each core multiplies one slice of k; the first core of the slices adds what all have made.
func.func @split_k(%a: memref<128x1024xf16>, %b: memref<1024x256xf16>, %out: memref<128x256xf16>) {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %c1024 = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f16
  %tm = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 128 : index} : () -> index
  %tn = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 256 : index} : () -> index
  %tk = "loom.sym"() {symbol_ref = @tile_k, upper_bound = 1024 : index} : () -> index
  %nm = arith.ceildivui %c128, %tm : index
  %nn = arith.ceildivui %c256, %tn : index
  %nk = arith.ceildivui %c1024, %tk : index
  affine.parallel (%im, %in, %ik) = (0, 0, 0) to (symbol(%nm), symbol(%nn), symbol(%nk)) {
    %m = arith.muli %im, %tm : index
    %n = arith.muli %in, %tn : index
    %k = arith.muli %ik, %tk : index
    %as = memref.subview %a[%m, %k] [%tm, %tk] [1, 1] : memref<128x1024xf16> to memref<?x?xf16, strided<[1024, 1], offset: ?>>
    %at = bufferization.to_tensor %as : memref<?x?xf16, strided<[1024, 1], offset: ?>> to tensor<?x?xf16>
    %bs = memref.subview %b[%k, %n] [%tk, %tn] [1, 1] : memref<1024x256xf16> to memref<?x?xf16, strided<[256, 1], offset: ?>>
    %bt = bufferization.to_tensor %bs : memref<?x?xf16, strided<[256, 1], offset: ?>> to tensor<?x?xf16>
    %e = tensor.empty(%tm, %tn) : tensor<?x?xf16>
    %f = linalg.fill ins(%zero : f16) outs(%e : tensor<?x?xf16>) -> tensor<?x?xf16>
    %part = linalg.matmul ins(%at, %bt : tensor<?x?xf16>, tensor<?x?xf16>) outs(%f : tensor<?x?xf16>) -> tensor<?x?xf16>
    %slots = tensor.empty(%nk, %tm, %tn) : tensor<?x?x?xf16>
    %all = "loom.gather"(%part, %slots, %ik) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<?x?xf16>, tensor<?x?x?xf16>, index) -> tensor<?x?x?xf16>
    %is_first = arith.cmpi eq, %ik, %c0 : index
    scf.if %is_first {
      %sum = linalg.generic {indexing_maps = [affine_map<(k, m, n) -> (k, m, n)>, affine_map<(k, m, n) -> (m, n)>], iterator_types = ["reduction", "parallel", "parallel"]} ins(%all : tensor<?x?x?xf16>) outs(%f : tensor<?x?xf16>) {
      ^bb0(%x: f16, %y: f16):
        %w = arith.addf %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?xf16>
      %os = memref.subview %out[%m, %n] [%tm, %tn] [1, 1] : memref<128x256xf16> to memref<?x?xf16, strided<[256, 1], offset: ?>>
      %ob = bufferization.to_buffer %sum : tensor<?x?xf16> to memref<?x?xf16, strided<[256, 1], offset: ?>>
      memref.copy %ob, %os : memref<?x?xf16, strided<[256, 1], offset: ?>> to memref<?x?xf16, strided<[256, 1], offset: ?>>
    }
  }
  return
}
