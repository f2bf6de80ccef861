#include "sim/rvv/rvv_private.h"
#include <ctype.h>
#include <stdio.h>

/* ---- tables ---- */

enum kind { KIND_U, KIND_J, KIND_I, KIND_B, KIND_S, KIND_R, KIND_FR, KIND_F4, KIND_FL, KIND_FS, KIND_C };
typedef struct scalar_info { const char *name; uint32_t mask, match; uint16_t code; uint8_t kind; } scalar_info;
static const scalar_info scalars[] = {
#define S(name, mask, match, kind) {#name, mask, match, RVV_OP_##name, KIND_##kind},
#include "sim/rvv/rvv_scalar.def"
#undef S
};

enum { IV = RVV_IV, IX = RVV_IX, II = RVV_II, IU = RVV_IU, MV = RVV_MV, MX = RVV_MX, FV = RVV_FV, FF = RVV_FF };
enum { HOW_0 = RVV_HOW_0, HOW_ZZ = RVV_HOW_ZZ, HOW_SS = RVV_HOW_SS, HOW_SZ = RVV_HOW_SZ, HOW_ZS = RVV_HOW_ZS, HOW_F = RVV_HOW_F };
const rvv_vector_info rvv_vector_table[RVV_OPS - RVV_OP_FIRST_ARITH] = {
#define A(name, funct6, forms, shape, kernel, how) {#name, funct6, forms, RVV_##shape, HOW_##how, 1, 0, RVV_K_##kernel},
#define R(name, funct6, forms, kernel, is_wide, how) {#name, funct6, forms, is_wide ? RVV_WIDE : RVV_SAME, HOW_##how, 0, 1, RVV_K_##kernel},
#define O(name, funct6, forms) {#name, funct6, forms, 0, 0, 0, 0, 0},
#include "sim/rvv/rvv_vector.def"
#undef A
#undef R
#undef O
};

/* ---- decoding ---- */

static int32_t field(uint32_t w, int at, int bits) { return (int32_t)(w << (32 - at - bits)) >> (32 - bits); }     /* with sign */
static uint32_t bits(uint32_t w, int at, int n) { return w >> at & ((1u << n) - 1); }

static int32_t immediate(uint32_t w, int kind) {
  switch (kind) {
  case KIND_U: return (int32_t)(w & 0xfffff000u);
  case KIND_J: return (field(w, 31, 1) * (1 << 20)) | (int32_t)(bits(w, 12, 8) << 12 | bits(w, 20, 1) << 11 | bits(w, 21, 10) << 1);
  case KIND_B: return (field(w, 31, 1) * (1 << 12)) | (int32_t)(bits(w, 7, 1) << 11 | bits(w, 25, 6) << 5 | bits(w, 8, 4) << 1);
  case KIND_S:
  case KIND_FS: return (field(w, 25, 7) * (1 << 5)) | (int32_t)bits(w, 7, 5);
  case KIND_C: return (int32_t)bits(w, 20, 12);
  default: return field(w, 20, 12);
  }
}

static bool decode_scalar(rvv_op *op) {
  for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
    const scalar_info *s = &scalars[i];
    if ((op->word & s->mask) != s->match)
      continue;
    if ((s->kind == KIND_FR || s->kind == KIND_F4) && op->fmt == 3)
      return false;
    op->code = s->code;
    op->imm = immediate(op->word, s->kind);
    return true;
  }
  return false;
}

static bool decode_arith(rvv_op *op) {
  static const uint8_t forms[] = {RVV_IV, RVV_FV, RVV_MV, RVV_II | RVV_IU, RVV_IX, RVV_FF, RVV_MX};
  uint32_t funct3 = bits(op->word, 12, 3);
  if (funct3 == 7) {
    bool is_immediate = bits(op->word, 30, 2) == 3, is_register = bits(op->word, 25, 7) == 0x40;
    op->code = is_immediate ? RVV_OP_VSETIVLI : is_register ? RVV_OP_VSETVL : !(op->word >> 31) ? RVV_OP_VSETVLI : RVV_OP_BAD;
    op->imm = (int32_t)bits(op->word, 20, is_immediate ? 10 : 11);
    return op->code != RVV_OP_BAD;
  }
  for (int i = 0; i < RVV_OPS - RVV_OP_FIRST_ARITH; i++) {
    const rvv_vector_info *v = &rvv_vector_table[i];
    if (v->funct6 != bits(op->word, 26, 6) || !(v->forms & forms[funct3]))
      continue;
    op->code = (uint16_t)(RVV_OP_FIRST_ARITH + i);
    op->form = (uint8_t)(v->forms & forms[funct3]);
    op->imm = op->form == RVV_II ? field(op->word, 15, 5) : (int32_t)op->rs1;
    return true;
  }
  return false;
}

