/* The object, instruction by instruction: what the program and LLVM's IR could not show.  Encodings: RISC-V ISA manual, chapters C, F, V. */
#include "base/file.h"
#include "target/npu/npt_riscv_private.h"
#include <elf.h>
#include <string.h>

typedef struct object { const char *at; size_t size; const char *sections; size_t n_sections; const char *names; uint64_t names_size, n_symbols; const char *symbols; } object;

static bool section(const object *o, size_t i, Elf64_Shdr *out) {
  if (i >= o->n_sections)
    return false;
  memcpy(out, o->sections + i * sizeof *out, sizeof *out);
  return true;
}

static bool open_object(const char *at, size_t size, object *out) {
  Elf64_Ehdr head;
  Elf64_Shdr s, names;
  *out = (object){.at = at, .size = size};
  if (size < sizeof head)
    return false;
  memcpy(&head, at, sizeof head);
  out->n_sections = head.e_shnum;
  out->sections = file_slice(at, size, head.e_shoff, head.e_shnum, sizeof s);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || !out->sections)
    return false;
  for (size_t i = 0; section(out, i, &s); i++)
    if (s.sh_type == SHT_SYMTAB && section(out, s.sh_link, &names)) {
      out->n_symbols = s.sh_size / sizeof(Elf64_Sym);
      out->symbols = file_slice(at, size, s.sh_offset, out->n_symbols, sizeof(Elf64_Sym));
      out->names = file_slice(at, size, names.sh_offset, names.sh_size, 1);
      out->names_size = names.sh_size;
    }
  return out->symbols && out->names && out->names_size && out->names[out->names_size - 1] == '\0';
}

static const char *function_at(const object *o, size_t in, uint64_t offset) {
  const char *name = "?";
  uint64_t best = 0;
  for (uint64_t i = 0; i < o->n_symbols; i++) {
    Elf64_Sym s;
    memcpy(&s, o->symbols + i * sizeof s, sizeof s);
    if (ELF64_ST_TYPE(s.st_info) == STT_FUNC && s.st_shndx == in && s.st_value <= offset && s.st_value >= best && s.st_name < o->names_size) {
      best = s.st_value;
      name = o->names + s.st_name;
    }
  }
  return name;
}

/* Is the instruction at `offset` of section `in` one that the linker completes?  Loads of the object's constants are. */
static bool is_relocated(const object *o, size_t in, uint64_t offset) {
  Elf64_Shdr s;
  for (size_t i = 0; section(o, i, &s); i++) {
    uint64_t n = s.sh_size / sizeof(Elf64_Rela);
    const char *table = s.sh_type == SHT_RELA && s.sh_info == in ? file_slice(o->at, o->size, s.sh_offset, n, sizeof(Elf64_Rela)) : NULL;
    for (uint64_t k = 0; table && k < n; k++) {
      Elf64_Rela r;
      memcpy(&r, table + k * sizeof r, sizeof r);
      if (r.r_offset == offset)
        return true;
    }
  }
  return false;
}

enum { OP_V = 0x57, LOAD_FP = 0x07, STACK_POINTER = 2 };

/* What an instruction would do with a lane's value; NULL: nothing that matters. */
static const char *fault_of(const object *o, size_t in, uint64_t offset, uint32_t w) {
  uint32_t opcode = w & 0x7f, funct3 = w >> 12 & 7, rs1 = w >> 15 & 31, funct6 = w >> 26;
  if ((w & 3) != 3)
    return (w & 3) == 0 && (w >> 13 & 7) == 1 ? "loads a single float" : NULL;      /* c.fld; c.fldsp is a spilled register */
  if (opcode == OP_V && funct6 == 0x10 && funct3 == 1 && rs1 == 0)
    return "takes a float out of a vector (vfmv.f.s)";
  if (opcode == OP_V && funct6 == 0x10 && funct3 == 2 && (rs1 == 0 || rs1 == 16 || rs1 == 17))
    return rs1 == 0 ? "takes a number out of a vector (vmv.x.s)" : rs1 == 16 ? "counts elements (vcpop.m)" : "searches elements (vfirst.m)";
  bool is_scalar = funct3 >= 1 && funct3 <= 3;                                      /* flh, flw, fld; vectors have 0, 5, 6, 7 */
  return opcode == LOAD_FP && is_scalar && rs1 != STACK_POINTER && !is_relocated(o, in, offset) ? "loads a single float" : NULL;
}

static loom_status check_section(loom_ctx *ctx, const object *o, size_t in, const Elf64_Shdr *s) {
  const char *code = file_slice(o->at, o->size, s->sh_offset, s->sh_size, 1);
  for (uint64_t at = 0; code && at + 2 <= s->sh_size;) {
    uint16_t half;
    memcpy(&half, code + at, sizeof half);
    uint32_t w = half;
    bool is_long = (half & 3) == 3;
    if (is_long && at + 4 <= s->sh_size)
      memcpy(&w, code + at, sizeof w);
    const char *fault = fault_of(o, in, at, w);
    if (fault) {
      const char *function = function_at(o, in, at);
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the code of '%s' %s; a scalar register is one for all lanes", function, fault);
      diag_help(ctx, "what is loaded from the scratchpad must stay in vectors (docs/npu.md, \"VCIX and RISC-V\")");
      return LOOM_EUNSUP;
    }
    at += is_long ? 4 : 2;
  }
  return LOOM_OK;
}

loom_status npt_riscv_check_code(loom_ctx *ctx, const char *bytes, size_t size) {
  object o;
  Elf64_Shdr s;
  if (!open_object(bytes, size, &o))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "the RISC-V object is no ELF file with symbols");
  for (size_t i = 0; section(&o, i, &s); i++)
    if (s.sh_type == SHT_PROGBITS && s.sh_flags & SHF_EXECINSTR)
      LOOM_TRY(check_section(ctx, &o, i, &s));
  return LOOM_OK;
}
