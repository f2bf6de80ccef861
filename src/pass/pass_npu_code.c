/* NPU programs as machine code: loom-to-vcix (PyTorchSim's -test-pytorchsim-to-vcix), loom-npu-to-llvm, loom-npu-to-riscv. */
#include "base/file.h"
#include "pass/pass_option.h"
#include "target/npu/npt.h"
#include <stdlib.h>
#include <string.h>

enum { LANES = 128, VLEN_BITS = 256 };   /* of PyTorchSim's TPUv3 */

static loom_status read_number(ir_ctx *ir, const char *pass, const pass_options *o, const char *key, int otherwise, int *out) {
  const char *s = pass_option(&ir->ctx->mem, o, key);
  char *end;
  *out = otherwise;
  if (!s)
    return LOOM_OK;
  long v = strtol(s, &end, 10);
  if (!*s || *end || v < 1 || v > 1 << 20)
    LOOM_FAIL(ir->ctx, o->span, LOOM_EUSAGE, "%s of %s is '%s'; must be a number of at least 1", key, pass, s);
  *out = (int)v;
  return LOOM_OK;
}

loom_status pass_to_vcix(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"systolic-array-size", "vlen", "force"};
  npt_vcix_options v = {.force = pass_option(&ir->ctx->mem, o, "force") != NULL};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-to-vcix", o, keys, 3));
  LOOM_TRY(read_number(ir, "loom-to-vcix", o, keys[0], LANES, &v.lanes));
  LOOM_TRY(read_number(ir, "loom-to-vcix", o, keys[1], VLEN_BITS, &v.vlen_bits));
  return npt_to_vcix(ir, mlirModuleFromOperation(op), &v);
}

loom_status pass_npu_to_llvm(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"vlen"};
  int vlen_bits;
  LOOM_TRY(pass_check_options(ir->ctx, "loom-npu-to-llvm", o, keys, 1));
  LOOM_TRY(read_number(ir, "loom-npu-to-llvm", o, keys[0], VLEN_BITS, &vlen_bits));
  return npt_riscv_lower(ir, mlirModuleFromOperation(op), vlen_bits);
}

loom_status pass_npu_to_riscv(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"vlen", "asm", "object"};
  int vlen_bits;
  npt_riscv_code code;
  LOOM_TRY(pass_check_options(ir->ctx, "loom-npu-to-riscv", o, keys, 3));
  LOOM_TRY(read_number(ir, "loom-npu-to-riscv", o, keys[0], VLEN_BITS, &vlen_bits));
  const char *text_path = pass_option(&ir->ctx->mem, o, keys[1]), *object_path = pass_option(&ir->ctx->mem, o, keys[2]);
  LOOM_TRY(npt_riscv_compile(ir, mlirModuleFromOperation(op), vlen_bits, text_path != NULL, &code));
  if (text_path)
    LOOM_TRY(file_write(ir->ctx, text_path, code.assembly, strlen(code.assembly)));
  return object_path ? file_write(ir->ctx, object_path, code.object, code.size) : LOOM_OK;
}
