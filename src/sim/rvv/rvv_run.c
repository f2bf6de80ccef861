/* The scalar unit: integers, jumps, memory, control registers; all else is told to its own file. */
#include "sim/rvv/rvv_private.h"

/* ---- control registers ---- */

enum { CSR_FFLAGS = 1, CSR_FRM = 2, CSR_FCSR = 3, CSR_VSTART = 8, CSR_VXSAT = 9, CSR_VXRM = 10, CSR_VCSR = 15, CSR_VL = 0xc20, CSR_VTYPE = 0xc21, CSR_VLENB = 0xc22 };

static bool read_csr(rvv_core *c, int32_t csr, uint64_t *out) {
  switch (csr) {
  case CSR_FFLAGS: *out = c->fflags; return true;
  case CSR_FRM: *out = c->frm; return true;
  case CSR_FCSR: *out = c->frm << 5 | c->fflags; return true;
  case CSR_VSTART: *out = 0; return true;
  case CSR_VXSAT: *out = c->vxsat; return true;
  case CSR_VXRM: *out = c->vxrm; return true;
  case CSR_VCSR: *out = c->vxrm << 1 | c->vxsat; return true;
  case CSR_VL: *out = (uint64_t)c->vl; return true;
  case CSR_VTYPE: *out = c->vtype; return true;
  case CSR_VLENB: *out = (uint64_t)(c->vlen_bits / 8); return true;
  default: return rvv_fail(c, RVV_BAD_INSTRUCTION, "control register 0x%x", (unsigned)csr);
  }
}

static bool write_csr(rvv_core *c, int32_t csr, uint64_t v) {
  switch (csr) {
  case CSR_FFLAGS: c->fflags = v & 31; return true;
  case CSR_FRM: c->frm = v & 7; return true;
  case CSR_FCSR: c->frm = v >> 5 & 7; c->fflags = v & 31; return true;
  case CSR_VSTART: return v == 0 ? true : rvv_fail(c, RVV_BAD_VTYPE, "vstart is %" PRIu64, v);
  case CSR_VXSAT: c->vxsat = v & 1; return true;
  case CSR_VXRM: c->vxrm = v & 3; return true;
  case CSR_VCSR: c->vxrm = v >> 1 & 3; c->vxsat = v & 1; return true;
  default: return rvv_fail(c, RVV_BAD_INSTRUCTION, "control register 0x%x is not written", (unsigned)csr);
  }
}

static bool run_csr(rvv_core *c, const rvv_op *op) {
  bool is_immediate = op->code >= RVV_OP_CSRRWI;
  uint64_t old, v = is_immediate ? op->rs1 : c->x[op->rs1];
  int kind = (op->code - RVV_OP_CSRRW) % 3;                 /* write, set, clear */
  if (!read_csr(c, op->imm, &old))
    return false;
  if ((kind == 0 || op->rs1 != 0) && !write_csr(c, op->imm, kind == 0 ? v : kind == 1 ? old | v : old & ~v))
    return false;
  c->x[op->rd] = old;
  return true;
}

/* ---- arithmetic ---- */

static uint64_t high_unsigned(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
static uint64_t high_signed(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)((__int128)(int64_t)a * (int64_t)b) >> 64); }
static uint64_t high_mixed(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)((__int128)(int64_t)a * (__int128)b) >> 64); }
static uint64_t divide(uint64_t a, uint64_t b) { return b == 0 ? UINT64_MAX : b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b); }
static uint64_t remainder_of(uint64_t a, uint64_t b) { return b == 0 ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b); }
static uint64_t word(uint64_t v) { return (uint64_t)(int64_t)(int32_t)(uint32_t)v; }
static uint64_t word_divide(uint64_t a, uint64_t b) { return word(divide(word(a), word(b))); }
static uint64_t word_remainder(uint64_t a, uint64_t b) { return word(remainder_of(word(a), word(b))); }

