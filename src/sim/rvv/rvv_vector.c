/* Vector types, arithmetic element by element, reductions.  Every instruction is done element after element, each for all lanes at once, lowest first: that is right also
 * where RVV lets a result lie on its operands. */
#include "sim/rvv/rvv_private.h"

/* ---- vector types ---- */

static void set_type(rvv_core *c, uint64_t vtype) {
  static const int multipliers[8] = {0, 1, 2, 3, 4 /* none */, -3, -2, -1};
  int sew = 8 << (vtype >> 3 & 7), lmul = multipliers[vtype & 7];
  bool is_legal = vtype < 256 && sew <= 64 && lmul <= 3 && (lmul >= 0 || sew <= 64 >> -lmul);
  c->sew = is_legal ? sew : 0;
  c->lmul = is_legal ? lmul : 0;
  c->vtype = is_legal ? vtype : UINT64_C(1) << 63;
}

bool rvv_run_vset(rvv_core *c, const rvv_op *op) {
  bool is_immediate = op->code == RVV_OP_VSETIVLI;
  uint64_t wanted = is_immediate ? op->rs1 : op->rs1 ? c->x[op->rs1] : op->rd ? UINT64_MAX : (uint64_t)c->vl;
  set_type(c, op->code == RVV_OP_VSETVL ? c->x[op->rs2] : (uint64_t)op->imm);
  uint64_t most = c->sew ? (uint64_t)rvv_vlmax(c) : 0;
  c->vl = (int64_t)(wanted < most ? wanted : most);
  c->x[op->rd] = (uint64_t)c->vl;
  return true;
}

bool rvv_group(rvv_core *c, int r, int eew, const char *what) {
  if (eew < 8 || eew > 64)
    return rvv_fail(c, RVV_BAD_VTYPE, "%s has elements of %d bits", what, eew);
  int emul = rvv_emul(c, eew);      /* never below -3: a vector type has a multiplier of at least sew / 64 */
  if (emul > 3)
    return rvv_fail(c, RVV_BAD_VTYPE, "%s is a group of 2^%d registers", what, emul);
  return emul <= 0 || r % (1 << emul) == 0 ? true : rvv_fail(c, RVV_BAD_VTYPE, "%s is v%d, in groups of %d", what, r, 1 << emul);
}

bool rvv_scalar_operand(const rvv_core *c, const rvv_op *op, int bytes, uint64_t *out) {
  switch (op->form) {
  case RVV_IX: case RVV_MX: *out = c->x[op->rs1]; return true;
  case RVV_II: case RVV_IU: *out = (uint64_t)(int64_t)op->imm; return true;
  case RVV_FF: *out = bytes == 2 ? rvv_unbox16(c->f[op->rs1]) : bytes == 4 ? rvv_unbox32(c->f[op->rs1]) : c->f[op->rs1]; return true;
  default: return false;
  }
}

/* ---- rows of operands, as wide as they are computed with ---- */

static void widen_integers(const void *from, int bytes, bool is_signed, void *to, int lanes) {
#define WIDEN(F, T) for (int l = 0; l < lanes; l++) ((T *)to)[l] = (T)((const F *)from)[l]
  switch (bytes * 2 + is_signed) {
  case 2: WIDEN(uint8_t, uint16_t); break;
  case 3: WIDEN(int8_t, int16_t); break;
  case 4: WIDEN(uint16_t, uint32_t); break;
  case 5: WIDEN(int16_t, int32_t); break;
  case 8: WIDEN(uint32_t, uint64_t); break;
  default: WIDEN(int32_t, int64_t); break;
  }
#undef WIDEN
}

static void narrow_integers(const void *from, int bytes, void *to, int lanes) {
#define NARROW(F, T) for (int l = 0; l < lanes; l++) ((T *)to)[l] = (T)((const F *)from)[l]
  switch (bytes) {
  case 1: NARROW(uint16_t, uint8_t); break;
  case 2: NARROW(uint32_t, uint16_t); break;
  default: NARROW(uint64_t, uint32_t); break;
  }
#undef NARROW
}

