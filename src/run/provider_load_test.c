/* Which libraries are refused, why, and before what of theirs runs. */
#include "base/testing.h"
#include "base/file.h"
#include "run/provider_check.h"
#include "run/provider_set.h"
#include <dlfcn.h>
#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static loom_host_v1 host;

/* Unit tests are in build/unit, the libraries in build/test-providers. */
static const char *plugin(loom_ctx *ctx, const char *name) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  return file_join(&ctx->mem, file_dirname(&ctx->mem, file_dirname(&ctx->mem, self)), arena_printf(&ctx->mem, "test-providers/%s.so", name));
}

static void test_bad_libraries_are_refused_with_the_reason(void **state) {
  (void)state;
  static const struct { const char *name, *says; } rows[] = {
      {"no_such", "No such file"},
      {"too_old", "versions 0..0 of the kernel interface, this host 1..1"},
      {"too_new", "versions 2..7 of the kernel interface, this host 1..1"},
      {"later", "versions 3..3"},
      {"silent", "nothing for a host of versions 1..1"},
      {"tiny_table", "table has 24 bytes"},
      {"nameless", "lacks its name"},
      {"reluctant", "cannot start: unavailable"},
      {"needs_asan", "MemorySanitizer"},
      {"wants_runtime", "MemorySanitizer"},
      {"unresolved", "a_function_of_nobody"},
      {"iree_null", "nothing for a host of version 1"},
      {"iree_new", "version 2 of the executable plugin interface"},
      {"iree_msan", "MemorySanitizer"},
      {"iree_status", "status objects"},
      {"iree_nothing", "nothing for a host of version 1"},
      {"iree_no_load", "lacks load, unload or resolve"},
      {"iree_no_unload", "lacks load, unload or resolve"},
      {"iree_no_resolve", "lacks load, unload or resolve"},
      {"iree_reluctant", "the plugin 'test_plugin' cannot start: unavailable"},
      {"mute", "this library exports nothing"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    provider *p;
    if (provider_load(&ctx, plugin(&ctx, rows[i].name), &host, &p) != LOOM_EPROVIDER)
      fail_msg("%s was taken", rows[i].name);
    assert_null(p);
    testing_expect_error(&ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    assert_non_null(ctx.diag.first->help);
    loom_ctx_done(&ctx);
  }
}

/* Bytes of a good library, changed. */
static void test_damaged_files_are_refused_unloaded(void **state) {
  (void)state;
  static const struct { const char *says; size_t at; int value; size_t cut; } rows[] = {
      {"it is empty", 0, -1, 0},        {"shorter than an ELF header", 0, -1, 20}, {"no ELF file", 1, 'X', SIZE_MAX},         {"not 64-bit", 4, 1, SIZE_MAX},
      {"it is for aarch64", 18, 183, SIZE_MAX}, {"it is for i386", 18, 3, SIZE_MAX},       {"an object file", 16, 1, SIZE_MAX},        {"no shared library", 16, 2, SIZE_MAX},
      {"truncated", 0, -1, 4096},       {"truncated", 57, 0xff, SIZE_MAX},         {"truncated", 47, 0x7f, SIZE_MAX},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    char *bytes, path[] = "/tmp/loom-provider-XXXXXX";
    size_t size;
    provider *p;
    assert_int_equal(file_read(&ctx, plugin(&ctx, "good"), 1 << 24, &bytes, &size), LOOM_OK);
    if (rows[i].value >= 0)
      bytes[rows[i].at] = (char)rows[i].value;
    int fd = mkstemp(path);
    size = rows[i].cut < size ? rows[i].cut : size;
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    assert_int_equal(provider_load(&ctx, path, &host, &p), LOOM_EPROVIDER);
    testing_expect_error(&ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    unlink(path);
    loom_ctx_done(&ctx);
  }
}

/* No single flipped byte of the headers or the tables of symbols makes the reader look outside of the file (the sanitizer's to see). */
static void test_any_damage_is_read_safely(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  char *bytes;
  size_t size;
  assert_int_equal(file_read(&ctx, plugin(&ctx, "bare"), 1 << 24, &bytes, &size), LOOM_OK);
  for (size_t at = 0; at < size; at += at < 1200 || at > size - 2500 ? 1 : 61) {
    arena_mark mem = arena_save(&ctx.mem);
    diag_mark said = diag_save(&ctx);
    char *copy = alloc_bytes(size);
    provider_elf e;
    memcpy(copy, bytes, size);
    copy[at] = (char)~copy[at];
    loom_status st = provider_elf_read(&ctx, "x.so", copy, size, &e);
    assert_true(st == LOOM_OK || st == LOOM_EPROVIDER);
    alloc_free(copy);
    diag_drop(&ctx, said);
    ctx.diag.sources = NULL;
    arena_release(&ctx.mem, mem);
  }
  loom_ctx_done(&ctx);
}

typedef struct edit { const char *says; int segment, add_flags; int64_t from_tag, to_tag; } edit;

/* One program header's flags or one dynamic entry's tag of a good library. */
static void apply(char *bytes, const edit *e) {
  Elf64_Ehdr head;
  memcpy(&head, bytes, sizeof head);
  for (size_t i = 0; e->segment && i < head.e_phnum; i++) {
    Elf64_Phdr p;
    memcpy(&p, bytes + head.e_phoff + i * sizeof p, sizeof p);
    if ((int)p.p_type == e->segment)
      p.p_flags |= (unsigned)e->add_flags;
    memcpy(bytes + head.e_phoff + i * sizeof p, &p, sizeof p);
  }
  for (size_t i = 0; e->to_tag && i < head.e_shnum; i++) {
    Elf64_Shdr s;
    memcpy(&s, bytes + head.e_shoff + i * sizeof s, sizeof s);
    for (size_t k = 0; s.sh_type == SHT_DYNAMIC && k < s.sh_size / sizeof(Elf64_Dyn); k++) {
      Elf64_Dyn d;
      memcpy(&d, bytes + s.sh_offset + k * sizeof d, sizeof d);
      if (d.d_tag == e->from_tag)
        d.d_tag = e->to_tag;
      memcpy(bytes + s.sh_offset + k * sizeof d, &d, sizeof d);
    }
  }
}

static void test_libraries_that_weaken_their_process_are_refused(void **state) {
  (void)state;
  static const edit edits[] = {{"written and executed", PT_LOAD, PF_W | PF_X, 0, 0},
                               {"executable stack", (int)PT_GNU_STACK, PF_X, 0, 0},
                               {"which depends on the working directory", 0, 0, DT_NEEDED, DT_RUNPATH},
                               {"which depends on the working directory", 0, 0, DT_NEEDED, DT_RPATH},
                               {"TEXTREL", 0, 0, DT_NEEDED, DT_TEXTREL}};
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    char *bytes;
    size_t size;
    provider_elf e;
    assert_int_equal(file_read(&ctx, plugin(&ctx, "good"), 1 << 24, &bytes, &size), LOOM_OK);
    assert_int_equal(provider_elf_read(&ctx, "good.so", bytes, size, &e), LOOM_OK);
    assert_true(e.constructors >= 0);
    apply(bytes, &edits[i]);
    assert_int_equal(provider_elf_read(&ctx, "good.so", bytes, size, &e), LOOM_EPROVIDER);
    testing_expect_error(&ctx, LOOM_EPROVIDER, edits[i].says, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* LOOM_PROVIDER_ALLOW, and a directory further up that everybody may write to. */
static void test_the_way_and_the_list_are_looked_at(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  char top[] = "/tmp/loom-provider-XXXXXX", *bytes;
  size_t size;
  provider *p;
  assert_non_null(mkdtemp(top));
  const char *dir = file_join(&ctx.mem, top, "inner"), *file = file_join(&ctx.mem, dir, "k.so"), *list = file_join(&ctx.mem, top, "allowed");
  assert_int_equal(mkdir(dir, 0700), 0);
  assert_int_equal(file_read(&ctx, plugin(&ctx, "good"), 1 << 24, &bytes, &size), LOOM_OK);
  assert_int_equal(file_write(&ctx, file, bytes, size), LOOM_OK);
  assert_int_equal(chmod(top, 0777), 0);
  diag_mark said = diag_save(&ctx);
  assert_int_equal(provider_load(&ctx, file, &host, &p), LOOM_EPROVIDER);
  testing_expect_error(&ctx, LOOM_EPROVIDER, "is writable by all", 0, 0);
  diag_drop(&ctx, said);
  assert_int_equal(chmod(top, 0700), 0);
  assert_int_equal(provider_load(&ctx, file, &host, &p), LOOM_OK);
  const char *line = arena_printf(&ctx.mem, "0000  other.so\n%s  k.so\n", p->sha256);
  provider_unload(p);
  setenv("LOOM_PROVIDER_ALLOW", list, 1);
  assert_int_equal(file_write(&ctx, list, "0000  other.so\n", 15), LOOM_OK);
  said = diag_save(&ctx);
  assert_int_equal(provider_load(&ctx, file, &host, &p), LOOM_EPROVIDER);
  testing_expect_error(&ctx, LOOM_EPROVIDER, "not in the list of those that may be loaded", 0, 0);
  diag_drop(&ctx, said);
  assert_int_equal(file_write(&ctx, list, line, strlen(line)), LOOM_OK);
  assert_int_equal(provider_load(&ctx, file, &host, &p), LOOM_OK);
  provider_unload(p);
  unsetenv("LOOM_PROVIDER_ALLOW");
  unlink(list);
  unlink(file);
  rmdir(dir);
  rmdir(top);
  loom_ctx_done(&ctx);
}

/* A file that somebody else may change, or that a name only leads to, is not loaded. */
static void test_files_of_others_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  char dir[] = "/tmp/loom-provider-XXXXXX", *bytes;
  size_t size;
  provider *p;
  assert_non_null(mkdtemp(dir));
  const char *file = file_join(&ctx.mem, dir, "k.so"), *link = file_join(&ctx.mem, dir, "l.so");
  assert_int_equal(file_read(&ctx, plugin(&ctx, "good"), 1 << 24, &bytes, &size), LOOM_OK);
  assert_int_equal(file_write(&ctx, file, bytes, size), LOOM_OK);
  assert_int_equal(symlink(file, link), 0);
  const struct { const char *path; mode_t mode, dir_mode; const char *says; } rows[] = {
      {file, 0664, 0755, "others may write"}, {file, 0646, 0755, "others may write"}, {link, 0644, 0755, "symbolic link"}, {dir, 0644, 0755, "regular file"}, {file, 0644, 0777, "everybody may replace"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    diag_mark said = diag_save(&ctx);
    assert_int_equal(chmod(file, rows[i].mode), 0);
    assert_int_equal(chmod(dir, rows[i].dir_mode), 0);
    assert_int_equal(provider_load(&ctx, rows[i].path, &host, &p), LOOM_EPROVIDER);
    testing_expect_error(&ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    diag_drop(&ctx, said);
  }
  chmod(dir, 0755);
  assert_int_equal(provider_load(&ctx, file, &host, &p), LOOM_OK);
  assert_int_equal(strlen(p->sha256), 64);
  provider_unload(p);
  unlink(link);
  unlink(file);
  rmdir(dir);
  loom_ctx_done(&ctx);
}

static void test_tables_of_other_sizes_work(void **state) {
  (void)state;
  static const char *const names[] = {"good", "short_table", "long_table"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    provider *p;
    assert_int_equal(provider_load(&ctx, plugin(&ctx, names[i]), &host, &p), LOOM_OK);
    assert_string_equal(p->name, names[i]);
    assert_int_equal(p->loom.score == NULL, i == 1);      /* beyond the end of a short table there is nothing */
    check_result r;
    provider_check_run(&(provider_target){p, NULL}, &host, 3, &r);
    assert_int_equal(r.verdict, CHECK_OK);
    provider_unload(p);
    loom_ctx_done(&ctx);
  }
}

/* Plugins whose header says what this host does not know, or nothing; their load tries the host's allocator. */
static void test_plugins_of_other_headers_work(void **state) {
  (void)state;
  static const struct { const char *library, *name; } rows[] = {{"iree", "test_plugin"}, {"iree_other_tag", "test_plugin"}, {"iree_nameless", "iree_nameless"}, {"current", "current"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    provider *p;
    provider_function f;
    if (provider_load(&ctx, plugin(&ctx, rows[i].library), &host, &p) != LOOM_OK)
      fail_msg("%s: %s", rows[i].library, ctx.diag.first->text);
    assert_string_equal(p->name, rows[i].name);
    assert_int_equal(provider_resolve(p, "my_matmul_kernel", &f), i < 3);
    assert_false(provider_resolve(p, "no_such_function", &f));
    provider_unload(p);
    loom_ctx_done(&ctx);
  }
}

/* Whose the library and the directories on the way to it are; as root, who can give files away. */
static void test_owners_and_groups_are_looked_at(void **state) {
  (void)state;
  if (geteuid() != 0)
    skip();
  enum { ROOT = 0, OTHER = 12345, ME = 23456 };
  static const struct { uid_t file, dir; gid_t group; mode_t mode; bool as_me, by_link, relative; const char *says; } rows[] = {
      {ROOT, ROOT, 0, 0755, false, false, false, NULL}, {OTHER, ROOT, 0, 0755, false, false, false, "this library belongs to user 12345"}, {ROOT, OTHER, 0, 0755, false, false, false, "user 12345 may replace this library"},
      {ME, ME, 0, 0755, true, false, false, NULL}, {ROOT, ROOT, 0, 0755, true, false, false, NULL}, {OTHER, ROOT, 0, 0755, true, false, false, "this library belongs to user 12345"}, {ME, OTHER, 0, 0755, true, false, false, "user 12345 may replace"},
      {ROOT, ROOT, 7, 0775, false, false, false, "group 7 may replace this library"}, {ROOT, ROOT, 0, 0775, false, false, false, NULL}, {ROOT, ROOT, 7, 01775, false, false, false, NULL}, {ROOT, ROOT, 0, 01777, false, false, false, NULL},
      {ROOT, ROOT, 7, 0755, false, true, false, NULL}, {ROOT, ROOT, 7, 0755, false, false, true, NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    char top[] = "/tmp/loom-provider-XXXXXX", *bytes, here[4096];
    size_t size;
    provider *p;
    assert_non_null(mkdtemp(top));
    const char *dir = file_join(&ctx.mem, top, "inner"), *link = file_join(&ctx.mem, top, "link"), *file = file_join(&ctx.mem, dir, "k.so");
    assert_true(mkdir(dir, 0700) == 0 && chmod(top, 0755) == 0 && symlink("inner", link) == 0 && getcwd(here, sizeof here));
    assert_int_equal(file_read(&ctx, plugin(&ctx, "good"), 1 << 24, &bytes, &size), LOOM_OK);
    assert_int_equal(file_write(&ctx, file, bytes, size), LOOM_OK);
    assert_true(chmod(file, 0644) == 0 && chown(file, rows[i].file, 0) == 0 && chown(dir, rows[i].dir, rows[i].group) == 0 && chmod(dir, rows[i].mode) == 0);
    assert_true(!rows[i].as_me || seteuid(ME) == 0);
    assert_true(!rows[i].relative || chdir(top) == 0);
    const loom_status st = provider_load(&ctx, rows[i].by_link ? file_join(&ctx.mem, link, "k.so") : rows[i].relative ? "inner/k.so" : file, &host, &p);
    assert_true(seteuid(0) == 0 && chdir(here) == 0);
    if (st != (rows[i].says ? LOOM_EPROVIDER : LOOM_OK))
      fail_msg("row %zu: %s", i, ctx.diag.first ? ctx.diag.first->text : "");
    if (rows[i].says)
      testing_expect_error(&ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    provider_unload(p);
    assert_true(unlink(file) == 0 && unlink(link) == 0 && rmdir(dir) == 0 && rmdir(top) == 0);
    loom_ctx_done(&ctx);
  }
}

static void test_files_that_are_no_library_of_kernels_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  char path[] = "/tmp/loom-provider-XXXXXX";
  provider *p;
  int fd = mkstemp(path);
  assert_int_equal(ftruncate(fd, ((off_t)512 << 20) + 1), 0);      /* a hole */
  close(fd);
  assert_int_equal(provider_load(&ctx, path, &host, &p), LOOM_EPROVIDER);
  testing_expect_error(&ctx, LOOM_EPROVIDER, "this library is larger than 512 MiB", 0, 0);
  unlink(path);
  setenv("LOOM_PROVIDER_ALLOW", "", 1);      /* as if it were not set */
  assert_int_equal(provider_load(&ctx, plugin(&ctx, "good"), &host, &p), LOOM_OK);
  provider_unload(p);
  unsetenv("LOOM_PROVIDER_ALLOW");
  loom_ctx_done(&ctx);
}

static void test_two_loads_have_two_selves_and_each_is_unloaded_once(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  provider *a, *b;
  void *keep = dlopen(plugin(&ctx, "good"), RTLD_NOW | RTLD_LOCAL);
  assert_non_null(keep);
  const int *loads = dlsym(keep, "test_loads"), *unloads = dlsym(keep, "test_unloads");
  int before = *unloads, loaded = *loads;
  assert_int_equal(provider_load(&ctx, plugin(&ctx, "good"), &host, &a), LOOM_OK);
  assert_int_equal(provider_load(&ctx, plugin(&ctx, "good"), &host, &b), LOOM_OK);
  assert_ptr_not_equal(a->self, b->self);
  assert_int_equal(*loads - loaded, 2);
  provider_unload(a);
  provider_unload(a);                       /* nothing more happens */
  check_result r;
  provider_check_run(&(provider_target){b, NULL}, &host, 0, &r);      /* the other works on */
  assert_int_equal(r.verdict, CHECK_OK);
  provider_unload(b);
  assert_int_equal(*unloads - before, 2);
  dlclose(keep);
  assert_string_equal(a->name, "good");     /* what was told about it outlives it */
  loom_ctx_done(&ctx);
}

/* Libraries that know only functions by name, in all three ways of calling them. */
static void test_symbols_pass_what_an_overwriting_product_can(void **state) {
  (void)state;
  static const struct { const char *library, *symbol; } rows[] = {{"bare", "my_matmul_kernel"}, {"bare", "_mlir_ciface_matmul"}, {"iree", "my_matmul_kernel"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    provider *p;
    int ok = 0;
    assert_int_equal(provider_load(&ctx, plugin(&ctx, rows[i].library), &host, &p), LOOM_OK);
    for (size_t k = 0; k < provider_check_count(); k++) {
      check_result r;
      if (strstr(provider_check_name(k), "16") || strstr(provider_check_name(k), "f64") || strstr(provider_check_name(k), "i8") || strstr(provider_check_name(k), "997"))
        continue;                           /* other types than f32 are not its own; the last takes long in three loops */
      provider_check_run(&(provider_target){p, rows[i].symbol}, &host, k, &r);
      if (r.verdict == CHECK_FAILED)
        fail_msg("%s: %s: %s", rows[i].symbol, provider_check_name(k), r.said);
      ok += r.verdict == CHECK_OK;
    }
    assert_true(ok >= 38);
    provider_unload(p);
    loom_ctx_done(&ctx);
  }
}

/* The suite sees what is wrong. */
static void test_the_suite_catches_a_wrong_provider(void **state) {
  (void)state;
  static const struct { const char *library, *says; } rows[] = {{"wrong", "expected"}, {"failing", "invalid argument: the table of this library is worn out"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    provider *p;
    check_result r;
    assert_int_equal(provider_load(&ctx, plugin(&ctx, rows[i].library), &host, &p), LOOM_OK);
    provider_check_run(&(provider_target){p, NULL}, &host, 0, &r);
    assert_int_equal(r.verdict, CHECK_FAILED);
    assert_non_null(strstr(r.said, rows[i].says));
    provider_unload(p);
    loom_ctx_done(&ctx);
  }
}

static int set_up(void **state) {
  (void)state;
  provider_host_init(&host, 2);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bad_libraries_are_refused_with_the_reason), cmocka_unit_test(test_damaged_files_are_refused_unloaded), cmocka_unit_test(test_any_damage_is_read_safely),
      cmocka_unit_test(test_libraries_that_weaken_their_process_are_refused), cmocka_unit_test(test_the_way_and_the_list_are_looked_at), cmocka_unit_test(test_files_of_others_are_refused), cmocka_unit_test(test_tables_of_other_sizes_work), cmocka_unit_test(test_plugins_of_other_headers_work), cmocka_unit_test(test_owners_and_groups_are_looked_at),
      cmocka_unit_test(test_files_that_are_no_library_of_kernels_are_refused), cmocka_unit_test(test_two_loads_have_two_selves_and_each_is_unloaded_once),
      cmocka_unit_test(test_symbols_pass_what_an_overwriting_product_can), cmocka_unit_test(test_the_suite_catches_a_wrong_provider)};
  return cmocka_run_group_tests(tests, set_up, NULL);
}
