/* docs/helion.md holds the op table of the code.  LOOM_UPDATE_DOCS=1 writes it there. */
#include "base/file.h"
#include "base/testing.h"
#include "frontend/helion/helion.h"
#include <stdlib.h>

#define BEGIN "<!-- generated from the op table: LOOM_UPDATE_DOCS=1 build/unit/helion_doc_test -->\n"
#define END "<!-- end of the generated part -->\n"

static void test_the_document_shows_the_table_of_the_code(void **state) {
  (void)state;
  loom_ctx ctx;
  char *doc;
  size_t size;
  loom_ctx_init(&ctx);
  const char *path = LOOM_SOURCE_DIR "/docs/helion.md", *tables = helion_language_tables(&ctx.mem);
  assert_int_equal(file_read(&ctx, path, (size_t)1 << 22, &doc, &size), LOOM_OK);
  const char *begin = strstr(doc, BEGIN), *end = strstr(doc, END);
  assert_true(begin && end && begin < end);
  begin += strlen(BEGIN);
  if (getenv("LOOM_UPDATE_DOCS")) {
    const char *fresh = arena_printf(&ctx.mem, "%.*s%s%s", (int)(begin - doc), doc, tables, end);
    assert_int_equal(file_write(&ctx, path, fresh, strlen(fresh)), LOOM_OK);
  } else if ((size_t)(end - begin) != strlen(tables) || strncmp(begin, tables, strlen(tables)) != 0) {
    fail_msg("docs/helion.md is older than the op table; run LOOM_UPDATE_DOCS=1 build/unit/helion_doc_test");
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_document_shows_the_table_of_the_code)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
