/* What the reader does for shared loads, as functions of its own: kernels have little memory for code. */
#include "target/tt/tt_private.h"

static void inc_at(tt_emit *e, MlirValue x, MlirValue y, MlirValue semaphore) {
  MlirValue to = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_addr", NULL, x, y, semaphore);
  TT_OP(e, "noc_semaphore_inc", to, tt_int(e, 1));
}

enum { HELPER_ARGS = 8 };
static tt_helper *open_helper(tt_emit *e, const char *name, const char *comment, size_t n, const char *const *names, bool *is_new) {
  MlirType types[HELPER_ARGS];
  for (size_t i = 0; i < n; i++)
    types[i] = tt_i32(e);
  const char *outer = e->comment;
  e->comment = comment;
  tt_helper *h = tt_open_helper(e, name, name, n, types, names, is_new);
  e->comment = outer;
  return h;
}

/* Announces this core to `source`, and waits until its slot is filled. */
void tt_call_receive(tt_emit *e, MlirValue x, MlirValue y, MlirValue ready, MlirValue valid) {
  static const char *const names[] = {"source_x", "source_y", "ready", "valid"};
  bool is_new;
  tt_helper *h = open_helper(e, "receive", "tells the source that the slot is reserved, and waits until it is filled", 4, names, &is_new);
  if (is_new) {
    inc_at(e, tt_helper_arg(h, 0), tt_helper_arg(h, 1), tt_helper_arg(h, 2));
    MlirValue flag = tt_pointer(e, tt_helper_arg(h, 3), "uint32_t");
    TT_OP(e, "noc_semaphore_wait", flag, tt_int(e, 1));
    TT_OP(e, "noc_semaphore_set", flag, tt_int(e, 0));
    tt_close_helper(e, h);
  }
  tt_call(e, h, 4, (MlirValue[]){x, y, ready, valid});
}

void tt_call_await(tt_emit *e, MlirValue ready, MlirValue count) {
  static const char *const names[] = {"ready", "count"};
  bool is_new;
  tt_helper *h = open_helper(e, "await_receivers", "until all that this core fills have reserved their slots", 2, names, &is_new);
  if (is_new) {
    MlirValue flag = tt_pointer(e, tt_helper_arg(h, 0), "uint32_t");
    TT_OP(e, "noc_semaphore_wait", flag, tt_helper_arg(h, 1));
    TT_OP(e, "noc_semaphore_set", flag, tt_int(e, 0));
    tt_close_helper(e, h);
  }
  tt_call(e, h, 2, (MlirValue[]){ready, count});
}

void tt_call_multicast(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *rectangle) {
  static const char *const names[] = {"l1", "bytes", "from_x", "from_y", "to_x", "to_y", "receivers"};
  bool is_new;
  tt_helper *h = open_helper(e, "multicast", "a run of tiles to the same address of all cores of the rectangle", 7, names, &is_new);
  if (is_new) {
    MlirValue a[7];
    for (int i = 0; i < 7; i++)
      a[i] = tt_helper_arg(h, i);
    MlirValue to = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_multicast_addr", NULL, a[2], a[3], a[4], a[5], a[0]);
    TT_OP(e, "noc_async_write_multicast", a[0], to, a[1], a[6]);
    tt_close_helper(e, h);
  }
  tt_call(e, h, 7, (MlirValue[]){at, bytes, rectangle[0], rectangle[1], rectangle[2], rectangle[3], rectangle[4]});
}

void tt_call_flag(tt_emit *e, MlirValue valid, const MlirValue *rectangle) {
  static const char *const names[] = {"valid", "from_x", "from_y", "to_x", "to_y", "receivers"};
  bool is_new;
  tt_helper *h = open_helper(e, "flag_receivers", "the flag follows the data on the same path; this core's own word is where it comes from", 6, names, &is_new);
  if (is_new) {
    MlirValue a[6];
    for (int i = 0; i < 6; i++)
      a[i] = tt_helper_arg(h, i);
    MlirValue flag = tt_pointer(e, a[0], "uint32_t");
    TT_OP0(e, "noc_async_writes_flushed");
    TT_OP(e, "noc_semaphore_set", flag, tt_int(e, 1));
    MlirValue to = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_multicast_addr", NULL, a[1], a[2], a[3], a[4], a[0]);
    TT_OP(e, "noc_semaphore_set_multicast", a[0], to, a[5]);
    TT_OP0(e, "noc_async_writes_flushed");
    TT_OP(e, "noc_semaphore_set", flag, tt_int(e, 0));
    tt_close_helper(e, h);
  }
  tt_call(e, h, 6, (MlirValue[]){valid, rectangle[0], rectangle[1], rectangle[2], rectangle[3], rectangle[4]});
}

void tt_call_pass_on(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *core) {
  static const char *const names[] = {"l1", "bytes", "next_x", "next_y"};
  bool is_new;
  tt_helper *h = open_helper(e, "pass_on", "a run of tiles to the same address of the next core", 4, names, &is_new);
  if (is_new) {
    MlirValue l1 = tt_helper_arg(h, 0);
    MlirValue to = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_addr", NULL, tt_helper_arg(h, 2), tt_helper_arg(h, 3), l1);
    TT_OP(e, "noc_async_write", l1, to, tt_helper_arg(h, 1));
    tt_close_helper(e, h);
  }
  tt_call(e, h, 4, (MlirValue[]){at, bytes, core[0], core[1]});
}

void tt_call_flag_next(tt_emit *e, const MlirValue *core, MlirValue valid) {
  static const char *const names[] = {"next_x", "next_y", "valid"};
  bool is_new;
  tt_helper *h = open_helper(e, "flag_next", "the data has arrived there before its flag is set", 3, names, &is_new);
  if (is_new) {
    TT_OP0(e, "noc_async_write_barrier");
    inc_at(e, tt_helper_arg(h, 0), tt_helper_arg(h, 1), tt_helper_arg(h, 2));
    tt_close_helper(e, h);
  }
  tt_call(e, h, 3, (MlirValue[]){core[0], core[1], valid});
}
