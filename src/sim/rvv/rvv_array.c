/* The systolic array: weights that stay, rows that come in, rows that wait to be taken. */
#include "sim/rvv/rvv_private.h"

/* What numbers are: told by the push and their width. */
typedef enum kind { KIND_NONE, KIND_F32, KIND_F16, KIND_BF16, KIND_I32, KIND_I16, KIND_I8 } kind;

struct rvv_array {
  int lanes, width;                     /* of a row in memory: lanes, filled up to a multiple of 16 */
  bool is_strict, has_product;          /* since the last weights */
  int n_weights, n_inputs, n_outputs, first_output;
  kind weight_kind, input_kind, output_kind;
  uint32_t *weights, *inputs, *outputs; /* f32 or i32 */
};

rvv_array *rvv_array_new(arena *mem, int lanes) {
  rvv_array *a = ARENA_NEW(mem, rvv_array);
  a->lanes = lanes;
  a->width = (lanes + 15) / 16 * 16;
  a->weights = ARENA_NEW_N(mem, uint32_t, (size_t)lanes * (size_t)a->width);
  a->inputs = ARENA_NEW_N(mem, uint32_t, (size_t)RVV_ARRAY_ROWS_MAX * (size_t)a->width);
  a->outputs = ARENA_NEW_N(mem, uint32_t, (size_t)RVV_ARRAY_ROWS_MAX * (size_t)a->width);
  return a;
}

void rvv_array_reset(rvv_array *a) {
  a->n_weights = a->n_inputs = a->n_outputs = a->first_output = 0;
  a->has_product = false;
  a->weight_kind = a->input_kind = a->output_kind = KIND_NONE;
}

rvv_array_rows rvv_array_waiting(const rvv_array *a) { return (rvv_array_rows){a->has_product ? 0 : a->n_weights, a->n_inputs, a->n_outputs}; }
void rvv_array_set_strict(rvv_array *a, bool is_strict) { a->is_strict = is_strict; }
int rvv_array_lanes(const rvv_array *a) { return a->lanes; }

static kind kind_of(int push, int bytes) {
  switch (push) {
  case ISA_PUSH_FLOAT: return bytes == 4 ? KIND_F32 : bytes == 2 ? KIND_F16 : KIND_NONE;
  case ISA_PUSH_BF16: return bytes == 2 ? KIND_BF16 : KIND_NONE;
  default: return bytes == 4 ? KIND_I32 : bytes == 2 ? KIND_I16 : bytes == 1 ? KIND_I8 : KIND_NONE;
  }
}

static bool is_float(kind k) { return k >= KIND_F32 && k <= KIND_BF16; }

/* Element e of all lanes as f32 or i32. */
static void take_row(const rvv_array *a, const rvv_push *p, kind k, int e, uint32_t *out) {
  int at = e * p->bytes, shift = at % 4 * 8;
  const uint32_t *w = p->words + (size_t)(at / 4) * (size_t)a->lanes;
  uint16_t half[RVV_LANES_MAX];
  switch (k) {
  case KIND_F16:
    for (int l = 0; l < a->lanes; l++)
      half[l] = (uint16_t)(w[l] >> shift);
    rvv_kernels_best()->f16_to_f32(half, out, (size_t)a->lanes);
    break;
  case KIND_BF16: for (int l = 0; l < a->lanes; l++) out[l] = w[l] >> shift << 16; break;
  case KIND_I16: for (int l = 0; l < a->lanes; l++) out[l] = (uint32_t)(int32_t)(int16_t)(w[l] >> shift); break;
  case KIND_I8: for (int l = 0; l < a->lanes; l++) out[l] = (uint32_t)(int32_t)(int8_t)(w[l] >> shift); break;
  default: memcpy(out, w, (size_t)a->lanes * 4);
  }
}

