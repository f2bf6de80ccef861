/* Arguments of nodes as expressions of the kernel. */
#include "frontend/device_ir/dir_private.h"

/* ---- what numbers stand for ---- */
/* The block whose size node `n` is, by its symbol or by the name it was made with; NULL: none. */
static dir_block *block_of(const dir_writer *w, const dir_node *n) {
  dir_block *b = dir_block_of_symbol(w->p, n->val.scalar);
  return b ? b : dir_named_block(w->p, n);
}

static syn_node *tile_name(dir_writer *w, const dir_node *n, const dir_block *b) { return dir_syn_name(w->mem, n->span, dir_tile_name(w->p, b)); }

/* The block size as a number; one that is used outside of its loops is registered in front of them, unless the kernel fixes it. */
static loom_status block_size(dir_writer *w, const dir_node *n, dir_block *b, syn_node **out) {
  if (b->is_open) {
    *out = dir_syn_attribute(w->mem, n->span, tile_name(w, n, b), "block_size");
    return LOOM_OK;
  }
  if (b->fixed)
    return dir_size_expr(w, n, b->fixed, out);
  b->is_registered = true;
  *out = dir_syn_name(w->mem, n->span, dir_size_name(w->p, b));
  return LOOM_OK;
}

static loom_status unknown_symbol(dir_writer *w, const dir_node *n, const char *name) {
  loom_status st = diag_error(w->p->ctx, n->span, LOOM_EINPUT, "the dump does not say what the size %s is", name);
  diag_help(w->p->ctx, "give it: --shape %s=VALUE", name);
  return st;
}

/* The variable or value of symbol `name`. */
static loom_status symbol_expr(dir_writer *w, const dir_node *n, const char *name, syn_node **out) {
  int64_t v;
  syn_node *e = dir_syn_name(w->mem, n->span, name);
  for (size_t i = 0; i < w->sizes.n; i++)
    if (text_eq(w->sizes.at[i].name, name)) {
      *out = (syn_node *)(uintptr_t)w->sizes.at[i].expr;
      return LOOM_OK;
    }
  for (size_t i = 0; i < w->p->blocks.n; i++)
    if (w->p->blocks.at[i].is_open && text_eq(w->p->blocks.at[i].index, name)) {
      *out = tile_name(w, n, &w->p->blocks.at[i]);
      return LOOM_OK;
    }
  dir_block *b = dir_block_of_symbol(w->p, e);
  if (b && b->is_reduction && b->size)
    return dir_size_expr(w, n, b->size, out);
  if (b && !b->is_reduction)
    return block_size(w, n, b, out);
  for (size_t i = w->aliases.n; i-- > 0;)   /* tile_begin and the like have symbols of their own */
    if (text_eq(dir_name_of(w->aliases.at[i].node->val.scalar), name)) {
      *out = w->aliases.at[i].value;
      return LOOM_OK;
    }
  const dir_symbol *s = dir_find_symbol(w->p, name);
  if (s && !s->has_value && s->expr)
    return dir_size_expr(w, n, s->expr, out);
  if (!dir_known(w->p, e, &v))
    return unknown_symbol(w, n, name);
  *out = dir_syn_int(w->mem, n->span, v);
  return LOOM_OK;
}

loom_status dir_size_expr(dir_writer *w, const dir_node *n, const syn_node *e, syn_node **out) {
  syn_node *a, *b, **args;
  size_t count;
  switch (e->kind) {
  case SYN_Name: return symbol_expr(w, n, syn_ident(e, "id"), out);
  case SYN_BinOp: {
    syn_kind op = syn_child(e, "op")->kind;
    LOOM_TRY(dir_size_expr(w, n, syn_child(e, "left"), &a));
    LOOM_TRY(dir_size_expr(w, n, syn_child(e, "right"), &b));
    *out = dir_syn_binary(w->mem, n->span, op == SYN_Div ? SYN_FloorDiv : op, a, b);
    return LOOM_OK;
  }
  case SYN_UnaryOp:
    LOOM_TRY(dir_size_expr(w, n, syn_child(e, "operand"), &a));
    *out = dir_syn_unary(w->mem, n->span, syn_child(e, "op")->kind, a);
    return LOOM_OK;
  case SYN_Call:
    args = syn_list(e, "args", &count);
    syn_node **items = ARENA_NEW_N(w->mem, syn_node *, count);
    for (size_t i = 0; i < count; i++)
      LOOM_TRY(dir_size_expr(w, n, args[i], &items[i]));
    const char *f = dir_name_of(syn_child(e, "func"));
    *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, arena_printf(w->mem, "%s.%s", text_eq(f, "cdiv") ? "helion" : "builtins", f)), items, count, NULL, NULL, 0);
    return LOOM_OK;
  default:
    *out = (syn_node *)(uintptr_t)e;
    return LOOM_OK;
  }
}

