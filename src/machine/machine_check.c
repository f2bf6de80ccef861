/* What can be wrong with a machine that was read without complaint: attach points, index maps, guards of the perf sets. */
#include "base/text.h"
#include "machine/machine_private.h"

static loom_status check_attach(loom_ctx *ctx, const machine *m) {
  int64_t cores = machine_cores(m);
  if ((int64_t)m->attach.n != m->dram_channels)
    LOOM_FAIL(ctx, m->attach_span, LOOM_EINPUT, "%zu attach points for %" PRId64 " DRAM channels; each channel needs one", m->attach.n, m->dram_channels);
  for (size_t c = 0; c < m->attach.n; c++)
    if (m->attach.at[c] < 0 || m->attach.at[c] >= cores)
      LOOM_FAIL(ctx, m->attach_span, LOOM_EINPUT, "DRAM channel %zu is attached to core %" PRId64 "; the mesh has %" PRId64, c, m->attach.at[c], cores);
  return LOOM_OK;
}

loom_status machine_check(loom_ctx *ctx, const machine *m) {
  if (m->is_checked)
    return LOOM_OK;
  LOOM_TRY(machine_check_maps(ctx, m));
  LOOM_TRY(check_attach(ctx, m));
  machine_check_reach(ctx, m);
  for (size_t i = 0; i < m->perf.n; i++)
    LOOM_TRY(machine_check_guards(ctx, &m->perf.at[i]));
  return LOOM_OK;
}
