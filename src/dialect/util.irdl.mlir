// The util dialect: values of test files that a compiler must not look into (docs/mlir-inputs.md).
irdl.dialect @util {
  irdl.operation @unfoldable_constant {
    %value = irdl.any
    %result = irdl.any
    irdl.results(result: %result)
    irdl.attributes {"value" = %value}
  }
  // A constant whose shape is known when the program runs only: the result is of a type with dynamic dims.
  irdl.operation @dynamic_constant {
    %value = irdl.any
    %result = irdl.base "!builtin.tensor"
    irdl.results(result: %result)
    irdl.attributes {"value" = %value}
  }
  // The operand.
  irdl.operation @optimization_barrier {
    %value = irdl.any
    %result = irdl.any
    irdl.operands(value: %value)
    irdl.results(result: %result)
  }
  // The same bits in row-major order, elements of less than a byte packed from the low end.
  irdl.operation @bitcast {
    %value = irdl.base "!builtin.tensor"
    %result = irdl.base "!builtin.tensor"
    irdl.operands(value: %value)
    irdl.results(result: %result)
  }
}
