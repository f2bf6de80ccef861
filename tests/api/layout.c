/* Sizes and offsets of loom.h: what may only grow. */
#include <loom/loom.h>
#include <stdio.h>

#define STRUCT(s) printf(#s " %zu\n", sizeof(s))
#define FIELD(s, f) printf("  " #f " %zu\n", offsetof(s, f))

int main(void) {
  STRUCT(loom_context_options);
  FIELD(loom_context_options, size);
  FIELD(loom_context_options, loom);
  STRUCT(loom_compile_options);
  FIELD(loom_compile_options, size);
  FIELD(loom_compile_options, source);
  FIELD(loom_compile_options, options);
  STRUCT(loom_argument);
  FIELD(loom_argument, size);
  FIELD(loom_argument, name);
  FIELD(loom_argument, dtype);
  FIELD(loom_argument, elem_bytes);
  FIELD(loom_argument, rank);
  FIELD(loom_argument, shape);
  FIELD(loom_argument, is_written);
  FIELD(loom_argument, is_result);
  printf("api %u\n", LOOM_API);
  return 0;
}