static uint64_t compute(uint16_t code, uint64_t a, uint64_t b) {
  switch (code) {
  case RVV_OP_ADDI: case RVV_OP_ADD: return a + b;
  case RVV_OP_SUB: return a - b;
  case RVV_OP_SLTI: case RVV_OP_SLT: return (int64_t)a < (int64_t)b;
  case RVV_OP_SLTIU: case RVV_OP_SLTU: return a < b;
  case RVV_OP_XORI: case RVV_OP_XOR: return a ^ b;
  case RVV_OP_ORI: case RVV_OP_OR: return a | b;
  case RVV_OP_ANDI: case RVV_OP_AND: return a & b;
  case RVV_OP_SLLI: case RVV_OP_SLL: return a << (b & 63);
  case RVV_OP_SRLI: case RVV_OP_SRL: return a >> (b & 63);
  case RVV_OP_SRAI: case RVV_OP_SRA: return (uint64_t)((int64_t)a >> (b & 63));
  case RVV_OP_ADDIW: case RVV_OP_ADDW: return word(a + b);
  case RVV_OP_SUBW: return word(a - b);
  case RVV_OP_SLLIW: case RVV_OP_SLLW: return word(a << (b & 31));
  case RVV_OP_SRLIW: case RVV_OP_SRLW: return word((uint32_t)a >> (b & 31));
  case RVV_OP_SRAIW: case RVV_OP_SRAW: return (uint64_t)(int64_t)((int32_t)(uint32_t)a >> (b & 31));
  case RVV_OP_MUL: return a * b;
  case RVV_OP_MULH: return high_signed(a, b);
  case RVV_OP_MULHSU: return high_mixed(a, b);
  case RVV_OP_MULHU: return high_unsigned(a, b);
  case RVV_OP_DIV: return divide(a, b);
  case RVV_OP_DIVU: return b ? a / b : UINT64_MAX;
  case RVV_OP_REM: return remainder_of(a, b);
  case RVV_OP_REMU: return b ? a % b : a;
  case RVV_OP_MULW: return word(a * b);
  case RVV_OP_DIVW: return word_divide(a, b);
  case RVV_OP_DIVUW: return (uint32_t)b ? word((uint32_t)a / (uint32_t)b) : UINT64_MAX;
  case RVV_OP_REMW: return word_remainder(a, b);
  default: return (uint32_t)b ? word((uint32_t)a % (uint32_t)b) : word(a);      /* REMUW */
  }
}

static bool is_taken(uint16_t code, uint64_t a, uint64_t b) {
  switch (code) {
  case RVV_OP_BEQ: return a == b;
  case RVV_OP_BNE: return a != b;
  case RVV_OP_BLT: return (int64_t)a < (int64_t)b;
  case RVV_OP_BGE: return (int64_t)a >= (int64_t)b;
  case RVV_OP_BLTU: return a < b;
  default: return a >= b;
  }
}

/* ---- memory ---- */

static uint64_t extended(uint64_t v, int bytes) { return (uint64_t)((int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes)); }

static bool run_load(rvv_core *c, const rvv_op *op) {
  int kind = op->code - RVV_OP_LB, bytes = 1 << (kind & 3);     /* LB LH LW LD LBU LHU LWU */
  uint64_t v;
  if (!rvv_load_scalar(c, c->x[op->rs1] + (uint64_t)(int64_t)op->imm, bytes, &v))
    return false;
  c->x[op->rd] = kind < 4 ? extended(v, bytes) : v;
  return true;
}

static uint64_t atomic(int kind, uint64_t old, uint64_t v) {
  switch (kind) {                                               /* SWAP ADD XOR AND OR MIN MAX MINU MAXU */
  case 0: return v;
  case 1: return old + v;
  case 2: return old ^ v;
  case 3: return old & v;
  case 4: return old | v;
  case 5: return (int64_t)old < (int64_t)v ? old : v;
  case 6: return (int64_t)old > (int64_t)v ? old : v;
  case 7: return old < v ? old : v;
  default: return old > v ? old : v;
  }
}

static bool run_atomic(rvv_core *c, const rvv_op *op) {
  bool is_double = op->code >= RVV_OP_LR_D;
  int bytes = is_double ? 8 : 4, kind = op->code - (is_double ? RVV_OP_LR_D : RVV_OP_LR_W);
  uint64_t address = c->x[op->rs1], operand = is_double ? c->x[op->rs2] : word(c->x[op->rs2]), old;
  if (kind == 1) {                                              /* SC */
    bool holds = c->has_reservation && c->reserved == address;
    c->has_reservation = false;
    if (holds && !rvv_store_scalar(c, address, bytes, operand))
      return false;
    c->x[op->rd] = !holds;
    return true;
  }
  if (!rvv_load_scalar(c, address, bytes, &old))
    return false;
  old = extended(old, bytes);
  if (kind == 0) {
    c->reserved = address;
    c->has_reservation = true;
  } else {
    /* Words that are extended with their sign compare as words do, with and without sign. */
    if (!rvv_store_scalar(c, address, bytes, atomic(kind - 2, old, operand)))
      return false;
  }
  c->x[op->rd] = old;
  return true;
}

