// What an early helion-mlir wrote: block sizes by number, no word on which block tiles a loop, stores as insert_slice into an argument,
// torch's operations on builtin tensors.  x is read, out is written.
module {
  func.func @residual(%x: tensor<21x13xf32>, %y: tensor<13x10xf32>, %bias: tensor<10xf32>, %out: tensor<21x10xf32>) {
    %block_size_0 = "loom.get_symbol"() {name = "block_size_0"} : () -> index
    %block_size_1 = "loom.get_symbol"() {name = "block_size_1"} : () -> index
    %block_size_2 = "loom.get_symbol"() {name = "block_size_2"} : () -> index
    %m = arith.constant 21 : index
    %n = arith.constant 10 : index
    %k = arith.constant 13 : index
    %trip_0 = arith.ceildivui %m, %block_size_0 : index
    %trip_1 = arith.ceildivui %n, %block_size_1 : index
    %trip_2 = arith.ceildivui %k, %block_size_2 : index
    affine.parallel (%iv_tile_m, %iv_tile_n) = (0, 0) to (symbol(%trip_0), symbol(%trip_1)) {
      %empty = tensor.empty(%block_size_0, %block_size_1) : tensor<?x?xf32>
      %zero = arith.constant 0.0 : f32
      %acc = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
      %row = arith.muli %iv_tile_m, %block_size_0 : index
      %col = arith.muli %iv_tile_n, %block_size_1 : index
      %sum = affine.for %iv_block2 = 0 to %trip_2 iter_args(%carried = %acc) -> (tensor<?x?xf32>) {
        %at = arith.muli %iv_block2, %block_size_2 : index
        %a = tensor.extract_slice %x[%row, %at] [%block_size_0, %block_size_2] [1, 1] : tensor<21x13xf32> to tensor<?x?xf32>
        %b = tensor.extract_slice %y[%at, %col] [%block_size_2, %block_size_1] [1, 1] : tensor<13x10xf32> to tensor<?x?xf32>
        %one = "torch.constant.int"() {value = 1 : i64} : () -> !torch.int
        %next = "torch.aten.addmm"(%carried, %a, %b, %one, %one) : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, !torch.int, !torch.int) -> tensor<?x?xf32>
        affine.yield %next : tensor<?x?xf32>
      }
      %phi = "helion.phi"(%acc, %sum) {fx_node = "_phi"} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
      %vector = tensor.extract_slice %bias[%col] [%block_size_1] [1] : tensor<10xf32> to tensor<?xf32>
      %int1 = "torch.constant.int"() {value = 1 : i64} : () -> !torch.int
      %added = "torch.aten.add.Tensor"(%phi, %vector, %int1) : (tensor<?x?xf32>, tensor<?xf32>, !torch.int) -> tensor<?x?xf32>
      %half = "torch.constant.float"() {value = 5.000000e-01 : f64} : () -> !torch.float
      %scaled = "torch.aten.mul.Scalar"(%added, %half) : (tensor<?x?xf32>, !torch.float) -> tensor<?x?xf32>
      %result = "torch.aten.relu"(%scaled) : (tensor<?x?xf32>) -> tensor<?x?xf32>
      %stored = tensor.insert_slice %result into %out[%row, %col] [%block_size_0, %block_size_1] [1, 1] : tensor<?x?xf32> into tensor<21x10xf32>
    }
    return
  }
}
