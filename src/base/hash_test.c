#include "base/hash.h"
#include "base/testing.h"

/* Oracle: the examples of FIPS 180-2 appendix B and, for every padding length, the value sha256sum gives. */
static void test_sha256_gives_published_digests(void **state) {
  (void)state;
  static char million[1000000];
  memset(million, 'a', sizeof million);
  const struct { const char *text; size_t size; const char *hex; } cases[] = {
    {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    {million, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
    {million, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
    {million, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
    {million, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
    {million, 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char hex[65];
    hash_sha256_hex(cases[i].text, cases[i].size, hex);
    assert_string_equal(hex, cases[i].hex);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sha256_gives_published_digests)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
