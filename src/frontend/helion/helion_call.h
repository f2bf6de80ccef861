/* Calls of library functions: one table row each (helion_table.c); a handler gets its arguments bound to the parameters of its row. */
#ifndef LOOM_HELION_CALL_H
#define LOOM_HELION_CALL_H
#include "frontend/helion/helion_value.h"

enum { HELION_PARAMS_MAX = 12 };

typedef struct helion_fn helion_fn;
typedef struct helion_call {
  const syn_node *node;
  const helion_fn *fn;
  helion_value arg[HELION_PARAMS_MAX];      /* in the order of the row's parameters; UNKNOWN when not given */
  bool given[HELION_PARAMS_MAX];
  const syn_node *at[HELION_PARAMS_MAX];    /* where it is written; NULL: the call itself */
} helion_call;

typedef helion_value helion_handler(helion_reader *r, const helion_call *c);

/* `params`: names in order, separated by spaces.  "x?" is optional, "x~" is optional and not looked at (device, pin_memory), "*x" takes the
 * rest of the positional arguments as a sequence, "|" makes those behind it keyword-only. */
struct helion_fn { const char *path, *params; helion_handler *run; int detail; };

/* Rows by dotted path ("torch.addmm"), NULL when there is none. */
const helion_fn *helion_find_function(const char *path);
/* Methods of values of kind `k` ("size" of TENSOR): parameter 0 is the value itself. */
const helion_fn *helion_find_method(helion_kind k, const char *name);
/* Attributes ("shape"): called with the value alone. */
const helion_fn *helion_find_attribute(helion_kind k, const char *name);
/* The row computes on values (torch.exp), so that host tensors are loaded for it; other rows make views or ask for shapes. */
bool helion_computes(const helion_fn *f);
/* Constants ("torch.float16", "math.pi"). */
bool helion_find_constant(helion_reader *r, const char *path, helion_value *out);
/* The known name nearest to `path` or NULL: for "did you mean". */
const char *helion_nearest_function(helion_reader *r, const char *path);
const char *helion_nearest_member(helion_reader *r, helion_kind k, const char *name);

/* What to write instead of the unknown function or method `path`: for those that are refused on purpose what fits, else the nearest known
 * name, `near` (NULL: none). */
const char *helion_advice(helion_reader *r, const char *path, const char *near);

/* "its parameters are (input, dim=, *, dtype=)" */
const char *helion_show_params(helion_reader *r, const helion_fn *f);

/* Runs row `f` with the arguments of the call `n`; `self` is NULL for functions.  Wrong arguments are LOOM_EINPUT. */
helion_value helion_run_row(helion_reader *r, const syn_node *n, const helion_fn *f, const helion_value *self);

/* ---- reading arguments ---- */
/* Where argument `i` is written. */
static inline const syn_node *helion_arg_node(const helion_call *c, int i) { return c->at[i] ? c->at[i] : c->node; }
/* Of the tensor whose method or attribute this is: rows of tensors only. */
static inline kernel_type helion_self_type(const helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  (void)helion_type_of(r, &c->arg[0], &t);
  return t;
}
/* An int that is known now; `what` names it in messages. */
bool helion_arg_int(helion_reader *r, const helion_call *c, int i, const char *what, int64_t *out);
/* A python number that is known now; nothing is diagnosed. */
bool helion_arg_number(helion_reader *r, const helion_call *c, int i, double *out);
/* A dtype argument, or `missing` when it is not given or None. */
bool helion_arg_dtype(helion_reader *r, const helion_call *c, int i, dtype missing, dtype *out);
/* A shape from sizes, tiles and nested sequences of them; a single sequence counts as the shape itself. */
bool helion_arg_shape(helion_reader *r, const helion_call *c, const helion_value *v, kernel_type *out);
/* The items of a sequence; any other value counts as one item. */
static inline size_t helion_item_count(const helion_value *v) { return v->kind == HELION_SEQ ? v->seq.n : 1; }
static inline const helion_value *helion_item(const helion_value *v, size_t i) { return v->kind == HELION_SEQ ? &v->seq.at[i] : v; }
#endif
