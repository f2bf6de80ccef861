/* What became of the cases: lines, counts, one JSON object, JUnit's XML. */
#include "cli/worker_corpus.h"
#include <stdio.h>
#include <string.h>

static const char *const words[] = {
#define X(id, word) word,
    TEST_VERDICT_LIST(X)
#undef X
};

const char *test_verdict_word(test_verdict v) { return words[v]; }

void test_print_case(const test_case *c) {
  printf("%s  %s%s%s", words[c->verdict], c->file, *c->name ? "::" : "", c->name);
  if (c->verdict == TEST_PASS && c->checks)
    printf("  (%" PRId64 " check%s)", c->checks, c->checks == 1 ? "" : "s");
  if (c->reason && *c->reason)
    printf(": %s", c->reason);
  putchar('\n');
}

typedef struct counts { int64_t cases[TEST_VERDICTS], files, failed_files, passed_files, checks; } counts;

static counts count(const test_cases *all) {
  counts n = {0};
  for (size_t i = 0; i < all->n; i++) {
    n.cases[all->at[i].verdict]++;
    n.checks += all->at[i].checks;
  }
  for (size_t i = 0; i < all->n;) {
    size_t from = i;
    bool failed = false, passed = false;
    for (; i < all->n && text_eq(all->at[i].file, all->at[from].file); i++) {
      failed |= all->at[i].verdict == TEST_FAIL;
      passed |= all->at[i].verdict == TEST_PASS;
    }
    n.files++;
    n.failed_files += failed;
    n.passed_files += passed && !failed;
  }
  return n;
}

void test_print_counts(const test_cases *all) {
  counts n = count(all);
  printf("%" PRId64 " files: %" PRId64 " pass, %" PRId64 " fail, %" PRId64 " skip; %zu cases: %" PRId64 " pass, %" PRId64 " fail, %" PRId64 " skip; %" PRId64 " checks\n", n.files, n.passed_files,
         n.failed_files, n.files - n.passed_files - n.failed_files, all->n, n.cases[TEST_PASS], n.cases[TEST_FAIL], n.cases[TEST_SKIP], n.checks);
}

data_value *test_data(arena *m, const char *corpus, const test_cases *all) {
  counts n = count(all);
  data_value *v = data_object(m), *cases = data_array(m);
  data_set_string(m, v, "schema", "loom.test.v1");
  data_set_string(m, v, "corpus", corpus);
  data_set_int(m, v, "files", n.files);
  for (int k = 0; k < TEST_VERDICTS; k++)
    data_set_int(m, v, words[k], n.cases[k]);
  data_set_int(m, v, "checks", n.checks);
  for (size_t i = 0; i < all->n; i++) {
    const test_case *c = &all->at[i];
    data_value *one = data_object(m);
    data_set_string(m, one, "file", c->file);
    data_set_string(m, one, "case", c->name);
    data_set_int(m, one, "line", c->line);
    data_set_string(m, one, "verdict", words[c->verdict]);
    data_set_int(m, one, "checks", c->checks);
    data_set_real(m, one, "ms", c->ms);
    if (c->reason && *c->reason)
      data_set_string(m, one, "reason", c->reason);
    data_push(m, cases, one);
  }
  data_set(m, v, "cases", cases);
  return v;
}

static void add_escaped(text *t, const char *s) {
  for (; *s; s++)
    switch (*s) {
    case '<': text_add(t, "&lt;"); break;
    case '>': text_add(t, "&gt;"); break;
    case '&': text_add(t, "&amp;"); break;
    case '"': text_add(t, "&quot;"); break;
    default:
      if ((unsigned char)*s >= ' ' || *s == '\t')   /* XML has no other control characters */
        text_add_bytes(t, s, 1);
    }
}

static void add_case(text *t, const test_case *c) {
  text_add(t, "    <testcase classname=\"");
  add_escaped(t, c->file);
  text_add(t, "\" name=\"");
  add_escaped(t, *c->name ? c->name : "(file)");
  text_addf(t, "\" time=\"%.6f\"", c->ms / 1e3);
  if (c->verdict == TEST_PASS) {
    text_add(t, "/>\n");
    return;
  }
  text_addf(t, ">\n      <%s message=\"", c->verdict == TEST_FAIL ? "failure" : "skipped");
  add_escaped(t, c->reason ? c->reason : "");
  text_add(t, "\"/>\n    </testcase>\n");
}

const char *test_junit(arena *m, const char *corpus, const test_cases *all) {
  counts n = count(all);
  text t = text_new(m);
  text_addf(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" failures=\"%" PRId64 "\" skipped=\"%" PRId64 "\">\n", all->n, n.cases[TEST_FAIL], n.cases[TEST_SKIP]);
  for (size_t i = 0; i < all->n;) {
    size_t end = i;
    int64_t failed = 0, skipped = 0;
    for (; end < all->n && text_eq(all->at[end].file, all->at[i].file); end++) {
      failed += all->at[end].verdict == TEST_FAIL;
      skipped += all->at[end].verdict == TEST_SKIP;
    }
    text_add(&t, "  <testsuite name=\"");
    add_escaped(&t, corpus);
    text_add(&t, "/");
    add_escaped(&t, all->at[i].file);
    text_addf(&t, "\" tests=\"%zu\" failures=\"%" PRId64 "\" skipped=\"%" PRId64 "\">\n", end - i, failed, skipped);
    for (; i < end; i++)
      add_case(&t, &all->at[i]);
    text_add(&t, "  </testsuite>\n");
  }
  text_add(&t, "</testsuites>\n");
  return text_str(&t);
}
