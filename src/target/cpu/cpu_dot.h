/* Dot products of narrow elements: bf16 x bf16 -> f32 and i8 x i8 -> i32, by AMX tiles or by vectors whose lanes are sums of two or four products.
 *
 * Both operands are packed.  A word is the 2 (bf16) or 4 (i8) neighbours along k that make one 32-bit lane; a block is 16 lines (rows of A,
 * columns of B) by 16 words.  A panel is 16 lines and all their blocks along k, each 16 packed rows of 64 bytes; the next panel is `stride` rows on.
 *   left    packed row i of a block is line i: its 16 words
 *   right   packed row w of a block is word w of the 16 lines
 * What is behind k in the last block is 0; lines behind the last one hold anything. */
#ifndef LOOM_CPU_DOT_H
#define LOOM_CPU_DOT_H
#include "target/cpu/cpu_private.h"

enum { DOT_LINES = 16, DOT_WORDS = 16, DOT_PAIR = 2 * DOT_LINES };   /* sums come in blocks of DOT_PAIR x DOT_PAIR: memory is there for whole ones */
/* elements of a word and of a packed row; the spelling of the types in MLIR */
typedef struct dot_form { dtype in, sum; const char *in_name, *sum_name; int word, row; cpu_dot kind; } dot_form;

/* func @name(source: `type`, packed: memref<?x`row`x`in`>, first packed row: index, stride: index): a left or right operand.
 * `type` is a matrix of lines by k (k_first false) or k by lines whose last dim is contiguous. */
const char *dot_pack_text(arena *mem, const char *name, const dot_form *f, bool is_left, bool k_first);
/* func @name(packed a, its first row, its stride, packed b, its first row, its stride, blocks along k: index, c: matrix of `sum`, where the sums go: matrix
 * of `sum`, start from 0 and not from c: i1).  dot_vectors_text: f->kind is CPU_DOT_VECTORS; dot_tiles_text: CPU_DOT_TILES. */
/* Its head and %m, %n, %c0, %c1, %c16, %c32. */
void dot_add_head(text *out, const char *name, const dot_form *f);
const char *dot_vectors_text(arena *mem, const char *name, const dot_form *f);
const char *dot_tiles_text(arena *mem, const char *name, const dot_form *f);
#endif
