/* An object's bytes while it is put in place: what rvv_object.c, rvv_reloc.c and rvv_load.c share. */
#ifndef LOOM_SIM_RVV_OBJECT_H
#define LOOM_SIM_RVV_OBJECT_H
#include "sim/rvv/rvv_private.h"
#include <elf.h>

enum { RVV_SECTIONS_MAX = 1 << 16 };

typedef struct rvv_section { Elf64_Shdr head; uint64_t address; /* 0: not in the image */ } rvv_section;
typedef struct rvv_object {
  loom_ctx *ctx; const char *path, *at; size_t size;
  Elf64_Ehdr head;
  rvv_section *sections;
  const char *symbols, *names; uint64_t n_symbols, names_size;    /* names end in 0 */
  uint64_t *values;                   /* of every symbol, once in place */
  uint64_t *got;                      /* of every symbol: the address of its address, 0 none */
} rvv_object;

loom_status rvv_object_broken(const rvv_object *o, const char *fmt, ...) LOOM_PRINTF(2, 3);
/* Header, section headers and the symbol table. */
loom_status rvv_object_open(loom_ctx *ctx, const char *path, const void *bytes, size_t size, rvv_object *out);
/* The next two: i below n_symbols; a symbol whose name does not lie in the string table has the name "". */
Elf64_Sym rvv_object_symbol(const rvv_object *o, uint64_t i);
const char *rvv_object_name(const rvv_object *o, uint64_t i);
static inline bool rvv_symbol_is_undefined(const rvv_object *o, uint64_t i, Elf64_Sym s) { return i > 0 && s.st_shndx == SHN_UNDEF && *rvv_object_name(o, i); }
/* Applies every relocation of sections that are in place; o->values and o->got are there. */
loom_status rvv_relocate(rvv_object *o, rvv_image *image);
/* Does a relocation of a placed section ask for the address of symbol i's address?  For all symbols: needs[i]. */
loom_status rvv_object_got_needs(rvv_object *o, bool *needs);
#endif