static void widen_floats(const rvv_core *c, const void *from, int bytes, void *to, int to_bytes) {
  const rvv_kernels *k = c->image->kernels;
  if (bytes == 4) {
    for (int l = 0; l < c->lanes; l++)
      ((double *)to)[l] = (double)((const float *)from)[l];
  } else if (to_bytes == 4) {
    k->f16_to_f32(from, to, (size_t)c->lanes);
  } else {
    for (int l = 0; l < c->lanes; l++)
      ((double *)to)[l] = rvv_f16_to_f64(((const uint16_t *)from)[l]);
  }
}

static void narrow_to_f16(const rvv_core *c, const void *from, int bytes, uint16_t *to) {
  if (bytes == 4)
    c->image->kernels->f32_to_f16(from, to, (size_t)c->lanes);
  else
    for (int l = 0; l < c->lanes; l++)
      to[l] = rvv_f64_to_f16(((const double *)from)[l]);
}

/* How an instruction computes: bytes of vd, vs2, vs1 and of the computation. */
typedef struct widths { int d, a, b, compute; bool is_float; } widths;

static bool is_fused(int kernel) { return kernel >= RVV_K_FMADD && kernel <= RVV_K_FNMSAC; }
static bool reads_d(int kernel) { return (kernel >= RVV_K_MADD && kernel <= RVV_K_NMSAC) || is_fused(kernel); }

static widths widths_of(const rvv_core *c, const rvv_vector_info *v) {
  int s = c->sew / 8, shape = v->shape;
  widths w = {.d = shape == RVV_WIDE || shape == RVV_WIDE_W ? 2 * s : s, .a = shape == RVV_WIDE_W || shape == RVV_NARROW ? 2 * s : s, .b = s, .is_float = v->how == RVV_HOW_F};
  w.compute = w.d > w.a ? w.d : w.a;
  if (w.is_float && w.compute == 2)
    w.compute = is_fused(v->kernel) ? 8 : 4;
  return w;
}

/* Row `raw` of `bytes` as wide as it is computed with, in `out` or as it is. */
static const void *widened(const rvv_core *c, const widths *w, const void *raw, int bytes, bool is_signed, void *out) {
  if (bytes == w->compute)
    return raw;
  if (w->is_float)
    widen_floats(c, raw, bytes, out, w->compute);
  else
    widen_integers(raw, bytes, is_signed, out, c->lanes);
  return out;
}

/* Element e of group r: in place when it is words, else in `raw`. */
static const void *element(const rvv_core *c, int r, int64_t e, int bytes, void *raw) {
  if (bytes == 4)
    return rvv_register(c, r) + (size_t)e * (size_t)c->lanes;
  rvv_get(c, r, e, bytes, raw);
  return raw;
}

/* ---- element by element ---- */

enum { ROW_A, ROW_B, ROW_D, ROW_RAW, ROW_RAW_B, ROW_OUT };

/* Nothing is masked or widened and words are whole: the registers of a group are one long row. */
static bool run_flat(rvv_core *c, const rvv_op *op, const rvv_vector_info *v, const widths *w, const void *scalar) {
  uint64_t bytes = (uint64_t)c->vl * (uint64_t)w->d;
  if (!op->is_unmasked || v->shape != RVV_SAME || w->compute != w->d || w->d == 8 || bytes % 4)
    return false;
  size_t n = (size_t)(4 / w->d) * (size_t)c->lanes, words = bytes / 4;
  rvv_row_fn *fn = c->image->kernels->row[v->kernel][__builtin_ctz((unsigned)w->compute)];
  uint32_t *d = rvv_register(c, op->rd), *a = rvv_register(c, op->rs2), *b = rvv_register(c, op->rs1);
  if (!scalar) {
    fn(d, a, b, n * words);
    return true;
  }
  for (size_t k = 0; k < words; k++)
    fn(d + k * (size_t)c->lanes, a + k * (size_t)c->lanes, scalar, n);
  return true;
}

