/* XSfvcp: what vector registers have to do with the array, the number of the lane, transcendentals. */
#include "sim/rvv/rvv_private.h"
#include <math.h>

static float float_of(uint32_t b) { float v; memcpy(&v, &b, 4); return v; }
static double double_of(uint64_t b) { double v; memcpy(&v, &b, 8); return v; }

static double function(isa_vc vc, double v) {
  switch (vc) {
  case ISA_VC_ERF: return erf(v);
  case ISA_VC_TANH: return tanh(v);
  case ISA_VC_ATAN: return atan(v);
  case ISA_VC_SIN: return sin(v);
  case ISA_VC_COS: return cos(v);
  case ISA_VC_LOG: return log(v);
  default: return exp(v);
  }
}

/* In f64 and rounded once. */
static uint64_t function_of(isa_vc vc, uint64_t bits, int width) {
  double r = function(vc, width == 16 ? rvv_f16_to_f64((uint16_t)bits) : width == 32 ? (double)float_of((uint32_t)bits) : double_of(bits));
  uint64_t out = 0;
  float single = (float)r;
  if (isnan(r))
    return width == 16 ? RVV_NAN16 : width == 32 ? RVV_NAN32 : RVV_NAN64;
  if (width == 16)
    return rvv_f64_to_f16(r);
  memcpy(&out, width == 32 ? (const void *)&single : (const void *)&r, (size_t)width / 8);
  return out;
}

/* A row at once; NULL: one by one. */
static void (*row_function(const rvv_kernels *k, isa_vc vc))(const float *, float *, size_t) {
  switch (vc) {
  case ISA_VC_EXP: return k->exp_f32;
  case ISA_VC_TANH: return k->tanh_f32;
  case ISA_VC_LOG: return k->log_f32;
  default: return NULL;
  }
}

static bool run_function(rvv_core *c, const rvv_op *op, isa_vc vc) {
  void (*row)(const float *, float *, size_t) = c->sew == 32 ? row_function(c->image->kernels, vc) : NULL;
  if (c->sew < 16)
    return rvv_fail(c, RVV_BAD_VTYPE, "floats of %d bits", c->sew);
  if (!rvv_group(c, op->rs2, c->sew, "vs2"))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    if (row) {
      rvv_get(c, op->rs2, e, 4, c->row[1]);
      row((const float *)c->row[1], (float *)c->row[2], (size_t)c->lanes);
      rvv_put(c, op->rd, e, 4, c->row[2], NULL);
      continue;
    }
    rvv_get_wide(c, op->rs2, e, c->sew / 8, false, c->row[1]);
    for (int l = 0; l < c->lanes; l++)
      c->row[1][l] = function_of(vc, c->row[1][l], c->sew);
    rvv_put_wide(c, op->rd, e, c->sew / 8, c->row[1], NULL);
  }
  return true;
}

static void lane_index(rvv_core *c, const rvv_op *op) {
  for (int l = 0; l < c->lanes; l++)
    c->row[1][l] = (uint64_t)l;
  for (int64_t e = 0; e < c->vl; e++)
    rvv_put_wide(c, op->rd, e, c->sew / 8, c->row[1], NULL);
}

static bool run_array(rvv_core *c, const rvv_op *op, isa_vc vc) {
  rvv_array *a = c->job->array;
  rvv_fault_kind kind;
  const char *wrong;
  if (!a)
    return rvv_fail(c, RVV_ARRAY_QUEUE, "there is no array");
  if (rvv_array_lanes(a) != c->lanes)
    return rvv_fail(c, RVV_ARRAY_QUEUE, "an array of %d lanes on a core of %d", rvv_array_lanes(a), c->lanes);
  if (vc == ISA_VC_COMPUTE) {
    wrong = rvv_array_compute(a, &kind);
  } else if (vc == ISA_VC_POP) {
    wrong = rvv_array_pop(a, rvv_register(c, op->rd), (int)c->vl, c->sew / 8, &kind);
  } else {
    if (!rvv_group(c, op->rs2, c->sew, "vs2"))
      return false;
    rvv_push p = {.words = rvv_register(c, op->rs2), .rows = (int)c->vl, .bytes = c->sew / 8, .kind = op->imm};
    wrong = rvv_array_push(a, vc == ISA_VC_PUSH_WEIGHT, &p, &kind);
  }
  if (!wrong)
    return true;
  rvv_array_rows n = rvv_array_waiting(a);
  return rvv_fail(c, kind, "%s (vl %d of %d bits; %d weights, %d inputs, %d outputs wait)", wrong, (int)c->vl, c->sew, n.weights, n.inputs, n.outputs);
}

bool rvv_run_vc(rvv_core *c, const rvv_op *op) {
  bool takes_vector = op->word >> 28 == 2;
  const char *form = takes_vector ? (op->is_unmasked ? "iv" : "v.iv") : op->is_unmasked ? "i" : "v.i";
  isa_vc vc = isa_vc_find(form, (int)(op->word >> 26 & 3), op->imm);
  if (vc == ISA_VCS)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "sf.vc.%s %d with immediate %d", form, (int)(op->word >> 26 & 3), op->imm);
  if (c->sew == 0)
    return rvv_fail(c, RVV_BAD_VTYPE, "there is no vector type");
  if (!op->is_unmasked && !rvv_group(c, op->rd, c->sew, "vd"))
    return false;
  switch (vc) {
  case ISA_VC_PUSH_INPUT: case ISA_VC_PUSH_WEIGHT: case ISA_VC_COMPUTE: case ISA_VC_POP: return run_array(c, op, vc);
  case ISA_VC_LANE_INDEX: lane_index(c, op); return true;
  default: return run_function(c, op, vc);
  }
}
