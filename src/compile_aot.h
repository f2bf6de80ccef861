/* compile_aot: the host's code as files for other programs. */
#ifndef LOOM_COMPILE_AOT_H
#define LOOM_COMPILE_AOT_H
#include "compile.h"

/* LLVM IR of a kernel or function compiled for the host. */
LOOM_MUST_USE loom_status compile_emit_llvm(compile_state *s, const char **out);
/* What a caller of the code must know, in `v`: `symbol`, `arguments` of {name, dtype, shape (an expression where it depends on open sizes), written, result (it is no argument)} in the order of the buffers, `sizes` that
 * are open. */
LOOM_MUST_USE loom_status compile_emit_describe(compile_state *s, data_value *v);
/* NAME.o or NAME.so and NAME.h in directory `where` (NULL: loom-out/NAME), or the file that `where` names.  LOOM_EIO: no linker, or it fails. */
LOOM_MUST_USE loom_status compile_emit_files(compile_state *s, const char *where, bool is_shared, const char **out_file, const char **out_header);
#endif
