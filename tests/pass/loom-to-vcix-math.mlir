// Transcendentals on the vector units (npu.md 1.6), registers of 256 bits.  Oracle: PyTorchSim's opcodes; sizes by hand.
// RUN: loom opt %s --split-input-file --pass-pipeline='builtin.module(loom-to-vcix{vlen=256})' | FileCheck %s

// exp: its opcode and immediate.
// CHECK-LABEL: func.func @exp(
// CHECK: "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.exp
// CHECK: return
func.func @exp(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.exp %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// erf: its opcode and immediate.
// CHECK-LABEL: func.func @erf(
// CHECK: "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 0 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.erf
// CHECK: return
func.func @erf(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.erf %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// tanh: its opcode and immediate.
// CHECK-LABEL: func.func @tanh(
// CHECK: "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 1 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.tanh
// CHECK: return
func.func @tanh(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.tanh %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// sin: its opcode and immediate.
// CHECK-LABEL: func.func @sin(
// CHECK: "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 2 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.sin
// CHECK: return
func.func @sin(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.sin %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// cos: its opcode and immediate.
// CHECK-LABEL: func.func @cos(
// CHECK: "vcix.v.iv"(%arg0) {imm = 1 : i32, opcode = 2 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.cos
// CHECK: return
func.func @cos(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.cos %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// log: its opcode and immediate.
// CHECK-LABEL: func.func @log(
// CHECK: "vcix.v.iv"(%arg0) {imm = 2 : i32, opcode = 2 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.log
// CHECK: return
func.func @log(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.log %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// atan: its opcode and immediate.
// CHECK-LABEL: func.func @atan(
// CHECK: "vcix.v.iv"(%arg0) {imm = 3 : i32, opcode = 2 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK-NOT: math.atan
// CHECK: return
func.func @atan(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.atan %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// f16 and bf16 through f32: there is no function of libm to call.
// CHECK-LABEL: func.func @half(
// CHECK: %[[W:[0-9]+]] = arith.extf %arg0 : vector<8xf16> to vector<8xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%[[W]]) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK: arith.truncf %[[R]] : vector<8xf32> to vector<8xf16>
func.func @half(%v: vector<8xf16>) -> vector<8xf16> {
  %r = math.exp %v : vector<8xf16>
  return %r : vector<8xf16>
}

// -----

// bf16.
// CHECK-LABEL: func.func @brain(
// CHECK: arith.extf %arg0 : vector<8xbf16> to vector<8xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK: arith.truncf %[[R]] : vector<8xf32> to vector<8xbf16>
func.func @brain(%v: vector<8xbf16>) -> vector<8xbf16> {
  %r = math.exp %v : vector<8xbf16>
  return %r : vector<8xbf16>
}

// -----

// f64 as it is.
// CHECK-LABEL: func.func @double(
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 3 : i64} : (vector<4xf64>) -> vector<4xf64>
func.func @double(%v: vector<4xf64>) -> vector<4xf64> {
  %r = math.exp %v : vector<4xf64>
  return %r : vector<4xf64>
}

// -----

// Any length.
// CHECK-LABEL: func.func @odd(
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 3 : i64} : (vector<5xf32>) -> vector<5xf32>
func.func @odd(%v: vector<5xf32>) -> vector<5xf32> {
  %r = math.exp %v : vector<5xf32>
  return %r : vector<5xf32>
}

// -----

// 64 elements of f32 are eight registers of 256 bits: one instruction.
// CHECK-LABEL: func.func @eight_registers(
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%arg0) {imm = 0 : i32, opcode = 3 : i64} : (vector<64xf32>) -> vector<64xf32>
// CHECK-NOT: extract
// CHECK: return
func.func @eight_registers(%v: vector<64xf32>) -> vector<64xf32> {
  %r = math.exp %v : vector<64xf32>
  return %r : vector<64xf32>
}

// -----

// More are cut.
// CHECK-LABEL: func.func @long(
// CHECK: %[[Z:[a-z0-9_]+]] = arith.constant dense<0.000000e+00> : vector<128xf32>
// CHECK: %[[P:[0-9]+]] = vector.extract_strided_slice %arg0 {offsets = [0], sizes = [64], strides = [1]} : vector<128xf32> to vector<64xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%[[P]]) {imm = 0 : i32, opcode = 3 : i64} : (vector<64xf32>) -> vector<64xf32>
// CHECK: %[[O:[0-9]+]] = vector.insert_strided_slice %[[R]], %[[Z]] {offsets = [0], strides = [1]} : vector<64xf32> into vector<128xf32>
// CHECK: vector.extract_strided_slice %arg0 {offsets = [64], sizes = [64]
// CHECK: vector.insert_strided_slice %{{.*}}, %[[O]] {offsets = [64]
func.func @long(%v: vector<128xf32>) -> vector<128xf32> {
  %r = math.exp %v : vector<128xf32>
  return %r : vector<128xf32>
}

// -----

// The last part may be shorter.
// CHECK-LABEL: func.func @long_tail(
// CHECK: vector<64xf32>
// CHECK: vector.extract_strided_slice %arg0 {offsets = [64], sizes = [36], strides = [1]} : vector<100xf32> to vector<36xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<36xf32>) -> vector<36xf32>
// CHECK: vector.insert_strided_slice
func.func @long_tail(%v: vector<100xf32>) -> vector<100xf32> {
  %r = math.exp %v : vector<100xf32>
  return %r : vector<100xf32>
}

// -----

// 32 elements of f64.
// CHECK-LABEL: func.func @long_double(
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<32xf64>) -> vector<32xf64>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<32xf64>) -> vector<32xf64>
func.func @long_double(%v: vector<64xf64>) -> vector<64xf64> {
  %r = math.exp %v : vector<64xf64>
  return %r : vector<64xf64>
}

// -----

// Scalable vectors have a number of elements.
// CHECK-LABEL: func.func @scalable(
// CHECK: %[[N:[a-z0-9_]+]] = arith.constant 9 : i64
// CHECK: "vcix.v.iv"(%arg0, %[[N]]) {imm = 0 : i32, opcode = 3 : i64} : (vector<[2]xf32>, i64) -> vector<[2]xf32>
func.func @scalable(%v: vector<[2]xf32>) -> vector<[2]xf32> {
  %r = math.exp %v : vector<[2]xf32>
  return %r : vector<[2]xf32>
}

// -----

// Eight registers.
// CHECK-LABEL: func.func @scalable_eight(
// CHECK: (vector<[16]xf32>, i64) -> vector<[16]xf32>
// CHECK-NOT: scalable.extract
// CHECK: return
func.func @scalable_eight(%v: vector<[16]xf32>) -> vector<[16]xf32> {
  %r = math.exp %v : vector<[16]xf32>
  return %r : vector<[16]xf32>
}

// -----

// Sixteen: two parts.
// CHECK-LABEL: func.func @scalable_long(
// CHECK: %[[P:[0-9]+]] = vector.scalable.extract %arg0[0] : vector<[16]xf32> from vector<[32]xf32>
// CHECK: "vcix.v.iv"(%[[P]], %c9_i64
// CHECK: vector.scalable.insert %{{.*}}, %{{.*}}[0] : vector<[16]xf32> into vector<[32]xf32>
// CHECK: vector.scalable.extract %arg0[16]
// CHECK: vector.scalable.insert {{.*}}[16]
// CHECK-NOT: vcix
// CHECK: return
func.func @scalable_long(%v: vector<[32]xf32>) -> vector<[32]xf32> {
  %r = math.exp %v : vector<[32]xf32>
  return %r : vector<[32]xf32>
}

// -----

// Thirty-two: four parts, all of it.
// CHECK-LABEL: func.func @scalable_very_long(
// CHECK: vector.scalable.extract %arg0[0]
// CHECK: vector.scalable.extract %arg0[16]
// CHECK: vector.scalable.extract %arg0[32]
// CHECK: vector.scalable.extract %arg0[48]
// CHECK-NOT: vcix.v.iv"{{.*}}vcix
// CHECK: return
func.func @scalable_very_long(%v: vector<[64]xf32>) -> vector<[64]xf32> {
  %r = math.exp %v : vector<[64]xf32>
  return %r : vector<[64]xf32>
}

// -----

// Two dims: row by row.
// CHECK-LABEL: func.func @rows(
// CHECK: %[[P:[0-9]+]] = vector.extract %arg0[0] : vector<8xf32> from vector<2x8xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%[[P]]) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK: vector.insert %[[R]], %{{.*}} [0] : vector<8xf32> into vector<2x8xf32>
// CHECK: vector.extract %arg0[1]
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>
// CHECK: vector.insert {{.*}} [1]
func.func @rows(%v: vector<2x8xf32>) -> vector<2x8xf32> {
  %r = math.exp %v : vector<2x8xf32>
  return %r : vector<2x8xf32>
}

// -----

// Three.
// CHECK-LABEL: func.func @three_dims(
// CHECK: vector.extract %arg0[0, 0]
// CHECK: vector.extract %arg0[1, 2]
// CHECK: vector.insert {{.*}} [1, 2]
func.func @three_dims(%v: vector<2x3x4xf32>) -> vector<2x3x4xf32> {
  %r = math.exp %v : vector<2x3x4xf32>
  return %r : vector<2x3x4xf32>
}

// -----

// Both.
// CHECK-LABEL: func.func @half_rows(
// CHECK: arith.extf %arg0 : vector<2x2xf16> to vector<2x2xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<2xf32>) -> vector<2xf32>
// CHECK: arith.truncf {{.*}} : vector<2x2xf32> to vector<2x2xf16>
func.func @half_rows(%v: vector<2x2xf16>) -> vector<2x2xf16> {
  %r = math.exp %v : vector<2x2xf16>
  return %r : vector<2x2xf16>
}

// -----

// No dims: a vector of one element.
// CHECK-LABEL: func.func @no_dims(
// CHECK: vector.shape_cast %arg0 : vector<f32> to vector<1xf32>
// CHECK: %[[R:[0-9]+]] = "vcix.v.iv"(%{{[a-z0-9_]+}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<1xf32>) -> vector<1xf32>
// CHECK: vector.shape_cast {{.*}} : vector<1xf32> to vector<f32>
func.func @no_dims(%v: vector<f32>) -> vector<f32> {
  %r = math.exp %v : vector<f32>
  return %r : vector<f32>
}

// -----

// Functions that RISC-V or LLVM has stay.
// CHECK-LABEL: func.func @others(
// CHECK: math.sqrt
// CHECK: math.absf
// CHECK-NOT: vcix
// CHECK: return
func.func @others(%v: vector<8xf32>) -> vector<8xf32> {
  %0 = math.sqrt %v : vector<8xf32>
  %1 = math.absf %0 : vector<8xf32>
  return %1 : vector<8xf32>
}

// -----

// exp2, from others in f64.
// CHECK-LABEL: func.func @made_exp2(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: arith.mulf
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_exp2(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.exp2 %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// log2, from others in f64.
// CHECK-LABEL: func.func @made_log2(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 2 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.mulf
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_log2(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.log2 %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// log10, from others in f64.
// CHECK-LABEL: func.func @made_log10(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 2 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.mulf
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_log10(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.log10 %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// tan, from others in f64.
// CHECK-LABEL: func.func @made_tan(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 1 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.divf
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_tan(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.tan %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// expm1, from others in f64.
// CHECK-LABEL: func.func @made_expm1(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.subf
// CHECK: arith.select
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_expm1(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.expm1 %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// log1p, from others in f64.
// CHECK-LABEL: func.func @made_log1p(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: arith.addf
// CHECK: "vcix.v.iv"({{.*}}) {imm = 2 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.select
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_log1p(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.log1p %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// sinh, from others in f64.
// CHECK-LABEL: func.func @made_sinh(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.subf
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_sinh(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.sinh %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// cosh, from others in f64.
// CHECK-LABEL: func.func @made_cosh(
// CHECK: arith.extf %arg0 : vector<8xf32> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.addf
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: return
func.func @made_cosh(%v: vector<8xf32>) -> vector<8xf32> {
  %r = math.cosh %v : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// A power, from log and exp.
// CHECK-LABEL: func.func @made_powf(
// CHECK: math.absf
// CHECK: "vcix.v.iv"({{.*}}) {imm = 2 : i32, opcode = 2 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.mulf
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.select
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
func.func @made_powf(%v: vector<8xf32>, %w: vector<8xf32>) -> vector<8xf32> {
  %r = math.powf %v, %w : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// A remainder, in ten exact steps.
// CHECK-LABEL: func.func @made_remf(
// CHECK-COUNT-10: math.fma
// CHECK-NOT: math.fma
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
func.func @made_remf(%v: vector<8xf32>, %w: vector<8xf32>) -> vector<8xf32> {
  %r = arith.remf %v, %w : vector<8xf32>
  return %r : vector<8xf32>
}

// -----

// bf16, rounded once.
// CHECK-LABEL: func.func @made_brain(
// CHECK: arith.extf %arg0 : vector<8xbf16> to vector<8xf64>
// CHECK: "vcix.v.iv"({{.*}}) {imm = 0 : i32, opcode = 3 : i64} : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xbf16>
func.func @made_brain(%v: vector<8xbf16>) -> vector<8xbf16> {
  %r = math.exp2 %v : vector<8xbf16>
  return %r : vector<8xbf16>
}
