// The togsim dialect: transfers between DRAM and the scratchpad of an NPU (src/dialect/togsim.h).  IRDL knows kinds of operands; what is between them is
// checked by togsim_verify.  Operands behind the tag: [tag index,] kind, lane stride, and two bounds for each of masked_axes.
irdl.dialect @togsim {
  // Optional: tile_stride or sram_stride, subtile_size, async, padding, masked_axes, masked_fill, accumulate, acc_float, dram_arg.
  irdl.operation @transfer {
    %dram = irdl.base "!builtin.memref"
    %spad = irdl.base "!builtin.memref"
    %tag = irdl.base "!builtin.memref"
    %index = irdl.is index
    %kind = irdl.base "#builtin.string"
    %axis = irdl.base "#builtin.integer"
    %list = irdl.any
    irdl.operands(dram: %dram, dram_index: %index, spad: %spad, spad_index: %index, tag: %tag, rest: variadic %index)
    irdl.attributes {"dma_kind" = %kind, "vlane_split_axis" = %axis, "dram_stride" = %list}
  }
  irdl.operation @wait {
    %tag = irdl.base "!builtin.memref"
    %index = irdl.is index
    irdl.operands(tag: %tag, tag_index: %index, num_elements: %index)
  }
}
