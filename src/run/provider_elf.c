#include "run/provider_elf.h"
#include "base/file.h"
#include "base/sanitize.h"
#include "base/text.h"
#include <loom/kernel_provider.h>
#include <elf.h>
#include <string.h>

#if defined(__x86_64__)
enum { HOST_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { HOST_MACHINE = EM_AARCH64 };
#elif defined(__riscv)
enum { HOST_MACHINE = EM_RISCV };
#else
enum { HOST_MACHINE = EM_NONE };
#endif

typedef struct image { loom_ctx *ctx; const char *path, *at; size_t size; Elf64_Ehdr head; } image;

static loom_status broken(const image *v, const char *what) {
  diag_error(v->ctx, diag_file_span(v->ctx, v->path), LOOM_EPROVIDER, "this is no shared library that can be loaded: %s", what);
  diag_help(v->ctx, "expected an ELF64 shared library for this processor (gcc -shared -fPIC)");
  return LOOM_EPROVIDER;
}

/* n items of item_bytes at `offset`, or NULL when they do not lie inside. */
static const char *slice(const image *v, uint64_t offset, uint64_t n, uint64_t item_bytes) { return file_slice(v->at, v->size, offset, n, item_bytes); }

static const char *machine_name(uint16_t machine) {
  switch (machine) {
  case EM_X86_64: return "x86-64";
  case EM_386: return "i386";
  case EM_AARCH64: return "aarch64";
  case EM_ARM: return "arm";
  case EM_RISCV: return "riscv";
  case EM_PPC64: return "ppc64";
  case EM_S390: return "s390";
  default: return "another processor";
  }
}

static loom_status read_head(image *v) {
  if (v->size < sizeof v->head)
    return broken(v, v->size ? "it is shorter than an ELF header" : "it is empty");
  memcpy(&v->head, v->at, sizeof v->head);
  if (memcmp(v->head.e_ident, ELFMAG, SELFMAG) != 0)
    return broken(v, "it is no ELF file");
  if (v->head.e_ident[EI_CLASS] != ELFCLASS64 || v->head.e_ident[EI_DATA] != ELFDATA2LSB)
    return broken(v, "it is not 64-bit little-endian");
  if (v->head.e_machine != HOST_MACHINE)
    return broken(v, arena_printf(&v->ctx->mem, "it is for %s", machine_name(v->head.e_machine)));
  if (v->head.e_type != ET_DYN)
    return broken(v, v->head.e_type == ET_REL ? "it is an object file, not linked" : "it is no shared library");
  return LOOM_OK;
}

/* Two words at address `at` of the loaded image, from the file. */
static bool read_words(const image *v, uint64_t at, uint32_t out[2]) {
  for (size_t i = 0; i < v->head.e_phnum; i++) {
    Elf64_Phdr p;
    memcpy(&p, v->at + v->head.e_phoff + i * sizeof p, sizeof p);
    if (p.p_type != PT_LOAD || at < p.p_vaddr || at - p.p_vaddr > p.p_filesz || p.p_filesz - (at - p.p_vaddr) < 8)
      continue;
    const char *words = slice(v, p.p_offset + (at - p.p_vaddr), 2, 4);
    if (words)
      memcpy(out, words, 8);
    return words != NULL;
  }
  return false;
}

static void note_symbol(const image *v, const Elf64_Sym *s, const char *name, provider_elf *out) {
  static const struct { const char *symbol; provider_sanitizer kind; } runtimes[] = {
      {"__asan_init", PROVIDER_SANITIZER_ADDRESS}, {"__msan_init", PROVIDER_SANITIZER_MEMORY}, {"__tsan_init", PROVIDER_SANITIZER_THREAD}};
  int bind = ELF64_ST_BIND(s->st_info), visibility = ELF64_ST_VISIBILITY(s->st_other);
  if (s->st_shndx == SHN_UNDEF) {
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
      if (text_eq(name, runtimes[i].symbol) && (out->sanitizer == PROVIDER_SANITIZER_NONE || out->sanitizer == provider_host_sanitizer()))      /* of several, one that we do not have */
        out->sanitizer = runtimes[i].kind;
    return;
  }
  if ((bind != STB_GLOBAL && bind != STB_WEAK) || (visibility != STV_DEFAULT && visibility != STV_PROTECTED))
    return;
  vec_push(&v->ctx->mem, &out->exports, name);
  uint32_t range[2];
  if (text_eq(name, LOOM_KERNEL_ABI_NAME) && s->st_size == sizeof range && read_words(v, s->st_value, range)) {
    out->has_abi = true;
    out->abi_min = range[0];
    out->abi_max = range[1];
  }
}

static loom_status read_symbols(const image *v, const Elf64_Shdr *table, const Elf64_Shdr *strings, provider_elf *out) {
  const char *names = slice(v, strings->sh_offset, strings->sh_size, 1);
  const char *symbols = slice(v, table->sh_offset, table->sh_size / sizeof(Elf64_Sym), sizeof(Elf64_Sym));
  if (!names || !symbols || strings->sh_type != SHT_STRTAB || strings->sh_size == 0 || names[strings->sh_size - 1] != '\0')
    return broken(v, "its symbol table does not fit");
  for (size_t i = 1; i < table->sh_size / sizeof(Elf64_Sym); i++) {
    Elf64_Sym s;
    memcpy(&s, symbols + i * sizeof s, sizeof s);
    if (s.st_name >= strings->sh_size)
      return broken(v, "a symbol has no name inside the string table");
    note_symbol(v, &s, names + s.st_name, out);
  }
  return LOOM_OK;
}

static loom_status unsafe(const image *v, const char *what, const char *help) {
  diag_error(v->ctx, diag_file_span(v->ctx, v->path), LOOM_EPROVIDER, "this library is not loaded: %s", what);
  diag_help(v->ctx, "%s", help);
  return LOOM_EPROVIDER;
}

static loom_status check_segments(const image *v) {
  for (size_t i = 0; i < v->head.e_phnum; i++) {
    Elf64_Phdr p;
    memcpy(&p, v->at + v->head.e_phoff + i * sizeof p, sizeof p);
    if (p.p_type == PT_LOAD && (p.p_flags & PF_W) && (p.p_flags & PF_X))
      return unsafe(v, "part of it is both written and executed", "link it without -z,rwx or -N");
    if (p.p_type == PT_GNU_STACK && (p.p_flags & PF_X))
      return unsafe(v, "it asks for an executable stack", "link it with -z noexecstack, and give its assembly a .note.GNU-stack");
  }
  return LOOM_OK;
}

/* "/usr/lib:$ORIGIN": every part absolute. */
static bool is_absolute_path(const char *path) {
  for (const char *p = path;; p++) {
    if (*p != '/' && strncmp(p, "$ORIGIN", 7) != 0 && strncmp(p, "${ORIGIN}", 9) != 0)
      return false;
    p += strcspn(p, ":");
    if (!*p)
      return true;
  }
}

static loom_status check_dynamic(const image *v, const Elf64_Shdr *table, const Elf64_Shdr *strings) {
  arena *m = &v->ctx->mem;
  const char *names = slice(v, strings->sh_offset, strings->sh_size, 1), *entries = slice(v, table->sh_offset, table->sh_size / sizeof(Elf64_Dyn), sizeof(Elf64_Dyn));
  if (!names || !entries || strings->sh_size == 0 || names[strings->sh_size - 1] != '\0')
    return broken(v, "its dynamic section does not fit");
  for (size_t i = 0; i < table->sh_size / sizeof(Elf64_Dyn); i++) {
    Elf64_Dyn d;
    memcpy(&d, entries + i * sizeof d, sizeof d);
    const bool is_path = d.d_tag == DT_RPATH || d.d_tag == DT_RUNPATH, is_needed = d.d_tag == DT_NEEDED;
    if (d.d_tag == DT_TEXTREL || (d.d_tag == DT_FLAGS && (d.d_un.d_val & DF_TEXTREL)))
      return unsafe(v, "its code would be changed while it is loaded (TEXTREL)", "compile it with -fPIC");
    if (!is_path && !is_needed)
      continue;
    if (d.d_un.d_val >= strings->sh_size)
      return broken(v, "a name in its dynamic section lies outside");
    const char *name = names + d.d_un.d_val;
    if (is_path && !is_absolute_path(name))
      return unsafe(v, arena_printf(m, "it looks for other libraries in '%s', which depends on the working directory", name), "link it with an absolute -rpath, or $ORIGIN");
    if (is_needed && strchr(name, '/') && *name != '/')
      return unsafe(v, arena_printf(m, "it needs the library '%s', which depends on the working directory", name), "link that library by its -soname");
  }
  return LOOM_OK;
}

loom_status provider_elf_read(loom_ctx *ctx, const char *path, const char *bytes, size_t size, provider_elf *out) {
  *out = (provider_elf){0};
  image v = {.ctx = ctx, .path = path, .at = bytes, .size = size};
  LOOM_TRY(read_head(&v));
  const char *sections = slice(&v, v.head.e_shoff, v.head.e_shnum, sizeof(Elf64_Shdr));
  if (!slice(&v, v.head.e_phoff, v.head.e_phnum, sizeof(Elf64_Phdr)) || v.head.e_phentsize != sizeof(Elf64_Phdr))
    return broken(&v, "it is truncated: its program headers do not fit");
  if (!sections || v.head.e_shentsize != sizeof(Elf64_Shdr))
    return broken(&v, "it is truncated: its section table does not fit");
  bool found = false;
  LOOM_TRY(check_segments(&v));
  for (size_t i = 0; i < v.head.e_shnum; i++) {
    Elf64_Shdr table, strings;
    memcpy(&table, sections + i * sizeof table, sizeof table);
    if (table.sh_type == SHT_INIT_ARRAY || table.sh_type == SHT_PREINIT_ARRAY)
      out->constructors += (int64_t)(table.sh_size / sizeof(Elf64_Addr));
    if (table.sh_type != SHT_DYNSYM && table.sh_type != SHT_DYNAMIC)
      continue;
    if (table.sh_link >= v.head.e_shnum)
      return broken(&v, "its symbol table has no names");
    memcpy(&strings, sections + table.sh_link * sizeof strings, sizeof strings);
    LOOM_TRY(table.sh_type == SHT_DYNAMIC ? check_dynamic(&v, &table, &strings) : read_symbols(&v, &table, &strings, out));
    found |= table.sh_type == SHT_DYNSYM;
  }
  return found ? LOOM_OK : broken(&v, "it has no symbol table");
}

bool provider_elf_exports(const provider_elf *e, const char *symbol) {
  for (size_t i = 0; i < e->exports.n; i++)
    if (text_eq(e->exports.at[i], symbol))
      return true;
  return false;
}

provider_sanitizer provider_host_sanitizer(void) {
  return LOOM_ASAN ? PROVIDER_SANITIZER_ADDRESS : LOOM_MSAN ? PROVIDER_SANITIZER_MEMORY : LOOM_TSAN ? PROVIDER_SANITIZER_THREAD : PROVIDER_SANITIZER_NONE;
}

const char *provider_sanitizer_name(provider_sanitizer s) {
  static const char *const names[] = {"no sanitizer", "AddressSanitizer", "MemorySanitizer", "ThreadSanitizer"};
  return names[s];
}
