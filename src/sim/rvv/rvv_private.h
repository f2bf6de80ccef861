/* What the files of the room share. */
#ifndef LOOM_SIM_RVV_PRIVATE_H
#define LOOM_SIM_RVV_PRIVATE_H
#include "base/vec.h"
#include "sim/rvv/rvv.h"
#include "sim/rvv/rvv_rows.h"

/* ---- instructions ---- */

enum rvv_form { RVV_IV = 1, RVV_IX = 2, RVV_II = 4, RVV_IU = 8, RVV_MV = 16, RVV_MX = 32, RVV_FV = 64, RVV_FF = 128 };
enum rvv_shape { RVV_SAME, RVV_WIDE, RVV_WIDE_W, RVV_NARROW, RVV_MASK };
enum rvv_how { RVV_HOW_0, RVV_HOW_ZZ, RVV_HOW_SS, RVV_HOW_SZ, RVV_HOW_ZS, RVV_HOW_F };

typedef enum rvv_code {
  RVV_OP_BAD,
#define S(name, mask, match, kind) RVV_OP_##name,
#include "sim/rvv/rvv_scalar.def"
#undef S
  RVV_OP_FIRST_VECTOR,
  RVV_OP_VSETVLI = RVV_OP_FIRST_VECTOR, RVV_OP_VSETIVLI, RVV_OP_VSETVL, RVV_OP_VLOAD, RVV_OP_VSTORE, RVV_OP_SF_VC,
  RVV_OP_FIRST_ARITH,
  RVV_OP_BEFORE_ARITH = RVV_OP_FIRST_ARITH - 1,
#define A(name, funct6, forms, shape, kernel, how) RVV_OP_##name,
#define R(name, funct6, forms, kernel, is_wide, how) RVV_OP_##name,
#define O(name, funct6, forms) RVV_OP_##name,
#include "sim/rvv/rvv_vector.def"
#undef A
#undef R
#undef O
  RVV_OPS
} rvv_code;

/* How a vector instruction works element by element (A and R rows of rvv_vector.def). */
typedef struct rvv_vector_info { const char *name; uint8_t funct6; uint8_t forms; uint8_t shape, how; uint8_t is_elementwise, is_reduction; uint16_t kernel; } rvv_vector_info;
extern const rvv_vector_info rvv_vector_table[RVV_OPS - RVV_OP_FIRST_ARITH];

/* A decoded instruction.  rd, rs1, rs2: register numbers of whichever file. */
typedef struct rvv_op {
  uint16_t code;
  uint8_t length, rd, rs1, rs2, rs3, rm;   /* rm: rounding mode, width of a vector access */
  uint8_t form, fmt, is_unmasked;          /* form: one of rvv_form; fmt: 0 f32, 1 f64, 2 f16 */
  int32_t imm;
  uint32_t word;
} rvv_op;
rvv_op rvv_decode(uint32_t word);
uint32_t rvv_expand(uint16_t compressed);                                  /* 0: no such instruction */
/* "vfadd.vv", "sf.vc.iv"; `out` has room for 32. */
void rvv_op_name(const rvv_op *op, char out[32]);

/* ---- the object ---- */

typedef struct rvv_function { const char *name; uint64_t address; } rvv_function;
typedef struct rvv_place { uint64_t address, bytes; bool may_write; } rvv_place;
struct rvv_image {
  rvv_config config;
  uint8_t *bytes; uint64_t size;           /* from RVV_IMAGE_ADDRESS on: code, constants, data, addresses of symbols */
  uint64_t code_bytes;                     /* the first of them */
  uint64_t data_at, data_end;              /* what of them may be written: every core has its own */
  rvv_op *ops;                             /* one for every two bytes of code */
  VEC_OF(rvv_function) functions;          /* by address */
  const rvv_kernels *kernels;
};

/* ---- a core ---- */

enum { RVV_SCRATCH_ROWS = 6, RVV_FRM_RNE = 0, RVV_FRM_RTZ = 1, RVV_FRM_RDN = 2, RVV_FRM_RUP = 3, RVV_FRM_RMM = 4, RVV_FRM_ROD = 6, RVV_FRM_DYN = 7 };
#define RVV_RETURN_ADDRESS UINT64_C(0x5ffffff0)

