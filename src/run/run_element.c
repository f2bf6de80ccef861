#include "base/dtype.h"
#include "run/run_value.h"
#include "base/text.h"
#include <string.h>

static const struct { const char *name; dtype type; int bits; } floats[] = {{"f16", DTYPE_F16, 16}, {"bf16", DTYPE_BF16, 16}, {"f32", DTYPE_F32, 32}, {"f64", DTYPE_F64, 64}};

bool run_element_parse(arena *mem, const char *name, run_element *out) {
  *out = (run_element){.name = arena_strdup(mem, name)};
  if (text_eq(name, "index")) {
    out->bits = 64;
    return true;
  }
  for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
    if (text_eq(name, floats[i].name)) {
      out->is_float = true;
      out->bits = floats[i].bits;
      return true;
    }
  out->small = small_float_find(name);
  if (out->small) {
    out->is_float = true;
    out->bits = small_float_bits(out->small);
    return true;
  }
  out->is_unsigned = text_starts(name, "ui");
  const char *digits = name + (out->is_unsigned || text_starts(name, "si") ? 2 : 1);
  size_t n = *name ? strlen(digits) : 0;
  if ((name[0] != 'i' && digits == name + 1) || n < 1 || n > 2 || strspn(digits, "0123456789") != n || *digits == '0')
    return false;
  out->bits = n == 2 ? (digits[0] - '0') * 10 + digits[1] - '0' : digits[0] - '0';
  return out->bits <= 64;
}

/* What LLVM gives an integer of so many bits. */
size_t run_element_bytes(const run_element *e) { return e->bits <= 8 ? 1 : e->bits <= 16 ? 2 : e->bits <= 32 ? 4 : 8; }

static dtype wide_float(const run_element *e) {
  for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
    if (text_eq(e->name, floats[i].name))
      return floats[i].type;
  return DTYPE_F64;
}

static uint64_t raw(const run_element *e, const void *p) {
  uint64_t v = 0;
  memcpy(&v, p, run_element_bytes(e));   /* little-endian, as everything here */
  return e->bits == 64 ? v : v & ((UINT64_C(1) << e->bits) - 1);
}

int64_t run_element_integer(const run_element *e, const void *p) {
  uint64_t v = raw(e, p);
  bool is_boolean = e->bits == 1;
  if (!e->is_unsigned && !is_boolean && e->bits < 64 && v >> (e->bits - 1))
    v |= ~UINT64_C(0) << e->bits;
  return (int64_t)v;
}

double run_element_load(const run_element *e, const void *p) {
  if (e->small)
    return small_float_decode(e->small, (uint32_t)raw(e, p));
  if (e->is_float)
    return dtype_load(wide_float(e), p);
  return e->is_unsigned ? (double)raw(e, p) : (double)run_element_integer(e, p);
}

void run_element_store_integer(const run_element *e, void *p, int64_t v) {
  uint64_t bits = e->bits == 64 ? (uint64_t)v : (uint64_t)v & ((UINT64_C(1) << e->bits) - 1);
  memcpy(p, &bits, run_element_bytes(e));
}

void run_element_store_float(const run_element *e, void *p, double d) {
  if (e->small)
    *(unsigned char *)p = (unsigned char)small_float_encode(e->small, d);
  else
    dtype_store(wide_float(e), p, d);
}