static bool decode_vmemory(rvv_op *op, bool is_store) {
  static const uint8_t widths[8] = {8, 0, 0, 0, 0, 16, 32, 64};
  op->rm = widths[bits(op->word, 12, 3)];
  op->code = is_store ? RVV_OP_VSTORE : RVV_OP_VLOAD;
  return bits(op->word, 28, 1) == 0;
}

/* sf.vc.i, sf.vc.v.i, sf.vc.iv, sf.vc.v.iv: bits 31-28 tell with vs2 or without, bit 25 without result. */
static bool decode_vc(rvv_op *op) {
  uint32_t kind = bits(op->word, 28, 4);
  op->code = RVV_OP_SF_VC;
  op->imm = field(op->word, 15, 5);
  return bits(op->word, 12, 3) == 3 && (kind == 0 || kind == 2);
}

rvv_op rvv_decode(uint32_t w) {
  rvv_op op = {.length = 4, .word = w, .rd = (uint8_t)bits(w, 7, 5), .rs1 = (uint8_t)bits(w, 15, 5), .rs2 = (uint8_t)bits(w, 20, 5), .rs3 = (uint8_t)bits(w, 27, 5),
               .rm = (uint8_t)bits(w, 12, 3), .fmt = (uint8_t)bits(w, 25, 2), .is_unmasked = (uint8_t)bits(w, 25, 1)};
  bool known;
  uint32_t width = bits(w, 12, 3);
  switch (w & 0x7f) {
  case 0x57: known = decode_arith(&op); break;
  case 0x07:
  case 0x27: known = width == 0 || width >= 5 ? decode_vmemory(&op, (w & 0x7f) == 0x27) : decode_scalar(&op); break;
  case 0x5b: known = decode_vc(&op); break;
  default: known = decode_scalar(&op);
  }
  if (!known)
    op.code = RVV_OP_BAD;
  return op;
}

/* ---- names ---- */

static void add_lower(char out[32], const char *name) {
  size_t n = strlen(out);
  for (; *name && n < 31; name++)
    out[n++] = *name == '_' ? '.' : (char)tolower((unsigned char)*name);
  out[n] = '\0';
}

static const char *vmemory_name(const rvv_op *op, char buffer[32]) {
  static const char *const modes[] = {"", "ux", "s", "ox"};
  uint32_t mode = bits(op->word, 26, 2);
  bool indexed = mode & 1;
  snprintf(buffer, 32, "v%s%se%s%d.v", op->code == RVV_OP_VLOAD ? "l" : "s", modes[mode], indexed ? "i" : "", op->rm);
  return buffer;
}

void rvv_op_name(const rvv_op *op, char out[32]) {
  static const char *const fmts[] = {"_s", "_d", "_h", ""};
  char buffer[32];
  out[0] = '\0';
  if (op->code == RVV_OP_BAD)
    add_lower(out, "unknown");
  else if (op->code < RVV_OP_FIRST_VECTOR)
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
      if (scalars[i].code != op->code)
        continue;
      add_lower(out, scalars[i].name);
      if (scalars[i].kind == KIND_FR || scalars[i].kind == KIND_F4)
        add_lower(out, fmts[op->fmt]);
    }
  else if (op->code >= RVV_OP_FIRST_ARITH) {
    static const char *const ends[] = {"v", "x", "i", "i", "v", "x", "v", "f"};
    const rvv_vector_info *v = &rvv_vector_table[op->code - RVV_OP_FIRST_ARITH];
    add_lower(out, v->name);
    if (v->shape == RVV_WIDE_W)       /* its name ends in _W */
      out[strlen(out) - 2] = '\0';
    add_lower(out, v->shape == RVV_NARROW || v->shape == RVV_WIDE_W ? ".w" : ".v");
    add_lower(out, ends[__builtin_ctz(op->form)]);
  } else if (op->code == RVV_OP_SF_VC)
    add_lower(out, bits(op->word, 28, 4) ? (op->is_unmasked ? "sf.vc.iv" : "sf.vc.v.iv") : (op->is_unmasked ? "sf.vc.i" : "sf.vc.v.i"));
  else if (op->code == RVV_OP_VLOAD || op->code == RVV_OP_VSTORE)
    add_lower(out, vmemory_name(op, buffer));
  else
    add_lower(out, op->code == RVV_OP_VSETVLI ? "vsetvli" : op->code == RVV_OP_VSETIVLI ? "vsetivli" : "vsetvl");
}
