/* Reading machine files, the shipped ones first. */
#include "base/testing.h"
#include <stdlib.h>
#include "machine/machine.h"

static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};

static int setup(void **state) {
  loom_ctx *ctx = calloc(1, sizeof *ctx);
  loom_ctx_init(ctx);
  machine_set_path(dirs, 1);
  *state = ctx;
  return 0;
}

static int teardown(void **state) {
  loom_ctx_done(*state);
  free(*state);
  return 0;
}

static void dump(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_message("%d:%d %s (%s)\n", d->span.line, d->span.col, d->text, d->help ? d->help : "");
}

static void test_loads(void **state) {
  loom_ctx *ctx = *state;
  const char *const *names; size_t n;
  assert_int_equal(machine_list(ctx, &names, &n), 0);
  for (size_t i = 0; i < n; i++) {
    machine *m;
    loom_status st = machine_load(ctx, names[i], NULL, &m);
    dump(ctx);
    assert_int_equal(st, 0);
    print_message("%s\n", machine_describe(&ctx->mem, m)); if (i==4) print_message("%s\n", machine_to_yaml(&ctx->mem, m));
  }
}
int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_loads, setup, teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
