#include "run/run_shared.h"
#include "run/run_process.h"
#include <stdlib.h>

static loom_status find_linker(loom_ctx *ctx, const char **out) {
  static const char *const names[] = {"cc", "gcc", "clang", "clang-22", "ld.lld-22", "ld"};
  bool was_named;
  *out = run_choose_program(&ctx->mem, "LOOM_LINKER", names, sizeof names / sizeof *names, &was_named);
  if (*out)
    return LOOM_OK;
  if (was_named)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "LOOM_LINKER names '%s', which cannot be run", getenv("LOOM_LINKER"));
  diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "a shared library needs a linker, and there is none on the path (cc, gcc, clang, ld.lld or ld)");
  diag_help(ctx, "install one (apt install gcc), name one in LOOM_LINKER, or take the object: --emit obj");
  return LOOM_EIO;
}

loom_status run_link_shared(loom_ctx *ctx, const char *object, const char *out) {
  const char *linker;
  LOOM_TRY(find_linker(ctx, &linker));
  const char *args[] = {linker, "-shared", "-o", out, object, "-lm", NULL};
  int code;
  LOOM_TRY(run_process(ctx, args, NULL, NULL, &code));
  if (code == 0)
    return LOOM_OK;
  diag_error(ctx, diag_file_span(ctx, out), LOOM_EIO, "the linker failed: %s -shared -o %s %s -lm", linker, out, object);
  diag_help(ctx, "the object is there; another linker can be named in LOOM_LINKER");
  return LOOM_EIO;
}
