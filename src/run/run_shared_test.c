/* Oracles: linkers that are scripts of known outcome; a program's place among its files, of copies of this program in directories of the test's making. */
#include "base/file.h"
#include "base/temporary.h"
#include "base/testing.h"
#include "run/provider.h"
#include "run/run_process.h"
#include "run/run_shared.h"
#include <sys/stat.h>
#include <unistd.h>

static const char *dir;

static const char *in(loom_ctx *ctx, const char *name) { return file_join(&ctx->mem, dir, name); }

static void write_program(loom_ctx *ctx, const char *path, const char *text) {
  assert_int_equal(file_write(ctx, path, text, strlen(text)), LOOM_OK);
  assert_int_equal(chmod(path, 0755), 0);
}

/* ---- linking ---- */

static void test_linkers_and_what_they_leave(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *linker, *path, *out; loom_status status; const char *says, *help; } rows[] = {      /* linker: a script, or a name; out: in the directory */
      {"#!/bin/sh\ncp /bin/true \"$3\"\n", NULL, "lib.so", LOOM_OK, NULL, NULL},
      {"#!/bin/sh\nexit 3\n", NULL, "lib.so", LOOM_EIO, "the linker failed: ", "another linker can be named in LOOM_LINKER"},
      {"#!/bin/sh\necho no >\"$3\"\n", NULL, "lib.so", LOOM_EIO, "the linker made no library: ", "another linker can be named in LOOM_LINKER"},
      {"#!/bin/sh\nrm -f \"$3\"\n", NULL, "lib.so", LOOM_EIO, "the linker made no library: ", NULL},
      {"#!/bin/sh\ncp /bin/true \"$3\"; mkdir -p \"${3%/*}/taken/x\"\n", NULL, "taken", LOOM_EIO, "cannot write the file: ", NULL},
      {"#!/no/such/shell\n", NULL, "lib.so", LOOM_EIO, "the program cannot be started", NULL},
      {"/no/such/linker", NULL, "lib.so", LOOM_EIO, "LOOM_LINKER names '/no/such/linker', which cannot be run", NULL},
      {"#!/bin/sh\ncp /bin/true \"$3\"\n", NULL, "none/lib.so", LOOM_EIO, "cannot write the file: ", NULL},
      {"", "/no/such/path", "lib.so", LOOM_EIO, "a shared library needs a linker, and there is none on the path", "--emit obj"},
  };
  const char *path = arena_strdup(&ctx->mem, getenv("PATH"));
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const char *linker = rows[i].linker, *out = in(ctx, rows[i].out);
    if (*linker == '#')
      write_program(ctx, linker = in(ctx, "linker"), rows[i].linker);
    setenv("LOOM_LINKER", linker, 1);
    if (rows[i].path)
      setenv("PATH", rows[i].path, 1);
    const loom_status st = run_link_shared(ctx, "object.o", out);
    setenv("PATH", path, 1);
    if (st != rows[i].status || (st != LOOM_OK && (!strstr(ctx->diag.first->text, rows[i].says) || (rows[i].help && !strstr(ctx->diag.first->help, rows[i].help)))))
      fail_msg("row %zu: status %d: %s", i, (int)st, ctx->diag.first ? ctx->diag.first->text : "");
    assert_true(file_exists(out) == (st == LOOM_OK || file_is_dir(out)));
    if (st == LOOM_OK)
      assert_true(run_is_elf(out) && unlink(out) == 0);
    diag_drop(ctx, mark);
  }
  unsetenv("LOOM_LINKER");
}

static void test_programs_are_found_on_the_path(void **state) {
  loom_ctx *ctx = *state;
  write_program(ctx, in(ctx, "tool"), "#!/bin/sh\n");
  char here[4096];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(dir), 0);
  const char *path = arena_strdup(&ctx->mem, getenv("PATH"));
  static const struct { const char *path, *name; bool is; } rows[] = {
      {"/no/such:", "tool", false}, {"/no/such::", "tool", true}, {":/no/such", "tool", true}, {"/usr/bin:/bin", "sh", true}, {"/usr/bin:/bin", "tool", false}, {"/no/such", "./tool", true}, {"/no/such", "./no", false}, {NULL, "env", true}, {"", "env", false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    if (rows[i].path)
      setenv("PATH", rows[i].path, 1);
    else
      unsetenv("PATH");
    if ((run_find_program(&ctx->mem, rows[i].name) != NULL) != rows[i].is)
      fail_msg("row %zu", i);
  }
  setenv("PATH", path, 1);
  assert_int_equal(chdir(here), 0);
  bool was_named;
  const char *const names[] = {"no-such-tool", "sh", "env"};
  assert_non_null(strstr(run_choose_program(&ctx->mem, "LOOM_TEST_TOOL", names, 3, &was_named), "/sh"));
  assert_false(was_named);
  setenv("LOOM_TEST_TOOL", "env", 1);
  assert_non_null(strstr(run_choose_program(&ctx->mem, "LOOM_TEST_TOOL", names, 3, &was_named), "/env"));
  assert_true(was_named);
  unsetenv("LOOM_TEST_TOOL");
}