struct rvv_core {
  const rvv_image *image;
  int lanes, vlen_bits;
  uint64_t x[32], f[32], pc;
  uint32_t *v;                             /* register r from word r * vlen_bits / 32 on */
  uint32_t *stack;
  uint8_t *data;                           /* what may be written of the image, for this core */
  int64_t vl;
  int sew, lmul;                           /* bits; log2 of the multiplier, -3..3; sew 0: no type */
  uint64_t vtype, vxrm, vxsat, frm, fflags;
  uint64_t *row[RVV_SCRATCH_ROWS];         /* rows of up to 8 bytes a lane */
  uint8_t *mask;                           /* one byte a lane */
  isa_dma dma; uint32_t dma_seen;
  uint64_t reserved; bool has_reservation;
  const rvv_job *job;
  int64_t left;                            /* of the budget */
  const rvv_op *op;
  rvv_report report;
  rvv_fault fault;
};

/* Records a fault at the current instruction, once; always false. */
bool rvv_fail(rvv_core *c, rvv_fault_kind kind, const char *fmt, ...) LOOM_PRINTF(3, 4);

/* Where an address is.  words: memory of lanes, from byte `at` of it on; else bytes: one for all. */
typedef struct rvv_memory { uint32_t *words; uint8_t *bytes; uint64_t at; bool may_write; } rvv_memory;
/* `size` bytes from address on, all in one piece of memory. */
bool rvv_find_memory(rvv_core *c, uint64_t address, uint64_t size, bool is_write, rvv_memory *out);
bool rvv_load_scalar(rvv_core *c, uint64_t address, int bytes, uint64_t *out);
bool rvv_store_scalar(rvv_core *c, uint64_t address, int bytes, uint64_t value);

/* Runs from c->pc to the return address, or to a fault. */
bool rvv_run(rvv_core *c);
bool rvv_run_fp(rvv_core *c, const rvv_op *op);
bool rvv_run_vector(rvv_core *c, const rvv_op *op);
bool rvv_run_vset(rvv_core *c, const rvv_op *op);
bool rvv_run_vmemory(rvv_core *c, const rvv_op *op);
bool rvv_run_vpermute(rvv_core *c, const rvv_op *op);
bool rvv_run_vmask(rvv_core *c, const rvv_op *op);
bool rvv_run_vfixed(rvv_core *c, const rvv_op *op);
bool rvv_run_vconvert(rvv_core *c, const rvv_op *op);
bool rvv_run_vc(rvv_core *c, const rvv_op *op);
bool rvv_run_dma(rvv_core *c, const rvv_op *op);

/* ---- rows: one element of all lanes ---- */

