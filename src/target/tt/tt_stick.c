/* Loads and stores of tensors that lie in sticks: line by line through a piece of scratch memory, element by element between there and the tiles. */
#include "target/tt/tt_private.h"
#include "base/text.h"

typedef struct lines {
  const tog_node *n;
  const tt_box *box;
  const tt_buffer *b;
  const tt_tensor *x;
  int64_t element, align;                 /* bytes */
  int line;                               /* tensor dim along which lines run: the last one; -1: a number */
  int line_dim;                           /* its buffer dim; -1: dropped */
} lines;

static void copy_word(tt_emit *e, MlirValue from, MlirValue i, MlirValue to, MlirValue k) {
  MlirValue v = TT_VALUE(e, tt_i32(e), "load_from_l1", NULL, from, i);
  TT_OP(e, "store_to_l1", v, to, k);
}

/* Where element (row, col) of a row of tiles lies: tile, face, row of the face. */
static MlirValue element_index(tt_emit *e, MlirValue row, MlirValue col, MlirValue tiles_per_row) {
  MlirValue tile_col = tt_floordiv(e, col, TT_TILE), tile = tt_add(e, tt_mul(e, tt_floordiv(e, row, TT_TILE), tiles_per_row), tile_col);
  MlirValue r = tt_mod(e, row, TT_TILE), c = tt_mod(e, col, TT_TILE);
  MlirValue face_col = tt_floordiv(e, c, TT_FACE), face = tt_add(e, tt_mul(e, tt_floordiv(e, r, TT_FACE), tt_int(e, 2)), face_col);
  MlirValue c_in_face = tt_mod(e, c, TT_FACE), in_face = tt_add(e, tt_mul(e, tt_mod(e, r, TT_FACE), tt_int(e, TT_FACE)), c_in_face);
  MlirValue before = tt_mul(e, face, tt_int(e, TT_FACE * TT_FACE));
  return tt_add(e, tt_add(e, tt_mul(e, tile, tt_int(e, TT_TILE * TT_TILE)), before), in_face);
}

typedef enum course { ALONG_COLS, ALONG_ROWS, TILE_BY_TILE } course;

/* Moves `count` elements between scratch and the tiles at `tiles`, from (row, col) on along columns or rows, or at (row, col) of every `tiles_per_row`-th tile. */
static tt_helper *line_helper(tt_emit *e, bool is_load, course way, int64_t element) {
  static const char *const names[] = {"scratch", "tiles", "count", "first_row", "first_col", "tiles_per_row"}, *const ways[] = {"row", "column", "each"};
  MlirType types[6];
  for (int i = 0; i < 6; i++)
    types[i] = tt_i32(e);
  bool is_new;
  const char *name = arena_printf(e->mem, "%s_%s%d", is_load ? "place" : "collect", ways[way], (int)element * 8);
  const char *comment = e->comment;
  static const char *const comments[] = {"a row", "a column", "one element of each tile"};
  tt_comment(e, "%s: elements between a stick and 32 x 32 tiles of four faces", comments[way]);
  tt_helper *h = tt_open_helper(e, name, name, 6, types, names, &is_new);
  if (is_new) {
    MlirValue scratch = tt_pointer(e, tt_helper_arg(h, 0), element == 2 ? "uint16_t" : "uint32_t"), tiles = tt_pointer(e, tt_helper_arg(h, 1), element == 2 ? "uint16_t" : "uint32_t");
    MlirValue i = tt_for(e, tt_helper_arg(h, 2), "i"), row = tt_helper_arg(h, 3), col = tt_helper_arg(h, 4);
    MlirValue at = way == TILE_BY_TILE ? tt_add(e, tt_mul(e, tt_mul(e, i, tt_helper_arg(h, 5)), tt_int(e, TT_TILE * TT_TILE)), element_index(e, row, col, tt_helper_arg(h, 5)))
                   : way == ALONG_COLS ? element_index(e, row, tt_add(e, col, i), tt_helper_arg(h, 5))
                                       : element_index(e, tt_add(e, row, i), col, tt_helper_arg(h, 5));
    if (is_load)
      copy_word(e, scratch, i, tiles, at);
    else
      copy_word(e, tiles, at, scratch, i);
    tt_end(e);
    tt_close_helper(e, h);
  }
  e->comment = comment;
  return h;
}

