#include "target/tt/tt.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  loom_ctx ctx; loom_ctx_init(&ctx);
  ir_ctx ir; if (ir_open(&ctx, &ir)) return 1;
  ir_allow_unregistered(&ir, true);
  if (dialect_load(&ir)) return 1;
  char *src; size_t n; data_value *v; tog *t; machine *m; tt_program p = {0};
  if (argc < 2) return 0;
  loom_status st = file_read(&ctx, argv[1], 1 << 24, &src, &n);
  if (!st) st = data_read_json(&ctx, argv[1], src, n, &v);
  if (!st) st = tog_from_data(&ctx, v, &t);
  if (!st) st = machine_load_with(&ctx, argc > 2 ? argv[2] : "wormhole", NULL, NULL, (void*)&m);
  if (!st) st = tt_lower(&ir, t, m, "", &p);
  for (diag_item *d = ctx.diag.first; d; d = d->next) fprintf(stderr, "diag %d: %s\n", d->status, d->text);
  if (!st) { puts(ir_print(&ctx.mem, mlirModuleGetOperation(p.module), false));
    for (size_t i = 0; i < p.cbs.n; i++) fprintf(stderr, "cb %zu %s %s unpack %d\n", i, p.cbs.at[i].name, p.cbs.at[i].comment, p.cbs.at[i].unpack_to_dest);
    for (size_t i = 0; i < p.tensors.n; i++) fprintf(stderr, "tensor %s tiled %d %d %d pages %ld x %ld\n", p.tensors.at[i].name, p.tensors.at[i].is_tiled, p.tensors.at[i].row_dim, p.tensors.at[i].col_dim, p.tensors.at[i].pages, p.tensors.at[i].page_bytes); }
  return st;
}
