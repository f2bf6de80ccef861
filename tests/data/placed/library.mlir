module @processor {
  func.func @relu(%a: memref<?xf16>, %out: memref<?xf16>) {
    %L = loom.sym @L : index
    loom.bind_shape %a, [%L] : memref<?xf16>
    loom.bind_mem %a, @lhs : memref<?xf16>
    loom.bind_mem %out, @result : memref<?xf16>
    linalg.max ins(%a, %a : memref<?xf16>, memref<?xf16>) outs(%out : memref<?xf16>)
    return
  }
}
