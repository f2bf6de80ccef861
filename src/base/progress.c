#include "base/progress.h"
#include <stddef.h>

static struct { progress_listener *listener; void *data; } to;

void progress_listen(progress_listener *listener, void *data) {
  to.listener = listener;
  to.data = data;
}

void progress_tell(const char *what, int64_t done, int64_t total) {
  if (to.listener)
    to.listener(to.data, what, done, total);
}

void progress_over(const char *what) { progress_tell(what, -1, 0); }

bool progress_is_heard(void) { return to.listener != NULL; }