static void test_what_a_program_says_and_how_it_ends(void **state) {
  loom_ctx *ctx = *state;
  const char *log = in(ctx, "log"), *const env[] = {"LOOM_TEST_WORD=seen", NULL};
  static const struct { const char *script; int code; const char *says; } rows[] = {{"echo $LOOM_TEST_WORD; echo $HOME >&2; exit 4", 4, "seen\n"}, {"kill -9 $$", 137, ""}};
  setenv("LOOM_TEST_WORD", "hidden", 1);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int code;
    char *text;
    size_t size;
    assert_int_equal(run_process(ctx, (const char *const[]){"/bin/sh", "-c", rows[i].script, NULL}, env, log, &code), LOOM_OK);
    assert_int_equal(code, rows[i].code);
    assert_int_equal(file_read(ctx, log, 1 << 16, &text, &size), LOOM_OK);
    assert_non_null(strstr(text, rows[i].says));
  }
  unsetenv("LOOM_TEST_WORD");
  assert_false(run_is_elf(in(ctx, "none")));
  assert_int_equal(file_write(ctx, in(ctx, "short"), "\x7f", 1), LOOM_OK);
  assert_false(run_is_elf(in(ctx, "short")) || run_is_elf(log));
  const char *base, *before = getenv("TMPDIR") ? arena_strdup(&ctx->mem, getenv("TMPDIR")) : "";
  setenv("TMPDIR", in(ctx, "none"), 1);
  assert_int_equal(temporary_make(ctx, &base), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "no directory can be made here: No such file", 0, 0);
  setenv("TMPDIR", dir, 1);
  assert_int_equal(temporary_make(ctx, &base), LOOM_OK);
  assert_int_equal(strncmp(base, dir, strlen(dir)), 0);
  temporary_remove(base);
  assert_false(file_exists(base));
  setenv("TMPDIR", before, 1);
}

/* ---- where shipped providers are ---- */

static void copy_file(loom_ctx *ctx, const char *from, const char *to) {
  char *bytes;
  size_t size;
  assert_int_equal(file_read(ctx, from, 1 << 28, &bytes, &size), LOOM_OK);
  assert_int_equal(file_write(ctx, to, bytes, size), LOOM_OK);
  assert_int_equal(chmod(to, 0755), 0);
}

/* In a copy of this program: says what it finds. */
static int list_here(const char *const *wanted, int n_wanted) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *const *names, *path;
  size_t n;
  if (provider_list(&ctx, &names, &n) != LOOM_OK)
    return 1;
  printf("%s:", *provider_directory(&ctx.mem) ? "dir" : "none");
  for (size_t i = 0; i < n; i++)
    printf(" %s", names[i]);
  for (int i = 0; i < n_wanted; i++)
    if (provider_find(&ctx, wanted[i], &path) == LOOM_OK) {
      const char *slash = strrchr(path, '/');
      printf(" | %s", slash ? slash + 1 : path);
    }
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    printf(" | %s (%s)", d->text, d->help);
  loom_ctx_done(&ctx);
  return 0;
}

static void test_shipped_providers_are_found_by_name(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *at, *program; const char *files[5], *wanted, *says; } rows[] = {
      {"none", "bin/a", {0}, "x", "none: | there is no kernel provider 'x' (this build ships none (their -dev packages were not found); a library of your own is given by its path)"},
      {"providers", "bin/b", {"loom_provider_two.so", "loom_provider_one.so", "loom_provider_three.txt", "other.so"}, "one", "dir: one two | loom_provider_one.so"},
      {"bin/providers", "bin/c", {"loom_provider_gemm.so"}, "gem", "dir: gemm | there is no kernel provider 'gem' (did you mean 'gemm'?  A library of your own is given by its path)"},
      {"libexec/loom/providers", "bin/d", {"loom_provider_gemm.so", "loom_provider_blis.so"}, "quite-another", "dir: blis gemm | there is no kernel provider 'quite-another' (shipped: blis, gemm; a library of your own is given by its path)"},
      {"none", "bin/e", {0}, "./x", "none: | x"}, {"none", "bin/f", {0}, "x.so", "none: | x.so"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *top = in(ctx, arena_printf(&ctx->mem, "tree%zu", i)), *bin = file_join(&ctx->mem, top, "bin"), *program = file_join(&ctx->mem, top, rows[i].program), *log = in(ctx, "said");
    int code;
    assert_int_equal(run_process(ctx, (const char *const[]){"/bin/mkdir", "-p", bin, file_join(&ctx->mem, top, rows[i].at), NULL}, NULL, NULL, &code), LOOM_OK);
    for (int k = 0; rows[i].files[k]; k++)
      write_program(ctx, file_join(&ctx->mem, file_join(&ctx->mem, top, rows[i].at), rows[i].files[k]), "x");
    copy_file(ctx, "/proc/self/exe", program);
    assert_int_equal(run_process(ctx, (const char *const[]){program, "--list", rows[i].wanted, NULL}, NULL, log, &code), LOOM_OK);
    char *text;
    size_t size;
    assert_int_equal(file_read(ctx, log, 1 << 16, &text, &size), LOOM_OK);
    if (code != 0 || strcmp(text, rows[i].says) != 0)
      fail_msg("row %zu: code %d: %s", i, code, text);
  }
}

static int open_all(void **state) {
  testing_open_context(state);
  assert_int_equal(temporary_make(*state, &dir), LOOM_OK);
  return 0;
}
static int close_all(void **state) {
  temporary_remove(dir);
  return testing_close_context(state);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--list") == 0)
    return list_here((const char *const *)argv + 2, argc - 2);
#define T(t) cmocka_unit_test_setup_teardown(t, open_all, close_all)
  const struct CMUnitTest tests[] = {T(test_linkers_and_what_they_leave), T(test_programs_are_found_on_the_path), T(test_what_a_program_says_and_how_it_ends), T(test_shipped_providers_are_found_by_name)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