const char *rvv_array_push(rvv_array *a, bool is_weight, const rvv_push *p, rvv_fault_kind *fault) {
  kind k = kind_of(p->kind, p->bytes);
  if (is_weight && a->has_product) {
    a->n_weights = 0;
    a->has_product = false;
  }
  int *n = is_weight ? &a->n_weights : &a->n_inputs, most = is_weight ? a->lanes : RVV_ARRAY_ROWS_MAX;
  kind *have = is_weight ? &a->weight_kind : &a->input_kind;
  *fault = RVV_ARRAY_KIND;
  if (k == KIND_NONE)
    return "numbers the array does not have";
  if (*n > 0 && *have != k)
    return "numbers of another kind than the rows before";
  *fault = RVV_ARRAY_QUEUE;
  if (p->rows > most - *n)
    return is_weight ? "more rows of weights than lanes" : "more rows of input than the array keeps";
  *have = k;
  for (int e = 0; e < p->rows; e++)
    take_row(a, p, k, e, (is_weight ? a->weights : a->inputs) + (size_t)(*n)++ * (size_t)a->width);
  return NULL;
}

const char *rvv_array_compute(rvv_array *a, rvv_fault_kind *fault) {
  const rvv_kernels *kernels = rvv_kernels_best();
  size_t width = (size_t)a->width;
  *fault = RVV_ARRAY_QUEUE;
  if (a->n_inputs == 0)
    return "a product without rows of input";
  if (a->n_weights == 0)
    return "a product without weights";
  if (a->is_strict && a->n_weights < a->lanes)
    return "a product with fewer rows of weights than lanes";
  if (a->n_inputs > RVV_ARRAY_ROWS_MAX - a->n_outputs)
    return "more rows of output than the array keeps";
  *fault = RVV_ARRAY_KIND;
  if (a->weight_kind != a->input_kind || (a->n_outputs > 0 && is_float(a->output_kind) != is_float(a->input_kind)))
    return "input and weights of two kinds";
  if (a->first_output + a->n_outputs + a->n_inputs > RVV_ARRAY_ROWS_MAX) {
    memmove(a->outputs, a->outputs + (size_t)a->first_output * width, (size_t)a->n_outputs * width * 4);
    a->first_output = 0;
  }
  uint32_t *out = a->outputs + (size_t)(a->first_output + a->n_outputs) * width;
  memset(out, 0, (size_t)a->n_inputs * width * 4);
  if (is_float(a->input_kind))
    kernels->product_f32((float *)out, (const float *)a->inputs, (const float *)a->weights, a->n_inputs, a->n_weights, a->width);
  else
    kernels->product_i32(out, a->inputs, a->weights, a->n_inputs, a->n_weights, a->width);
  a->n_outputs += a->n_inputs;
  a->output_kind = a->input_kind;
  a->n_inputs = 0;
  a->has_product = true;
  return NULL;
}

/* A row of output as numbers of `bytes`: f32 as f32, or as the f16 or bf16 that was pushed; integers cut. */
static bool give_row(const rvv_array *a, const uint32_t *row, uint32_t *words, int e, int bytes) {
  int at = e * bytes, shift = at % 4 * 8;
  uint32_t *w = words + (size_t)(at / 4) * (size_t)a->lanes, ones = bytes == 1 ? 0xff : 0xffff;
  uint16_t half[RVV_LANES_MAX];
  if (bytes == 4) {
    memcpy(w, row, (size_t)a->lanes * 4);
    return true;
  }
  if (bytes == 8 || (is_float(a->output_kind) && (bytes == 1 || a->output_kind == KIND_F32)))
    return false;
  if (a->output_kind == KIND_F16)
    rvv_kernels_best()->f32_to_f16(row, half, (size_t)a->lanes);
  else if (a->output_kind == KIND_BF16)
    rvv_kernels_best()->f32_to_bf16(row, half, (size_t)a->lanes);
  else
    for (int l = 0; l < a->lanes; l++)
      half[l] = (uint16_t)row[l];
  for (int l = 0; l < a->lanes; l++)
    w[l] = (w[l] & ~(ones << shift)) | (half[l] & ones) << shift;
  return true;
}

const char *rvv_array_pop(rvv_array *a, uint32_t *words, int rows, int bytes, rvv_fault_kind *fault) {
  *fault = RVV_ARRAY_QUEUE;
  if (rows > a->n_outputs)
    return "fewer rows of output wait";
  *fault = RVV_ARRAY_KIND;
  for (int e = 0; e < rows; e++)
    if (!give_row(a, a->outputs + (size_t)(a->first_output + e) * (size_t)a->width, words, e, bytes))
      return "results that are no such numbers";
  a->n_outputs -= rows;
  a->first_output = a->n_outputs ? a->first_output + rows : 0;
  return NULL;
}
