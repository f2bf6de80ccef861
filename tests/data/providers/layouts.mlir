#by_columns = affine_map<(m, n, k) -> (n, k)>
// Products in several layouts, each into memory of its own.
func.func @layouts(%x: memref<5x6xf32>, %y: memref<6x7xf32>, %z: memref<7x6xf32>, %xs: memref<2x5x6xf32>, %ys: memref<2x6x7xf32>, %plain: memref<5x7xf32>, %b_transposed: memref<5x7xf32>,
                   %batch: memref<2x5x7xf32>, %added: memref<5x7xf32>, %by_hand: memref<5x7xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%plain : memref<5x7xf32>)
  linalg.matmul ins(%x, %y : memref<5x6xf32>, memref<6x7xf32>) outs(%plain : memref<5x7xf32>)
  linalg.fill ins(%zero : f32) outs(%b_transposed : memref<5x7xf32>)
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, #by_columns, affine_map<(m, n, k) -> (m, n)>] ins(%x, %z : memref<5x6xf32>, memref<7x6xf32>) outs(%b_transposed : memref<5x7xf32>)
  linalg.fill ins(%zero : f32) outs(%batch : memref<2x5x7xf32>)
  linalg.batch_matmul ins(%xs, %ys : memref<2x5x6xf32>, memref<2x6x7xf32>) outs(%batch : memref<2x5x7xf32>)
  linalg.matmul ins(%x, %y : memref<5x6xf32>, memref<6x7xf32>) outs(%added : memref<5x7xf32>)
  linalg.fill ins(%zero : f32) outs(%by_hand : memref<5x7xf32>)
  linalg.generic {indexing_maps = [affine_map<(k, n, m) -> (m, k)>, affine_map<(k, n, m) -> (k, n)>, affine_map<(k, n, m) -> (m, n)>], iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%x, %y : memref<5x6xf32>, memref<6x7xf32>) outs(%by_hand : memref<5x7xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %b, %a : f32
    %s = arith.addf %p, %c : f32
    linalg.yield %s : f32
  }
  return
}
