/* libloom as a program uses it: kernels of files and of text, open sizes, messages, commands, threads, many kernels at once, callers that know older structs. */
#include <assert.h>
#include <loom/loom.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef NDEBUG
#include <assert.h>

#define HEAD "import torch\nimport helion\nimport helion.language as hl\n\n"
#define PRODUCT "def product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:\n" \
                              "    m, k = x.size()\n    k, n = y.size()\n    o = torch.empty([m, n], dtype=torch.float32)\n    for tm, tn in hl.tile([m, n]):\n" \
                              "        acc = hl.zeros([tm, tn], dtype=torch.float32)\n        for tk in hl.tile(k):\n            acc = torch.addmm(acc, x[tm, tk], y[tk, tn])\n        o[tm, tn] = acc\n    return o\n"
static const char product[] = HEAD "@helion.kernel\n" PRODUCT, open_product[] = HEAD "@helion.kernel(static_shapes=False)\n" PRODUCT;
enum { M = 7, N = 9, K = 5, THREADS = 4, ROUNDS = 50 };
static float x[M][K], y[K][N];

static loom_kernel *compiled(loom_context *c, const char *input, const char *source, const char *const *options) {
  const loom_compile_options o = {.size = sizeof o, .source = source, .options = options};
  loom_kernel *k = NULL;
  const loom_code code = loom_compile(c, input, &o, &k);
  if (code != LOOM_CODE_OK)
    fprintf(stderr, "%d: %s", code, loom_error(c));
  assert(code == LOOM_CODE_OK && k);
  return k;
}

static void check_product(loom_kernel *k) {
  float o[M][N];
  void *const buffers[] = {x, y, o};
  memset(o, 0xff, sizeof o);
  assert(loom_run(k, buffers, NULL) == LOOM_CODE_OK);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      float want = 0;
      for (int l = 0; l < K; l++)
        want += x[i][l] * y[l][j];
      assert(o[i][j] == want);      /* whole numbers */
    }
}

static void *many_times(void *k) {
  for (int i = 0; i < ROUNDS; i++)
    check_product(k);
  return NULL;
}

static void test_text_and_threads(void) {
  static const char *const options[] = {"--shape=x=7x5,y=5x9", "--dtype=f32", NULL};
  loom_context *c = loom_context_new(NULL);
  loom_kernel *k = compiled(c, "memory/product.py", product, options);
  loom_argument a = {.size = sizeof a};
  pthread_t threads[THREADS];
  assert(strcmp(loom_kernel_name(k), "product") == 0 && loom_kernel_arguments(k) == 3 && loom_kernel_sizes(k) == 0 && !loom_kernel_size_name(k, 0));
  assert(loom_kernel_argument(k, 1, &a) == LOOM_CODE_OK && strcmp(a.name, "y") == 0 && strcmp(a.dtype, "f32") == 0 && a.elem_bytes == 4 && a.rank == 2 && a.shape[0] == 5 && a.shape[1] == 9 && !a.is_written);
  assert(!a.is_result && loom_kernel_argument(k, 2, &a) == LOOM_CODE_OK && a.is_written && a.is_result && a.shape[0] == 7 && a.shape[1] == 9);
  assert(loom_kernel_argument(k, 3, &a) == LOOM_CODE_USAGE && loom_run(k, NULL, NULL) == LOOM_CODE_USAGE);
  /* a caller that knows the first two fields only */
  a = (loom_argument){.size = offsetof(loom_argument, dtype), .rank = 77};
  assert(loom_kernel_argument(k, 0, &a) == LOOM_CODE_OK && strcmp(a.name, "x") == 0 && a.rank == 77 && a.size == offsetof(loom_argument, dtype));
  for (int i = 0; i < THREADS; i++)
    assert(pthread_create(&threads[i], NULL, many_times, k) == 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  loom_kernel *other = compiled(c, "product.py", product, options);      /* two of one name */
  check_product(k);
  loom_kernel_free(k);
  check_product(other);
  loom_context_free(c);      /* `other` too */
}

static void test_open_sizes(void) {
  static const char *const options[] = {"--shape=x=64x48,y=48x32", "--dtype=f32", NULL};
  loom_context *c = loom_context_new(NULL);
  loom_kernel *k = compiled(c, "product.py", open_product, options);
  loom_argument a = {.size = sizeof a};
  float o[M][N];
  void *const buffers[] = {x, y, o};
  int64_t sizes[8];
  assert(loom_kernel_sizes(k) == 4 && loom_kernel_argument(k, 0, &a) == LOOM_CODE_OK && a.rank == 2 && a.shape[0] == -1 && a.shape[1] == -1);
  for (size_t i = 0; i < 4; i++) {      /* m, k, k_1 (k is read twice), n */
    const char *name = loom_kernel_size_name(k, i);
    sizes[i] = name[0] == 'm' ? M : name[0] == 'n' ? N : name[0] == 'k' ? K : -1;
    assert(sizes[i] > 0);
  }
  assert(loom_run(k, buffers, NULL) == LOOM_CODE_USAGE);
  assert(loom_run(k, buffers, sizes) == LOOM_CODE_OK);
  assert(o[0][0] == x[0][0] * y[0][0] + x[0][1] * y[1][0] + x[0][2] * y[2][0] + x[0][3] * y[3][0] + x[0][4] * y[4][0]);
  loom_context_free(c);
}

static void test_messages(void) {
  const loom_compile_options o = {.size = sizeof o, .source = "import torch\nimport helion\n@helion.kernel\ndef f(x: torch.Tensor):\n    return torch.nosuch(x)\n"};
  loom_context *c = loom_context_new(NULL);
  loom_kernel *k = (loom_kernel *)c;
  assert(loom_compile(c, "bad.py", &o, &k) != LOOM_CODE_OK && !k);
  assert(strstr(loom_error(c), "bad.py:") && strstr(loom_error(c), "error: ") && strstr(loom_error_json(c), "\"schema\": \"loom.diagnostic.v1\""));
  assert(loom_compile(c, "/no/such/file.py", NULL, &k) == LOOM_CODE_IO && strstr(loom_error(c), "cannot open the file"));
  loom_context_free(c);
  const loom_context_options nowhere = {.size = sizeof nowhere, .loom = "/no/such/loom"};
  c = loom_context_new(&nowhere);
  assert(loom_compile(c, "x.py", NULL, &k) == LOOM_CODE_IO && strstr(loom_error(c), "the program 'loom' is not found") && strcmp(loom_error_json(c), "") == 0);
  loom_context_free(c);
  loom_context_free(NULL);
  loom_kernel_free(NULL);
}

static void test_commands(void) {
  static const char *const list[] = {"machine", "list", "--json", NULL}, *const wrong[] = {"machine", "shw", NULL};
  const char *out = NULL;
  loom_context *c = loom_context_new(NULL);
  assert(loom_command(c, list, &out) == LOOM_CODE_OK && strstr(out, "\"wormhole\""));
  assert(loom_command(c, wrong, &out) == LOOM_CODE_USAGE && strcmp(loom_error(c), "") != 0);
  loom_context_free(c);
}

int main(void) {
  assert(loom_api_version() == LOOM_API && strcmp(loom_version(), "") != 0);
  for (int i = 0; i < M * K; i++)
    x[i / K][i % K] = (float)(i * 5 % 7 - 3);
  for (int i = 0; i < K * N; i++)
    y[i / N][i % N] = (float)(i * 3 % 8 - 4);
  test_text_and_threads();
  test_open_sizes();
  test_messages();
  test_commands();
  puts("library: all is well");
  return 0;
}
