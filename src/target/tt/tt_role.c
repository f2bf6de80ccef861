#include "target/tt/tt.h"

const char *tt_role_name(tt_role r) {
  static const char *const names[TT_ROLES] = {"reader", "compute", "writer"};
  return names[r];
}