/* ---- nodes ---- */
static loom_status symnode(dir_writer *w, const dir_node *user, const dir_node *n, dir_use use, syn_node **out) {
  dir_block *b = block_of(w, n);
  if (b && !b->is_reduction && b->is_open && use != DIR_AS_VALUE) {
    *out = tile_name(w, user, b);
    return LOOM_OK;
  }
  if (b && !b->is_reduction && use == DIR_AS_INDEX)
    LOOM_FAIL(w->p->ctx, user->span, LOOM_EINPUT, "an index is the tile of block %d, whose loop is not around this", b->id);
  if (b && !b->is_reduction)
    return block_size(w, user, b, out);
  if (n->val.scalar)
    return dir_size_expr(w, user, n->val.scalar, out);
  if (n->n_args == 1 && n->args[0]->string)
    return symbol_expr(w, user, n->args[0]->string, out);
  LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "_get_symnode takes the name of a size");
}

/* aten.sym_size.int(x, d): the tile in an index list, else x.size(d), which is the number of tiles for what was gathered. */
static loom_status size_of(dir_writer *w, const dir_node *user, const dir_node *n, dir_use use, syn_node **out) {
  const dir_block *b = dir_block_of_symbol(w->p, n->val.scalar);
  if (use == DIR_AS_INDEX && b && b->is_open) {
    *out = tile_name(w, user, b);
    return LOOM_OK;
  }
  if (n->n_args != 2)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "%s takes a tensor and a dimension", n->target);
  syn_node *x, **args = ARENA_NEW_N(w->mem, syn_node *, 1);
  args[0] = n->args[1];
  LOOM_TRY(dir_argument(w, n, n->args[0], DIR_AS_VALUE, &x));
  *out = dir_syn_call(w->mem, user->span, dir_syn_attribute(w->mem, user->span, x, "size"), args, 1, NULL, NULL, 0);
  return LOOM_OK;
}

static loom_status node_expr(dir_writer *w, const dir_node *user, const char *name, dir_use use, syn_node **out) {
  const dir_node *n = dir_find_node(w->graph, name);
  if (!n)
    LOOM_FAIL(w->p->ctx, user->span, LOOM_EINPUT, "this graph has no node \"%s\"", name);
  *out = dir_alias_of(w, n);
  if (*out)
    return LOOM_OK;
  if (text_eq(n->target, "_host_tensor")) {   /* its arguments were checked when its facts were gathered */
    *out = dir_syn_name(w->mem, user->span, n->args[0]->string);
    return LOOM_OK;
  }
  if (text_eq(n->target, "_get_symnode"))
    return symnode(w, user, n, use, out);
  if (text_eq(n->target, "aten.sym_size.int") || text_eq(n->target, "aten.sym_size.default"))
    return size_of(w, user, n, use, out);
  LOOM_FAIL(w->p->ctx, user->span, LOOM_EINPUT, "\"%s\" is used before it is computed", name);
}

loom_status dir_argument(dir_writer *w, const dir_node *n, const syn_node *e, dir_use use, syn_node **out) {
  size_t count;
  if (!e) {
    *out = NULL;
    return LOOM_OK;
  }
  if (e->kind == SYN_Name)
    return node_expr(w, n, syn_ident(e, "id"), use, out);
  if (e->kind == SYN_List || e->kind == SYN_Tuple) {
    syn_node **items = syn_list(e, "elts", &count), **made = ARENA_NEW_N(w->mem, syn_node *, count);
    for (size_t i = 0; i < count; i++)
      LOOM_TRY(dir_argument(w, n, items[i], use == DIR_AS_VALUE ? DIR_AS_SHAPE : use, &made[i]));
    *out = dir_syn_list(w->mem, n->span, e->kind, made, count);
    return LOOM_OK;
  }
  if (e->kind == SYN_Slice) {
    syn_node *part[3];
    static const char *const names[] = {"lower", "upper", "step"};
    for (int i = 0; i < 3; i++)
      LOOM_TRY(dir_argument(w, n, syn_child(e, names[i]), DIR_AS_VALUE, &part[i]));
    *out = dir_syn_slice(w->mem, n->span, part[0], part[1], part[2]);
    return LOOM_OK;
  }
  *out = (syn_node *)(uintptr_t)e;
  return LOOM_OK;
}

loom_status dir_tile_argument(dir_writer *w, const dir_node *n, const syn_node *e, syn_node **out) {
  const dir_node *size = dir_name_of(e) ? dir_find_node(w->graph, dir_name_of(e)) : NULL;
  const dir_block *b = size ? block_of(w, size) : NULL;
  if (!b || !b->is_open)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "%s takes the block of a loop around it", n->target);
  *out = tile_name(w, n, b);
  return LOOM_OK;
}