static inline uint32_t *rvv_register(const rvv_core *c, int r) { return c->v + (size_t)r * (size_t)(c->vlen_bits / 32) * (size_t)c->lanes; }
/* Group of registers of elements of `eew` bits under the current type: checks its size and its first register.  what: "vd". */
bool rvv_group(rvv_core *c, int r, int eew, const char *what);
/* LMUL' = eew / sew * lmul as log2. */
static inline int rvv_emul(const rvv_core *c, int eew) { return c->lmul + __builtin_ctz((unsigned)eew) - __builtin_ctz((unsigned)c->sew); }
static inline int64_t rvv_vlmax(const rvv_core *c) { return c->lmul >= 0 ? ((int64_t)c->vlen_bits << c->lmul) / c->sew : (c->vlen_bits >> -c->lmul) / c->sew; }
/* Element e (of `bytes` each) of memory of lanes to a row without gaps, and back. */
void rvv_row_get(const rvv_core *c, const uint32_t *words, uint64_t at, int bytes, void *out);
void rvv_row_put(const rvv_core *c, uint32_t *words, uint64_t at, int bytes, const void *row);
/* The same, only in lanes where mask is not 0. */
void rvv_row_put_masked(const rvv_core *c, uint32_t *words, uint64_t at, int bytes, const void *row, const uint8_t *mask);
/* The same value in all lanes. */
void rvv_row_splat(const rvv_core *c, uint64_t value, int bytes, void *out);
/* All lanes' values of a row are one: *out, with zeros above. */
bool rvv_row_agrees(rvv_core *c, const void *row, int bytes, uint64_t *out);
/* Bits e of a mask register, as bytes 0 and 1; and back (only where `where` is not 0, if given). */
void rvv_bits_get(const rvv_core *c, int r, int64_t e, uint8_t *out);
void rvv_bits_put(const rvv_core *c, int r, int64_t e, const uint8_t *bits, const uint8_t *where);
/* Mask of element e in v0 as bytes, or NULL when the instruction is not masked. */
const uint8_t *rvv_mask_of(rvv_core *c, const rvv_op *op, int64_t e);
/* Element e of group `r`. */
static inline void rvv_get(const rvv_core *c, int r, int64_t e, int bytes, void *out) { rvv_row_get(c, rvv_register(c, r), (uint64_t)e * (uint64_t)bytes, bytes, out); }
/* Element e of vd, under the mask. */
static inline void rvv_put(rvv_core *c, int r, int64_t e, int bytes, const void *row, const uint8_t *mask) {
  if (mask)
    rvv_row_put_masked(c, rvv_register(c, r), (uint64_t)e * (uint64_t)bytes, bytes, row, mask);
  else
    rvv_row_put(c, rvv_register(c, r), (uint64_t)e * (uint64_t)bytes, bytes, row);
}
/* Element e of group r as 64 bits, and the low bits of such a row back to vd. */
void rvv_get_wide(const rvv_core *c, int r, int64_t e, int bytes, bool is_signed, uint64_t *out);
void rvv_put_wide(rvv_core *c, int r, int64_t e, int bytes, const uint64_t *row, const uint8_t *mask);
/* What rs1 of an arithmetic instruction is, for every element: of `bytes` each (extended with its sign); false when it is a vector. */
bool rvv_scalar_operand(const rvv_core *c, const rvv_op *op, int bytes, uint64_t *out);

/* ---- numbers ---- */

#define RVV_NAN16 UINT16_C(0x7e00)
#define RVV_NAN32 UINT32_C(0x7fc00000)
#define RVV_NAN64 UINT64_C(0x7ff8000000000000)
/* Float registers: narrower numbers have ones above, else they are NaN. */
static inline uint32_t rvv_unbox32(uint64_t f) { return f >> 32 == UINT32_MAX ? (uint32_t)f : RVV_NAN32; }
static inline uint16_t rvv_unbox16(uint64_t f) { return f >> 16 == UINT64_C(0xffffffffffff) ? (uint16_t)f : RVV_NAN16; }
static inline uint64_t rvv_box32(uint32_t v) { return UINT64_C(0xffffffff00000000) | v; }
static inline uint64_t rvv_box16(uint16_t v) { return UINT64_C(0xffffffffffff0000) | v; }
/* Rounds to an integer in mode rm and saturates to `bits` bits; NaN: the largest. */
uint64_t rvv_to_integer(double v, int rm, int bits, bool is_signed);
int rvv_class(uint64_t bits, int width);               /* as fclass: 10 bits, one set */
uint16_t rvv_f64_to_f16(double v);                     /* canonical NaN, as the next four */
double rvv_f16_to_f64(uint16_t v);
uint16_t rvv_f32_to_bf16(uint32_t v);

/* ---- the array ---- */
typedef struct rvv_push { const uint32_t *words; int rows, bytes, kind; } rvv_push;   /* elements of registers */
/* NULL or what is wrong; *kind then says which fault. */
const char *rvv_array_push(rvv_array *a, bool is_weight, const rvv_push *p, rvv_fault_kind *kind);
const char *rvv_array_compute(rvv_array *a, rvv_fault_kind *kind);
const char *rvv_array_pop(rvv_array *a, uint32_t *words, int rows, int bytes, rvv_fault_kind *kind);
int rvv_array_lanes(const rvv_array *a);
#endif
