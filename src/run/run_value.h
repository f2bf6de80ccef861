/* run_value: values of functions as text and as bytes: "2x2xf32=[[1 2][3 4]]", "i32=5", "@file.npy". */
#ifndef LOOM_RUN_VALUE_H
#define LOOM_RUN_VALUE_H
#include "base/npy.h"
#include "base/small_float.h"

enum { RUN_RANK_MAX = NPY_RANK_MAX };
/* An element type of MLIR.  In memory an element takes run_element_bytes; one of less than a byte the low bits of its own byte. */
typedef struct run_element {
  const char *name;              /* as MLIR spells it: "f32", "i4", "f8E4M3FN", "index" */
  int bits;
  bool is_float, is_unsigned;    /* is_unsigned: ui8 */
  const small_float *small;      /* of floats under 16 bits */
} run_element;
/* False: no such type.  i1 .. i64, si, ui, index, f16, bf16, f32, f64 and the small floats. */
bool run_element_parse(arena *mem, const char *name, run_element *out);
size_t run_element_bytes(const run_element *e);
double run_element_load(const run_element *e, const void *p);          /* integers beyond 2^53 are rounded */
int64_t run_element_integer(const run_element *e, const void *p);      /* of integers; unsigned 64 bits as they are */
void run_element_store_float(const run_element *e, void *p, double d); /* rounds once, to nearest even */
void run_element_store_integer(const run_element *e, void *p, int64_t v);

typedef struct run_value { run_element type; bool is_scalar; int rank; int64_t shape[RUN_RANK_MAX], elems; void *bytes; } run_value;   /* C order */
/* What a function takes: the shape has RUN_ANY_SIZE where a size is open. */
enum { RUN_ANY_SIZE = -1 };
typedef run_value run_value_type;   /* without bytes and elems */

/* Reads `spelled` as a value for `want`: SHAPExTYPE=ELEMENTS with the elements separated by commas or blanks, brackets around rows where one
 * likes; one element fills all; no "=ELEMENTS": zeros; ELEMENTS "@file.bin": its bytes.  "@file.npy": the array of that file.  A scalar may be
 * given as its number alone.  LOOM_EUSAGE: it is not spelled so, or is not of the type wanted; the message starts with `what`. */
LOOM_MUST_USE loom_status run_value_parse(loom_ctx *ctx, const char *what, const char *spelled, const run_value_type *want, run_value *out);
/* An array that was read, for `want`; as run_read_tensor, float32 is rounded where NumPy has no such type. */
LOOM_MUST_USE loom_status run_value_from_array(loom_ctx *ctx, const char *what, const npy_array *a, const run_value_type *want, run_value *out);
/* Bytes as NumPy has them: floats it does not have become float32, integers of less than a byte int8. */
LOOM_MUST_USE loom_status run_value_to_array(loom_ctx *ctx, const run_value *v, npy_array *out);
/* "2x2xf32=[1 2][3 4]": at most `elems_max` elements, "..." for the others; C's %G, enough digits to tell values apart with `exact`. */
const char *run_value_text(arena *mem, const run_value *v, int64_t elems_max, bool exact);
const char *run_value_type_text(arena *mem, const run_value_type *t);   /* "2x?xf32" */
const char *run_element_text(arena *mem, const run_element *e, const void *p, bool exact);
#endif
