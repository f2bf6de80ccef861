/* Passes of NPU programs: options of the pass table for the functions of src/target/npu. */
#include "pass/pass_option.h"
#include "target/npu/npt.h"

enum { LANES_DEFAULT = 128, LANES_MAX = 65535 };

/* The number of lanes, under both names upstream has for it. */
static loom_status read_lanes(ir_ctx *ir, const char *pass, const pass_options *o, int64_t *out) {
  static const char *const keys[] = {"vectorlane", "systolic-array-size"};
  *out = LANES_DEFAULT;
  LOOM_TRY(pass_check_options(ir->ctx, pass, o, keys, 2));
  LOOM_TRY(pass_option_int(ir->ctx, o, "systolic-array-size", 1, LANES_MAX, out));
  return pass_option_int(ir->ctx, o, "vectorlane", 1, LANES_MAX, out);
}

loom_status pass_decompose_transfer(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  int64_t lanes;
  LOOM_TRY(read_lanes(ir, "loom-decompose-transfer", o, &lanes));
  return npt_decompose(ir, op, lanes);
}

loom_status pass_peel_transfer(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  int64_t lanes;
  LOOM_TRY(read_lanes(ir, "loom-peel-transfer", o, &lanes));
  return npt_peel(ir, op, lanes);
}

loom_status pass_lower_vlane_idx(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"vlen"};     /* upstream's; the number of elements is in the type */
  LOOM_TRY(pass_check_options(ir->ctx, "loom-lower-vlane-idx", o, keys, 1));
  return npt_lower_vlane(ir, op);
}

loom_status pass_dma_fine_grained(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  int64_t lanes;
  LOOM_TRY(read_lanes(ir, "loom-dma-fine-grained", o, &lanes));
  return npt_fine_grain(ir, op, lanes);
}

loom_status pass_lower_dma(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"timing", "vectorlane"};
  int64_t timing = 0;
  LOOM_TRY(pass_check_options(ir->ctx, "loom-lower-dma", o, keys, 2));
  LOOM_TRY(pass_option_int(ir->ctx, o, "timing", 0, 1, &timing));
  return npt_lower_dma(ir, op, timing == 1);
}

loom_status pass_pad_loops(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"timing_mode"};
  int64_t timing = 0;
  LOOM_TRY(pass_check_options(ir->ctx, "loom-pad-loops", o, keys, 1));
  LOOM_TRY(pass_option_int(ir->ctx, o, "timing_mode", 0, 1, &timing));
  return npt_pad_loops(ir, op, timing == 1);
}

loom_status pass_mask_tails(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  return npt_mask_tails(ir, op);
}
