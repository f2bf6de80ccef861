module @vector_lane {
  func.func @vec_exp_f16(%a: memref<?xf16>, %out: memref<?xf16>) {
    %L = loom.sym @L : index
    loom.bind_shape %a, [%L] : memref<?xf16>
    loom.bind_mem %a, @L1 : memref<?xf16>
    loom.bind_shape %out, [%L] : memref<?xf16>
    loom.bind_mem %out, @L1 : memref<?xf16>
    linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        ins(%a : memref<?xf16>) outs(%out : memref<?xf16>) {
      ^bb0(%x: f16, %y: f16):
        %half = arith.constant 5.000000e-01 : f16
        %e = math.exp %x : f16
        linalg.yield %e : f16
    }
    return
  }
}
