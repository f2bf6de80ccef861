/* What the tests of the room share: programs of assembly made into objects by llvm-mc, and cores to run them. */
#ifndef LOOM_SIM_RVV_TESTING_H
#define LOOM_SIM_RVV_TESTING_H
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "sim/rvv/rvv.h"
#include <unistd.h>

#define TESTING_SPAD UINT64_C(0xd0000000)

/* The object of a text of assembly; the diagnostics of llvm-mc are on stderr. */
static inline char *testing_assemble(loom_ctx *ctx, const char *assembly, size_t *out_size) {
  char from[] = "/tmp/rvv-XXXXXX", to[32], command[256];
  int fd = mkstemp(from);
  FILE *f = fdopen(fd, "w");
  assert_true(f && fputs(assembly, f) >= 0 && fclose(f) == 0);
  snprintf(to, sizeof to, "%s.o", from);
  snprintf(command, sizeof command, "llvm-mc-22 -triple=riscv64 -mattr=+m,+a,+f,+d,+c,+v,+xsfvcp,+zfh,+zvfh,+zfbfmin,+zvfbfmin,+relax -filetype=obj %s -o %s", from, to);
  int failed = system(command);
  unlink(from);
  f = failed ? NULL : fopen(to, "rb");
  assert_non_null(f);
  fseek(f, 0, SEEK_END);
  size_t size = (size_t)ftell(f);
  char *bytes = arena_alloc(&ctx->mem, size);
  rewind(f);
  assert_true(fread(bytes, 1, size, f) == size);
  fclose(f);
  unlink(to);
  *out_size = size;
  return bytes;
}

static inline rvv_image *testing_load(loom_ctx *ctx, const char *assembly, const rvv_symbol *symbols, size_t n, int lanes, int vlen_bits) {
  size_t size;
  rvv_image *image;
  char *bytes = testing_assemble(ctx, assembly, &size);
  loom_status st = rvv_load(ctx, "test.o", bytes, size, symbols, n, &(rvv_config){.lanes = lanes, .vlen_bits = vlen_bits}, &image);
  if (st != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  return image;
}

/* Bytes of one lane in memory that is words lane by lane. */
static inline uint8_t *testing_byte(uint32_t *words, int lanes, int lane, uint64_t at) { return (uint8_t *)(words + at / 4 * (uint64_t)lanes + (uint64_t)lane) + at % 4; }

/* Numbers that find what random ones do not: zeros, ones, the largest, infinities, NaN, subnormals, halves, of every width. */
static inline uint64_t testing_corner(rng *r, int bits) {
  static const uint64_t of16[] = {0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 0xfe00, 1, 0x8001, 0x3ff, 0x400, 0x7bff, 0xfbff, 0x3800, 0x3e00, 0x7fff, 0xffff, 0x4100},
                        of32[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00000, 1, 0x80000001, 0x7fffff, 0x800000, 0x7f7fffff, 0xff7fffff,
                                  0x3f000000, 0x3fc00000, 0x7fffffff, 0xffffffff, 0x4f000000, 0xcf000000, 0x477ff000, 0x33000000, 0x4b000001, 0x38800000},
                        of64[] = {0, UINT64_C(1) << 63, UINT64_C(0x3ff0000000000000), UINT64_C(0xbff0000000000000), UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
                            UINT64_C(0x7ff8000000000000),
                                  UINT64_C(0x7ff0000000000001), 1, UINT64_C(0x7fefffffffffffff), UINT64_C(0x3fe0000000000000), UINT64_C(0x3ff8000000000000), INT64_MAX, UINT64_MAX,
                                  UINT64_C(0x4000004000000001), UINT64_C(0xbfffffbfffffffff), UINT64_C(0x43e0000000000000), UINT64_C(0xc3e0000000000000),
                                      UINT64_C(0x36a0000000000000), UINT64_C(0x47efffffe0000000), UINT64_C(0x47efffffffffffff)};
  uint64_t v = rng_next(r);
  int64_t kind = rng_range(r, 0, 7);
  if (kind == 0)
    v = (uint64_t)rng_range(r, -20, 20);
  if (kind == 1 || kind == 2)
    v = bits == 16 ? of16[v % COUNT_OF(of16)] : bits == 32 ? of32[v % COUNT_OF(of32)] : bits == 64 ? of64[v % COUNT_OF(of64)] : v;
  if (kind == 3 && bits == 32) {      /* near one, so that sums and products are ordinary */
    float f = (float)rng_normal(r);
    uint32_t b;
    memcpy(&b, &f, 4);
    v = b;
  }
  if (kind == 3 && bits == 64) {
    double d = rng_normal(r);
    memcpy(&v, &d, 8);
  }
  if (kind == 3 && bits == 16)
    v = 0x3000 + v % 0x1800 + (v >> 60 << 15);
  return v;
}
#endif
