/* Relocations of RISC-V code (psABI), without relaxation: every instruction stays where it is, so RELAX and ALIGN ask for nothing. */
#include "sim/rvv/rvv_object.h"
#include <stdlib.h>

/* X(name, number): every relocation that is applied. */
#define RELOC_LIST(X)                                                                                                                        \
  X(NONE, 0) X(32, 1) X(64, 2) X(BRANCH, 16) X(JAL, 17) X(CALL, 18) X(CALL_PLT, 19) X(GOT_HI20, 20) X(PCREL_HI20, 23) X(PCREL_LO12_I, 24)     \
  X(PCREL_LO12_S, 25) X(HI20, 26) X(LO12_I, 27) X(LO12_S, 28) X(ADD8, 33) X(ADD16, 34) X(ADD32, 35) X(ADD64, 36) X(SUB8, 37) X(SUB16, 38)     \
  X(SUB32, 39) X(SUB64, 40) X(ALIGN, 43) X(RVC_BRANCH, 44) X(RVC_JUMP, 45) X(RELAX, 51) X(SUB6, 52) X(SET6, 53) X(SET8, 54) X(SET16, 55)      \
  X(SET32, 56) X(32_PCREL, 57)
enum {
#define X(name, number) RELOC_##name = number,
  RELOC_LIST(X)
#undef X
};
/* Names of those that are not, for the diagnostic. */
static const struct { int number; const char *name; } refused[] = {
    {3, "R_RISCV_RELATIVE"}, {4, "R_RISCV_COPY"}, {5, "R_RISCV_JUMP_SLOT"}, {6, "R_RISCV_TLS_DTPMOD32"}, {7, "R_RISCV_TLS_DTPMOD64"}, {8, "R_RISCV_TLS_DTPREL32"},
    {9, "R_RISCV_TLS_DTPREL64"}, {10, "R_RISCV_TLS_TPREL32"}, {11, "R_RISCV_TLS_TPREL64"}, {21, "R_RISCV_TLS_GOT_HI20"}, {22, "R_RISCV_TLS_GD_HI20"}, {29, "R_RISCV_TPREL_HI20"},
    {30, "R_RISCV_TPREL_LO12_I"}, {31, "R_RISCV_TPREL_LO12_S"}, {32, "R_RISCV_TPREL_ADD"}, {41, "R_RISCV_GOT32_PCREL"}, {46, "R_RISCV_RVC_LUI"}, {58, "R_RISCV_IRELATIVE"},
    {59, "R_RISCV_PLT32"}, {60, "R_RISCV_SET_ULEB128"}, {61, "R_RISCV_SUB_ULEB128"}};

static bool is_known(uint32_t type) {
  switch (type) {
#define X(name, number) case number:
    RELOC_LIST(X)
#undef X
    return true;
  default: return false;
  }
}

static int width_of(uint32_t type) {
  switch (type) {
  case RELOC_64: case RELOC_ADD64: case RELOC_SUB64: case RELOC_CALL: case RELOC_CALL_PLT: return 8;
  case RELOC_RVC_BRANCH: case RELOC_RVC_JUMP: case RELOC_ADD16: case RELOC_SUB16: case RELOC_SET16: return 2;
  case RELOC_ADD8: case RELOC_SUB8: case RELOC_SET8: case RELOC_SUB6: case RELOC_SET6: return 1;
  case RELOC_NONE: case RELOC_RELAX: case RELOC_ALIGN: return 0;
  default: return 4;
  }
}

/* The upper part of a distance or address at an auipc: what the PCREL_LO12 that name its label take the rest of. */
typedef struct upper { uint64_t at; int64_t value; } upper;
typedef struct relocs {
  rvv_object *o; rvv_image *image; const Elf64_Shdr *table; const rvv_section *target;
  const char *at; uint64_t n;
  upper *uppers; uint64_t n_uppers;     /* by address */
} relocs;

static Elf64_Rela rela(const relocs *r, uint64_t i) {
  Elf64_Rela x;
  memcpy(&x, r->at + i * sizeof x, sizeof x);
  return x;
}

static int by_address(const void *a, const void *b) {
  uint64_t x = ((const upper *)a)->at, y = ((const upper *)b)->at;
  return (x > y) - (x < y);
}

static const char *described(const relocs *r, Elf64_Rela x) {
  return arena_printf(&r->o->ctx->mem, "the reference to %s at byte %" PRIu64 " of section %" PRIu64, rvv_object_name(r->o, ELF64_R_SYM(x.r_info)), x.r_offset,
                      (uint64_t)(r->target - r->o->sections));
}

static loom_status too_far(const relocs *r, Elf64_Rela x) { return rvv_object_broken(r->o, "%s does not reach", described(r, x)); }

