/* Text for people: one line an operation. */
#include "kernel/kernel.h"

typedef struct printer { arena *mem; const kernel_graph *k; text out; } printer;

static void add_value(printer *p, kernel_value v) {
  const kernel_value_info *info = v >= 0 && (size_t)v < p->k->values.n ? &p->k->values.at[v] : NULL;
  text_addf(&p->out, "%%%d", v);
  if (info && info->name)
    text_addf(&p->out, ":%s", info->name);
}

static void add_type(printer *p, const kernel_type *t) {
  text_add(&p->out, dtype_mlir(t->type));
  if (t->rank == 0)
    return;
  text_add(&p->out, "[");
  for (int d = 0; d < t->rank; d++)
    text_addf(&p->out, "%s%s", d ? ", " : "", sym_str(p->mem, t->dim[d]));
  text_add(&p->out, "]");
}

static void add_index(printer *p, const kernel_index *x) {
  switch (x->kind) {
  case KERNEL_INDEX_TILE:
    add_value(p, x->value);
    if (x->begin)
      text_addf(&p->out, " + %s", sym_str(p->mem, x->begin));
    break;
  case KERNEL_INDEX_SCALAR:
  case KERNEL_INDEX_TENSOR:
    if (x->value >= 0)
      add_value(p, x->value);
    else
      text_add(&p->out, sym_str(p->mem, x->begin));
    break;
  case KERNEL_INDEX_ALL:
    text_add(&p->out, ":");
    break;
  case KERNEL_INDEX_SLICE:
    text_addf(&p->out, "%s:%s", sym_str(p->mem, x->begin), sym_str(p->mem, x->end));
    break;
  case KERNEL_INDEX_NEW:
    text_add(&p->out, "None");
    break;
  }
}

static void add_access(printer *p, const kernel_op *op) {
  bool known = op->tensor >= 0 && (size_t)op->tensor < p->k->tensors.n;
  text_addf(&p->out, " %s[", known ? p->k->tensors.at[op->tensor].name : "?");
  for (int i = 0; i < op->n_index; i++) {
    text_add(&p->out, i ? ", " : "");
    add_index(p, &op->index[i]);
  }
  text_add(&p->out, "]");
}

static void add_ranges(printer *p, const kernel_op *op) {
  for (int i = 0; i < op->n_ranges; i++) {
    const kernel_range *r = &op->ranges[i];
    text_add(&p->out, i ? ", " : " ");
    if ((size_t)i < op->regions[0].params.n)
      add_value(p, op->regions[0].params.at[i]);
    text_addf(&p->out, " in %s..%s", sym_str(p->mem, r->begin), sym_str(p->mem, r->end));
    if (r->step)
      text_addf(&p->out, " step %s", sym_str(p->mem, r->step));
    if (r->block)
      text_addf(&p->out, " by %s", r->block);
  }
}

/* What belongs to the kind of operation, besides operands. */
static void add_details(printer *p, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_UNARY:
  case KERNEL_BINARY:
    text_addf(&p->out, " %s", kernel_fn_name(op->fn));
    break;
  case KERNEL_REDUCE:
    text_addf(&p->out, " %s axes=", kernel_fn_name(op->fn));
    for (int d = 0, n = 0; d < KERNEL_RANK_MAX; d++)
      if ((op->ivalue >> d) & 1)
        text_addf(&p->out, "%s%d", n++ ? "," : "", d);
    text_add(&p->out, op->flag ? " keepdim" : "");
    break;
  case KERNEL_BIND:
  case KERNEL_INDEX_EXPR:
    text_addf(&p->out, " %s", op->expr ? sym_str(p->mem, op->expr) : "?");
    break;
  case KERNEL_CONSTANT:
    text_addf(&p->out, " %.17g", op->fvalue);
    break;
  case KERNEL_FULL:
    if (op->n_operands == 0)
      text_addf(&p->out, " %.17g", op->fvalue);
    break;
  case KERNEL_IOTA:
    text_addf(&p->out, " %.17g step %" PRId64, op->fvalue, op->ivalue);
    break;
  case KERNEL_PERMUTE:
    for (int d = 0; op->n_operands && d < p->k->values.at[op->operands[0]].type.rank; d++)
      text_addf(&p->out, "%s%d", d ? "," : " ", op->perm[d]);
    break;
  case KERNEL_FOLD:
  case KERNEL_SCAN:
  case KERNEL_STACK:
    text_addf(&p->out, " axis=%" PRId64 "%s", op->ivalue, op->flag ? op->kind == KERNEL_SCAN ? " reverse" : " keepdim" : "");
    break;
  case KERNEL_EXTRACT:
    text_addf(&p->out, " %s of axis %" PRId64 " of", op->expr ? sym_str(p->mem, op->expr) : "?", op->ivalue);
    break;
  case KERNEL_ATOMIC:
    text_addf(&p->out, " %s", kernel_fn_name(op->fn));
    add_access(p, op);
    break;
  case KERNEL_LOAD:
  case KERNEL_STORE:
    add_access(p, op);
    break;
  default:
    add_ranges(p, op);
  }
}

