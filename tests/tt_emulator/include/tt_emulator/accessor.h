// TensorAccessor and its arguments: pages of a tensor interleaved over banks, or in shards of pages dealt to banks in turn.
#pragma once
#include "tt_emulator/dataflow.h"

namespace tensor_accessor { constexpr size_t UNKNOWN = ~size_t{0}; constexpr uint32_t MAX_RANK = 8; }

// Compile-time words from CTA_OFFSET on: flags (1 sharded, 2 DRAM, 4.. parts given at run time), aligned page size; when sharded rank, banks,
// tensor shape, shard shape in pages, bank coordinates two to a word.  Common runtime words hold the parts whose flag is set, in the same order.
template <size_t CTA_OFFSET, size_t CRTA_OFFSET = tensor_accessor::UNKNOWN> struct TensorAccessorArgs {
  static constexpr uint32_t flags = get_compile_time_arg_val(CTA_OFFSET);
  static constexpr bool is_sharded = flags & 1, is_dram = flags & 2, rank_is_crta = flags & 4, num_banks_is_crta = flags & 8,
                        tensor_shape_is_crta = flags & 16, shard_shape_is_crta = flags & 32, bank_coords_is_crta = flags & 64;
  static constexpr uint32_t AlignedPageSize = get_compile_time_arg_val(CTA_OFFSET + 1);
  static constexpr uint32_t get_aligned_page_size() { return AlignedPageSize; }
  static constexpr uint32_t RankCTAOffset = CTA_OFFSET + 2, NumBanksCTAOffset = RankCTAOffset + !rank_is_crta;
  template <uint32_t at, bool present> static constexpr uint32_t word() {
    if constexpr (present) return get_compile_time_arg_val(at);
    else return 0;
  }
  static constexpr uint32_t RankCT = word<RankCTAOffset, is_sharded && !rank_is_crta>();
  static constexpr uint32_t NumBanksCT = word<NumBanksCTAOffset, is_sharded && !num_banks_is_crta>();
  static constexpr uint32_t TensorShapeCTAOffset = NumBanksCTAOffset + !num_banks_is_crta;
  static constexpr uint32_t ShardShapeCTAOffset = TensorShapeCTAOffset + (tensor_shape_is_crta ? 0 : RankCT);
  static constexpr uint32_t BankCoordsCTAOffset = ShardShapeCTAOffset + (shard_shape_is_crta ? 0 : RankCT);
  static constexpr uint32_t NumArgsCT = is_sharded ? BankCoordsCTAOffset + (bank_coords_is_crta ? 0 : (NumBanksCT + 1) / 2) - CTA_OFFSET : 2;

  uint32_t crta = 0;
  constexpr TensorAccessorArgs() = default;
  constexpr explicit TensorAccessorArgs(uint32_t crta_offset) : crta(crta_offset) {
    static_assert(CRTA_OFFSET == tensor_accessor::UNKNOWN, "Do not pass crta_offset when CRTA_OFFSET is known");
  }
  constexpr uint32_t crta_offset() const { return CRTA_OFFSET != tensor_accessor::UNKNOWN ? static_cast<uint32_t>(CRTA_OFFSET) : crta; }
  uint32_t get_rank() const { return rank_is_crta ? get_common_arg_val<uint32_t>(static_cast<int>(crta_offset())) : RankCT; }
  uint32_t get_num_banks() const {
    return num_banks_is_crta ? get_common_arg_val<uint32_t>(static_cast<int>(crta_offset() + rank_is_crta)) : NumBanksCT;
  }
  constexpr uint32_t tensor_shape_crta_offset() const { return crta_offset() + rank_is_crta + num_banks_is_crta; }
  constexpr uint32_t shard_shape_crta_offset() const { return tensor_shape_crta_offset() + (tensor_shape_is_crta ? get_rank() : 0); }
  constexpr uint32_t bank_coords_crta_offset() const { return shard_shape_crta_offset() + (shard_shape_is_crta ? get_rank() : 0); }
  static constexpr uint32_t num_compile_time_args() { return NumArgsCT; }
  static constexpr uint32_t next_compile_time_args_offset() { return CTA_OFFSET + NumArgsCT; }
  constexpr uint32_t num_common_runtime_args() const {
    if constexpr (!is_sharded) return 0;
    else return bank_coords_crta_offset() + (bank_coords_is_crta ? (get_num_banks() + 1) / 2 : 0) - crta_offset();
  }
  constexpr uint32_t next_common_runtime_args_offset() const { return crta_offset() + num_common_runtime_args(); }
};

