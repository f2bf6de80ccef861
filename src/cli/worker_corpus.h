/* loom test: cases of numeric test files, and what became of them. */
#ifndef LOOM_CLI_WORKER_CORPUS_H
#define LOOM_CLI_WORKER_CORPUS_H
#include "cli/worker.h"

/* X(id, word) */
#define TEST_VERDICT_LIST(X) X(PASS, "pass") X(FAIL, "fail") X(SKIP, "skip")
typedef enum test_verdict {
#define X(id, word) TEST_##id,
  TEST_VERDICT_LIST(X)
#undef X
  TEST_VERDICTS
} test_verdict;

typedef struct test_case {
  const char *file, *name;       /* file: below the corpus; name "": the file as a whole */
  int64_t line, checks;          /* checks: expectations that were met or not */
  test_verdict verdict;
  const char *reason;            /* of a failure or a skip */
  double ms;
} test_case;
typedef VEC_OF(test_case) test_cases;

/* Runs every case of a file (worker_corpus_file.c): in a process of its own, which writes to `out` one JSON line when it begins a case and one when it is
 * done.  Does not return. */
_Noreturn void worker_test_child(const char *path, bool ordered_sums, int out);
/* The report (worker_corpus_report.c). */
const char *test_verdict_word(test_verdict v);
void test_print_case(const test_case *c);
void test_print_counts(const test_cases *all);
data_value *test_data(arena *m, const char *corpus, const test_cases *all);
const char *test_junit(arena *m, const char *corpus, const test_cases *all);
#endif