static void read_bytes(const uint8_t *p, int n, uint64_t *out) { *out = 0; memcpy(out, p, (size_t)n); }
static void write_bytes(uint8_t *p, int n, uint64_t v) { memcpy(p, &v, (size_t)n); }
static uint32_t read_word(const uint8_t *p) { uint32_t w; memcpy(&w, p, 4); return w; }
static void write_word(uint8_t *p, uint32_t w) { memcpy(p, &w, 4); }
static bool fits(int64_t v, int bits) { return v >= -(INT64_C(1) << (bits - 1)) && v < INT64_C(1) << (bits - 1); }
/* Upper 20 bits are rounded so that the lower 12 can have a sign. */
static bool fits_upper(int64_t v) { return fits(v, 33) && fits(v + 0x800, 32); }
static void put_upper(uint8_t *p, int64_t v) { write_word(p, (read_word(p) & 0xfffu) | ((uint32_t)(v + 0x800) & 0xfffff000u)); }
static void put_lower_i(uint8_t *p, int64_t v) { write_word(p, (read_word(p) & 0xfffffu) | (uint32_t)v << 20); }
static void put_lower_s(uint8_t *p, int64_t v) {
  uint32_t u = (uint32_t)v;
  write_word(p, (read_word(p) & ~0xfe000f80u) | (u >> 5 & 0x7f) << 25 | (u & 0x1f) << 7);
}

static bool put_branch(uint8_t *p, int64_t v) {
  uint32_t u = (uint32_t)v;
  write_word(p, (read_word(p) & ~0xfe000f80u) | (u >> 12 & 1) << 31 | (u >> 5 & 0x3f) << 25 | (u >> 1 & 0xf) << 8 | (u >> 11 & 1) << 7);
  return fits(v, 13) && !(v & 1);
}

