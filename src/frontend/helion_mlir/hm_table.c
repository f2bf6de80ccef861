#include "frontend/helion_mlir/hm_table.h"
#include <string.h>

const hm_fn_row hm_fns[] = {
    {KERNEL_FN_NEG, "neg", false},          {KERNEL_FN_ABS, "abs", false},          {KERNEL_FN_EXP, "exp", false},       {KERNEL_FN_EXP2, "exp2", false},
    {KERNEL_FN_LOG, "log", false},          {KERNEL_FN_LOG2, "log2", false},        {KERNEL_FN_SQRT, "sqrt", false},     {KERNEL_FN_RSQRT, "rsqrt", false},
    {KERNEL_FN_TANH, "tanh", false},        {KERNEL_FN_SIGMOID, "sigmoid", false},  {KERNEL_FN_RELU, "relu", false},     {KERNEL_FN_ERF, "erf", false},
    {KERNEL_FN_RECIP, "reciprocal", false}, {KERNEL_FN_NOT, "logical_not", false},  {KERNEL_FN_INVERT, "bitwise_not", false},
    {KERNEL_FN_LOG1P, "log1p", false},      {KERNEL_FN_EXPM1, "expm1", false},      {KERNEL_FN_SIN, "sin", false},       {KERNEL_FN_COS, "cos", false},
    {KERNEL_FN_FLOOR, "floor", false},      {KERNEL_FN_CEIL, "ceil", false},        {KERNEL_FN_ROUND, "round", false},   {KERNEL_FN_TRUNC, "trunc", false},
    {KERNEL_FN_SIGN, "sign", false},        {KERNEL_FN_ISNAN, "isnan", false},      {KERNEL_FN_ISINF, "isinf", false},   {KERNEL_FN_ADD, "add.Tensor", true},
    {KERNEL_FN_SUB, "sub.Tensor", true},    {KERNEL_FN_MUL, "mul.Tensor", false},   {KERNEL_FN_DIV, "div.Tensor", false}, {KERNEL_FN_FLOORDIV, "floor_divide", false},
    {KERNEL_FN_MOD, "remainder.Tensor", false}, {KERNEL_FN_POW, "pow.Tensor_Tensor", false}, {KERNEL_FN_MAX, "maximum", false}, {KERNEL_FN_MIN, "minimum", false},
    {KERNEL_FN_AND, "bitwise_and.Tensor", false}, {KERNEL_FN_OR, "bitwise_or.Tensor", false}, {KERNEL_FN_XOR, "bitwise_xor.Tensor", false},
    {KERNEL_FN_EQ, "eq.Tensor", false},     {KERNEL_FN_NE, "ne.Tensor", false},     {KERNEL_FN_LT, "lt.Tensor", false},  {KERNEL_FN_LE, "le.Tensor", false},
    {KERNEL_FN_GT, "gt.Tensor", false},     {KERNEL_FN_GE, "ge.Tensor", false},     {KERNEL_FN_SHL, "bitwise_left_shift.Tensor", false},
    {KERNEL_FN_SHR, "bitwise_right_shift.Tensor", false},
};
const size_t hm_n_fns = sizeof hm_fns / sizeof *hm_fns;

const hm_fn_row *hm_fn_find(kernel_fn fn) {
  for (size_t i = 0; i < hm_n_fns; i++)
    if (hm_fns[i].fn == fn)
      return &hm_fns[i];
  return NULL;
}

const hm_fn_row *hm_aten_find(const char *aten) {
  for (size_t i = 0; i < hm_n_fns; i++)
    if (text_eq(hm_fns[i].aten, aten))
      return &hm_fns[i];
  return NULL;
}

bool hm_fn_parse(const char *name, kernel_fn *out) {
  for (int f = KERNEL_FN_NONE + 1; f < KERNEL_FN_COUNT; f++)
    if (text_eq(kernel_fn_name((kernel_fn)f), name))
      return *out = (kernel_fn)f, true;
  return false;
}

static const struct { const char *element; int number; } types[DTYPE_COUNT] = {
    [DTYPE_F16] = {"f16", 5}, [DTYPE_BF16] = {"bf16", 15}, [DTYPE_F32] = {"f32", 6},  [DTYPE_F64] = {"f64", 7},  [DTYPE_I8] = {"si8", 1},
    [DTYPE_U8] = {"ui8", 0},  [DTYPE_I16] = {"si16", 2},   [DTYPE_I32] = {"si32", 3}, [DTYPE_I64] = {"si64", 4}, [DTYPE_BOOL] = {"i1", 11},
    [DTYPE_F8E4M3] = {"f8E4M3FN", 24}, [DTYPE_F8E5M2] = {"f8E5M2", 23}};

const char *hm_torch_element(dtype t) { return types[t].element; }
int hm_scalar_type(dtype t) { return types[t].number; }

bool hm_torch_element_parse(const char *s, size_t n, dtype *out) {
  for (int t = 0; t < DTYPE_COUNT; t++)
    if (strlen(types[t].element) == n && memcmp(types[t].element, s, n) == 0)
      return *out = (dtype)t, true;
  return false;
}

bool hm_scalar_type_parse(int64_t number, dtype *out) {
  for (int t = 0; t < DTYPE_COUNT; t++)
    if (types[t].number == number)
      return *out = (dtype)t, true;
  return false;
}

static bool is_one(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 1;
}

void hm_broadcast(kernel_type *t, const kernel_type *b) {
  kernel_type a = *t;
  t->rank = a.rank > b->rank ? a.rank : b->rank;
  for (int i = 0; i < t->rank; i++) {
    int ia = i - (t->rank - a.rank), ib = i - (t->rank - b->rank);
    t->dim[i] = ia < 0 || (ib >= 0 && is_one(a.dim[ia])) ? b->dim[ib] : a.dim[ia];
  }
}

static const char *const index_names[] = {[KERNEL_INDEX_TILE] = "tile", [KERNEL_INDEX_SCALAR] = "scalar", [KERNEL_INDEX_ALL] = "all",
                                          [KERNEL_INDEX_SLICE] = "slice", [KERNEL_INDEX_NEW] = "new", [KERNEL_INDEX_TENSOR] = "tensor"};

const char *hm_index_name(kernel_index_kind k) { return index_names[k]; }

bool hm_index_parse(const char *name, kernel_index_kind *out) {
  for (size_t k = 0; k < sizeof index_names / sizeof *index_names; k++)
    if (text_eq(index_names[k], name))
      return *out = (kernel_index_kind)k, true;
  return false;
}