static tt_helper *zero_helper(tt_emit *e) {
  static const char *const names[] = {"l1", "words"};
  MlirType types[] = {tt_i32(e), tt_i32(e)};
  bool is_new;
  const char *comment = e->comment;
  e->comment = NULL;
  tt_helper *h = tt_open_helper(e, "zero", "zero", 2, types, names, &is_new);
  if (is_new) {
    MlirValue p = tt_pointer(e, tt_helper_arg(h, 0), "uint32_t"), i = tt_for(e, tt_helper_arg(h, 1), "i");
    TT_OP(e, "store_to_l1", tt_int(e, 0), p, i);
    tt_end(e);
    tt_close_helper(e, h);
  }
  e->comment = comment;
  return h;
}

MlirValue tt_scratch_line(tt_emit *e, int64_t bytes) {
  if (e->cb_stick < 0)
    e->cb_stick = tt_new_cb(e, e->role == TT_READER ? "line_in" : "line_out", "a line of elements on its way", DTYPE_BF16, 0, 1);
  tt_cb *cb = &e->p->cbs.at[e->cb_stick];
  bytes = (bytes + 63) / 64 * 64;
  cb->page_bytes = bytes > cb->page_bytes ? bytes : cb->page_bytes;
  return TT_VALUE(e, tt_i32(e), "get_write_ptr", "line", tt_cb_value(e, e->cb_stick));
}

static loom_status offset_of(tt_emit *e, const lines *l, int m, const MlirValue *var, MlirValue *out) {
  int k = l->box->box_dim[m], d = l->n->box.to_dim[k];
  LOOM_TRY(tt_expr(e, l->n->box.offset[k], NULL, out));
  if (d >= 0 && d != l->line_dim)
    *out = tt_add(e, *out, var[d]);
  return LOOM_OK;
}

static loom_status page_of(tt_emit *e, const lines *l, const MlirValue *var, MlirValue *out) {
  *out = tt_int(e, 0);
  for (int m = 0; m < l->x->rank - 1; m++) {
    MlirValue at;
    LOOM_TRY(offset_of(e, l, m, var, &at));
    *out = tt_add(e, tt_mul(e, *out, tt_int(e, l->x->shape[m])), at);
  }
  return LOOM_OK;
}

/* Elements of the box along buffer dim d; 1 where the box has none. */
static loom_status extent_of(tt_emit *e, const lines *l, int d, MlirValue *out) {
  *out = tt_int(e, 1);
  for (int k = 0; k < l->n->box.rank; k++)
    if (l->n->box.to_dim[k] == d)
      LOOM_TRY(tt_expr(e, l->n->box.extent[k], NULL, out));
  return LOOM_OK;
}

/* Pages of a slot from one tile to the next along dim `dim`. */
static int64_t tiles_between(const tt_buffer *b, int dim) {
  int64_t n = 1;
  for (int d = dim + 1; d < b->b->rank; d++)
    n *= b->count[d];
  return n;
}

/* First byte of the tiles that a line's elements are in, and the element's row and column in them. */
static loom_status place_of(tt_emit *e, const lines *l, MlirValue l1, const MlirValue *var, MlirValue *tiles, MlirValue *row, MlirValue *col, MlirValue *per_row) {
  const tt_buffer *b = l->b;
  MlirValue page = tt_int(e, 0);
  *row = *col = tt_int(e, 0);
  *per_row = tt_int(e, b->row >= 0 ? tiles_between(b, b->row) : 1);
  for (int d = 0; d < b->b->rank; d++) {
    MlirValue at = tt_int(e, 0);
    if (l->n->at[d])
      LOOM_TRY(tt_expr(e, l->n->at[d], NULL, &at));
    if (d != l->line_dim)
      at = tt_add(e, at, var[d]);
    if (d == b->row)
      *row = at;
    else if (d == b->col)
      *col = at;
    else
      page = tt_add(e, page, tt_mul(e, at, tt_int(e, tiles_between(b, d))));
  }
  if (b->col >= 0 && tiles_between(b, b->col) != 1)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the columns of '%s' are no neighbours in memory", b->b->name);
  *tiles = tt_add(e, l1, tt_mul(e, page, tt_int(e, e->p->cbs.at[b->out_cb].page_bytes)));
  return LOOM_OK;
}

