#include "sim/rvv/rvv_object.h"
#include "base/file.h"
#include <stdarg.h>
#include <stdio.h>

#ifndef EM_RISCV
#define EM_RISCV 243
#endif

loom_status rvv_object_broken(const rvv_object *o, const char *fmt, ...) {
  char text[256];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  diag_error(o->ctx, diag_file_span(o->ctx, o->path), LOOM_EINPUT, "this is no object that can be loaded: %s", text);
  diag_help(o->ctx, "expected a relocatable ELF64 object for RISC-V (llc -filetype=obj -mtriple=riscv64)");
  return LOOM_EINPUT;
}

static const char *slice(const rvv_object *o, uint64_t offset, uint64_t n, uint64_t item_bytes) { return file_slice(o->at, o->size, offset, n, item_bytes); }

static loom_status read_head(rvv_object *o) {
  if (o->size < sizeof o->head)
    return rvv_object_broken(o, o->size ? "it is shorter than an ELF header" : "it is empty");
  memcpy(&o->head, o->at, sizeof o->head);
  if (memcmp(o->head.e_ident, ELFMAG, SELFMAG) != 0)
    return rvv_object_broken(o, "it is no ELF file");
  if (o->head.e_ident[EI_CLASS] != ELFCLASS64 || o->head.e_ident[EI_DATA] != ELFDATA2LSB)
    return rvv_object_broken(o, "it is not 64-bit little-endian");
  if (o->head.e_machine != EM_RISCV)
    return rvv_object_broken(o, "it is for another processor (ELF machine %d)", o->head.e_machine);
  if (o->head.e_type != ET_REL)
    return rvv_object_broken(o, "it is linked already");
  if (o->head.e_shentsize != sizeof(Elf64_Shdr) || !slice(o, o->head.e_shoff, o->head.e_shnum, sizeof(Elf64_Shdr)))
    return rvv_object_broken(o, "its section table does not fit");
  return LOOM_OK;
}

static loom_status read_symbols(rvv_object *o) {
  for (size_t i = 0; i < o->head.e_shnum; i++) {
    const Elf64_Shdr *t = &o->sections[i].head;
    if (t->sh_type != SHT_SYMTAB)
      continue;
    if (t->sh_link >= o->head.e_shnum)
      return rvv_object_broken(o, "its symbol table has no names");
    const Elf64_Shdr *strings = &o->sections[t->sh_link].head;
    o->n_symbols = t->sh_size / sizeof(Elf64_Sym);
    o->symbols = slice(o, t->sh_offset, o->n_symbols, sizeof(Elf64_Sym));
    o->names = slice(o, strings->sh_offset, strings->sh_size, 1);
    o->names_size = strings->sh_size;
    if (!o->symbols || !o->names || strings->sh_type != SHT_STRTAB || strings->sh_size == 0 || o->names[strings->sh_size - 1] != '\0')
      return rvv_object_broken(o, "its symbol table does not fit");
    return LOOM_OK;
  }
  return rvv_object_broken(o, "it has no symbol table");
}

loom_status rvv_object_open(loom_ctx *ctx, const char *path, const void *bytes, size_t size, rvv_object *out) {
  *out = (rvv_object){.ctx = ctx, .path = path, .at = bytes, .size = size};
  LOOM_TRY(read_head(out));
  out->sections = ARENA_NEW_N(&ctx->mem, rvv_section, out->head.e_shnum);
  for (size_t i = 0; i < out->head.e_shnum; i++) {
    Elf64_Shdr *s = &out->sections[i].head;
    memcpy(s, out->at + out->head.e_shoff + i * sizeof *s, sizeof *s);
    if (s->sh_type != SHT_NOBITS && s->sh_type != SHT_NULL && !slice(out, s->sh_offset, s->sh_size, 1))
      return rvv_object_broken(out, "section %zu does not fit", i);
  }
  return read_symbols(out);
}

Elf64_Sym rvv_object_symbol(const rvv_object *o, uint64_t i) {
  Elf64_Sym s;
  memcpy(&s, o->symbols + i * sizeof s, sizeof s);
  return s;
}

const char *rvv_object_name(const rvv_object *o, uint64_t i) {
  uint32_t at = rvv_object_symbol(o, i).st_name;
  return at < o->names_size ? o->names + at : "";
}
