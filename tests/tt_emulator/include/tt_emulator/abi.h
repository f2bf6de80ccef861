// The functions a compiled kernel reaches the emulator by: one table of pointers, so that a kernel needs nothing of the host's symbols.
// X(result, name, (arguments)).  Addresses are those of the emulated chip: L1 addresses of the core that calls, NoC addresses with coordinates.
#pragma once
#include <cstddef>
#include <cstdint>

#define TTE_ABI(X)                                                                                                                   \
  X(uint32_t, arg, (int common, int index))                                                                                          \
  X(uint32_t, arg_addr, (int common, int index))                                                                                     \
  X(uint32_t, coord, (int what, int noc))                                                                                            \
  X(void, cb_reserve, (uint32_t cb, int32_t pages))                                                                                  \
  X(void, cb_push, (uint32_t cb, int32_t pages))                                                                                     \
  X(void, cb_wait, (uint32_t cb, int32_t pages))                                                                                     \
  X(void, cb_pop, (uint32_t cb, int32_t pages))                                                                                      \
  X(uint32_t, cb_ptr, (uint32_t cb, int write))                                                                                      \
  X(uint32_t, cb_can, (uint32_t cb, int32_t pages, int write))                                                                       \
  X(uint64_t, page_addr, (int dram, uint32_t base, uint32_t page_bytes, uint32_t id, uint32_t offset, int noc))                      \
  X(uint64_t, bank_addr, (int dram, uint32_t bank, uint32_t address, int noc))                                                       \
  X(uint32_t, num_banks, (int dram))                                                                                                 \
  X(void, read, (uint64_t src, uint32_t dst, uint32_t bytes, int noc, uint32_t trid))                                                \
  X(void, write, (uint32_t src, uint64_t dst, uint32_t bytes, int noc, uint32_t trid))                                               \
  X(void, multicast, (uint32_t src, uint64_t dst, uint32_t bytes, uint32_t dests, int linked, int loopback, int noc, int semaphore)) \
  X(void, inline_write, (uint64_t dst, uint32_t value, uint32_t byte_enable, int noc))                                               \
  X(void, atomic_inc, (uint64_t dst, uint32_t value, uint32_t wrap, int noc))                                                        \
  X(void, barrier, (int kind, int noc, uint32_t trid))                                                                               \
  X(uint32_t, semaphore, (uint32_t id))                                                                                              \
  X(void, sem_wait, (uint32_t address, uint32_t value, int at_least))                                                                \
  X(void, sem_set, (uint32_t address, uint32_t value))                                                                               \
  X(void, access, (uint64_t address, size_t bytes, int store, void *pc))                                                             \
  X(void, move, (void *dst, const void *src, size_t bytes))                                                                          \
  X(void, fill, (void *dst, int value, size_t bytes))                                                                                \
  X(void, print, (const char *text))                                                                                                 \
  X(void, dst_phase, (int phase))                                                                                                    \
  X(void, startup, (uint32_t a, uint32_t b, uint32_t out))                                                                           \
  X(void, op_init, (int op, uint32_t a, uint32_t b, uint32_t detail))                                                                \
  X(void, reconfig, (int what, uint32_t cb))                                                                                         \
  X(void, matmul, (uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, int transpose, uint32_t ct, uint32_t rt, uint32_t kt)) \
  X(void, binary, (int op, int bcast, uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, int accumulate))               \
  X(void, binary_reuse, (int op, int reuse, uint32_t cb, uint32_t i, uint32_t dst))                                                  \
  X(void, copy_tile, (uint32_t cb, uint32_t i, uint32_t dst))                                                                        \
  X(void, unary_bcast, (int bcast, uint32_t cb, uint32_t i, uint32_t dst))                                                           \
  X(void, transpose, (uint32_t cb, uint32_t i, uint32_t dst))                                                                        \
  X(void, transpose_dst, (uint32_t dst))                                                                                             \
  X(void, reduce, (int pool, int dim, uint32_t a, uint32_t scaler, uint32_t ia, uint32_t is, uint32_t dst))                          \
  X(void, pack, (uint32_t dst, uint32_t cb, uint32_t index, int out_of_order))                                                       \
  X(void, pack_mode, (int what, uint32_t value))                                                                                     \
  X(void, tilize, (uint32_t in, uint32_t tiles, uint32_t out))                                                                       \
  X(void, untilize, (uint32_t in, uint32_t tiles, uint32_t out))                                                                     \
  X(void, pack_untilize, (uint32_t first_dst, uint32_t tiles, uint32_t cb, uint32_t block, uint32_t row_tiles))                      \
  X(void, sfpu_init, (int op))                                                                                                       \
  X(void, sfpu, (int op, uint32_t dst, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, uint32_t p1, int vector_mode))

struct tte_table {
#define TTE_FIELD(result, name, arguments) result(*name) arguments;
  TTE_ABI(TTE_FIELD)
#undef TTE_FIELD
};

enum { TTE_BARRIER_READ, TTE_BARRIER_WRITE, TTE_BARRIER_FLUSH, TTE_BARRIER_ATOMIC, TTE_BARRIER_FULL, TTE_BARRIER_FLUSH_POSTED };
enum { TTE_X, TTE_Y, TTE_LOGICAL_X, TTE_LOGICAL_Y, TTE_RELATIVE_X, TTE_RELATIVE_Y };
enum { TTE_DST_ACQUIRE, TTE_DST_COMMIT, TTE_DST_WAIT, TTE_DST_RELEASE, TTE_DST_ACQUIRE_BOTH, TTE_DST_RELEASE_BOTH };
enum { TTE_OP_NONE, TTE_OP_MATMUL, TTE_OP_BINARY, TTE_OP_BCAST, TTE_OP_REUSE, TTE_OP_COPY, TTE_OP_UNARY_BCAST, TTE_OP_TRANSPOSE,
       TTE_OP_REDUCE, TTE_OP_TILIZE, TTE_OP_UNTILIZE, TTE_OP_PACK_UNTILIZE, TTE_OP_TRANSPOSE_DST };
enum { TTE_FORMAT_A, TTE_FORMAT_B, TTE_FORMAT_PACK };
enum { TTE_PACK_L1_ACC, TTE_PACK_RELU, TTE_PACK_REDUCE_MASK };
constexpr uint32_t TTE_NO_TRID = 0xffffffffu;