/* ---- the loop ---- */

static bool step(rvv_core *c, const rvv_op *op, uint64_t *next) {
  uint64_t *x = c->x, a = x[op->rs1], b = x[op->rs2], imm = (uint64_t)(int64_t)op->imm, link = *next;
  switch (op->code) {
  case RVV_OP_BAD: return rvv_fail(c, RVV_BAD_INSTRUCTION, "0x%0*x", op->length * 2, op->word);
  case RVV_OP_LUI: x[op->rd] = imm; return true;
  case RVV_OP_AUIPC: x[op->rd] = c->pc + imm; return true;
  case RVV_OP_JAL:
    *next = c->pc + imm;
    x[op->rd] = link;
    return true;
  case RVV_OP_JALR:
    *next = (a + imm) & ~UINT64_C(1);
    x[op->rd] = link;
    return true;
  case RVV_OP_FENCE: case RVV_OP_FENCE_I: return true;
  case RVV_OP_ECALL: case RVV_OP_EBREAK: return rvv_fail(c, RVV_TRAP, "a0 is %" PRId64, (int64_t)x[10]);
  case RVV_OP_FLH: case RVV_OP_FLW: case RVV_OP_FLD: {
    int bytes = 2 << (op->code - RVV_OP_FLH);
    uint64_t v;
    if (!rvv_load_scalar(c, a + imm, bytes, &v))
      return false;
    c->f[op->rd] = bytes == 2 ? rvv_box16((uint16_t)v) : bytes == 4 ? rvv_box32((uint32_t)v) : v;
    return true;
  }
  case RVV_OP_FSH: case RVV_OP_FSW: case RVV_OP_FSD: return rvv_store_scalar(c, a + imm, 2 << (op->code - RVV_OP_FSH), c->f[op->rs2]);
  case RVV_OP_DMA: return rvv_run_dma(c, op);
  case RVV_OP_SF_VC: return rvv_run_vc(c, op);
  case RVV_OP_VSETVLI: case RVV_OP_VSETIVLI: case RVV_OP_VSETVL: return rvv_run_vset(c, op);
  case RVV_OP_VLOAD: case RVV_OP_VSTORE: return rvv_run_vmemory(c, op);
  default: break;
  }
  if (op->code >= RVV_OP_FIRST_ARITH)
    return rvv_run_vector(c, op);
  if (op->code >= RVV_OP_FMADD)
    return rvv_run_fp(c, op);
  if (op->code >= RVV_OP_LR_W)
    return run_atomic(c, op);
  if (op->code >= RVV_OP_CSRRW && op->code <= RVV_OP_CSRRCI)
    return run_csr(c, op);
  if (op->code >= RVV_OP_SB && op->code <= RVV_OP_SD)
    return rvv_store_scalar(c, a + imm, 1 << (op->code - RVV_OP_SB), b);
  if (op->code >= RVV_OP_LB && op->code <= RVV_OP_LWU)
    return run_load(c, op);
  if (op->code >= RVV_OP_BEQ && op->code <= RVV_OP_BGEU) {
    *next = is_taken(op->code, a, b) ? c->pc + imm : link;
    return true;
  }
  bool is_immediate = (op->code >= RVV_OP_ADDI && op->code <= RVV_OP_SRAI) || (op->code >= RVV_OP_ADDIW && op->code <= RVV_OP_SRAIW);
  x[op->rd] = compute(op->code, a, is_immediate ? imm : b);
  return true;
}

bool rvv_run(rvv_core *c) {
  const rvv_image *m = c->image;
  while (c->pc != RVV_RETURN_ADDRESS) {
    uint64_t at = c->pc - RVV_IMAGE_ADDRESS, next;
    c->op = NULL;
    if (at >= m->code_bytes || (at & 1))
      return rvv_fail(c, RVV_BAD_PC, "0x%" PRIx64, c->pc);
    if (c->left-- <= 0)
      return rvv_fail(c, RVV_BUDGET, "%" PRId64 " of them", c->report.instructions);
    c->op = &m->ops[at / 2];
    c->report.instructions++;
    next = c->pc + c->op->length;
    if (!step(c, c->op, &next))
      return false;
    c->x[0] = 0;
    c->pc = next;
  }
  return true;
}
