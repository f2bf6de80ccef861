/* loom-to-vcix (PyTorchSim's -test-pytorchsim-to-vcix): products and transcendentals of an NPU program on its systolic array and vector units. */
#include "pass/pass_option.h"
#include "target/npu/npt.h"
#include <stdlib.h>

enum { LANES = 128, VLEN_BITS = 256 };   /* of PyTorchSim's TPUv3 */

static loom_status read_number(ir_ctx *ir, const pass_options *o, const char *key, int otherwise, int *out) {
  const char *s = pass_option(&ir->ctx->mem, o, key);
  char *end;
  *out = otherwise;
  if (!s)
    return LOOM_OK;
  long v = strtol(s, &end, 10);
  if (!*s || *end || v < 1 || v > 1 << 20)
    LOOM_FAIL(ir->ctx, o->span, LOOM_EUSAGE, "%s of loom-to-vcix is '%s'; must be a number of at least 1", key, s);
  *out = (int)v;
  return LOOM_OK;
}

loom_status pass_to_vcix(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"systolic-array-size", "vlen", "force"};
  npt_vcix_options v = {.force = pass_option(&ir->ctx->mem, o, "force") != NULL};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-to-vcix", o, keys, 3));
  LOOM_TRY(read_number(ir, o, keys[0], LANES, &v.lanes));
  LOOM_TRY(read_number(ir, o, keys[1], VLEN_BITS, &v.vlen_bits));
  return npt_to_vcix(ir, mlirModuleFromOperation(op), &v);
}
