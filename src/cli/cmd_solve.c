/* loom solve ETG.json: block sizes for each variant of an ETG of any generation. */
#include "cli/cli_forms.h"
#include "etg/etg.h"
#include "solve/solve.h"
#include <stdio.h>
#include <string.h>

static void print_table(const data_value *v) {
  const data_value *rows = data_get(v, "variants");
  for (size_t i = 0; i < rows->n; i++) {
    const data_value *r = rows->items[i], *conflict = data_get(r, "conflict");
    const char *why = data_get_string(r, "explain", NULL);
    printf("%s: %s", data_get(r, "name")->string, data_get(r, "status")->string);
    if (data_get(r, "cost")) {
      printf(", %" PRId64 " cycles", data_get(r, "cost")->integer);
      if (strcmp(data_get(r, "status")->string, "best_found") == 0)
        printf(", none below %" PRId64, data_get(r, "lower_bound")->integer);
      putchar(':');
      cli_print_sizes(r);
    }
    if (why)
      printf(" (%s)", why);
    putchar('\n');
    if (conflict)
      cli_print_conflict(conflict);
    cli_print_certificate(r);
  }
  printf("best: %s\n", data_get_string(v, "best", "none"));
}

static int64_t best_cost(const data_value *v) {
  const data_value *rows = data_get(v, "variants");
  const char *best = data_get_string(v, "best", NULL);
  for (size_t i = 0; i < rows->n; i++)
    if (text_eq(data_get(rows->items[i], "name")->string, best))
      return data_get(rows->items[i], "cost")->integer;
  return 0;
}

static void print_answers(arena *m, const data_value *v) {
  if (data_get(v, "explain"))
    cli_print_explain(m, data_get(v, "explain"), best_cost(v));
  if (data_get(v, "neighbours"))
    cli_print_neighbours(m, data_get(v, "neighbours"), best_cost(v));
  cli_print_ranks(m, data_get(v, "topk"));
  if (data_get(v, "pareto"))
    cli_print_trades(m, data_get(v, "pareto"), data_get_bool(v, "pareto_is_complete"));
}

/* The ETG as it was read, calls without costs priced by `m` if there is one. */
static loom_status write_etg(loom_ctx *ctx, const data_value *etg, const machine *m, const char *path) {
  etg_file file;
  LOOM_TRY(etg_read(ctx, etg, &file));
  if (m)
    LOOM_TRY(etg_resolve(ctx, &file, m));
  return data_write_json_file(ctx, path, etg_write(&ctx->mem, &file));
}

loom_status cmd_solve(loom_ctx *ctx, const cli_options *o) {
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom solve' takes one ETG file, %zu given", o->files.n);
  machine *m = NULL;
  if (o->machine.last)
    LOOM_TRY(cli_load_machine(ctx, o, o->machine.last, &m));
  else
    cli_tell_form(ctx, o, CLI_SOLVE_ALONE);
  solve_options so = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .ragged = o->ragged,
                      .opinion = o->certify ? o->opinion : NULL, .explain = o->explain, .neighbours = o->neighbours, .pareto = o->pareto, .progress = cli_progress_step};
  int64_t top = 0;
  if (o->model.last)      /* one of the words */
    (void)model_kind_parse(o->model.last, &so.model);
  cli_pairs blocks = {0};
  LOOM_TRY(cli_pairs_of(ctx, "--block-sizes", o->block_sizes.all.at, o->block_sizes.all.n, true, &blocks));
  solve_domain *domains = ARENA_NEW_N(&ctx->mem, solve_domain, blocks.n);
  for (size_t i = 0; i < blocks.n; i++)
    domains[i] = (solve_domain){.symbol = blocks.at[i].key, .assigned = blocks.at[i].integer};
  so.domains = domains;
  so.n_domains = blocks.n;
  if (o->op_budget.last)
    LOOM_TRY(cli_int(ctx, "--op-budget", o->op_budget.last, 1, INT64_MAX, &so.op_budget));
  if (o->topk.last)
    LOOM_TRY(cli_int(ctx, "--topk", o->topk.last, 1, 1000000, &top));
  so.top_k = (int)top;
  LOOM_TRY(cli_timeout(ctx, o, &so.timeout_s));
  LOOM_TRY(cli_threads(ctx, o, &so.threads));
  data_value *etg, *result;
  LOOM_TRY(data_read_json_file(ctx, o->files.at[0], DATA_JSON_BYTES_MAX, &etg));
  if (o->etg.last)
    LOOM_TRY(write_etg(ctx, etg, m, o->etg.last));
  loom_status st = solve_etg(ctx, etg, m, &so, &result);
  cli_progress_end();
  LOOM_TRY(st);
  if (o->out.last)
    LOOM_TRY(data_write_json_file(ctx, o->out.last, result));
  if (o->json) {
    printf("%s\n", data_write_json(&ctx->mem, result, 1));
  } else {
    print_table(result);
    print_answers(&ctx->mem, result);
  }
  return LOOM_OK;
}
