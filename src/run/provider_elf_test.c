/* What is read of a shared library, and what is refused: images made here from elf.h, each with one thing changed.  Oracle: what provider_elf.h says. */
#include "base/testing.h"
#include "run/provider_elf.h"
#include <elf.h>
#include <loom/kernel_provider.h>

#if defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#else
enum { MACHINE = EM_X86_64 };
#endif

/* A header, two segments (code that is loaded, the stack), five sections (none, names, symbols, the dynamic table, constructors). */
enum { NAMES_MAX = 256, SYMBOLS = 6, DYNAMICS = 4 };
typedef struct image {
  Elf64_Ehdr head;
  Elf64_Phdr segments[2];
  Elf64_Shdr sections[5];
  char names[NAMES_MAX];
  Elf64_Sym symbols[SYMBOLS];
  Elf64_Dyn dynamic[DYNAMICS];
  uint32_t abi[2];
} image;
enum { NONE, NAMES, SYMBOL_TABLE, DYNAMIC, INIT };
enum { ABI, EXPORT, WEAK, HIDDEN, RUNTIME };      /* of symbols, behind the first, which is none */

static uint64_t name_of(image *v, const char *name) {
  const size_t at = v->sections[NAMES].sh_size;
  strcpy(v->names + at, name);
  v->sections[NAMES].sh_size += strlen(name) + 1;
  assert_true(v->sections[NAMES].sh_size < NAMES_MAX);
  return at;
}

static void make(image *v) {
  *v = (image){.head = {.e_type = ET_DYN, .e_machine = MACHINE, .e_phoff = offsetof(image, segments), .e_phnum = 2, .e_phentsize = sizeof(Elf64_Phdr), .e_shoff = offsetof(image, sections), .e_shnum = 5,
                        .e_shentsize = sizeof(Elf64_Shdr)}};
  memcpy(v->head.e_ident, ELFMAG, SELFMAG);
  v->head.e_ident[EI_CLASS] = ELFCLASS64, v->head.e_ident[EI_DATA] = ELFDATA2LSB;
  v->segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x1000, .p_filesz = sizeof *v};
  v->segments[1] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
  v->sections[NAMES] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = offsetof(image, names), .sh_size = 1};
  v->sections[SYMBOL_TABLE] = (Elf64_Shdr){.sh_type = SHT_DYNSYM, .sh_offset = offsetof(image, symbols), .sh_size = sizeof v->symbols, .sh_link = NAMES};
  v->sections[DYNAMIC] = (Elf64_Shdr){.sh_type = SHT_DYNAMIC, .sh_offset = offsetof(image, dynamic), .sh_size = sizeof v->dynamic, .sh_link = NAMES};
  v->sections[INIT] = (Elf64_Shdr){.sh_type = SHT_INIT_ARRAY, .sh_size = 3 * sizeof(Elf64_Addr)};
  static const struct { const char *name; int bind, visibility; bool is_defined; } all[] = {
      {LOOM_KERNEL_ABI_NAME, STB_GLOBAL, STV_DEFAULT, true}, {"export", STB_GLOBAL, STV_PROTECTED, true}, {"weak", STB_WEAK, STV_DEFAULT, true}, {"hidden", STB_GLOBAL, STV_HIDDEN, true},
      {"__cxa_finalize", STB_WEAK, STV_DEFAULT, false}};
  for (size_t i = 0; i < COUNT_OF(all); i++)
    v->symbols[i + 1] = (Elf64_Sym){.st_name = (uint32_t)name_of(v, all[i].name), .st_info = (unsigned char)ELF64_ST_INFO(all[i].bind, STT_OBJECT), .st_other = (unsigned char)all[i].visibility,
                                    .st_shndx = all[i].is_defined ? 1 : SHN_UNDEF, .st_value = 0x1000 + offsetof(image, abi), .st_size = sizeof v->abi};
  v->dynamic[0] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = name_of(v, "libc.so.6")};
  v->dynamic[1] = (Elf64_Dyn){.d_tag = DT_RUNPATH, .d_un.d_val = name_of(v, "/usr/lib:$ORIGIN/x:${ORIGIN}")};
  v->dynamic[2] = (Elf64_Dyn){.d_tag = DT_FLAGS, .d_un.d_val = DF_BIND_NOW};
  v->abi[0] = 1, v->abi[1] = 7;
}

