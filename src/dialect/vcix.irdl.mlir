// Dialect `vcix`: what an NPU core has beyond RISC-V's vectors, through SiFive's coprocessor interface (XSfvcp), with the operands and attributes PyTorchSim gives
// them.  `rvl` is the number of elements.  Optional attributes that are absent are 0: imm, rd, rs2, lmul.  What IRDL cannot say (ranges, vector types) is checked by
// dialect_verify.  Names of IRDL have no dot: `spelled` is the name that counts (ir_load_irdl).
irdl.dialect @vcix {
  // A vector to the coprocessor: opcode 0 pushes it to the inputs of the systolic array, opcode 1 to its weights.
  irdl.operation @iv {
    %vector = irdl.base "!builtin.vector"
    %rvl = irdl.base "!builtin.integer"
    %opcode = irdl.base "#builtin.integer"
    irdl.operands(vector: %vector, rvl: %rvl)
    irdl.attributes {"opcode" = %opcode}
  }

  // A command: opcode 1 with immediate 4 multiplies what was pushed.
  irdl.operation @i {
    %rvl = irdl.base "!builtin.integer"
    %opcode = irdl.base "#builtin.integer"
    %imm = irdl.base "#builtin.integer"
    %sew = irdl.base "#builtin.integer"
    irdl.operands(rvl: %rvl)
    irdl.attributes {"opcode" = %opcode, "imm" = %imm, "sew" = %sew}
  }

  // A vector from the coprocessor: opcode 2 pops sums, opcode 0 is the number of the lane.
  irdl.operation @v_i attributes {spelled = "v.i"} {
    %rvl = irdl.base "!builtin.integer"
    %opcode = irdl.base "#builtin.integer"
    %result = irdl.base "!builtin.vector"
    irdl.operands(rvl: %rvl)
    irdl.results(result: %result)
    irdl.attributes {"opcode" = %opcode}
  }

  // A function of each element, chosen by opcode and imm.  Only scalable vectors need rvl.
  irdl.operation @v_iv attributes {spelled = "v.iv"} {
    %vector = irdl.base "!builtin.vector"
    %rvl = irdl.base "!builtin.integer"
    %opcode = irdl.base "#builtin.integer"
    %imm = irdl.base "#builtin.integer"
    %result = irdl.base "!builtin.vector"
    irdl.operands(vector: %vector, rvl: optional %rvl)
    irdl.results(result: %result)
    irdl.attributes {"opcode" = %opcode, "imm" = %imm}
  }

  // The same with a vector or a scalar beside it.
  irdl.operation @v_sv attributes {spelled = "v.sv"} {
    %vector = irdl.base "!builtin.vector"
    %second = irdl.any
    %rvl = irdl.base "!builtin.integer"
    %opcode = irdl.base "#builtin.integer"
    %result = irdl.base "!builtin.vector"
    irdl.operands(vector: %vector, second: %second, rvl: optional %rvl)
    irdl.results(result: %result)
    irdl.attributes {"opcode" = %opcode}
  }
}