static void put_result(rvv_core *c, const rvv_op *op, const widths *w, int64_t e, void *row, const uint8_t *mask) {
  const void *out = row;
  if (w->compute != w->d) {
    out = c->row[ROW_OUT];
    if (w->is_float)
      narrow_to_f16(c, row, w->compute, (uint16_t *)c->row[ROW_OUT]);
    else
      narrow_integers(row, w->d, c->row[ROW_OUT], c->lanes);
  }
  rvv_put(c, op->rd, e, w->d, out, mask);
}

static bool check_widths(rvv_core *c, const rvv_op *op, const rvv_vector_info *v, const widths *w, bool has_scalar) {
  if (w->compute > 8 || (w->is_float && w->b < 2))
    return rvv_fail(c, RVV_BAD_VTYPE, "elements of %d bits", c->sew);
  if (v->shape != RVV_MASK && !rvv_group(c, op->rd, w->d * 8, "vd"))
    return false;
  if (w->is_float && c->frm != RVV_FRM_RNE && v->kernel != RVV_K_FMIN && v->kernel != RVV_K_FMAX && v->shape != RVV_MASK)
    return rvv_fail(c, RVV_ROUNDING, "mode %d", (int)c->frm);
  return rvv_group(c, op->rs2, w->a * 8, "vs2") && (has_scalar || rvv_group(c, op->rs1, w->b * 8, "vs1"));
}

/* The scalar as a row of the width it is computed with: narrower ones are cut to their width and extended; those that are not are there for whole words of every lane. */
static void splat_scalar(rvv_core *c, const widths *w, uint64_t value, bool is_signed) {
  if (w->b == w->compute) {
    uint64_t repeated = w->b == 1 ? (value & 0xff) * 0x01010101 : w->b == 2 ? (value & 0xffff) * 0x00010001 : value;
    rvv_row_splat(c, repeated, w->b < 4 ? 4 : w->b, c->row[ROW_B]);
    return;
  }
  rvv_row_splat(c, value, w->b, c->row[ROW_RAW]);
  widened(c, w, c->row[ROW_RAW], w->b, is_signed, c->row[ROW_B]);
}

static bool run_elementwise(rvv_core *c, const rvv_op *op, const rvv_vector_info *v) {
  widths w = widths_of(c, v);
  uint64_t value = 0;
  bool has_scalar = rvv_scalar_operand(c, op, w.b, &value), a_signed = v->how == RVV_HOW_SS || v->how == RVV_HOW_SZ, b_signed = v->how == RVV_HOW_SS || v->how == RVV_HOW_ZS;
  if (!check_widths(c, op, v, &w, has_scalar))
    return false;
  if (has_scalar)
    splat_scalar(c, &w, value, b_signed);
  if (run_flat(c, op, v, &w, has_scalar ? c->row[ROW_B] : NULL))
    return true;
  rvv_row_fn *fn = c->image->kernels->row[v->kernel][__builtin_ctz((unsigned)w.compute)];
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    const void *a = widened(c, &w, element(c, op->rs2, e, w.a, c->row[ROW_RAW]), w.a, a_signed, c->row[ROW_A]);
    const void *b = has_scalar ? c->row[ROW_B] : widened(c, &w, element(c, op->rs1, e, w.b, c->row[ROW_RAW_B]), w.b, b_signed, c->row[ROW_B]);
    if (reads_d(v->kernel)) {
      const void *d = widened(c, &w, element(c, op->rd, e, w.d, c->row[ROW_OUT]), w.d, false, c->row[ROW_D]);
      if (d != c->row[ROW_D])
        memcpy(c->row[ROW_D], d, (size_t)w.compute * (size_t)c->lanes);
    }
    fn(c->row[ROW_D], a, b, (size_t)c->lanes);
    if (v->shape == RVV_MASK)
      rvv_bits_put(c, op->rd, e, (const uint8_t *)c->row[ROW_D], mask);
    else
      put_result(c, op, &w, e, c->row[ROW_D], mask);
  }
  return true;
}