typedef void edit(image *v);
static void nothing(image *v) { (void)v; }
static void no_magic(image *v) { v->head.e_ident[1] = 'e'; }
static void class_32(image *v) { v->head.e_ident[EI_CLASS] = ELFCLASS32; }
static void big_endian(image *v) { v->head.e_ident[EI_DATA] = ELFDATA2MSB; }
static void for_arm(image *v) { v->head.e_machine = EM_ARM; }
static void for_s390(image *v) { v->head.e_machine = EM_S390; }
static void for_ppc(image *v) { v->head.e_machine = EM_PPC64; }
static void for_riscv(image *v) { v->head.e_machine = EM_RISCV; }
static void for_386(image *v) { v->head.e_machine = EM_386; }
static void for_nobody(image *v) { v->head.e_machine = EM_MIPS; }
static void object(image *v) { v->head.e_type = ET_REL; }
static void program(image *v) { v->head.e_type = ET_EXEC; }
static void segments_behind(image *v) { v->head.e_phoff = sizeof *v - 8; }
static void segments_of_other_size(image *v) { v->head.e_phentsize = 32; }
static void sections_behind(image *v) { v->head.e_shoff = UINT64_MAX - 8; }
static void sections_of_other_size(image *v) { v->head.e_shentsize = 40; }
static void written_code(image *v) { v->segments[0].p_flags = PF_W | PF_X; }
static void written_data(image *v) { v->segments[0].p_flags = PF_R | PF_W; }
static void executable_stack(image *v) { v->segments[1].p_flags = PF_X; }
static void code_elsewhere(image *v) { v->segments[1].p_type = PT_NOTE, v->segments[1].p_flags = PF_W | PF_X; }
static void no_symbols(image *v) { v->sections[SYMBOL_TABLE].sh_type = SHT_PROGBITS; }
static void no_names(image *v) { v->sections[SYMBOL_TABLE].sh_link = 5; }
static void names_of_dynamic(image *v) { v->sections[DYNAMIC].sh_link = 77; }
static void names_behind(image *v) { v->sections[NAMES].sh_offset = sizeof *v; }
static void names_of_no_strings(image *v) { v->sections[NAMES].sh_type = SHT_PROGBITS; }
static void names_empty(image *v) { v->sections[NAMES].sh_size = 0; }
static void names_open(image *v) { v->names[v->sections[NAMES].sh_size - 1] = 'x'; }
static void symbols_behind(image *v) { v->sections[SYMBOL_TABLE].sh_size = UINT64_MAX; }
static void name_outside(image *v) { v->symbols[2].st_name = NAMES_MAX; }
static void dynamic_behind(image *v) { v->sections[DYNAMIC].sh_offset = sizeof *v; }
static void dynamic_names_empty(image *v) { v->sections[NAMES].sh_size = 0, v->sections[SYMBOL_TABLE].sh_type = SHT_PROGBITS; }
static void dynamic_names_open(image *v) { names_open(v), v->sections[SYMBOL_TABLE].sh_type = SHT_PROGBITS; }
static void dynamic_name_outside(image *v) { v->dynamic[0].d_un.d_val = NAMES_MAX; }
static void text_relocations(image *v) { v->dynamic[3].d_tag = DT_TEXTREL; }
static void text_relocations_by_flag(image *v) { v->dynamic[2].d_un.d_val |= DF_TEXTREL; }
static void flag_of_other_entry(image *v) { v->dynamic[2].d_tag = DT_FLAGS_1, v->dynamic[2].d_un.d_val |= DF_TEXTREL; }
static void relative_path(image *v) { v->dynamic[1].d_un.d_val = name_of(v, "/usr/lib:lib"); }
static void empty_path(image *v) { v->dynamic[1].d_un.d_val = name_of(v, "/usr/lib:"); }
static void relative_rpath(image *v) { v->dynamic[1].d_tag = DT_RPATH, v->dynamic[1].d_un.d_val = name_of(v, "$ORIGI"); }
static void needed_by_path(image *v) { v->dynamic[0].d_un.d_val = name_of(v, "lib/x.so"); }
static void needed_by_absolute_path(image *v) { v->dynamic[0].d_un.d_val = name_of(v, "/lib/x.so"); }
static void preinit(image *v) { v->sections[INIT].sh_type = SHT_PREINIT_ARRAY; }
static void needs_asan(image *v) { v->symbols[1 + RUNTIME].st_name = (uint32_t)name_of(v, "__asan_init"); }
static void needs_msan(image *v) { v->symbols[1 + RUNTIME].st_name = (uint32_t)name_of(v, "__msan_init"); }
static void needs_tsan(image *v) { v->symbols[1 + RUNTIME].st_name = (uint32_t)name_of(v, "__tsan_init"); }
static void abi_of_other_size(image *v) { v->symbols[1 + ABI].st_size = 4; }
static void abi_below(image *v) { v->symbols[1 + ABI].st_value = 0xff0; }
static void abi_behind(image *v) { v->symbols[1 + ABI].st_value = 0x1000 + sizeof *v + 1; }
static void abi_at_the_end(image *v) { v->symbols[1 + ABI].st_value = 0x1000 + sizeof *v - 4; }
static void abi_of_no_bytes(image *v) { v->segments[0].p_filesz = UINT64_MAX, v->symbols[1 + ABI].st_value = 0x1000 + sizeof *v; }
static void abi_not_loaded(image *v) { v->segments[0].p_type = PT_NOTE; }
static void abi_local(image *v) { v->symbols[1 + ABI].st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT); }
static void abi_internal(image *v) { v->symbols[1 + ABI].st_other = STV_INTERNAL; }