static bool put_jump(uint8_t *p, int64_t v) {
  uint32_t u = (uint32_t)v;
  write_word(p, (read_word(p) & 0xfffu) | (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 | (u >> 12 & 0xff) << 12);
  return fits(v, 21) && !(v & 1);
}

static bool put_short(uint8_t *p, int64_t v, bool is_jump) {
  uint64_t c;
  uint32_t u = (uint32_t)v;
#define BIT(from, to) ((u >> (from) & 1) << (to))
  uint32_t jump = BIT(11, 12) | BIT(4, 11) | BIT(9, 10) | BIT(8, 9) | BIT(10, 8) | BIT(6, 7) | BIT(7, 6) | BIT(3, 5) | BIT(2, 4) | BIT(1, 3) | BIT(5, 2);
  uint32_t branch = BIT(8, 12) | BIT(4, 11) | BIT(3, 10) | BIT(7, 6) | BIT(6, 5) | BIT(2, 4) | BIT(1, 3) | BIT(5, 2);
#undef BIT
  read_bytes(p, 2, &c);
  write_bytes(p, 2, is_jump ? (c & 0xe003) | jump : (c & 0xe383) | branch);
  return fits(v, is_jump ? 12 : 9) && !(v & 1);
}

/* Symbol + addend; of GOT_HI20 the place that has it. */
static int64_t value_of(const relocs *r, Elf64_Rela x) {
  uint64_t symbol = ELF64_R_SYM(x.r_info);
  return (int64_t)((ELF64_R_TYPE(x.r_info) == RELOC_GOT_HI20 ? r->o->got[symbol] : r->o->values[symbol]) + (uint64_t)x.r_addend);
}

static loom_status lower_of(const relocs *r, Elf64_Rela x, int64_t *out) {
  upper key = {.at = r->o->values[ELF64_R_SYM(x.r_info)]};
  const upper *u = r->n_uppers ? bsearch(&key, r->uppers, r->n_uppers, sizeof *u, by_address) : NULL;
  if (!u)
    return rvv_object_broken(r->o, "%s is the lower part of nothing", described(r, x));
  *out = u->value;
  return LOOM_OK;
}

static bool put_number(uint8_t *p, uint32_t type, uint64_t v) {
  int n = width_of(type);
  uint64_t old;
  read_bytes(p, n, &old);
  switch (type) {
  case RELOC_ADD8: case RELOC_ADD16: case RELOC_ADD32: case RELOC_ADD64: v = old + v; break;
  case RELOC_SUB8: case RELOC_SUB16: case RELOC_SUB32: case RELOC_SUB64: v = old - v; break;
  case RELOC_SET6: v = (old & 0xc0) | (v & 0x3f); break;
  case RELOC_SUB6: v = (old & 0xc0) | ((old - v) & 0x3f); break;
  default: break;
  }
  write_bytes(p, n, v);
  return true;
}

static loom_status apply(relocs *r, Elf64_Rela x) {
  uint32_t type = ELF64_R_TYPE(x.r_info);
  uint64_t place = r->target->address + x.r_offset;
  uint8_t *p = r->image->bytes + (place - RVV_IMAGE_ADDRESS);
  int64_t v = value_of(r, x), distance = (int64_t)((uint64_t)v - place);
  bool reaches = true;
  switch (type) {
  case RELOC_NONE: case RELOC_RELAX: case RELOC_ALIGN: break;
  case RELOC_BRANCH: reaches = put_branch(p, distance); break;
  case RELOC_JAL: reaches = put_jump(p, distance); break;
  case RELOC_RVC_BRANCH: reaches = put_short(p, distance, false); break;
  case RELOC_RVC_JUMP: reaches = put_short(p, distance, true); break;
  case RELOC_CALL: case RELOC_CALL_PLT:
    put_upper(p, distance);
    put_lower_i(p + 4, distance);
    reaches = fits_upper(distance);
    break;
  case RELOC_GOT_HI20: case RELOC_PCREL_HI20:
    put_upper(p, distance);
    reaches = fits_upper(distance);
    break;
  case RELOC_PCREL_LO12_I: case RELOC_PCREL_LO12_S:
    LOOM_TRY(lower_of(r, x, &v));
    (type == RELOC_PCREL_LO12_I ? put_lower_i : put_lower_s)(p, v);
    break;
  case RELOC_HI20:
    put_upper(p, v);
    reaches = fits_upper(v);
    break;
  case RELOC_LO12_I: put_lower_i(p, v); break;
  case RELOC_LO12_S: put_lower_s(p, v); break;
  case RELOC_32:
    reaches = fits(v, 32) || (uint64_t)v <= UINT32_MAX;
    put_number(p, type, (uint64_t)v);
    break;
  case RELOC_32_PCREL:
    reaches = fits(distance, 32);
    put_number(p, type, (uint64_t)distance);
    break;
  default: put_number(p, type, (uint64_t)v);
  }
  return reaches ? LOOM_OK : too_far(r, x);
}

static loom_status check(const relocs *r, Elf64_Rela x) {
  uint32_t type = ELF64_R_TYPE(x.r_info);
  if (ELF64_R_SYM(x.r_info) >= r->o->n_symbols)
    return rvv_object_broken(r->o, "a relocation names no symbol");
  if (!is_known(type)) {
    const char *name = arena_printf(&r->o->ctx->mem, "relocation %u", type);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
      if ((uint32_t)refused[i].number == type)
        name = refused[i].name;
    return diag_error(r->o->ctx, diag_file_span(r->o->ctx, r->o->path), LOOM_EUNSUP, "%s needs %s, which is not supported", described(r, x), name);
  }
  uint64_t size = r->target->head.sh_size, width = (uint64_t)width_of(type);
  if (x.r_offset > size || size - x.r_offset < width)
    return rvv_object_broken(r->o, "%s lies outside the section", described(r, x));
  return LOOM_OK;
}

/* Where relocations of a placed section are; false: table i is none. */
static bool open_table(rvv_object *o, size_t i, relocs *out) {
  const Elf64_Shdr *t = &o->sections[i].head;
  if (t->sh_type != SHT_RELA || t->sh_info >= o->head.e_shnum || !o->sections[t->sh_info].address)
    return false;
  *out = (relocs){.o = o, .table = t, .target = &o->sections[t->sh_info], .at = o->at + t->sh_offset, .n = t->sh_size / sizeof(Elf64_Rela)};
  return true;
}

loom_status rvv_object_got_needs(rvv_object *o, bool *needs) {
  relocs r;
  for (size_t i = 0; i < o->head.e_shnum; i++)
    for (uint64_t k = 0; open_table(o, i, &r) && k < r.n; k++) {
      LOOM_TRY(check(&r, rela(&r, k)));
      if (r.target->head.sh_type == SHT_NOBITS && width_of(ELF64_R_TYPE(rela(&r, k).r_info)))
        return rvv_object_broken(o, "%s lies in a section without bytes", described(&r, rela(&r, k)));
      if (ELF64_R_TYPE(rela(&r, k).r_info) == RELOC_GOT_HI20)
        needs[ELF64_R_SYM(rela(&r, k).r_info)] = true;
    }
  return LOOM_OK;
}

static void find_uppers(relocs *r) {
  r->uppers = ARENA_NEW_N(&r->o->ctx->mem, upper, r->n);
  for (uint64_t k = 0; k < r->n; k++) {
    Elf64_Rela x = rela(r, k);
    uint32_t type = ELF64_R_TYPE(x.r_info);
    uint64_t place = r->target->address + x.r_offset;
    if (type == RELOC_PCREL_HI20 || type == RELOC_GOT_HI20)
      r->uppers[r->n_uppers++] = (upper){place, value_of(r, x) - (int64_t)place};
  }
  qsort(r->uppers, r->n_uppers, sizeof *r->uppers, by_address);
}

loom_status rvv_relocate(rvv_object *o, rvv_image *image) {
  for (size_t i = 0; i < o->head.e_shnum; i++) {
    relocs r;
    if (!open_table(o, i, &r))
      continue;
    r.image = image;
    find_uppers(&r);
    for (uint64_t k = 0; k < r.n; k++)
      LOOM_TRY(apply(&r, rela(&r, k)));
  }
  return LOOM_OK;
}
