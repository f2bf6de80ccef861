/* Functions of ranks, run: a process each, whose requests the test answers by the rules of run_ranks.h.  Oracle: the rows reduced by hand, by the same operation in 64 bits. */
#include "base/dtype.h"
#include "base/file.h"
#include "dialect/dialect.h"
#include "shard/shard.h"
#include "shard/shard_testing.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS_MAX = 16, COLUMNS_MAX = 40, RANKS_MAX = 4 };
typedef struct reduction { const char *type, *op, *start; double begin; } reduction;

static double apply(const char *op, double a, double b) {
  const int64_t i = (int64_t)a, j = (int64_t)b;
  if (strstr(op, "add"))
    return a + b;
  if (strstr(op, "mul"))
    return a * b;
  if (strstr(op, "max"))
    return a > b ? a : b;
  if (strstr(op, "min"))
    return a < b ? a : b;
  return (double)(strstr(op, "xor") ? i ^ j : strstr(op, "and") ? i & j : i | j);
}

/* Whole numbers whose sums and products are small. */
static double element(const reduction *r, int64_t i) {
  if (strstr(r->op, "mul"))
    return i % 5 == 0 ? 2 : i % 3 == 0 ? -1 : 1;
  return (double)(i * 7 % 11 - 3);
}

/* ---- who speaks to the others ---- */

static const char *const op_words[RUN_RANKS_OPS] = {"add", "mul", "max", "min", "and", "or", "xor"};
static const dtype types[RUN_RANKS_TYPES] = {DTYPE_I8, DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_F32, DTYPE_F64};

/* Until the ranks are gone: what each of them asks for, all together.  Returns how often. */
static int serve(const int *sockets, int ranks) {
  for (int requests = 0;; requests++) {
    static char all[ROWS_MAX * 8], one[sizeof all];
    run_ranks_request q;
    for (int r = 0; r < ranks; r++) {
      if (!file_read_all(sockets[r], &q, sizeof q))
        return requests;
      assert_int_equal(q.what, RUN_RANKS_REDUCE);
      assert_in_range(q.bytes, 1, sizeof all);
      assert_true(file_read_all(sockets[r], r ? one : all, (size_t)q.bytes));
      const dtype t = types[q.type];
      for (int64_t i = 0; i < q.bytes && r; i += (int64_t)dtype_bytes(t))
        dtype_store(t, all + i, apply(op_words[q.op], dtype_load(t, all + i), dtype_load(t, one + i)));
    }
    for (int r = 0; r < ranks; r++) {
      assert_true(file_write_all(sockets[r], &q.bytes, sizeof q.bytes));
      assert_true(file_write_all(sockets[r], all, (size_t)q.bytes));
    }
  }
}

/* ---- a rank ---- */

typedef struct job { const reduction *of; const char *split; int rows, columns, ranks; double *out; /* shared: by rank and row; NAN: it has it not */ } job;

static loom_status call(ir_ctx *ir, const job *j, const shard_function *f, const run_ranks *ranks) {
  arena *m = &ir->ctx->mem;
  const shard_tensor *load = &f->loads.at[0], *store = &f->stores.at[0];
  program_functions all = program_list(ir, f->module);
  const program_function *fn = program_find(&all, f->name);
  program_options o = {.late = f->calls};
  program *p;
  o.calls = shard_mpi_symbols(m, ranks, &o.n_calls);
  LOOM_TRY(program_compile(ir, f->module, &o, &p));
  run_value arg = fn->args[0], result;
  int64_t start[2] = {0}, count[2] = {load->size[0], load->size[1]};
  if (load->split >= 0)
    shard_part(load->size[load->split], ranks->number, j->ranks, &start[load->split], &count[load->split]);
  const size_t width = run_element_bytes(&arg.type);
  arg.elems = count[0] * count[1];
  arg.bytes = arena_alloc(m, (size_t)arg.elems * width);
  for (int64_t i = 0; i < arg.elems; i++) {
    const double x = element(j->of, (start[0] + i / count[1]) * j->columns + start[1] + i % count[1]);
    if (arg.type.is_float)
      run_element_store_float(&arg.type, (char *)arg.bytes + (size_t)i * width, x);
    else
      run_element_store_integer(&arg.type, (char *)arg.bytes + (size_t)i * width, (int64_t)x);
  }
  const loom_status st = program_call(p, fn, &arg, &result);
  const int64_t first = store->split < 0 ? 0 : start[0];
  for (int64_t i = 0; st == LOOM_OK && i < result.elems; i++)
    j->out[ranks->number * ROWS_MAX + first + i] = run_element_load(&result.type, (char *)result.bytes + (size_t)i * width);
  program_close(p);
  return st;
}

