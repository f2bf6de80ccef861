/* libFuzzer's entry: -DFUZZ_TARGET=fuzz_python and so on. */
#include "fuzz.h"

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_run(FUZZ_TARGET, bytes, size);
  return 0;
}
