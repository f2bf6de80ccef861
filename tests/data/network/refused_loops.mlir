// Loops that are no scatter, and elements of what has no contents: all of it reported.
func.func @loops(%x: tensor<6xf32>, %n: tensor<i64>, %ids: tensor<4xi64>, %v: tensor<4xf32>, %w: tensor<2000xi64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %f = arith.constant 1.0 : f32    %c2000 = arith.constant 2000 : index    %sx = tensor.extract %x[%c2] : tensor<6xf32>
  %k = tensor.extract %n[] : tensor<i64>
  %ki = arith.index_cast %k : i64 to index
  %open = scf.for %i = %c0 to %ki step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %r = tensor.insert %f into %a[%i] : tensor<6xf32>
    scf.yield %r : tensor<6xf32>
  }
  %twos = scf.for %i = %c0 to %c4 step %c2 iter_args(%a = %x) -> (tensor<6xf32>) {
    %r = tensor.insert %f into %a[%i] : tensor<6xf32>
    scf.yield %r : tensor<6xf32>
  }
  %adds = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %p = tensor.extract %ids[%i] : tensor<4xi64>
    %pi = arith.index_cast %p : i64 to index
    %old = tensor.extract %a[%pi] : tensor<6xf32>
    %new = arith.mulf %old, %f : f32
    %r = tensor.insert %new into %a[%pi] : tensor<6xf32>
    scf.yield %r : tensor<6xf32>
  }
  %parts = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %old = tensor.extract %a[%i] : tensor<6xf32>
    %q = tensor.extract %v[%i] : tensor<4xf32>
    %new = arith.addf %old, %q : f32
    %r = tensor.insert %new into %a[%i] : tensor<6xf32>
    scf.yield %r : tensor<6xf32>
  }
  %many = scf.for %i = %c0 to %c2000 step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %p = tensor.extract %w[%i] : tensor<2000xi64>    %pi = arith.index_cast %p : i64 to index
    %r = tensor.insert %sx into %a[%pi] : tensor<6xf32>
    scf.yield %r : tensor<6xf32>
  }
  %both = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %q = tensor.extract %v[%i] : tensor<4xf32>
    %r = tensor.insert %q into %a[%i] : tensor<6xf32>
    %s = tensor.insert %f into %r[%c2] : tensor<6xf32>
    scf.yield %s : tensor<6xf32>
  }
  %next = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<6xf32>) {
    %b = scf.for %j = %c0 to %c2 step %c1 iter_args(%c = %a) -> (tensor<6xf32>) {
      %old = tensor.extract %a[%j] : tensor<6xf32>
      %r = tensor.insert %old into %c[%i] : tensor<6xf32>
      scf.yield %r : tensor<6xf32>
    }
    scf.yield %b : tensor<6xf32>
  }
  %e = tensor.empty() : tensor<4xf32>
  %o = tensor.empty() : tensor<4xf32>
  %nothing = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%o : tensor<4xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %p = tensor.extract %ids[%i] : tensor<4xi64>
    %pi = arith.index_cast %p : i64 to index
    %q = tensor.extract %e[%pi] : tensor<4xf32>
    linalg.yield %q : f32
  } -> tensor<4xf32>
  return %open, %twos, %adds, %many, %both, %next, %parts, %nothing : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf32>
}
