/* What --explain, --neighbours, --topk and --pareto say, as text.  Takes the JSON that --json prints, so that both say the same. */
#include "base/text.h"
#include "cli/cli.h"
#include <stdio.h>

enum { TRADES_SHOWN = 24 };

static int64_t int_of(const data_value *o, const char *key) {
  const data_value *v = data_get(o, key);
  return v ? v->integer : 0;
}

static const char *string_of(const data_value *o, const char *key) {
  const data_value *v = data_get(o, key);
  return v && v->kind == DATA_STRING ? v->string : "";
}

void cli_print_sizes(const data_value *o) {
  static const char *const kinds[] = {"block_sizes", "booleans"};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    const data_value *v = data_get(o, kinds[k]);
    for (size_t i = 0; v && i < v->n; i++)
      printf(" %s=%" PRId64, v->members[i].key, v->members[i].value->integer);
  }
}

/* ---- explain ---- */

static void print_terms(arena *m, const data_value *terms) {
  printf("cost split  ");
  for (size_t i = 0; terms && i < terms->n; i++)
    printf("%s %s %s", i ? "," : "", terms->members[i].key, text_thousands(m, terms->members[i].value->integer));
  puts(" (cycles if the others took no time)");
}

static void print_limits(arena *m, const data_value *limits, int64_t cost) {
  for (size_t i = 0; limits && i < limits->n; i++) {
    const data_value *x = limits->items[i];
    int64_t without = int_of(x, "cost_without");
    bool is_proven = data_get(x, "is_proven") && data_get(x, "is_proven")->boolean;
    printf("limit        %s: ", string_of(x, "limit"));
    if (without < cost)
      printf("without it %s%s cycles, %s fewer\n", is_proven ? "" : "at most ", text_thousands(m, without), text_thousands(m, cost - without));
    else
      puts(is_proven ? "costs nothing" : "not known what it costs");
  }
}

static void print_cost(arena *m, const data_value *cycles, const char *why, int64_t cost) {
  if (cycles)
    printf("%s cycles (%s%.2f %%)\n", text_thousands(m, cycles->integer), cycles->integer < cost ? "" : "+", cost ? 100.0 * (double)(cycles->integer - cost) / (double)cost : 0.0);
  else
    printf("%s\n", why);
}

static void print_step(arena *m, const char *label, const data_value *s, int64_t cost) {
  const data_value *to = data_get(s, "to");
  printf("%s%s %" PRId64, label, string_of(s, "symbol"), int_of(s, "from"));
  if (to)
    printf(" -> %" PRId64, to->integer);
  fputs(": ", stdout);
  print_cost(m, data_get(s, "cost"), string_of(s, "why"), cost);
}

static void print_steps(arena *m, const char *label, const data_value *steps, int64_t cost) {
  for (size_t i = 0; steps && i < steps->n; i++)
    print_step(m, label, steps->items[i], cost);
}

static void print_moves(arena *m, const data_value *moves, int64_t cost) {
  for (size_t i = 0; moves && i < moves->n; i++) {
    const data_value *x = moves->items[i], *cycles = data_get(x, "cost");
    printf("another way  %s %s -> %s: ", string_of(x, "access"), string_of(x, "from"), string_of(x, "to"));
    print_cost(m, cycles, string_of(x, "why"), cost);
  }
}

void cli_print_explain(arena *m, const data_value *e, int64_t cost) {
  const data_value *next = data_get(e, "runner_up");
  printf("binding      %s\n", string_of(e, "binding"));
  print_terms(m, data_get(e, "cost_split"));
  print_limits(m, data_get(e, "limits"), cost);
  print_steps(m, "step         ", data_get(e, "steps"), cost);
  print_moves(m, data_get(e, "moves"), cost);
  if (int_of(e, "ties"))
    printf("ties         %s others take the same time; the first wins\n", text_thousands(m, int_of(e, "ties")));
  if (next)
    printf("runner-up    %s: %s\n", string_of(next, "name"), string_of(next, "why_lost"));
}

static void print_list(const char *label, const data_value *list) {
  for (size_t i = 0; list && i < list->n; i++)
    printf("%s%s\n", label, list->items[i]->string);
}

void cli_print_conflict(const data_value *c) {
  const data_value *minimal = data_get(c, "is_minimal");
  print_list("  impossible: ", data_get(c, "alone"));
  if (data_get(c, "together")) {
    printf("  cannot all hold%s:\n", minimal && minimal->boolean ? ", while without any of them the others can" : "");
    print_list("    ", data_get(c, "together"));
  }
}

void cli_print_certificate(const data_value *row) {
  const data_value *certified = data_get(row, "certified"), *reason = data_get(row, "reason"), *core = data_get(row, "core");
  if (!certified)
    return;
  printf(certified->boolean ? "  certified\n" : "  not certified: %s\n", reason ? reason->string : "");
  if (core && !data_get(row, "conflict")) {
    printf("  cannot all hold:\n");
    print_list("    ", core);
  }
}

/* ---- lists ---- */

void cli_print_neighbours(arena *m, const data_value *steps, int64_t cost) { print_steps(m, "neighbour    ", steps, cost); }

void cli_print_ranks(arena *m, const data_value *rows) {
  for (size_t i = 0; rows && i < rows->n; i++) {
    const data_value *r = rows->items[i];
    printf("%-4zu %14s  %s:", i + 1, text_thousands(m, int_of(r, "cost")), string_of(r, "name"));
    cli_print_sizes(r);
    putchar('\n');
  }
}

/* Both ends and evenly what lies between. */
void cli_print_trades(arena *m, const data_value *rows, bool is_complete) {
  size_t shown = rows->n > TRADES_SHOWN ? TRADES_SHOWN : rows->n;
  for (size_t k = 0; k < shown; k++) {
    const data_value *r = rows->items[shown > 1 ? k * (rows->n - 1) / (shown - 1) : 0], *bytes = data_get(r, "bytes");
    printf("trade        %s cycles", text_thousands(m, int_of(r, "cost")));
    for (size_t i = 0; bytes && i < bytes->n; i++)
      printf(", %s %s B", bytes->members[i].key, text_thousands(m, bytes->members[i].value->integer));
    printf(": %s:", string_of(r, "name"));
    cli_print_sizes(r);
    putchar('\n');
  }
  if (shown < rows->n)
    printf("%s trades, %zu shown; --json has all\n", text_thousands(m, (int64_t)rows->n), shown);
  if (!is_complete)
    puts("the budget or the time was up: there may be better trades");
}
