// The check dialect: what a test file expects of its values (docs/mlir-inputs.md).  Shapes and tolerances are checked where they are lowered.
irdl.dialect @check {
  irdl.operation @expect_true {
    %value = irdl.base "!builtin.integer"
    irdl.operands(value: %value)
  }
  irdl.operation @expect_false {
    %value = irdl.base "!builtin.integer"
    irdl.operands(value: %value)
  }
  irdl.operation @expect_all_true {
    %value = irdl.base "!builtin.tensor"
    irdl.operands(value: %value)
  }
  // Both of one type, bit for bit.
  irdl.operation @expect_eq {
    %value = irdl.base "!builtin.tensor"
    irdl.operands(lhs: %value, rhs: %value)
  }
  irdl.operation @expect_eq_const {
    %lhs = irdl.base "!builtin.tensor"
    %value = irdl.any
    irdl.operands(lhs: %lhs)
    irdl.attributes {"value" = %value}
  }
  // Floats.  Optional: atol (1.0e-4), rtol (0).
  irdl.operation @expect_almost_eq {
    %value = irdl.base "!builtin.tensor"
    irdl.operands(lhs: %value, rhs: %value)
  }
  irdl.operation @expect_almost_eq_const {
    %lhs = irdl.base "!builtin.tensor"
    %value = irdl.any
    irdl.operands(lhs: %lhs)
    irdl.attributes {"value" = %value}
  }
}