// Words of shapes and bank coordinates, wherever they came from.
struct tte_shards {
  uint32_t rank = 0, banks = 0;
  uint32_t tensor[tensor_accessor::MAX_RANK] = {}, shard[tensor_accessor::MAX_RANK] = {};
  uint32_t coords[128] = {};
  uint32_t shard_volume() const { uint32_t v = 1; for (uint32_t i = 0; i < rank; i++) v *= shard[i]; return v; }
  uint32_t num_banks() const { return banks; }
  uint32_t tensor_volume() const { uint32_t v = 1; for (uint32_t i = 0; i < rank; i++) v *= tensor[i]; return v; }
};

template <class Args> struct TensorAccessor {
  static constexpr bool is_dram = Args::is_dram;
  size_t bank_base_address;
  uint32_t page_size;
  tte_shards shards;

  template <size_t C, size_t R>
  TensorAccessor(const TensorAccessorArgs<C, R> &args, size_t base, uint32_t page_bytes = 0) : bank_base_address(base), page_size(page_bytes ? page_bytes : Args::AlignedPageSize) {
    if constexpr (Args::is_sharded) load(args);
  }
  const tte_shards &dspec() const { return shards; }
  uint32_t get_aligned_page_size() const { return align_up_tte(page_size, is_dram ? DRAM_ALIGNMENT : L1_ALIGNMENT); }

  uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, uint8_t noc = noc_index) const {
    if constexpr (!Args::is_sharded) return tte->page_addr(is_dram, static_cast<uint32_t>(bank_base_address), page_size, id, offset, noc);
    else {
      uint32_t coord[tensor_accessor::MAX_RANK] = {}, shard_id = 0, in_shard = 0;
      for (int i = static_cast<int>(shards.rank) - 1; i >= 0; i--) coord[i] = id % shards.tensor[i], id /= shards.tensor[i];
      for (uint32_t i = 0; i < shards.rank; i++) {
        uint32_t grid = (shards.tensor[i] + shards.shard[i] - 1) / shards.shard[i];
        shard_id = shard_id * grid + coord[i] / shards.shard[i];
        in_shard = in_shard * shards.shard[i] + coord[i] % shards.shard[i];
      }
      return shard_addr(shard_id, in_shard * get_aligned_page_size() + offset, noc);
    }
  }
  uint64_t get_shard_noc_addr(uint32_t shard_id, uint32_t offset = 0, uint8_t noc = noc_index) const { return shard_addr(shard_id, offset, noc); }
  bool is_local_page(uint32_t id, uint8_t noc = noc_index) const {
    uint64_t a = get_noc_addr(id, 0, noc);
    return NOC_UNICAST_ADDR_X(a) == my_x[noc] && NOC_UNICAST_ADDR_Y(a) == my_y[noc];
  }

 private:
  template <class A> static uint32_t word(bool at_run_time, uint32_t crta, uint32_t cta) {
    return at_run_time ? get_common_arg_val<uint32_t>(static_cast<int>(crta)) : kernel_compile_time_args[cta < kernel_compile_time_args.size() ? cta : 0];
  }
  template <class A> void load(const A &args) {
    shards.rank = args.get_rank(), shards.banks = args.get_num_banks();
    for (uint32_t i = 0; i < shards.rank; i++) {
      shards.tensor[i] = word<A>(A::tensor_shape_is_crta, args.tensor_shape_crta_offset() + i, A::TensorShapeCTAOffset + i);
      shards.shard[i] = word<A>(A::shard_shape_is_crta, args.shard_shape_crta_offset() + i, A::ShardShapeCTAOffset + i);
    }
    for (uint32_t i = 0; i < (shards.banks + 1) / 2; i++)
      shards.coords[i] = word<A>(A::bank_coords_is_crta, args.bank_coords_crta_offset() + i, A::BankCoordsCTAOffset + i);
  }
  uint64_t shard_addr(uint32_t shard_id, uint32_t offset, uint8_t noc) const {
    uint32_t bank = shard_id % shards.banks, turn = shard_id / shards.banks;
    uint32_t at = static_cast<uint32_t>(bank_base_address) + turn * shards.shard_volume() * get_aligned_page_size() + offset;
    uint32_t pair = shards.coords[bank / 2], coord = bank % 2 ? pair & 0xffff : pair >> 16;   // x in the high byte
    return is_dram ? tte->bank_addr(1, coord, at, noc) : NOC_XY_ADDR(coord >> 8, coord & 0xff, at);
  }
};
template <size_t C, size_t R> TensorAccessor(const TensorAccessorArgs<C, R> &, size_t, uint32_t) -> TensorAccessor<TensorAccessorArgs<C, R>>;
template <size_t C, size_t R> TensorAccessor(const TensorAccessorArgs<C, R> &, size_t) -> TensorAccessor<TensorAccessorArgs<C, R>>;
