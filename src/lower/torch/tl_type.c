/* Types: of torch, of MLIR, of this room. */
#include "lower/torch/tl_private.h"
#include <ctype.h>
#include <stdlib.h>

static const struct { int code; dtype type; } codes[] = {   /* c10/core/ScalarType.h */
    {0, DTYPE_U8}, {1, DTYPE_I8}, {2, DTYPE_I16}, {3, DTYPE_I32}, {4, DTYPE_I64}, {5, DTYPE_F16}, {6, DTYPE_F32}, {7, DTYPE_F64},
    {11, DTYPE_BOOL}, {15, DTYPE_BF16}, {23, DTYPE_F8E5M2}, {24, DTYPE_F8E4M3}};

bool tl_dtype_of_code(int64_t code, dtype *out) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == code) {
      *out = codes[i].type;
      return true;
    }
  return false;
}

static bool dtype_of_text(const char *s, size_t n, dtype *out) {
  char name[16];
  if (n == 0 || n >= sizeof name)
    return false;
  memcpy(name, s, n);
  name[n] = '\0';
  static const struct { const char *name; dtype type; } quantized[] = {{"!torch.qint8", DTYPE_I8}, {"!torch.quint8", DTYPE_U8}, {"!torch.qint32", DTYPE_I32}};
  for (size_t i = 0; i < sizeof quantized / sizeof *quantized; i++)
    if (text_eq(name, quantized[i].name)) {
      *out = quantized[i].type;
      return true;
    }
  if (name[0] == 's' && name[1] == 'i')   /* signed integers carry their sign in the type there */
    return dtype_parse(name + 1, out);
  return dtype_parse(name, out);
}

/* "[2,?,3],f32>" */
static bool parse_torch_tensor(const char *p, tl_type *t) {
  if (*p++ != '[')
    return false;
  for (t->rank = 0; *p && *p != ']';) {
    if (t->rank == TL_RANK_MAX || (*p != '?' && !isdigit((unsigned char)*p)))
      return false;
    char *end = (char *)(uintptr_t)(p + 1);
    t->dim[t->rank++] = *p == '?' ? TL_DYNAMIC : strtoll(p, &end, 10);
    p = end + (*end == ',');
  }
  size_t n = strcspn(*p == ']' && p[1] == ',' ? p + 2 : "", ",>");
  return n && p[2 + n] == '>' && dtype_of_text(p + 2, n, &t->dtype);
}

/* "2x?x3xf32>" */
static bool parse_builtin_tensor(const char *p, tl_type *t) {
  for (t->rank = 0; *p == '?' || isdigit((unsigned char)*p);) {
    char *end = (char *)(uintptr_t)(p + 1);
    if (t->rank == TL_RANK_MAX)
      return false;
    t->dim[t->rank++] = *p == '?' ? TL_DYNAMIC : strtoll(p, &end, 10);
    if (*end != 'x')
      return false;
    p = end + 1;
  }
  size_t n = strcspn(p, ",>");
  return p[n] == '>' && dtype_of_text(p, n, &t->dtype);
}

tl_type tl_type_parse(const char *s) {
  static const struct { const char *name; tl_kind kind; } plain[] = {
      {"!torch.int", TL_INT}, {"i64", TL_INT}, {"!torch.float", TL_FLOAT}, {"f64", TL_FLOAT}, {"!torch.bool", TL_BOOL}, {"i1", TL_BOOL},
      {"!torch.none", TL_NONE}, {"!torch.str", TL_STR}, {"!torch.Device", TL_NONE}, {"!torch.Generator", TL_NONE}};
  static const struct { const char *prefix; bool (*parse)(const char *, tl_type *); } tensors[] = {
      {"!torch.vtensor<", parse_torch_tensor}, {"!torch.tensor<", parse_torch_tensor}, {"tensor<", parse_builtin_tensor}};
  tl_type t = {.kind = TL_OTHER};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
    if (text_starts(s, tensors[i].prefix))
      t.kind = tensors[i].parse(s + strlen(tensors[i].prefix), &t) ? TL_TENSOR : TL_OTHER;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (text_eq(s, plain[i].name))
      t.kind = plain[i].kind;
  if (text_starts(s, "!torch.list<"))
    t.kind = TL_LIST;
  return t;
}

const char *tl_elem(dtype t) { return t == DTYPE_U8 ? "i8" : dtype_mlir(t); }
dtype tl_scalar_dtype(tl_kind k) { return k == TL_FLOAT ? DTYPE_F64 : k == TL_BOOL ? DTYPE_BOOL : DTYPE_I64; }

const char *tl_type_text(arena *mem, const tl_type *t) {
  if (t->kind != TL_TENSOR)
    return tl_elem(tl_scalar_dtype(t->kind));
  text s = text_new(mem);
  text_add(&s, "tensor<");
  for (int d = 0; d < t->rank; d++)
    if (t->dim[d] == TL_DYNAMIC)
      text_add(&s, "?x");
    else
      text_addf(&s, "%" PRId64 "x", t->dim[d]);
  text_addf(&s, "%s>", tl_elem(t->dtype));
  return text_str(&s);
}

tl_type tl_tensor(dtype type, int rank, const int64_t *dim) {
  tl_type t = {.kind = TL_TENSOR, .dtype = type, .rank = rank};
  for (int d = 0; d < rank; d++)
    t.dim[d] = dim[d];
  return t;
}

bool tl_is_static(const tl_type *t) {
  for (int d = 0; d < t->rank; d++)
    if (t->dim[d] == TL_DYNAMIC)
      return false;
  return true;
}

int64_t tl_elems(const tl_type *t) {
  int64_t n = 1;
  for (int d = 0; d < t->rank; d++)
    if (__builtin_mul_overflow(n, t->dim[d], &n))
      return INT64_MAX;
  return n;
}

bool tl_same_shape(const tl_type *a, const tl_type *b) {
  return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}
