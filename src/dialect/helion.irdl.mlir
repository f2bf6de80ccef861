// The helion dialect: what the helion form of stage 0 has beside affine, tensor and torch (docs/helion.md).
// Values are tensors, memory is a tensor that stands for a place; shapes and index lists are checked when the kernel graph is built.
irdl.dialect @helion {
  // What was before a loop, and what came out of it: the latter.
  irdl.operation @phi {
    %value = irdl.base "!builtin.tensor"
    irdl.operands(initial: %value, current: %value)
    irdl.results(result: %value)
  }

  // Memory of the host.  Optional: fill_value, zeros.
  irdl.operation @alloc {
    %name = irdl.base "#builtin.string"
    %size = irdl.is index
    %memory = irdl.base "!builtin.tensor"
    irdl.operands(sizes: variadic %size)
    irdl.results(memory: %memory)
    irdl.attributes {"name" = %name}
  }
  // A view: offset, sizes, strides in elements of the base.
  irdl.operation @host_ref {
    %name = irdl.base "#builtin.string"
    %index = irdl.is index
    %base = irdl.base "!builtin.tensor"
    %view = irdl.base "!builtin.tensor"
    irdl.operands(base: %base, layout: variadic %index)
    irdl.results(view: %view)
    irdl.attributes {"name" = %name}
  }

  // Parts of memory.  where: a tuple of what `indices` names, "tile" (iv, offset), "scalar" (index), "all", "slice" (begin, end), "new",
  // "tensor <dim> <rank>" (tensor); masked: the mask comes before them.
  irdl.operation @load {
    %memory = irdl.base "!builtin.tensor"
    %where = irdl.base "!builtin.tuple"
    %value = irdl.base "!builtin.tensor"
    %indices = irdl.base "#builtin.array"
    irdl.operands(memory: %memory, where: %where)
    irdl.results(value: %value)
    irdl.attributes {"indices" = %indices}
  }
  // Without indices: the insert_slice into this memory happens.
  irdl.operation @store {
    %memory = irdl.base "!builtin.tensor"
    %value = irdl.base "!builtin.tensor"
    %where = irdl.base "!builtin.tuple"
    irdl.operands(memory: %memory, value: %value, where: optional %where)
  }
  // where: mask, expected value (of "cas"), indices.
  irdl.operation @atomic {
    %memory = irdl.base "!builtin.tensor"
    %value = irdl.base "!builtin.tensor"
    %where = irdl.base "!builtin.tuple"
    %old = irdl.base "!builtin.tensor"
    %fn = irdl.base "#builtin.string"
    %indices = irdl.base "#builtin.array"
    irdl.operands(memory: %memory, value: %value, where: %where)
    irdl.results(old: optional %old)
    irdl.attributes {"fn" = %fn, "indices" = %indices}
  }
  // An integer of the host or the device as a size.
  irdl.operation @item {
    %value = irdl.base "!builtin.tensor"
    %index = irdl.is index
    irdl.operands(value: %value)
    irdl.results(index: %index)
  }
  irdl.operation @barrier {
  }

  // Tiles of a loop, by its induction variable.
  irdl.operation @tile_size {
    %iv = irdl.is index
    %size = irdl.is index
    irdl.operands(iv: optional %iv)
    irdl.results(size: %size)
  }
  irdl.operation @tile_count {
    %index = irdl.is index
    irdl.operands(begin: %index, end: %index, block_size: %index)
    irdl.results(count: %index)
  }
  irdl.operation @tile_begin {
    %iv = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(iv: %iv)
    irdl.results(value: %value)
  }
  irdl.operation @tile_end {
    %iv = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(iv: %iv)
    irdl.results(value: %value)
  }
  irdl.operation @tile_id {
    %iv = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(iv: %iv)
    irdl.results(value: %value)
  }
  irdl.operation @tile_index {
    %iv = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(iv: %iv)
    irdl.results(value: %value)
  }
  irdl.operation @tile_mask {
    %iv = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(iv: %iv)
    irdl.results(value: %value)
  }

  // Tensors of one number: fill_value, the element of a 0-d tensor.
  irdl.operation @full {
    %size = irdl.is index
    %value = irdl.base "!builtin.tensor"
    %number = irdl.base "#builtin.float"
    irdl.operands(sizes: variadic %size)
    irdl.results(value: %value)
    irdl.attributes {"fill_value" = %number}
  }
  irdl.operation @splat {
    %element = irdl.base "!builtin.tensor"
    %size = irdl.is index
    %value = irdl.base "!builtin.tensor"
    irdl.operands(element: %element, sizes: variadic %size)
    irdl.results(value: %value)
  }
  irdl.operation @iota {
    %size = irdl.is index
    %value = irdl.base "!builtin.tensor"
    %start = irdl.base "#builtin.float"
    %step = irdl.base "#builtin.integer"
    irdl.operands(size: %size)
    irdl.results(value: %value)
    irdl.attributes {"start" = %start, "step" = %step}
  }
  // A function of elements that ATen does not have.
  irdl.operation @call {
    %a = irdl.base "!builtin.tensor"
    %b = irdl.base "!builtin.tensor"
    %value = irdl.base "!builtin.tensor"
    %fn = irdl.base "#builtin.string"
    irdl.operands(a: %a, b: optional %b)
    irdl.results(value: %value)
    irdl.attributes {"fn" = %fn}
  }
  // a[.., m, k] * b[.., k, n] (+ acc), accumulated in f32 or i32 and rounded once.
  irdl.operation @dot {
    %a = irdl.base "!builtin.tensor"
    %b = irdl.base "!builtin.tensor"
    %acc = irdl.base "!builtin.tensor"
    %value = irdl.base "!builtin.tensor"
    irdl.operands(a: %a, b: %b, acc: optional %acc)
    irdl.results(value: %value)
  }
  irdl.operation @reduce {
    %operand = irdl.base "!builtin.tensor"
    %value = irdl.base "!builtin.tensor"
    %fn = irdl.base "#builtin.string"
    %axes = irdl.base "#builtin.integer"
    irdl.operands(operand: %operand)
    irdl.results(value: %value)
    irdl.attributes {"fn" = %fn, "axes" = %axes}
  }
  // Tuples of tensors along an axis with a private function of scalars (so far, next) -> so far.
  irdl.operation @scan {
    %operands = irdl.base "!builtin.tuple"
    %values = irdl.base "!builtin.tuple"
    %combine = irdl.base "#builtin.symbol_ref"
    %axis = irdl.base "#builtin.integer"
    irdl.operands(operands: %operands)
    irdl.results(values: %values)
    irdl.attributes {"combine" = %combine, "axis" = %axis}
  }
  irdl.operation @fold {
    %operands = irdl.base "!builtin.tuple"
    %values = irdl.base "!builtin.tuple"
    %combine = irdl.base "#builtin.symbol_ref"
    %axis = irdl.base "#builtin.integer"
    irdl.operands(operands: %operands)
    irdl.results(values: %values)
    irdl.attributes {"combine" = %combine, "axis" = %axis}
  }
}