static void add_region(printer *p, const kernel_region *r, int depth);

static void add_op(printer *p, const kernel_op *op, int depth) {
  text_addf(&p->out, "%*s", 2 * depth, "");
  for (int i = 0; i < op->n_results; i++) {
    text_add(&p->out, i ? ", " : "");
    add_value(p, op->results[i]);
  }
  text_addf(&p->out, "%s%s", op->n_results ? " = " : "", kernel_op_name(op->kind));
  add_details(p, op);
  for (int i = 0; i < op->n_operands; i++) {
    if (op->kind == KERNEL_STORE && i == 1) {
      text_add(&p->out, " where ");
      add_value(p, op->operands[i]);
      continue;
    }
    text_add(&p->out, i ? ", " : op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC ? " = " : op->kind == KERNEL_LOAD ? " where " : op->n_ranges ? " carry " : " ");
    add_value(p, op->operands[i]);
  }
  for (int i = 0; i < op->n_results; i++) {
    text_add(&p->out, i ? ", " : "  : ");
    add_type(p, &p->k->values.at[op->results[i]].type);
  }
  if (op->span.line)
    text_addf(&p->out, "  # line %d", op->span.line);
  text_add(&p->out, "\n");
  for (int i = 0; i < op->n_regions; i++) {
    if (i)
      text_addf(&p->out, "%*selse\n", 2 * depth, "");
    size_t skip = (size_t)op->n_ranges, n = op->regions[i].params.n;
    if (n > skip) {
      text_addf(&p->out, "%*swith ", 2 * (depth + 1), "");
      for (size_t j = skip; j < n; j++) {
        text_add(&p->out, j > skip ? ", " : "");
        add_value(p, op->regions[i].params.at[j]);
      }
      text_add(&p->out, "\n");
    }
    add_region(p, &op->regions[i], depth + 1);
  }
}

static void add_region(printer *p, const kernel_region *r, int depth) {
  for (size_t i = 0; i < r->ops.n; i++)
    add_op(p, r->ops.at[i], depth);
}

static void add_symbol(printer *p, const kernel_symbol *s) {
  static const char *const kind[] = {"size", "block", "tunable", "nominal", "runtime"};
  if (s->kind == KERNEL_SYM_NOMINAL)
    return;   /* said by its name */
  text_addf(&p->out, "  %s %s", kind[s->kind], s->name);
  if (s->value >= 0)
    text_addf(&p->out, s->is_open ? " open, as in %" PRId64 : " = %" PRId64, s->value);
  if (s->extent)
    text_addf(&p->out, " of %s", sym_str(p->mem, s->extent));
  text_addf(&p->out, "%s%s\n", s->is_reduction ? " reduction" : s->is_padded ? " padded" : "", s->divides ? " divides" : "");
}

static void add_tensor(printer *p, const kernel_tensor_info *t) {
  static const char *const role[] = {"arg", "alloc", "view"};
  text_addf(&p->out, "  %s %s: ", role[t->role], t->name);
  add_type(p, &t->shape);
  if (t->role == KERNEL_VIEW && t->base >= 0) {
    text_addf(&p->out, " of %s offset %s strides", p->k->tensors.at[t->base].name, sym_str(p->mem, t->offset));
    for (int d = 0; d < t->shape.rank; d++)
      text_addf(&p->out, "%s %s", d ? "," : "", sym_str(p->mem, t->stride[d]));
  }
  text_addf(&p->out, "%s\n", t->is_returned ? " returned" : "");
}

const char *kernel_print(arena *m, const kernel_graph *k) {
  printer p = {m, k, text_new(m)};
  text_addf(&p.out, "kernel %s\n", k->name);
  for (size_t i = 0; i < k->symbols.n; i++)
    add_symbol(&p, &k->symbols.at[i]);
  for (size_t i = 0; i < k->tensors.n; i++)
    add_tensor(&p, &k->tensors.at[i]);
  for (size_t i = 0; i < k->guards.n; i++)
    text_addf(&p.out, "  guard %s  # line %d\n", sym_str(m, k->guards.at[i].holds), k->guards.at[i].span.line);
  add_region(&p, &k->body, 1);
  return text_str(&p.out);
}
