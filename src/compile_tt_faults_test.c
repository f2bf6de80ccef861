/* Faults of the emitter, drawn at random: the emulation catches each, with the report that fits it.  LOOM_TT_FAULTS=30 draws more than `make test` does, and
 * LOOM_TT_FAULTS_SEED others; LOOM_TT_FAULTS_ON=attention edits another kernel than a product; LOOM_TT_FAULTS_SHOW shows them. */
#include "compile_tt_faults.h"
#include "base/testing.h"
#include "compile_exec.h"
#include "compile_plans.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const tt_fault faults[] = {
#define ROW(n, o, c, e, ...) {n, o, c, e, {__VA_ARGS__}},
    TT_FAULT_LIST(ROW)};
enum { N_FAULTS = sizeof faults / sizeof *faults, DEFAULT_FAULTS = 2 };

typedef struct verdict { bool has_place, is_caught, fits; char what[300], says[600]; } verdict;

static loom_ctx ctx;
static run_cache cache;
static compile_state s;
static compile_tt board;
static run_options run_how;

static bool collect(MlirOperation op, void *data) {
  fault_site *f = data;
  const char *name = f->fault->op;
  bool is = strchr(name, '.') ? ir_op_is(op, name) : ir_op_is(op, arena_printf(&ctx.mem, "ttkernel.%s", name));
  if (is && f->n < FAULT_PLACES && ir_num_operands(op) >= (text_eq(name, "pack_tile") ? 3 : 0))
    f->at[f->n++] = op;
  return true;
}

/* Edits the module; false: no place for the fault. */
static bool seed_fault(const tt_fault *fault, uint64_t seed, verdict *v) {
  fault_site f = {.ir = &s.ir, .m = board.program.module, .r = rng_new(seed), .fault = fault};
  ir_walk(mlirModuleGetOperation(f.m), collect, &f);
  int n = 0;
  MlirOperation may[FAULT_PLACES];
  for (int i = 0; i < f.n; i++)
    if (!fault->choose || fault->choose(&f, f.at[i]))
      may[n++] = f.at[i];
  if (!n)
    return false;
  MlirOperation op = may[rng_range(&f.r, 0, n - 1)];
  snprintf(v->what, sizeof v->what, "%s: %s", fault->name, ir_print(&ctx.mem, op, false));
  fault->edit(&f, op);
  return true;
}

static loom_status print_again(void) {
  for (size_t i = 0; i < board.files.n; i++)
    for (int r = 0; r < TT_ROLES; r++)
      if (text_eq(board.files.at[i].name, arena_printf(&ctx.mem, "%s.cpp", tt_role_name((tt_role)r))))
        LOOM_TRY(tt_print_kernel(&s.ir, board.program.module, (tt_role)r, false, &board.files.at[i].content));
  return LOOM_OK;
}

static bool fits(const tt_fault *f, const char *says) {
  for (int i = 0; i < FAULT_REPORTS && f->reports[i]; i++)
    if (strstr(says, arena_printf(&ctx.mem, "[%s]", f->reports[i])))
      return true;
  return false;
}

static void judge(const tt_fault *f, uint64_t seed, verdict *v) {
  const diag_mark before = diag_save(&ctx);
  tt_emulation how = {.emulator = LOOM_SOURCE_DIR "/tests/tt_emulator", .seeds = 2};
  compile_execution e;
  v->has_place = seed_fault(f, seed, v);
  if (!v->has_place)
    return;
  loom_status st = print_again();
  if (st == LOOM_OK)
    st = compile_tt_execute(&s, &board, &run_how, &how, &e);
  v->is_caught = st != LOOM_OK || !e.check.ok;
  snprintf(v->says, sizeof v->says, "%s", st == LOOM_OK ? v->is_caught ? "[numbers]" : "nothing" : *before.last ? (*before.last)->text : "?");
  v->fits = v->is_caught && (fits(f, v->says) || (fits(f, "[numbers]") && st == LOOM_ENUMERIC && strstr(v->says, "depends on the delays")));
}

static void judge_apart(const tt_fault *f, uint64_t seed, verdict *shared) {
  memset(shared, 0, sizeof *shared);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    judge(f, seed, shared);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

static void open_program(const plans_case *c) {
  static compile_options o;
  static compile_tt_options how;
  loom_ctx_init(&ctx);
  if (!run_cache_find(&ctx.mem, LOOM_TESTS_DIR "/tt-cache", &cache))
    fail_msg("no place for the emulation's object code");
  plans_case_options(&ctx.mem, c, 0, LOOM_SOURCE_DIR "/machines/wormhole.yaml", &o);
  o.search_host = false;
  o.for_board = true;
  o.cache = &cache;                       /* of the emulation's object code alone: boards' programs are made anew */
  o.stop_after = COMPILE_TOG;
  run_how = (run_options){.check = true};
  loom_status st = compile_tt_compile(&ctx, &o, &how, &s, &board);
  if (st != LOOM_OK)
    fail_msg("%s", ctx.diag.first ? ctx.diag.first->text : "?");
}

static void test_faults_of_the_emitter_are_caught(void **state) {
  (void)state;
  const char *number = getenv("LOOM_TT_FAULTS"), *from = getenv("LOOM_TT_FAULTS_SEED");
  int wanted = number ? atoi(number) : DEFAULT_FAULTS, done = 0, tries = 0;
  rng r = rng_new(from ? (uint64_t)strtoull(from, NULL, 10) : 1);
  verdict *v = mmap(NULL, sizeof *v, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(v != MAP_FAILED);
  int missed = 0, first = (int)rng_range(&r, 0, N_FAULTS - 1);
  for (; done < wanted && tries < 4 * wanted + N_FAULTS; tries++) {
    const tt_fault *f = &faults[(first + tries) % N_FAULTS];       /* every kind comes, from one drawn at random on */
    judge_apart(f, rng_next(&r), v);
    if (!v->has_place)
      continue;
    done++;
    missed += !v->fits;
    if (getenv("LOOM_TT_FAULTS_SHOW") || !v->fits)
      fprintf(stderr, "%s\n  %s: %s\n", v->what, !v->is_caught ? "SURVIVED" : v->fits ? "caught" : "caught by another report", v->says);
  }
  munmap(v, sizeof *v);
  assert_int_equal(done, wanted);
  assert_int_equal(missed, 0);
}

int main(void) {
  static const plans_case attention = {.file = "tests/data/kernels/six.py", .function = "attention", .shape = {"q=2x64x32,k=2x96x32,v=2x96x32"}};
  static const plans_case product = {.file = "tests/data/kernels/six.py", .function = "matmul", .shape = {"x=128x96,y=96x128"}};
  const char *on = getenv("LOOM_TT_FAULTS_ON");
  open_program(on && strcmp(on, "attention") == 0 ? &attention : &product);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults_of_the_emitter_are_caught)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  compile_tt_close(&board);
  compile_done(&s);
  loom_ctx_done(&ctx);
  return failed;
}
