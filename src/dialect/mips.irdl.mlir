// Dialect `mips`: a matrix product that stays one operation until a function of a kernel library takes it.
irdl.dialect @mips {
  // C = A * B.  On tensors: (A: MxK, B: KxN, init: MxN) -> MxN, where init gives the shape.  On memory: (A, B, C), which is overwritten.
  // That the sizes fit and all element types are one is checked by dialect_verify.
  irdl.operation @matmul {
    %a = irdl.any
    %b = irdl.any
    %init = irdl.any
    %result = irdl.any
    irdl.operands(a: %a, b: %b, init: %init)
    irdl.results(result: optional %result)
  }
}
