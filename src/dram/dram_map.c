/* Which channel has an address, and the parameters of both models from a machine. */
#include "base/text.h"
#include "dram/dram_private.h"

static const char *const model_names[] = {[DRAM_RATE] = "simple", [DRAM_BANK] = "bank"};

const char *dram_model_name(dram_model m) { return model_names[m]; }

loom_status dram_model_of(loom_ctx *ctx, const char *word, dram_model *out) {
  for (int i = 0; i < 2; i++)
    if (text_eq(word, model_names[i])) {
      *out = (dram_model)i;
      return LOOM_OK;
    }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown DRAM model '%s'", word);
  const char *near = diag_nearest(word, model_names, 2);
  diag_help(ctx, near ? "did you mean '%s'?" : "simple: latency and rate; bank: rows, banks and timing of dram.bank", near);
  return LOOM_EUSAGE;
}

/* The hash: a line's low bits as a polynomial over GF(2), times x^degree, modulo an irreducible polynomial of that degree.  Lines at any power of two apart spread evenly.
 * B. R. Rau, Pseudo-randomly interleaved memory, ISCA 1991; polynomials and numbers of bits are those that GPU simulators use (x^4+x+1, x^5+x^2+1, x^6+x+1). */
typedef struct ipoly { int64_t channels; int degree, line_bits; uint32_t polynomial; } ipoly;
static const ipoly ipolys[] = {{16, 4, 13, 0x13}, {32, 5, 15, 0x25}, {64, 6, 19, 0x43}};

enum { HALF_BITS = 10 };

static uint8_t ipoly_remainder(const ipoly *h, uint32_t bits) {
  uint64_t v = (uint64_t)(bits & ((1u << h->line_bits) - 1)) << h->degree;
  for (int i = h->line_bits - 1; i >= 0; i--)
    if (v >> (h->degree + i) & 1)
      v ^= (uint64_t)h->polynomial << i;
  return (uint8_t)v;
}

static void build_hash(arena *mem, const ipoly *h, dram_params *p) {
  uint8_t *low = ARENA_NEW_N(mem, uint8_t, 1 << HALF_BITS), *high = ARENA_NEW_N(mem, uint8_t, 1 << HALF_BITS);
  for (uint32_t v = 0; v < 1u << HALF_BITS; v++) {
    low[v] = ipoly_remainder(h, v);
    high[v] = ipoly_remainder(h, v << HALF_BITS);
  }
  p->low_hash = low;
  p->high_hash = high;
}

static int log2_floor(int64_t v) { return v < 1 ? 0 : 63 - __builtin_clzll((unsigned long long)v); }

/* Fewer than 16 channels share the hash of 16. */
static loom_status set_interleave(loom_ctx *ctx, const machine *m, dram_params *p) {
  int64_t n = p->n_channels;
  p->hashes = m->hashes_channels;
  p->channel_shift = log2_floor(n);
  p->page_lines = m->dram_page_bytes / p->request_bytes < 1 ? 1 : m->dram_page_bytes / p->request_bytes;
  if (!p->hashes)
    return LOOM_OK;
  if (n > 16 && n != 32 && n != 64) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' spreads requests over %" PRId64 " DRAM channels by hash; it is defined for up to 16, 32 or 64", m->name, n);
    diag_help(ctx, "change 'channels', or write 'interleave: page'");
    return LOOM_EINPUT;
  }
  build_hash(&ctx->mem, &ipolys[n <= 16 ? 0 : n == 32 ? 1 : 2], p);
  return LOOM_OK;
}

int dram_channel_of(const dram_params *p, int64_t line) {
  if (!p->hashes)
    return (int)(line / p->page_lines % p->n_channels);
  uint64_t v = (uint64_t)line, mask = (1u << HALF_BITS) - 1;
  int h = p->low_hash[v & mask] ^ p->high_hash[v >> HALF_BITS & mask];
  return p->n_channels < 16 ? h % (int)p->n_channels : h;
}

int64_t dram_local_line(const dram_params *p, int64_t line) {
  return p->hashes ? line >> p->channel_shift : line / (p->page_lines * p->n_channels) * p->page_lines + line % p->page_lines;
}

static void set_banks(const machine_bank *b, dram_params *p) {
  p->bank = *b;
  p->column_bits = log2_floor(b->row_bytes / b->request_bytes);
  p->pseudo_bits = log2_floor(b->pseudo_channels);
  p->group_bits = log2_floor(b->bank_groups);
  p->bank_bits = log2_floor(b->banks);
  p->n_pseudo = (int)b->pseudo_channels;
  p->n_groups = (int)(b->pseudo_channels * b->bank_groups);
  p->read_latency = b->cl + b->burst;
  p->read_to_write = b->cl + b->burst + 2 - b->cwl;      /* the write's preamble takes a clock */
  p->write_to_read_s = b->cwl + b->burst + b->wtr_s;
  p->write_to_read_l = b->cwl + b->burst + b->wtr_l;
  p->write_to_precharge = b->cwl + b->burst + b->wr;
  p->column_gap = b->burst > b->ccd_s ? b->burst : b->ccd_s;
}

loom_status dram_params_of(loom_ctx *ctx, const machine *m, dram_model model, dram_params *out) {
  *out = (dram_params){.model = model, .n_channels = m->dram_channels};
  if (model == DRAM_BANK && !m->bank) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' does not describe the banks of its DRAM, which --dram bank needs", m->name);
    diag_help(ctx, "add 'dram.bank' to its file (docs/machines.md; machines/tpuv3-togsim.yaml has one), or use --dram simple");
    return LOOM_EINPUT;
  }
  out->request_bytes = m->bank ? m->bank->request_bytes : m->dram_align_bytes < 1 ? 32 : m->dram_align_bytes;
  out->clock_hz = m->bank ? m->bank->clock_hz : (int64_t)m->clock_hz.value;
  double core_clocks = m->clock_hz.value > 0 && out->clock_hz > 0 ? m->clock_hz.value / (double)out->clock_hz : 1;      /* a clock of the memory, in core cycles: its inverse */
  double bytes_a_clock = m->dram_bytes_per_cycle.value * core_clocks / (double)m->dram_channels;
  double latency = m->dram_latency_cycles.value / core_clocks, interval = bytes_a_clock > 0 ? 256 * (double)out->request_bytes / bytes_a_clock : 0;
  out->latency = (int64_t)(latency + 0.5);
  out->interval_256 = interval > 1e9 ? 1000000000 : (int64_t)(interval + 0.5);
  if (out->interval_256 < 256)
    out->interval_256 = 256;            /* one answer a clock */
  if (m->bank)
    set_banks(m->bank, out);
  return set_interleave(ctx, m, out);
}
