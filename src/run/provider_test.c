/* Every adapter that this build has passes the conformance suite; so do functions that are known by name only. */
#include "base/testing.h"
#include "run/provider_check.h"
#include "run/provider_set.h"

static void check_all(const provider_target *t, const loom_host_v1 *host, int least_ok) {
  int ok = 0;
  for (size_t i = 0; i < provider_check_count(); i++) {
    check_result r;
    provider_check_run(t, host, i, &r);
    if (r.verdict == CHECK_FAILED)
      fail_msg("%s: %s: %s", t->provider->name, provider_check_name(i), r.said);
    ok += r.verdict == CHECK_OK;
  }
  if (ok < least_ok)
    fail_msg("%s: only %d cases ran; expected %d", t->provider->name, ok, least_ok);
}

static void test_shipped_providers_pass_the_suite(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  loom_host_v1 host;
  provider_host_init(&host, 1);
  const char *const *names;
  size_t n;
  assert_int_equal(provider_list(&ctx, &names, &n), LOOM_OK);
  for (size_t i = 0; i < n; i++) {
    const char *path;
    provider *p;
    assert_int_equal(provider_find(&ctx, names[i], &path), LOOM_OK);
    if (provider_load(&ctx, path, &host, &p) != LOOM_OK)
      fail_msg("%s", ctx.diag.first->text);
    assert_string_equal(p->name, names[i]);
    check_all(&(provider_target){p, NULL}, &host, 56);
    provider_unload(p);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped_providers_pass_the_suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