/* ---- reductions ---- */

static bool run_reduction(rvv_core *c, const rvv_op *op, const rvv_vector_info *v) {
  widths w = widths_of(c, v);
  w.b = w.d;
  if (w.compute > 8 || (w.is_float && c->sew < 16))
    return rvv_fail(c, RVV_BAD_VTYPE, "elements of %d bits", c->sew);
  if (w.is_float && c->frm != RVV_FRM_RNE)
    return rvv_fail(c, RVV_ROUNDING, "mode %d", (int)c->frm);
  if (!rvv_group(c, op->rs2, w.a * 8, "vs2"))
    return false;
  if (c->vl == 0)
    return true;
  rvv_row_fn *fn = c->image->kernels->row[v->kernel][__builtin_ctz((unsigned)w.compute)];
  bool rounds = w.is_float && w.compute != w.d;             /* f16, computed with in f32 */
  void *sum = c->row[ROW_D];
  rvv_get(c, op->rs1, 0, w.d, c->row[ROW_OUT]);
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    const void *a = widened(c, &w, element(c, op->rs2, e, w.a, c->row[ROW_RAW]), w.a, v->how == RVV_HOW_SS, c->row[ROW_A]);
    const void *b = widened(c, &w, c->row[ROW_OUT], w.d, false, c->row[ROW_B]);
    fn(sum, b, a, (size_t)c->lanes);
    if (rounds)
      narrow_to_f16(c, sum, w.compute, (uint16_t *)c->row[ROW_RAW_B]);
    const char *next = rounds ? (const char *)c->row[ROW_RAW_B] : sum;
    for (int l = 0; l < c->lanes; l++)
      if (!mask || mask[l])
        memcpy((char *)c->row[ROW_OUT] + (size_t)l * (size_t)w.d, next + (size_t)l * (size_t)w.d, (size_t)w.d);
  }
  rvv_put(c, op->rd, 0, w.d, c->row[ROW_OUT], NULL);
  return true;
}

/* ---- all ---- */

static bool run_other(rvv_core *c, const rvv_op *op) {
  switch (op->code) {
  case RVV_OP_VSMUL: case RVV_OP_VSSRL: case RVV_OP_VSSRA: case RVV_OP_VNCLIPU: case RVV_OP_VNCLIP:
  case RVV_OP_VAADDU: case RVV_OP_VAADD: case RVV_OP_VASUBU: case RVV_OP_VASUB: return rvv_run_vfixed(c, op);
  case RVV_OP_VADC: case RVV_OP_VMADC: case RVV_OP_VSBC: case RVV_OP_VMSBC: case RVV_OP_VMASK_UNARY:
  case RVV_OP_VMANDN: case RVV_OP_VMAND: case RVV_OP_VMOR: case RVV_OP_VMXOR: case RVV_OP_VMORN: case RVV_OP_VMNAND: case RVV_OP_VMNOR: case RVV_OP_VMXNOR: return rvv_run_vmask(c, op);
  case RVV_OP_VFCVT: case RVV_OP_VFUNARY: case RVV_OP_VEXT: return rvv_run_vconvert(c, op);
  default: return rvv_run_vpermute(c, op);
  }
}

bool rvv_run_vector(rvv_core *c, const rvv_op *op) {
  const rvv_vector_info *v = &rvv_vector_table[op->code - RVV_OP_FIRST_ARITH];
  if (c->sew == 0 && op->code != RVV_OP_VMVR)
    return rvv_fail(c, RVV_BAD_VTYPE, "there is no vector type");
  if (v->is_elementwise)
    return run_elementwise(c, op, v);
  return v->is_reduction ? run_reduction(c, op, v) : run_other(c, op);
}
