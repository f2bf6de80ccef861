/* Compiles a kernel with libloom and runs it in this process.
 *
 *   cc softmax.c $(pkg-config --cflags --libs loom) -lm -o softmax && ./softmax ../../kernels/softmax.py */
#include <loom/loom.h>
#include <math.h>
#include <stdio.h>

enum { ROWS = 8, COLUMNS = 16 };

int main(int argc, char **argv) {
  const char *const options[] = {"--shape=x=8x16", "--dtype=f32", NULL};
  const loom_compile_options how = {.size = sizeof how, .options = options};
  float x[ROWS][COLUMNS], out[ROWS][COLUMNS];
  void *const buffers[] = {x, out};
  double worst = 0;
  loom_kernel *kernel;
  loom_context *context = loom_context_new(NULL);
  if (argc != 2 || !context || loom_compile(context, argv[1], &how, &kernel) != LOOM_CODE_OK) {
    fprintf(stderr, "%s", argc != 2 ? "usage: softmax KERNEL.py\n" : context ? loom_error(context) : "out of memory\n");
    loom_context_free(context);
    return 1;
  }
  printf("%s, by Loom %s:", loom_kernel_name(kernel), loom_version());
  for (size_t i = 0; i < loom_kernel_arguments(kernel); i++) {
    loom_argument a = {.size = sizeof a};
    loom_kernel_argument(kernel, i, &a);
    printf(" %s%s %s[%lld][%lld]", a.is_written ? "-> " : "", a.name, a.dtype, (long long)a.shape[0], (long long)a.shape[1]);
  }
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++)
      x[i][j] = (float)((i * 7 + j * 3) % 5);
  loom_run(kernel, buffers, NULL);
  for (int i = 0; i < ROWS; i++) {
    double sum = 0;
    for (int j = 0; j < COLUMNS; j++)
      sum += exp(x[i][j]);
    for (int j = 0; j < COLUMNS; j++)
      worst = fmax(worst, fabs(out[i][j] - exp(x[i][j]) / sum));
  }
  printf("\nlargest error %.1e\n", worst);
  loom_context_free(context);
  return worst < 1e-6 ? 0 : 1;
}