/* `op`: what MPI is asked for instead; NULL: what the function needs. */
static loom_status run_rank(const job *j, int socket, int number, const char *op) {
  const run_ranks ranks = {socket, number, j->ranks};
  loom_ctx ctx;
  ir_ctx ir;
  MlirModule m;
  shard_function f;
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  const char *source = shard_testing_rows(&ctx.mem, j->rows, j->columns, j->of->type, j->of->op, j->of->start);
  assert_int_equal(ir_parse_own(&ir, "sums", source, strlen(source), &m), LOOM_OK);
  loom_status st = shard_make(&ir, m, j->split, number, j->ranks, &f);
  const char *asked = st == LOOM_OK && op ? strstr(f.calls, "op = 3 ") : NULL;
  if (asked)
    f.calls = arena_printf(&ctx.mem, "%.*s%s%s", (int)(asked - f.calls), f.calls, op, asked + strlen("op = 3 "));
  if (st == LOOM_OK)
    st = call(&ir, j, &f, &ranks);
  if (st != LOOM_OK && !op)
    fprintf(stderr, "%s\n", ctx.diag.first->text);
  ir_close_module(f.module);
  ir_close_module(m);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return st;
}

/* Returns how many reductions there were. */
static int run_all(const job *j) {
  int mine[RANKS_MAX], theirs[RANKS_MAX], status;
  pid_t pid[RANKS_MAX];
  for (int r = 0; r < j->ranks; r++) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    mine[r] = ends[0];
    theirs[r] = ends[1];
  }
  for (int r = 0; r < j->ranks; r++)
    if ((pid[r] = fork()) == 0) {
      for (int other = 0; other < j->ranks; other++) {
        close(mine[other]);
        if (other != r)
          close(theirs[other]);
      }
      _exit((int)run_rank(j, theirs[r], r, NULL));
    }
  for (int r = 0; r < j->ranks; r++)
    close(theirs[r]);
  const int requests = serve(mine, j->ranks);
  for (int r = 0; r < j->ranks; r++) {
    close(mine[r]);
    assert_int_equal(waitpid(pid[r], &status, 0), pid[r]);
    if (status != 0)
      fail_msg("%s of %s along %s: rank %d ends with status %d", j->of->op, j->of->type, j->split, r, status);
  }
  return requests;
}

static void check(const reduction *of, const char *split, int rows, int columns, int ranks) {
  double *out = mmap(NULL, sizeof(double) * RANKS_MAX * ROWS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(out != MAP_FAILED);
  for (int i = 0; i < RANKS_MAX * ROWS_MAX; i++)
    out[i] = NAN;
  const job j = {of, split, rows, columns, ranks, out};
  const bool by_rows = strcmp(split, "m") == 0;
  assert_int_equal(run_all(&j), by_rows ? 0 : 1);
  for (int row = 0; row < rows; row++) {
    double want = of->begin;
    int has = 0;
    for (int c = 0; c < columns; c++)
      want = apply(of->op, want, element(of, row * columns + c));
    for (int r = 0; r < ranks; r++) {
      has += !isnan(out[r * ROWS_MAX + row]);
      if (!isnan(out[r * ROWS_MAX + row]) && out[r * ROWS_MAX + row] != want)
        fail_msg("%s of %s along %s: row %d of rank %d is %g, expected %g", of->op, of->type, split, row, r, out[r * ROWS_MAX + row], want);
    }
    assert_int_equal(has, by_rows ? 1 : ranks);
  }
  munmap(out, sizeof(double) * RANKS_MAX * ROWS_MAX);
}

/* Each operation and type that MPI has; one that begins at more than nothing, which counts once. */
static void test_ranks_reduce_together(void **state) {
  static const reduction rows[] = {
      {"f32", "arith.addf", "0.0", 0},       {"f64", "arith.addf", "0.0", 0},    {"f32", "arith.mulf", "1.0", 1},    {"f32", "arith.maximumf", "-100.0", -100}, {"f64", "arith.minimumf", "100.0", 100},
      {"i32", "arith.addi", "0", 0},         {"i64", "arith.muli", "1", 1},      {"i16", "arith.maxsi", "-9", -9},   {"i32", "arith.minsi", "90", 90},          {"i8", "arith.addi", "0", 0},
      {"i64", "arith.ori", "0", 0},       {"i32", "arith.xori", "0", 0},      {"i32", "arith.addi", "5", 5},             {"f32", "arith.addf", "5.0", 5},
  };
  (void)state;
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    check(&rows[i], "k", 6, 10, 3);
}

static void test_parts_of_any_size(void **state) {
  static const reduction sum = {"f32", "arith.addf", "0.0", 0};
  (void)state;
  check(&sum, "m", 7, 5, 3);
  check(&sum, "m", 4, 33, 4);
  check(&sum, "k", 16, 40, 4);
  check(&sum, "k", 3, 5, 2);
  check(&sum, "tile_k", 5, 6, 1);
}

/* An operation that nobody serves is our defect; a job that is over ends the call. */
static void test_calls_that_fail_end_the_function(void **state) {
  static const reduction sum = {"f32", "arith.addf", "0.0", 0};
  static double out[RANKS_MAX * ROWS_MAX];
  const job j = {&sum, "k", 4, 6, 2, out};
  int ends[2];
  (void)state;
  (void)signal(SIGPIPE, SIG_IGN);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  close(ends[1]);
  assert_int_equal(run_rank(&j, ends[0], 0, "op = 5 " /* MPI_LAND */), LOOM_EBUG);
  assert_int_equal(run_rank(&j, ends[0], 0, "op = 1 " /* MPI_MAX */), LOOM_EWORKER);
  close(ends[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranks_reduce_together), cmocka_unit_test(test_parts_of_any_size), cmocka_unit_test(test_calls_that_fail_end_the_function)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
