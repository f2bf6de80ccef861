// Elements at places that values name.
#id1 = affine_map<(d0) -> (d0)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// Rows of a table by ids of two dims.
func.func @embedding(%w: tensor<11x65xf32>, %ids: tensor<4x17xi64>) -> tensor<4x17x65xf32> {
  %e = tensor.empty() : tensor<4x17x65xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1)>, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%ids : tensor<4x17xi64>) outs(%e : tensor<4x17x65xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = arith.index_cast %in : i64 to index
    %j = linalg.index 2 : index
    %x = tensor.extract %w[%i, %j] : tensor<11x65xf32>
    linalg.yield %x : f32
  } -> tensor<4x17x65xf32>
  return %r : tensor<4x17x65xf32>
}

// Negative ids count from the end; what was taken is used in the same body.
func.func @wrapped(%w: tensor<11x20xf32>, %ids: tensor<9xi64>, %y: tensor<9x20xf32>) -> tensor<9x20xf32> {
  %e = tensor.empty() : tensor<9x20xf32>
  %r = linalg.generic {indexing_maps = [#row, #id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%ids, %y : tensor<9xi64>, tensor<9x20xf32>) outs(%e : tensor<9x20xf32>) {
  ^bb0(%in: i64, %z: f32, %out: f32):
    %c0 = arith.constant 0 : index
    %c11 = arith.constant 11 : index
    %i = arith.index_cast %in : i64 to index
    %is = arith.cmpi slt, %i, %c0 : index
    %end = arith.addi %i, %c11 : index
    %at = arith.select %is, %end, %i : index
    %j = linalg.index 1 : index
    %x = tensor.extract %w[%at, %j] : tensor<11x20xf32>
    %s = arith.mulf %x, %z : f32
    linalg.yield %s : f32
  } -> tensor<9x20xf32>
  return %r : tensor<9x20xf32>
}

// torch.gather along the last dim: single elements.
func.func @along(%x: tensor<6x9xf32>, %ids: tensor<6x4xi32>) -> tensor<6x4xf32> {
  %e = tensor.empty() : tensor<6x4xf32>
  %r = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<6x4xi32>) outs(%e : tensor<6x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %in : i32 to index
    %v = tensor.extract %x[%i, %j] : tensor<6x9xf32>
    linalg.yield %v : f32
  } -> tensor<6x4xf32>
  return %r : tensor<6x4xf32>
}

// Two tensors of places, read at the loops themselves; whole rows of what is left.
func.func @two(%x: tensor<5x7x12xf32>, %a: tensor<8xi64>, %b: tensor<8xi64>) -> tensor<8x12xf32> {
  %e = tensor.empty() : tensor<8x12xf32>
  %r = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<8x12xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %p = tensor.extract %a[%i] : tensor<8xi64>
    %q = tensor.extract %b[%i] : tensor<8xi64>
    %pi = arith.index_cast %p : i64 to index
    %qi = arith.index_cast %q : i64 to index
    %v = tensor.extract %x[%pi, %qi, %j] : tensor<5x7x12xf32>
    linalg.yield %v : f32
  } -> tensor<8x12xf32>
  return %r : tensor<8x12xf32>
}

// Columns: the dim of the places is the inner one.
func.func @columns(%x: tensor<7x30xf32>, %ids: tensor<5xi64>) -> tensor<7x5xf32> {
  %e = tensor.empty() : tensor<7x5xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, #id2], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<5xi64>) outs(%e : tensor<7x5xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %in : i64 to index
    %v = tensor.extract %x[%i, %j] : tensor<7x30xf32>
    linalg.yield %v : f32
  } -> tensor<7x5xf32>
  return %r : tensor<7x5xf32>
}

// Places that are sums of loops: no gather at all.
func.func @shifted(%x: tensor<8x30xf32>) -> tensor<7x10xf32> {
  %e = tensor.empty() : tensor<7x10xf32>
  %r = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<7x10xf32>) {
  ^bb0(%out: f32):
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.addi %i, %c1 : index
    %l = arith.muli %j, %c3 : index
    %v = tensor.extract %x[%k, %l] : tensor<8x30xf32>
    linalg.yield %v : f32
  } -> tensor<7x10xf32>
  return %r : tensor<7x10xf32>
}

// Backwards: steps that are not strides.
func.func @backwards(%x: tensor<5x12xf32>) -> tensor<5x12xf32> {
  %e = tensor.empty() : tensor<5x12xf32>
  %r = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<5x12xf32>) {
  ^bb0(%out: f32):
    %c4 = arith.constant 4 : index
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.subi %c4, %i : index
    %v = tensor.extract %x[%k, %j] : tensor<5x12xf32>
    %w = math.exp %v : f32
    linalg.yield %w : f32
  } -> tensor<5x12xf32>
  return %r : tensor<5x12xf32>
}

