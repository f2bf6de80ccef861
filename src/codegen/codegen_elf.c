/* Reads the symbol table of an ELF64 object.  LLVM's C API does not tell an undefined symbol from an absolute one, so it is done here. */
#include "base/file.h"
#include "base/vec.h"
#include "codegen/codegen_private.h"
#include <elf.h>
#include <string.h>

typedef struct elf_view { loom_ctx *ctx; const char *at; size_t size; } elf_view;

static loom_status broken(const elf_view *v, const char *what) {
  diag_error(v->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the object code is damaged: %s", what);
  diag_help(v->ctx, "expected a relocatable ELF64 object for this machine; delete the cached object and compile again");
  return LOOM_EINPUT;
}

/* n items of item_bytes at `offset`, or NULL when they do not lie inside the object. */
static const char *slice(const elf_view *v, uint64_t offset, uint64_t n, uint64_t item_bytes) { return file_slice(v->at, v->size, offset, n, item_bytes); }

static void add_once(loom_ctx *ctx, elf_symbols *out, size_t *room, const char *name) {
  for (size_t i = 0; i < out->n_undefined; i++)
    if (strcmp(out->undefined[i], name) == 0)
      return;
  if (out->n_undefined == *room)
    out->undefined = vec_grow(&ctx->mem, out->undefined, out->n_undefined, room, sizeof *out->undefined);
  out->undefined[out->n_undefined++] = name;
}

/* What runs without being called, and memory that is written and executed. */
static const char *hazard_of_section(arena *m, const Elf64_Shdr *s, const char *name) {
  static const char *const prefixes[] = {".init", ".fini", ".ctors", ".dtors", ".preinit"};
  bool runs = s->sh_type == SHT_INIT_ARRAY || s->sh_type == SHT_FINI_ARRAY || s->sh_type == SHT_PREINIT_ARRAY;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    runs |= (s->sh_flags & SHF_ALLOC) && text_starts(name, prefixes[i]);
  if (runs)
    return arena_printf(m, "constructors ('%s')", name);
  return (s->sh_flags & SHF_WRITE) && (s->sh_flags & SHF_EXECINSTR) ? arena_printf(m, "memory that is both written and executed ('%s')", name) : NULL;
}

static loom_status read_hazards(const elf_view *v, const Elf64_Ehdr *head, const char *sections, elf_symbols *out) {
  Elf64_Shdr names, s;
  if (head->e_shstrndx >= head->e_shnum)
    return broken(v, "its sections have no names");
  memcpy(&names, sections + head->e_shstrndx * sizeof names, sizeof names);
  const char *all = slice(v, names.sh_offset, names.sh_size, 1);
  if (!all || names.sh_size == 0 || all[names.sh_size - 1] != '\0')
    return broken(v, "the names of its sections do not fit");
  for (size_t i = 0; i < head->e_shnum && !out->hazard; i++) {
    memcpy(&s, sections + i * sizeof s, sizeof s);
    if (s.sh_name >= names.sh_size)
      return broken(v, "a section has no name");
    out->hazard = hazard_of_section(&v->ctx->mem, &s, all + s.sh_name);
  }
  return LOOM_OK;
}

static loom_status read_table(const elf_view *v, const Elf64_Shdr *table, const Elf64_Shdr *strings, elf_symbols *out, size_t *room) {
  const char *names = slice(v, strings->sh_offset, strings->sh_size, 1);
  const char *symbols = slice(v, table->sh_offset, table->sh_size / sizeof(Elf64_Sym), sizeof(Elf64_Sym));
  if (!names || !symbols || strings->sh_type != SHT_STRTAB || strings->sh_size == 0 || names[strings->sh_size - 1] != '\0')
    return broken(v, "its symbol table does not fit");
  for (size_t i = 1; i < table->sh_size / sizeof(Elf64_Sym); i++) {   /* symbol 0 is reserved */
    Elf64_Sym s;
    memcpy(&s, symbols + i * sizeof s, sizeof s);
    if (s.st_name >= strings->sh_size)
      return broken(v, "a symbol has no name inside the string table");
    const char *name = names + s.st_name;
    if (ELF64_ST_TYPE(s.st_info) == STT_GNU_IFUNC && !out->hazard)
      out->hazard = arena_printf(&v->ctx->mem, "a function that is chosen while it is linked ('%s')", name);
    if (s.st_shndx == SHN_UNDEF)
      add_once(v->ctx, out, room, name);
    else if (!out->first_defined && ELF64_ST_BIND(s.st_info) == STB_GLOBAL && s.st_shndx < SHN_LORESERVE)
      out->first_defined = name;
  }
  return LOOM_OK;
}

loom_status codegen_read_symbols(loom_ctx *ctx, const char *object, size_t size, elf_symbols *out) {
  *out = (elf_symbols){0};
  elf_view v = {ctx, object, size};
  Elf64_Ehdr head;
  if (size < sizeof head)
    return broken(&v, "it is shorter than a header");
  memcpy(&head, object, sizeof head);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_REL)
    return broken(&v, "it is no relocatable ELF64 file");
  const char *sections = slice(&v, head.e_shoff, head.e_shnum, sizeof(Elf64_Shdr));
  if (!sections || head.e_shentsize != sizeof(Elf64_Shdr))
    return broken(&v, "its section table does not fit");
  size_t room = 0;
  LOOM_TRY(read_hazards(&v, &head, sections, out));
  for (size_t i = 0; i < head.e_shnum; i++) {
    Elf64_Shdr table, strings;
    memcpy(&table, sections + i * sizeof table, sizeof table);
    if (table.sh_type != SHT_SYMTAB)
      continue;
    if (table.sh_link >= head.e_shnum)
      return broken(&v, "its symbol table has no names");
    memcpy(&strings, sections + table.sh_link * sizeof strings, sizeof strings);
    LOOM_TRY(read_table(&v, &table, &strings, out, &room));
  }
  return LOOM_OK;
}

loom_status codegen_undefined(loom_ctx *ctx, const char *object, size_t size, const char *const **out_names, size_t *out_n) {
  elf_symbols symbols;
  LOOM_TRY(codegen_read_symbols(ctx, object, size, &symbols));
  *out_names = symbols.undefined;
  *out_n = symbols.n_undefined;
  return LOOM_OK;
}
