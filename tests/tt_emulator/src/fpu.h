// The matrix unit: products, elementwise, broadcasts, reductions, transposes, copies.  Sources are TF32 at most; DST is rounded after each step.
#pragma once
#include "dst.h"

namespace tte {

typedef float Row __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t RowBits __attribute__((vector_size(64), aligned(4), may_alias));

static inline __attribute__((always_inline)) void round_row(Row &v) {   // to bf16, as to_bf16 does
  RowBits &b = reinterpret_cast<RowBits &>(v);
  RowBits up = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u, nan = (b & 0xffff0000u) | 0x400000u;
  RowBits is_nan = reinterpret_cast<RowBits>((b & 0x7fffffffu) > 0x7f800000u);
  b = (is_nan & nan) | (~is_nan & up);
}
// C face += A face * B face, 16 x 16 each; four rows at a time, since one is a chain of sums.
static inline __attribute__((always_inline)) void face_product(bool round, float *c, const float *a, const float *b) {
  const Row *rows = reinterpret_cast<const Row *>(b);
  Row *sums = reinterpret_cast<Row *>(c);
  for (int r = 0; r < 16; r += 4) {
    Row s0 = sums[r], s1 = sums[r + 1], s2 = sums[r + 2], s3 = sums[r + 3];
    for (int k = 0; k < 16; k++) {
      Row row = rows[k];
      s0 += a[16 * r + k] * row, s1 += a[16 * r + 16 + k] * row, s2 += a[16 * r + 32 + k] * row, s3 += a[16 * r + 48 + k] * row;
    }
    if (round) round_row(s0), round_row(s1), round_row(s2), round_row(s3);
    sums[r] = s0, sums[r + 1] = s1, sums[r + 2] = s2, sums[r + 3] = s3;
  }
}
static inline __attribute__((always_inline)) void tile_product(bool round, float *c, const float *a, const float *b) {
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      for (int k = 0; k < 2; k++) face_product(round, c + 256 * (2 * i + j), a + 256 * (2 * i + k), b + 256 * (2 * k + j));
}
#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline void tile_product_512(bool round, float *c, const float *a, const float *b) { tile_product(round, c, a, b); }
__attribute__((target("avx2,fma"))) inline void tile_product_256(bool round, float *c, const float *a, const float *b) { tile_product(round, c, a, b); }
#endif
inline void tile_product_plain(bool round, float *c, const float *a, const float *b) { tile_product(round, c, a, b); }
inline void tile_product_best(const Dst &d, float *c, const float *a, const float *b) {
  typedef void (*Product)(bool, float *, const float *, const float *);
#if defined(__x86_64__)
  static const Product best = __builtin_cpu_supports("avx512f") ? tile_product_512
                              : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? tile_product_256 : tile_product_plain;
#else
  static const Product best = tile_product_plain;
#endif
  best(!d.fp32, c, a, b);
}
inline void transpose_tile(float *t) {
  float was[TILE];
  memcpy(was, t, sizeof was);
  for (uint32_t r = 0; r < 32; r++) for (uint32_t c = 0; c < 32; c++) t[face_index(r, c)] = was[face_index(c, r)];
}
// Multiplications take 5 bits of a significand from source A and 7 from B in LoFi, all 10 of A in HiFi2 (TF32's last bit never counts), all of B
// in HiFi3 and HiFi4 (HiFi3 drops the smallest of the four partial products; here it is kept).
inline void fidelity(const Dst &d, float *a, float *b) {
  for (uint32_t i = 0; i < TILE; i++) a[i] = keep_fraction(a[i], d.fidelity == 0 ? 4 : 9);
  if (d.fidelity <= 2) for (uint32_t i = 0; i < TILE; i++) b[i] = keep_fraction(b[i], 6);
}

inline void k_matmul(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, int transpose, uint32_t ct, uint32_t rt, uint32_t kt) {
  enter(__builtin_return_address(0));
  const char *what = transpose < 0 ? "matmul_tiles" : "matmul_block";
  Dst &d = dst_state(what);
  need_op(TTE_OP_MATMUL, ~0u, what, "mm_init, mm_init_short or mm_block_init");
  if ((d.detail >> 8 & 0xff) != ct || d.detail >> 16 != rt)
    report("init", "%s of %u columns and %u rows of tiles; its init said %u and %u", what, ct, rt, d.detail >> 8 & 0xff, d.detail >> 16);
  need_format(d.format_a, b, "source A", what), need_format(d.format_b, a, "source B", what);
  known_format(cb_named(a).format, a, false, what), known_format(cb_named(b).format, b, false, what);
  bool flip = transpose < 0 ? d.detail & 1 : transpose;
  static float left[TILE], right[16][TILE];
  for (uint32_t c = 0; c < ct && c < 16; c++) {
    unpack(b, ib + c, right[c], false, what);
    if (flip) transpose_tile(right[c]);
    for (float &v : right[c]) v = keep_fraction(v, d.fidelity == 0 ? 4 : 9);
  }
  for (uint32_t r = 0; r < rt; r++) {
    unpack(a, ia + r * kt, left, false, what);
    if (d.fidelity <= 2) for (float &v : left) v = keep_fraction(v, 6);
    for (uint32_t c = 0; c < ct; c++) {
      float *to = dst_reg(dst + r * ct + c, what);
      tile_product_best(d, to, left, right[c]);
    }
  }
}

inline float combine(int op, float a, float b) { return op == 2 ? a + b : op == 3 ? a - b : a * b; }   // ELWADD, ELWSUB, ELWMUL
inline void broadcast(int kind, float *t) {
  if (kind == 0) return;
  float was[TILE];
  memcpy(was, t, sizeof was);
  for (uint32_t r = 0; r < 32; r++)
    for (uint32_t c = 0; c < 32; c++) t[face_index(r, c)] = was[face_index(kind == 1 ? r : 0, kind == 2 ? c : 0)];
}
// Products accumulate in DST, as the unit's multiply does; sums and differences only when the init asked for it.
inline void binary_tiles(Dst &d, int op, float *a, float *b, float *to, bool accumulate) {
  if (op == 0) fidelity(d, a, b);
  for (uint32_t i = 0; i < TILE; i++) to[i] = rounded(d, combine(op, a[i], b[i]) + (accumulate || op == 0 ? to[i] : 0.0f));
}
inline void k_binary(int op, int bcast, uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, int) {
  enter(__builtin_return_address(0));
  static const char *const names[] = {"mul_tiles", "div_tiles", "add_tiles", "sub_tiles"};
  const char *what = names[op];
  Dst &d = dst_state(what);
  if (bcast) need_op(TTE_OP_BCAST, static_cast<uint32_t>(op | bcast << 4), what, "its own bcast init");
  else need_op(TTE_OP_BINARY, static_cast<uint32_t>(op), what, "its own init");
  need_format(d.format_a, a, "source A", what), need_format(d.format_b, b, "source B", what);
  known_format(cb_named(a).format, a, false, what), known_format(cb_named(b).format, b, false, what);
  float left[TILE], right[TILE];
  unpack(a, ia, left, false, what), unpack(b, ib, right, false, what);
  broadcast(bcast, right);
  binary_tiles(d, op, left, right, dst_reg(dst, what), !bcast && d.detail >> 8);
}
inline void k_binary_reuse(int op, int reuse, uint32_t cb, uint32_t i, uint32_t dst) {
  enter(__builtin_return_address(0));
  const char *what = "binary_dest_reuse_tiles";
  Dst &d = dst_state(what);
  need_op(TTE_OP_REUSE, static_cast<uint32_t>(op | reuse << 4), what, "binary_dest_reuse_tiles_init of the same form");
  need_format(reuse == 1 ? d.format_b : d.format_a, cb, "its source", what);
  known_format(cb_named(cb).format, cb, false, what);
  read_reg(dst, what);
  float tile[TILE], kept[TILE];
  float *to = dst_reg(dst, what);
  unpack(cb, i, tile, false, what);
  for (uint32_t k = 0; k < TILE; k++) kept[k] = keep_fraction(to[k], 10), to[k] = 0.0f;
  binary_tiles(d, op, reuse == 1 ? kept : tile, reuse == 1 ? tile : kept, to, false);
}
inline void copy_to_dst(uint32_t cb, uint32_t i, float *to, const char *what) {
  Dst &d = *current->dst;
  DataFormat f = cb_named(cb).format;
  known_format(f, cb, true, what);
  need_format(d.format_a, cb, "source A", what);
  bool integer = is_integer(f);
  if (tt::datum_size(f) == 4 && integer && !d.fp32) report("format", "%s: %s of circular buffer %u needs fp32_dest_acc_en", what, format_name(f), cb);
  unpack(cb, i, to, integer || (d.fp32 && d.unpack_fp32[cb]), what);
  if (!integer) round_tile(d, to);
}
inline void k_copy_tile(uint32_t cb, uint32_t i, uint32_t dst) {
  enter(__builtin_return_address(0));
  float *to = dst_reg(dst, "copy_tile");
  if (current->dst->op != TTE_OP_PACK_UNTILIZE) need_op(TTE_OP_COPY, ~0u, "copy_tile", "copy_tile_init or copy_tile_to_dst_init_short");
  copy_to_dst(cb, i, to, "copy_tile");
  if (current->dst->op == TTE_OP_COPY && (current->dst->detail & 1)) transpose_tile(to);
}
inline void k_unary_bcast(int kind, uint32_t cb, uint32_t i, uint32_t dst) {
  enter(__builtin_return_address(0));
  float *to = dst_reg(dst, "unary_bcast");
  need_op(TTE_OP_UNARY_BCAST, static_cast<uint32_t>(kind), "unary_bcast", "unary_bcast_init of the same kind");
  copy_to_dst(cb, i, to, "unary_bcast");
  broadcast(kind, to);
}
inline void k_transpose(uint32_t cb, uint32_t i, uint32_t dst) {
  enter(__builtin_return_address(0));
  float *to = dst_reg(dst, "transpose_wh_tile");
  need_op(TTE_OP_TRANSPOSE, ~0u, "transpose_wh_tile", "transpose_wh_init");
  copy_to_dst(cb, i, to, "transpose_wh_tile");
  transpose_tile(to);
}
inline void k_transpose_dst(uint32_t dst) {
  enter(__builtin_return_address(0));
  transpose_tile(dst_reg(dst, "transpose_wh_dest"));
}

// Sums are scaled element by element by row 0 of the scaler's faces, maxima by the power of two in its first element; a register not written
// since the acquire is minus infinity to a maximum.  Over both dimensions the scaler counts twice.
inline void k_reduce(int pool, int dim, uint32_t a, uint32_t scaler, uint32_t ia, uint32_t is, uint32_t dst) {
  enter(__builtin_return_address(0));
  const char *what = "reduce_tile";
  Dst &d = dst_state(what);
  need_op(TTE_OP_REDUCE, static_cast<uint32_t>(pool | dim << 4), what, "reduce_init of the same kind");
  need_format(d.format_a, a, "source A", what), need_format(d.format_b, scaler, "source B", what);
  known_format(cb_named(a).format, a, false, what), known_format(cb_named(scaler).format, scaler, false, what);
  float in[TILE], s[TILE];
  unpack(a, ia, in, false, what), unpack(scaler, is, s, false, what);
  bool fresh = dst < 16 && d.clean[d.math][dst];
  float *to = dst_reg(dst, what);
  bool rows = dim == 0, columns = dim == 1, maximum = pool == 2 || pool == 3;
  if (maximum) s[0] = s[0] == 0.0f ? 0.0f : float_of(bits_of(s[0]) & 0xff800000u);
  else fidelity(d, in, s);
  float all = maximum ? -INFINITY : 0.0f;
  for (uint32_t o = 0; o < 32; o++) {
    float v = maximum ? -INFINITY : 0.0f;
    for (uint32_t k = 0; k < 32; k++) {
      float e = in[columns ? face_index(k, o) : face_index(o, k)];
      if (maximum) v = pool == 2 ? std::max(v, e) : std::max(v, -e);
      else v += e * s[face_index(0, k)];
    }
    if (!rows && !columns) { all = maximum ? std::max(all, v) : all + v * s[face_index(0, o)]; continue; }
    if (maximum) v = (pool == 2 ? v : -v) * s[0];
    float &r = to[rows ? face_index(o, 0) : face_index(0, o)];
    r = rounded(d, !maximum ? r + v : fresh ? v : pool == 2 ? std::max(r, v) : std::min(r, v));
  }
  if (rows || columns) return;
  if (maximum) all = (pool == 2 ? all : -all) * s[0] * s[0];
  to[0] = rounded(d, !maximum ? to[0] + all : fresh ? all : pool == 2 ? std::max(to[0], all) : std::min(to[0], all));
}

// Row-major bytes of 32 rows and `tiles` tiles across, at the front of one buffer, to tiles at the back of another; and back.
inline void k_tilize(uint32_t in, uint32_t tiles, uint32_t out) {
  enter(__builtin_return_address(0));
  const Cb &ci = cb_named(in), &co = cb_named(out);
  uint32_t size = tt::datum_size(ci.format);
  need_op(TTE_OP_TILIZE, ~0u, "tilize_block", "tilize_init");
  if (tiles) front_tile(in, tiles - 1, "tilize_block");
  const uint8_t *from = current->core->l1 + cb_page_address(ci, current->rd[in], 0);
  for (uint32_t t = 0; t < tiles; t++) {
    uint8_t *to = back_tile(out, current->packed[out]++, "tilize_block");
    for (uint32_t r = 0; r < 32; r++)
      for (uint32_t c = 0; c < 32; c++) put_element(to, face_index(r, c), co.format, element(from + (r * tiles * 32 + t * 32) * size, c, ci.format));
    memset(current->core->fresh + (to - current->core->l1), 1, tt::tile_size(co.format));
  }
}
inline void rows_of_tile(const float *values, const uint8_t *tile, DataFormat from, uint8_t *base, DataFormat to, uint32_t column, uint32_t row_tiles) {
  uint32_t size = tt::datum_size(to);
  for (uint32_t r = 0; r < 32; r++)
    for (uint32_t c = 0; c < 32; c++) {
      uint32_t k = face_index(r, c);
      put_element(base + (r * row_tiles + column) * 32 * size, c, to, values ? values[k] : element(tile, k, from));
    }
}
inline void k_untilize(uint32_t in, uint32_t tiles, uint32_t out) {
  enter(__builtin_return_address(0));
  const Cb &ci = cb_named(in), &co = cb_named(out);
  need_op(TTE_OP_UNTILIZE, ~0u, "untilize_block", "untilize_init");
  uint8_t *base = back_tile(out, 0, "untilize_block");
  if (tiles) back_tile(out, tiles - 1, "untilize_block");
  for (uint32_t t = 0; t < tiles; t++) rows_of_tile(nullptr, front_tile(in, t, "untilize_block"), ci.format, base, co.format, t, tiles);
  memset(current->core->fresh + (base - current->core->l1), 1, tiles * tt::tile_size(co.format));
}
inline void k_pack_untilize(uint32_t first, uint32_t tiles, uint32_t cb, uint32_t block, uint32_t row_tiles) {
  enter(__builtin_return_address(0));
  const Cb &c = cb_named(cb);
  uint8_t *base = back_tile(cb, 0, "pack_untilize");
  back_tile(cb, row_tiles - 1, "pack_untilize");
  for (uint32_t t = 0; t < tiles; t++) rows_of_tile(packed_reg(first + t, "pack_untilize"), nullptr, c.format, base, c.format, block * tiles + t, row_tiles);
  uint32_t at = static_cast<uint32_t>(base - current->core->l1), size = tt::datum_size(c.format);
  for (uint32_t r = 0; r < 32; r++) memset(current->core->fresh + at + (r * row_tiles + block * tiles) * 32 * size, 1, tiles * 32 * size);
}

}  // namespace tte