/* Starts the context. */
static loom_status read_changed(loom_ctx *ctx, edit *change, image *v, provider_elf *e) {
  loom_ctx_init(ctx);
  make(v);
  change(v);
  return provider_elf_read(ctx, "x.so", (const char *)v, sizeof *v, e);
}

static void test_libraries_that_are_refused(void **state) {
  (void)state;
  static const char processor[] = "it is for ", path[] = "which depends on the working directory", both[] = "both written and executed", changed[] = "(TEXTREL)";
  static const struct { edit *change; const char *says; } rows[] = {
      {no_magic, "it is no ELF file"}, {class_32, "it is not 64-bit little-endian"}, {big_endian, "it is not 64-bit little-endian"}, {for_arm, "it is for arm"}, {for_s390, "it is for s390"},
      {for_ppc, "it is for ppc64"}, {for_riscv, "it is for riscv"}, {for_386, "it is for i386"}, {for_nobody, processor}, {object, "it is an object file, not linked"}, {program, "it is no shared library"},
      {segments_behind, "its program headers do not fit"}, {segments_of_other_size, "its program headers do not fit"}, {sections_behind, "its section table does not fit"},
      {sections_of_other_size, "its section table does not fit"}, {written_code, both}, {executable_stack, "it asks for an executable stack"}, {no_symbols, "it has no symbol table"},
      {no_names, "its symbol table has no names"}, {names_of_dynamic, "its symbol table has no names"}, {names_behind, "its symbol table does not fit"}, {names_of_no_strings, "its symbol table does not fit"},
      {names_empty, "its symbol table does not fit"}, {names_open, "its symbol table does not fit"}, {symbols_behind, "its symbol table does not fit"},
      {name_outside, "a symbol has no name inside the string table"}, {dynamic_behind, "its dynamic section does not fit"}, {dynamic_names_empty, "its dynamic section does not fit"},
      {dynamic_names_open, "its dynamic section does not fit"}, {dynamic_name_outside, "a name in its dynamic section lies outside"}, {text_relocations, changed}, {text_relocations_by_flag, changed},
      {relative_path, path}, {empty_path, path}, {relative_rpath, path}, {needed_by_path, path},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    provider_elf e;
    image v;
    if (read_changed(&ctx, rows[i].change, &v, &e) != LOOM_EPROVIDER)
      fail_msg("row %zu (%s) is read", i, rows[i].says);
    testing_expect_error(&ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_what_a_library_says_of_itself(void **state) {
  (void)state;
  static const struct { edit *change; size_t exports; provider_sanitizer sanitizer; bool has_abi; int64_t constructors; } rows[] = {
      {nothing, 3, PROVIDER_SANITIZER_NONE, true, 3}, {written_data, 3, PROVIDER_SANITIZER_NONE, true, 3}, {code_elsewhere, 3, PROVIDER_SANITIZER_NONE, true, 3},
      {flag_of_other_entry, 3, PROVIDER_SANITIZER_NONE, true, 3}, {needed_by_absolute_path, 3, PROVIDER_SANITIZER_NONE, true, 3}, {preinit, 3, PROVIDER_SANITIZER_NONE, true, 3},
      {needs_asan, 3, PROVIDER_SANITIZER_ADDRESS, true, 3}, {needs_msan, 3, PROVIDER_SANITIZER_MEMORY, true, 3}, {needs_tsan, 3, PROVIDER_SANITIZER_THREAD, true, 3},
      {abi_of_other_size, 3, PROVIDER_SANITIZER_NONE, false, 3}, {abi_below, 3, PROVIDER_SANITIZER_NONE, false, 3}, {abi_behind, 3, PROVIDER_SANITIZER_NONE, false, 3},
      {abi_at_the_end, 3, PROVIDER_SANITIZER_NONE, false, 3}, {abi_of_no_bytes, 3, PROVIDER_SANITIZER_NONE, false, 3}, {abi_not_loaded, 3, PROVIDER_SANITIZER_NONE, false, 3},
      {abi_local, 2, PROVIDER_SANITIZER_NONE, false, 3}, {abi_internal, 2, PROVIDER_SANITIZER_NONE, false, 3},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    provider_elf e;
    image v;
    if (read_changed(&ctx, rows[i].change, &v, &e) != LOOM_OK)
      fail_msg("row %zu: %s", i, ctx.diag.first->text);
    if (e.exports.n != rows[i].exports || e.sanitizer != rows[i].sanitizer || e.has_abi != rows[i].has_abi || e.constructors != rows[i].constructors)
      fail_msg("row %zu: %zu exports, %s, %s, %d constructors", i, e.exports.n, provider_sanitizer_name(e.sanitizer), e.has_abi ? "an ABI" : "no ABI", (int)e.constructors);
    assert_true(!e.has_abi || (e.abi_min == 1 && e.abi_max == 7));
    assert_true(provider_elf_exports(&e, "export") && provider_elf_exports(&e, "weak") && !provider_elf_exports(&e, "hidden") && !provider_elf_exports(&e, "__cxa_finalize"));
    loom_ctx_done(&ctx);
  }
}

/* Every prefix is refused, and nothing behind it is read (under a sanitizer). */
static void test_cut_libraries_are_refused(void **state) {
  loom_ctx *ctx = *state;
  image v;
  make(&v);
  for (size_t n = 0; n < offsetof(image, abi); n++) {
    provider_elf e;
    char *cut = alloc_bytes(n);
    memcpy(cut, &v, n);
    assert_int_equal(provider_elf_read(ctx, "x.so", cut, n, &e), LOOM_EPROVIDER);
    alloc_free(cut);
  }
}

static loom_status read_good(loom_ctx *ctx, void *data) {
  provider_elf e;
  return provider_elf_read(ctx, "x.so", data, sizeof(image), &e);
}
static void test_reading_survives_running_out_of_memory(void **state) {
  (void)state;
  image v;
  make(&v);
  testing_sweep_memory(read_good, &v);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_libraries_that_are_refused), T(test_what_a_library_says_of_itself), T(test_cut_libraries_are_refused), T(test_reading_survives_running_out_of_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
