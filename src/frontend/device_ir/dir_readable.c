#include "frontend/device_ir/dir_private.h"
loom_status dir_read_readable(dir_program *p, const char *dump, size_t size) { (void)dump; (void)size; LOOM_FAIL(p->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "todo"); }
