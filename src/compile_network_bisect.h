/* --bisect-numerics of a network: the first kernel that goes wrong, and in it the first stage and operation (compile_bisect.h). */
#ifndef LOOM_COMPILE_NETWORK_BISECT_H
#define LOOM_COMPILE_NETWORK_BISECT_H
#include "compile_bisect.h"
#include "compile_network.h"

/* A kernel that ran, against the interpreter on what the kernels before it had made. */
typedef struct network_bisect_step { const network_kernel *kernel; run_check check; const char *fault; /* of the virtual chip; NULL: none */ bool has_run; } network_bisect_step;
typedef struct network_bisection {
  VEC_OF(network_bisect_step) steps;       /* up to the one that goes wrong */
  const network_kernel *wrong;             /* NULL: none */
  bool is_carried;                         /* it is within its own bound; the errors of the kernels up to it leave theirs together, at `where` */
  const char *where;                       /* "t3[1, 2]" */
  compile_bisection stages;                /* of `wrong`, on its actual inputs.  Nothing found: its stages agree, the machine code or the program that ran does not */
} network_bisection;

/* Runs kernel after kernel as compile_network_run does, up to the first that goes wrong.  With o->override_dir a kernel takes the files of DIR/<its name>, and its
 * stages are judged before its code runs. */
LOOM_MUST_USE loom_status compile_network_bisect(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, const run_options *r, void *const *args, network_bisection *out);
data_value *compile_network_bisection_data(arena *m, const network *net, const network_bisection *b, const char *machine_name);      /* loom.network_bisection.v1 */
#endif