// A number from outside of the bodies that use it.
func.func @number(%x: tensor<4x6xf32>, %n: tensor<i64>) -> (tensor<4x6xf32>, tensor<f32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<4x6xf32>
  %s = tensor.extract %x[%c2, %c0] : tensor<4x6xf32>
  %t = arith.addf %s, %s : f32
  %k = tensor.extract %n[] : tensor<i64>
  %ki = arith.index_cast %k : i64 to index
  %u = tensor.extract %x[%ki, %c2] : tensor<4x6xf32>
  %b = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%p: f32, %o: f32):
    %v = arith.addf %p, %t : f32
    %w = arith.mulf %v, %u : f32
    linalg.yield %w : f32
  } -> tensor<4x6xf32>
  %one = tensor.from_elements %t : tensor<f32>
  return %b, %one : tensor<4x6xf32>, tensor<f32>
}

// Rows are put where ids say, into a copy; then single elements into that, where it lies.
func.func @put(%x: tensor<9x20xf32>, %ids: tensor<4xi64>, %v: tensor<4x20xf32>, %at: tensor<9xi64>) -> tensor<9x20xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c9 = arith.constant 9 : index
  %c20 = arith.constant 20 : index
  %f = arith.constant 5.0 : f32
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<9x20xf32>) {
    %r1 = scf.for %j = %c0 to %c20 step %c1 iter_args(%b = %a) -> (tensor<9x20xf32>) {
      %p = tensor.extract %ids[%i] : tensor<4xi64>
      %pi = arith.index_cast %p : i64 to index
      %y = tensor.extract %v[%i, %j] : tensor<4x20xf32>
      %n = tensor.insert %y into %b[%pi, %j] : tensor<9x20xf32>
      scf.yield %n : tensor<9x20xf32>
    }
    scf.yield %r1 : tensor<9x20xf32>
  }
  %s = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %r) -> (tensor<9x20xf32>) {
    %p = tensor.extract %at[%i] : tensor<9xi64>
    %pi = arith.index_cast %p : i64 to index
    %y = tensor.extract %v[%c1, %i] : tensor<4x20xf32>
    %z = arith.mulf %y, %f : f32
    %n = tensor.insert %z into %a[%i, %pi] : tensor<9x20xf32>
    scf.yield %n : tensor<9x20xf32>
  }
  return %s : tensor<9x20xf32>
}

// Several rows at one place, of two loops; the tensor is of three dims.
func.func @again(%x: tensor<5x3x7xf32>, %ids: tensor<2x12xi32>, %v: tensor<2x12x7xf32>) -> tensor<5x3x7xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c7 = arith.constant 7 : index
  %c12 = arith.constant 12 : index
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%a = %x) -> (tensor<5x3x7xf32>) {
    %r1 = scf.for %j = %c0 to %c12 step %c1 iter_args(%b = %a) -> (tensor<5x3x7xf32>) {
      %r2 = scf.for %k = %c0 to %c7 step %c1 iter_args(%c = %b) -> (tensor<5x3x7xf32>) {
        %p = tensor.extract %ids[%i, %j] : tensor<2x12xi32>
        %pi = arith.index_cast %p : i32 to index
        %y = tensor.extract %v[%i, %j, %k] : tensor<2x12x7xf32>
        %n = tensor.insert %y into %c[%pi, %c1, %k] : tensor<5x3x7xf32>
        scf.yield %n : tensor<5x3x7xf32>
      }
      scf.yield %r2 : tensor<5x3x7xf32>
    }
    scf.yield %r1 : tensor<5x3x7xf32>
  }
  return %r : tensor<5x3x7xf32>
}

// More rows than a tile has; a slice of the table that does not begin with it.
func.func @wide(%x: tensor<300x40xf32>, %ids: tensor<200xi64>) -> tensor<200x33xf32> {
  %s = tensor.extract_slice %x[0, 5] [300, 33] [1, 1] : tensor<300x40xf32> to tensor<300x33xf32>
  %e = tensor.empty() : tensor<200x33xf32>
  %r = linalg.generic {indexing_maps = [#row, #id2], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<200xi64>) outs(%e : tensor<200x33xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = arith.index_cast %in : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %s[%i, %j] : tensor<300x33xf32>
    linalg.yield %v : f32
  } -> tensor<200x33xf32>
  return %r : tensor<200x33xf32>
}

// A place that no loop decides: what the last turn puts stays.
func.func @same(%x: tensor<6x5xf32>, %v: tensor<4x5xf32>) -> tensor<6x5xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> (tensor<6x5xf32>) {
    %r1 = scf.for %j = %c0 to %c5 step %c1 iter_args(%b = %a) -> (tensor<6x5xf32>) {
      %q = tensor.extract %v[%i, %j] : tensor<4x5xf32>
      %n = tensor.insert %q into %b[%c2, %j] : tensor<6x5xf32>
      scf.yield %n : tensor<6x5xf32>
    }
    scf.yield %r1 : tensor<6x5xf32>
  }
  return %r : tensor<6x5xf32>
}
