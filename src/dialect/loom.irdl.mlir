// The loom dialect in IRDL: loaded by Loom itself and by stock tools (mlir-opt --irdl-file).
// IRDL knows operand kinds and required attributes; shapes, areas and regions are checked by dialect_verify.
// A constraint value used twice means "the same type twice", so every operand has its own.
irdl.dialect @loom {
  // spatial | temporal | sequential
  irdl.attribute @iter_type {
    %kind = irdl.base "#builtin.string"
    irdl.parameters(kind: %kind)
  }

  // A symbolic block size.  Optional: upper_bound, is_reduction, asure_divisible.
  irdl.operation @sym {
    %name = irdl.base "#builtin.symbol_ref"
    %index = irdl.is index
    irdl.attributes {"symbol_ref" = %name}
    irdl.results(value: %index)
  }

  // The same in the helion form.  Optional: kind ("block", "tunable", "size"), upper_bound, extent, value, preferred, is_reduction,
  // asure_divisible, is_padded.
  irdl.operation @get_symbol {
    %name = irdl.base "#builtin.string"
    %index = irdl.is index
    irdl.attributes {"name" = %name}
    irdl.results(value: %index)
  }

  // Storage in a core's memory.  Optional: loom.name, offset, buffer_count, alignment.
  irdl.operation @alloc {
    %size = irdl.is index
    %shape = irdl.any
    %memory = irdl.base "#builtin.symbol_ref"
    %buffer = irdl.base "!builtin.memref"
    irdl.operands(sizes: variadic %size)
    irdl.results(buffer: %buffer)
    irdl.attributes {"static_sizes" = %shape, "memory" = %memory}
  }

  // Ownership of one slot of an allocation, from take to give.
  irdl.operation @semaphore_take {
    %buffer = irdl.base "!builtin.memref"
    irdl.operands(buffer: %buffer)
    irdl.results(slot: %buffer)
  }
  irdl.operation @semaphore_give {
    %buffer = irdl.base "!builtin.memref"
    irdl.operands(slot: %buffer)
  }

  // A transfer shared by area[0] x area[1] x .. cores, the rectangle from ul to lr in mesh coordinates.  Optional: static_area, reclaim.
  irdl.operation @copy {
    %src = irdl.base "!builtin.memref"
    %dst = irdl.base "!builtin.memref"
    %index = irdl.is index
    %src_space = irdl.base "#builtin.symbol_ref"
    %dst_space = irdl.base "#builtin.symbol_ref"
    irdl.operands(src: %src, dst: %dst, area: variadic %index, ul: variadic %index, lr: variadic %index)
    irdl.attributes {"src_mem_space" = %src_space, "dst_mem_space" = %dst_space}
  }

  // c = a * b (overwrites c, unlike linalg.matmul).
  irdl.operation @matmul {
    %a = irdl.base "!builtin.memref"
    %b = irdl.base "!builtin.memref"
    %c = irdl.base "!builtin.memref"
    irdl.operands(a: %a, b: %b, c: %c)
  }
  irdl.operation @batch_matmul {
    %a = irdl.base "!builtin.memref"
    %b = irdl.base "!builtin.memref"
    %c = irdl.base "!builtin.memref"
    irdl.operands(a: %a, b: %b, c: %c)
  }

  // Repeats `value` along dimension `dim` of `init`.
  irdl.operation @broadcast {
    %value = irdl.any
    %init = irdl.any
    %dim = irdl.base "#builtin.integer"
    irdl.operands(value: %value, init: %init)
    irdl.results(result: %init)
    irdl.attributes {"dim" = %dim}
  }

  // The destination of a gather before it has a buffer.
  irdl.operation @placeholder {
    %size = irdl.is index
    %shape = irdl.any
    %buffer = irdl.base "!builtin.memref"
    irdl.operands(sizes: variadic %size)
    irdl.results(buffer: %buffer)
    irdl.attributes {"static_sizes" = %shape}
  }

  // Collects the tiles of a line of cores, one per value of the parallel iterator `across`, on its first core.
  irdl.operation @gather {
    %value = irdl.any
    %init = irdl.any
    %index = irdl.is index
    irdl.operands(value: %value, init: %init, across: %index, region: variadic %index)
    irdl.results(result: optional %init)
  }
}
