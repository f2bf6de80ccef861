/* program: functions of whole MLIR modules as code of this CPU.  Takes: a module on tensors (tosa, linalg, tensor, arith, math, scf, cf, func,
 * ml_program, and the expectations of dialect check).  Leaves: calls of its functions with values (run/run_value.h), and what their checks found. */
#ifndef LOOM_PROGRAM_H
#define LOOM_PROGRAM_H
#include "base/vec.h"
#include "ir/ir.h"
#include "codegen/codegen.h"
#include "run/provider_set.h"
#include "run/run_value.h"

typedef struct program_function {
  const char *name;
  loom_span span;
  bool is_public, has_body;
  int n_args, n_results;
  const char **arg_names;              /* "x" of "%x"; "arg0" where the text has none */
  run_value_type *args, *results;
  const char *refused;                 /* a type that no value has, as text; NULL: the function can be called */
} program_function;
typedef VEC_OF(program_function) program_functions;

/* The functions of a module as it was read. */
program_functions program_list(ir_ctx *ir, MlirModule m);
const program_function *program_find(const program_functions *all, const char *name);     /* NULL name: the first public one with a body */
/* Is it one that takes and gives values (and not memory, as kernels do)? */
bool program_is_on_values(const program_function *f);

/* What one expectation or assertion says, in program order. */
typedef struct program_check {
  const char *op;                      /* "check.expect_eq" */
  loom_span span;
  bool is_exact;                       /* bit for bit; else within atol + rtol * |expected| */
  double atol, rtol;
  run_element type;                    /* of the tensors compared */
  int64_t passed, failed;              /* how often, in the calls so far */
  const char *failure;                 /* of the first one that failed */
} program_check;

typedef struct program_options {
  bool ordered_sums;                   /* every sum in the order of its elements, in its own type */
  const codegen_symbol *calls; size_t n_calls;      /* functions of ours that operations of dialect mpi become calls of; none: there must be no such operations */
  const char *late;                    /* with `calls`: bodies of functions on memory that the module declares, added when all other memory has its owners; NULL: none */
  const provider_options *providers;   /* of kernels: matrix products are offered to them; NULL: none, only what the module declares is theirs */
} program_options;
typedef struct program program;
/* Lowers and compiles `m` (changed).  LOOM_EUNSUP: it has operations or types that are not supported: all of them are reported. */
LOOM_MUST_USE loom_status program_compile(ir_ctx *ir, MlirModule m, const program_options *o, LOOM_GIVE program **out);
void program_close(LOOM_TAKE program *p);
/* Out of a call that is running: it fails with `st`.  Only for functions that its code calls. */
_Noreturn void program_stop_call(loom_status st);
program_check *program_checks(program *p, size_t *out_n);
/* Calls a function with its arguments, which are copied: results[i] is made in ctx->mem.  LOOM_EINPUT: an assertion of the module does not hold;
 * LOOM_EPROVIDER: a kernel provider failed; LOOM_EMEM: it asks for more memory than there is. */
LOOM_MUST_USE loom_status program_call(program *p, const program_function *f, const run_value *args, run_value *results);
/* Who computed what was left to kernel providers (provider_link_report); NULL: nothing was. */
data_value *program_kernels(program *p);
/* Buffers that calls have not given back: 0, or a defect of the lowering. */
int64_t program_leaked(const program *p);
#endif
