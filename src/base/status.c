#include "base/status.h"

int loom_status_exit(loom_status s) {
  switch (s) {
#define X(n, code, text) case LOOM_##n: return code;
    LOOM_STATUS_LIST(X)
#undef X
  }
  return 70;
}

const char *loom_status_text(loom_status s) {
  switch (s) {
#define X(n, code, text) case LOOM_##n: return text;
    LOOM_STATUS_LIST(X)
#undef X
  }
  return "unknown status";
}
