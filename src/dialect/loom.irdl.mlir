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

  // Repeats `value` along dimension `dim` of `init`.  On memory the result may have another layout than `init`.
  irdl.operation @broadcast {
    %value = irdl.any
    %init = irdl.any
    %result = irdl.any
    %dim = irdl.base "#builtin.integer"
    irdl.operands(value: %value, init: %init)
    irdl.results(result: %result)
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

  // `table` with position i of dimension `dim` at position index[i] of it (row-major element i): what is loaded or stored there is another row for each i.
  irdl.operation @lookup {
    %table = irdl.base "!builtin.memref"
    %index = irdl.base "!builtin.memref"
    %view = irdl.base "!builtin.memref"
    %dim = irdl.base "#builtin.integer"
    irdl.operands(table: %table, index: %index)
    irdl.results(view: %view)
    irdl.attributes {"dim" = %dim}
  }

  // Collects the tiles of a line of cores, one per value of the parallel iterator, the first of `places`, on its first core.  Behind it: the region.
  // In the function of a mover (bind_mem) there is no iterator.
  irdl.operation @gather {
    %value = irdl.any
    %init = irdl.any
    %index = irdl.is index
    irdl.operands(value: %value, init: %init, places: variadic %index)
    irdl.results(result: optional %init)
  }

  // What a chip can do is told by functions: sizes of an argument and the memory it is in.
  irdl.operation @bind_shape {
    %value = irdl.base "!builtin.memref"
    %size = irdl.is index
    %shape = irdl.any
    irdl.operands(value: %value, sizes: variadic %size)
    irdl.attributes {"static_sizes" = %shape}
  }
  irdl.operation @bind_mem {
    %value = irdl.base "!builtin.memref"
    %memory = irdl.any
    irdl.operands(value: %value)
    irdl.attributes {"memory" = %memory}
  }

  // The forms between: memory bound, not yet bufferized.
  // A part of memory, as memref.subview.  Optional: sequential_reuse, spatial_reuse, temporal_reuse, loom.reuse.
  irdl.operation @subview {
    %memory = irdl.base "!builtin.memref"
    %part = irdl.base "!builtin.memref"
    %index = irdl.is index
    %list = irdl.any
    %more = irdl.any
    %most = irdl.any
    irdl.operands(source: %memory, offsets: variadic %index, sizes: variadic %index, strides: variadic %index)
    irdl.results(result: %part)
    irdl.attributes {"static_offsets" = %list, "static_sizes" = %more, "static_strides" = %most}
  }
  // A tensor that lives in a slot: a destination, or what was loaded into it; and back.
  irdl.operation @init_tensor {
    %slot = irdl.base "!builtin.memref"
    %tensor = irdl.base "!builtin.tensor"
    %size = irdl.is index
    %shape = irdl.any
    irdl.operands(slot: %slot, sizes: variadic %size)
    irdl.results(result: %tensor)
    irdl.attributes {"static_sizes" = %shape}
  }
  irdl.operation @bufferize_to_tensor {
    %slot = irdl.base "!builtin.memref"
    %tensor = irdl.base "!builtin.tensor"
    %size = irdl.is index
    %shape = irdl.any
    irdl.operands(slot: %slot, sizes: variadic %size)
    irdl.results(result: %tensor)
    irdl.attributes {"static_sizes" = %shape}
  }
  irdl.operation @bufferize_to_memref {
    %tensor = irdl.base "!builtin.tensor"
    %memory = irdl.base "!builtin.memref"
    irdl.operands(value: %tensor)
    irdl.results(result: %memory)
  }
  // A copy between two slots of one allocation.
  irdl.operation @sync {
    %value = irdl.any
    %init = irdl.any
    irdl.operands(value: %value, init: %init)
    irdl.results(result: optional %init)
  }
  // Older transfers of tensors.  Optional: memory, interconnect, static_area.
  irdl.operation @copy_to_tensor {
    %src = irdl.base "!builtin.memref"
    %dst = irdl.base "!builtin.memref"
    %tensor = irdl.base "!builtin.tensor"
    irdl.operands(src: %src, dst: %dst)
    irdl.results(result: %tensor)
  }
  irdl.operation @copy_from_tensor {
    %tensor = irdl.base "!builtin.tensor"
    %dst = irdl.base "!builtin.memref"
    irdl.operands(value: %tensor, dst: %dst)
  }
}
