/* The target that takes machine code of NPU cores. */
#include "fuzz.h"
#include "base/alloc.h"
#include "base/rng.h"
#include "base/text.h"
#include "sim/rvv/rvv_private.h"
#include <stdlib.h>

enum { LANES = 3, SPAD_BYTES = 256, DRAM_BYTES = 512, CALLS_MAX = 16 };
#define SPAD_AT UINT64_C(0xd0000000)
#define DRAM_AT UINT64_C(0x10000)

static void call_all(loom_ctx *ctx, const rvv_image *image) {
  rvv_core *core = rvv_core_new(&ctx->mem, image);
  rvv_array *array = rvv_array_new(&ctx->mem, LANES);
  uint32_t *words = alloc_bytes(SPAD_BYTES * LANES);     /* of their own, so that a byte beyond is seen */
  uint8_t *dram = alloc_bytes(DRAM_BYTES);
  memset(words, 1, SPAD_BYTES * LANES);
  memset(dram, 2, DRAM_BYTES);
  rvv_window w = {SPAD_AT, SPAD_BYTES, words, false};
  rvv_tensor t = {DRAM_AT, DRAM_BYTES, dram, true, "X"};
  int64_t args[] = {3, 1, (int64_t)SPAD_AT, (int64_t)DRAM_AT, 8, 0, -1, 16, 5};
  for (size_t i = 0; i < image->functions.n && i < CALLS_MAX; i++) {
    rvv_job job = {.entry = image->functions.at[i].address, .args = args, .n_args = 9, .windows = &w, .n_windows = 1, .tensors = &t, .n_tensors = 1, .array = array, .budget = 3000};
    rvv_report report;
    rvv_fault fault;
    rvv_fault_kind kind = rvv_call(core, &job, &report, &fault);
    if (kind != fault.kind || (kind != RVV_FINE && !fault.text[0]))
      fuzz_broken(ctx, "a fault without a word");
    fuzz_compiled += kind == RVV_FINE;
  }
  alloc_free(words);
  alloc_free(dram);
}

void fuzz_rvv(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  rvv_image *image;
  const char *const *names;
  size_t n = 0;
  if (size > FUZZ_BYTES_MAX)
    return;
  char *copy = alloc_bytes(size ? size : 1);             /* the same */
  memcpy(copy, bytes, size);
  loom_status st = rvv_undefined(ctx, "fuzz.o", copy, size, &names, &n);
  if (st == LOOM_OK) {
    rvv_symbol *symbols = ARENA_NEW_N(&ctx->mem, rvv_symbol, n);
    for (size_t i = 0; i < n; i++)
      symbols[i] = (rvv_symbol){names[i], text_starts(names[i], "dram") ? DRAM_AT : SPAD_AT};
    st = rvv_load(ctx, "fuzz.o", copy, size, symbols, n, &(rvv_config){.lanes = LANES, .vlen_bits = 128, .stack_bytes = 256}, &image);
  }
  fuzz_check_status(ctx, st);
  alloc_free(copy);
  if (st == LOOM_OK)
    call_all(ctx, image);
}

/* A word that is likely an instruction: of a known major opcode. */
static uint32_t likely_word(rng *r) {
  static const uint8_t opcodes[] = {0x57, 0x57, 0x57, 0x57, 0x07, 0x27, 0x07, 0x27, 0x5b, 0x2b, 0x53, 0x43, 0x33, 0x13, 0x03, 0x23, 0x63, 0x67, 0x2f, 0x73, 0x3b};
  return ((uint32_t)rng_next(r) & ~0x7fu) | opcodes[rng_next(r) % sizeof opcodes];
}

void fuzz_rvv_damaged(const uint8_t *good, size_t size, uint64_t seed, long n) {
  rng r = rng_new(seed);
  uint8_t *bytes = alloc_bytes(size);
  for (long i = 0; i < n; i++) {
    memcpy(bytes, good, size);
    int changes = (int)rng_range(&r, 1, 12);
    bool in_code = rng_range(&r, 0, 3) != 0;              /* the first section after the header is the code */
    for (int k = 0; k < changes; k++) {
      uint32_t word = likely_word(&r);
      if (in_code)
        memcpy(bytes + 64 + (rng_next(&r) % 400) * 2 % (size - 68), &word, 4);
      else
        bytes[rng_next(&r) % size] = rng_range(&r, 0, 1) ? (uint8_t)rng_next(&r) : (uint8_t)(rng_range(&r, -1, 1));
    }
    fuzz_run(fuzz_rvv, bytes, rng_range(&r, 0, 50) ? size : rng_next(&r) % size);
  }
  alloc_free(bytes);
}