static loom_status move_line(tt_emit *e, const lines *l, MlirValue l1, const MlirValue *var, bool is_load) {
  MlirValue page, first = tt_int(e, 0), count = tt_int(e, 1), tiles, row, col, per_row, line;
  LOOM_TRY(page_of(e, l, var, &page));
  if (l->line >= 0)
    LOOM_TRY(offset_of(e, l, l->line, var, &first));
  if (l->line_dim >= 0)
    LOOM_TRY(extent_of(e, l, l->line_dim, &count));
  LOOM_TRY(place_of(e, l, l1, var, &tiles, &row, &col, &per_row));
  MlirValue byte = tt_mul(e, first, tt_int(e, l->element)), bytes = tt_mul(e, count, tt_int(e, l->element));
  MlirValue skip = tt_mod(e, byte, l->align), start = tt_sub(e, byte, skip), accessor = tt_accessor(e, l->n->box.tensor);
  MlirType noc = ir_type(e->ir, "!ttkernel.noc_addr");
  int64_t most = l->x->page_bytes + l->align;
  line = tt_scratch_line(e, most);
  course way = l->line_dim < 0 || l->line_dim == l->b->col ? ALONG_COLS : l->line_dim == l->b->row ? ALONG_ROWS : TILE_BY_TILE;
  if (way == TILE_BY_TILE) {
    const MlirValue tile = tt_add(e, tt_mul(e, tt_floordiv(e, row, TT_TILE), per_row), tt_floordiv(e, col, TT_TILE));
    tiles = tt_add(e, tiles, tt_mul(e, tile, tt_int(e, e->p->cbs.at[l->b->out_cb].page_bytes)));
    row = tt_mod(e, row, TT_TILE);
    col = tt_mod(e, col, TT_TILE);
    per_row = tt_int(e, tiles_between(l->b, l->line_dim));
  }
  MlirValue here = tt_add(e, line, skip);
  if (is_load) {
    MlirValue whole = tt_mul(e, tt_ceildiv(e, tt_add(e, skip, bytes), l->align), tt_int(e, l->align));
    TT_OP(e, "noc_async_read", TT_VALUE(e, noc, "tensor_accessor_get_noc_addr", NULL, accessor, page, start), line, whole);
    TT_OP0(e, "noc_async_read_barrier");
  }
  tt_helper *h = line_helper(e, is_load, way, l->element);
  tt_call(e, h, 6, (MlirValue[]){here, tiles, count, row, col, per_row});
  if (!is_load) {
    TT_OP(e, "noc_async_write", here, TT_VALUE(e, noc, "tensor_accessor_get_noc_addr", NULL, accessor, page, byte), bytes);
    TT_OP0(e, "noc_async_write_barrier");
  }
  return LOOM_OK;
}

/* What the slot has beyond the box reads as 0.  A slot that several loads fill is zeroed by the one that opens it: later ones would take away what is there. */
static loom_status zero_slot(tt_emit *e, const tog_node *n, MlirValue l1) {
  const tt_buffer *b = &e->buffers[n->buffer];
  MlirValue when = {NULL};
  if (n->opens)
    LOOM_TRY(tt_condition(e, n->opens, &when));
  tt_if(e, when);
  tt_call(e, zero_helper(e), 2, (MlirValue[]){l1, tt_int(e, b->pages * e->p->cbs.at[b->cb].page_bytes / 4)});
  tt_end(e);
  return LOOM_OK;
}

loom_status tt_move_sticks(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1, bool is_load) {
  const tt_buffer *b = &e->buffers[n->buffer];
  const tt_tensor *x = &e->p->tensors.at[n->box.tensor];
  lines l = {.n = n, .box = box, .b = b, .x = x, .element = (int64_t)dtype_bytes(x->type), .line = x->rank - 1, .line_dim = -1};
  l.align = is_load ? (e->machine->dram_align_bytes > 32 ? e->machine->dram_align_bytes : 32) : 16;
  if (!box->fits)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s shows '%s' reshaped, which has no form in its pages", tog_node_title(e->mem, n), x->name);
  if (l.line >= 0)
    l.line_dim = n->box.to_dim[box->box_dim[l.line]];
  const char *comment = e->comment;
  e->comment = NULL;
  if (is_load)
    LOOM_TRY(zero_slot(e, n, l1));
  e->comment = comment;
  MlirValue var[TOG_RANK_MAX];
  int64_t opened = 0;
  MlirValue some = {NULL};
  if (l.line_dim >= 0) {                  /* nothing is moved where lines are empty */
    MlirValue count;
    int64_t c;
    LOOM_TRY(extent_of(e, &l, l.line_dim, &count));
    if (!tt_is_int(count, &c))
      some = tt_compare(e, "sgt", count, tt_int(e, 0));
  }
  tt_if(e, some);
  for (int d = 0; d < b->b->rank; d++) {
    if (d == l.line_dim)
      continue;
    MlirValue count;
    LOOM_TRY(extent_of(e, &l, d, &count));
    var[d] = tt_for(e, count, d == b->row ? "row" : d == b->col ? "col" : "part");
    opened++;
  }
  LOOM_TRY(move_line(e, &l, l1, var, is_load));
  while (opened-- > 0)
    tt_end(e);
  tt_end(e);
  return LOOM_OK;
}
