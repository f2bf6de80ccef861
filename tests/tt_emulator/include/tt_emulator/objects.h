// The object API over the free functions: Noc, CircularBuffer, CoreLocalMem, Semaphore, endpoints.
#pragma once
#include "tt_emulator/dataflow.h"

class Noc;
template <typename T> struct noc_traits_t { static_assert(sizeof(T) == 0, "NoC transactions are not supported for this type"); };

class Noc {
 public:
  enum class AddressType { NOC, LOCAL_L1 };
  enum class TxnIdMode { ENABLED, DISABLED };
  enum class ResponseMode { NON_POSTED, POSTED };
  enum class BarrierMode { TXN_ID, FULL };
  enum class McastMode { INCLUDE_SRC, EXCLUDE_SRC };
  static constexpr uint32_t INVALID_TXN_ID = 0xFFFFFFFF;
  template <typename T> using src_args_t = typename noc_traits_t<T>::src_args_type;
  template <typename T> using dst_args_t = typename noc_traits_t<T>::dst_args_type;
  template <typename T> using dst_args_mcast_t = typename noc_traits_t<T>::dst_args_mcast_type;

  Noc() : id(noc_index) {}
  explicit Noc(uint8_t noc) : id(noc) {}
  uint8_t get_noc_id() const { return id; }
  bool is_local_bank(uint32_t x, uint32_t y) const { return x == my_x[id] && y == my_y[id]; }

  template <TxnIdMode mode = TxnIdMode::DISABLED, uint32_t max_page = NOC_MAX_BURST_SIZE + 1, bool trace = true, typename Src, typename Dst>
  void async_read(const Src &src, const Dst &dst, uint32_t bytes, const src_args_t<Src> &from, const dst_args_t<Dst> &to,
                  uint32_t = NOC_UNICAST_WRITE_VC, uint32_t trid = INVALID_TXN_ID) const {
    tte->read(noc_traits_t<Src>::template src_addr<AddressType::NOC>(src, *this, from),
              static_cast<uint32_t>(noc_traits_t<Dst>::template dst_addr<AddressType::LOCAL_L1>(dst, *this, to)), bytes, id,
              mode == TxnIdMode::ENABLED ? trid : TTE_NO_TRID);
  }
  template <TxnIdMode mode = TxnIdMode::DISABLED, ResponseMode response = ResponseMode::NON_POSTED, uint32_t max_page = NOC_MAX_BURST_SIZE + 1,
            bool trace = true, typename Src, typename Dst>
  void async_write(const Src &src, const Dst &dst, uint32_t bytes, const src_args_t<Src> &from, const dst_args_t<Dst> &to,
                   uint32_t = NOC_UNICAST_WRITE_VC, uint32_t trid = INVALID_TXN_ID) const {
    tte->write(static_cast<uint32_t>(noc_traits_t<Src>::template src_addr<AddressType::LOCAL_L1>(src, *this, from)),
               noc_traits_t<Dst>::template dst_addr<AddressType::NOC>(dst, *this, to), bytes, id, mode == TxnIdMode::ENABLED ? trid : TTE_NO_TRID);
  }
  template <McastMode mcast = McastMode::EXCLUDE_SRC, TxnIdMode mode = TxnIdMode::DISABLED, ResponseMode response = ResponseMode::NON_POSTED,
            uint32_t max_page = NOC_MAX_BURST_SIZE + 1, bool trace = true, typename Src, typename Dst>
  void async_write_multicast(const Src &src, const Dst &dst, uint32_t bytes, uint32_t dests, const src_args_t<Src> &from,
                             const dst_args_mcast_t<Dst> &to, bool linked = false, uint32_t = INVALID_TXN_ID) const {
    tte->multicast(static_cast<uint32_t>(noc_traits_t<Src>::template src_addr<AddressType::LOCAL_L1>(src, *this, from)),
                   noc_traits_t<Dst>::template dst_addr_mcast<AddressType::NOC>(dst, *this, to), bytes, dests, linked,
                   mcast == McastMode::INCLUDE_SRC, id, 0);
  }
  template <typename Dst> void inline_dw_write(const Dst &dst, uint32_t value, const dst_args_t<Dst> &to, uint8_t be = 0xf) const {
    tte->inline_write(noc_traits_t<Dst>::template dst_addr<AddressType::NOC>(dst, *this, to), value, be, id);
  }
  template <BarrierMode mode = BarrierMode::FULL> void async_read_barrier(uint32_t trid = INVALID_TXN_ID) const { tte->barrier(TTE_BARRIER_READ, id, trid); }
  template <BarrierMode mode = BarrierMode::FULL> void async_write_barrier(uint32_t trid = INVALID_TXN_ID) const { tte->barrier(TTE_BARRIER_WRITE, id, trid); }
  template <ResponseMode response = ResponseMode::NON_POSTED, BarrierMode mode = BarrierMode::FULL>
  void async_writes_flushed(uint32_t trid = INVALID_TXN_ID) const { tte->barrier(TTE_BARRIER_FLUSH, id, trid); }
  void async_atomic_barrier() const { tte->barrier(TTE_BARRIER_ATOMIC, id, TTE_NO_TRID); }
  void async_full_barrier() const { tte->barrier(TTE_BARRIER_FULL, id, TTE_NO_TRID); }

 private:
  uint8_t id;
};

class CircularBuffer {
 public:
  enum class AddrSelector { WRITE_PTR, READ_PTR };
  explicit CircularBuffer(uint32_t cb) : id(cb) {}
  uint32_t get_cb_id() const { return id; }
  void reserve_back(int32_t n) { tte->cb_reserve(id, n); }
  void push_back(int32_t n) { tte->cb_push(id, n); }
  void wait_front(int32_t n) { tte->cb_wait(id, n); }
  void pop_front(int32_t n) { tte->cb_pop(id, n); }
  uint32_t get_write_ptr() const { return tte->cb_ptr(id, 1); }
  uint32_t get_read_ptr() const { return tte->cb_ptr(id, 0); }
  uint32_t get_tile_size() const { return static_cast<uint32_t>(::get_tile_size(static_cast<int32_t>(id))); }
  DataFormat get_dataformat() const { return ::get_dataformat(static_cast<int32_t>(id)); }
  bool pages_reservable_at_back(int32_t n) const { return tte->cb_can(id, n, 1); }
  bool pages_available_at_front(int32_t n) const { return tte->cb_can(id, n, 0); }

 private:
  uint32_t id;
};

template <typename T, typename AddressType = uintptr_t> class CoreLocalMem {
 public:
  explicit CoreLocalMem(AddressType at) : address(at) {}
  explicit CoreLocalMem(T *p) : address(reinterpret_cast<AddressType>(p)) {}
  T *get_unsafe_ptr() const { return reinterpret_cast<T *>(static_cast<uintptr_t>(address)); }
  AddressType get_address() const { return address; }
  T &operator*() const { return *get_unsafe_ptr(); }
  T *operator->() const { return get_unsafe_ptr(); }
  T &operator[](uint32_t i) const { return get_unsafe_ptr()[i]; }
  CoreLocalMem operator+(uint32_t n) const { return CoreLocalMem(address + n * sizeof(T)); }
  CoreLocalMem &operator+=(uint32_t n) { address += n * sizeof(T); return *this; }

 private:
  AddressType address;
};

struct UnicastEndpoint {
  uint64_t get_noc_unicast_addr(uint32_t x, uint32_t y, uint32_t addr, uint8_t noc) const { return ::get_noc_addr(x, y, addr, noc); }
};
struct MulticastEndpoint {
  uint64_t get_noc_multicast_addr(uint32_t xs, uint32_t ys, uint32_t xe, uint32_t ye, uint32_t addr, uint8_t noc) const {
    return ::get_noc_multicast_addr(xs, ys, xe, ye, addr, noc);
  }
};
enum class AllocatorBankType { L1, DRAM };
template <AllocatorBankType type> struct AllocatorBank {};

template <> struct noc_traits_t<CircularBuffer> {
  struct src_args_type { uint32_t offset_bytes{}; };
  struct dst_args_type { uint32_t offset_bytes{}; };
  struct dst_args_mcast_type { uint32_t noc_x_start{}, noc_y_start{}, noc_x_end{}, noc_y_end{}, offset_bytes{}; };
  template <Noc::AddressType> static uint64_t src_addr(const CircularBuffer &c, const Noc &, const src_args_type &a) { return c.get_read_ptr() + a.offset_bytes; }
  template <Noc::AddressType> static uint64_t dst_addr(const CircularBuffer &c, const Noc &, const dst_args_type &a) { return c.get_write_ptr() + a.offset_bytes; }
  template <Noc::AddressType> static uint64_t dst_addr_mcast(const CircularBuffer &c, const Noc &n, const dst_args_mcast_type &a) {
    return ::get_noc_multicast_addr(a.noc_x_start, a.noc_y_start, a.noc_x_end, a.noc_y_end, c.get_write_ptr() + a.offset_bytes, n.get_noc_id());
  }
};
template <CircularBuffer::AddrSelector which> struct CircularBufferView { const CircularBuffer &cb; };
template <CircularBuffer::AddrSelector which> CircularBufferView<which> use(const CircularBuffer &cb) { return {cb}; }
template <CircularBuffer::AddrSelector which> struct noc_traits_t<CircularBufferView<which>> : noc_traits_t<CircularBuffer> {
  using base = noc_traits_t<CircularBuffer>;
  static uint32_t at(const CircularBufferView<which> &v) { return which == CircularBuffer::AddrSelector::WRITE_PTR ? v.cb.get_write_ptr() : v.cb.get_read_ptr(); }
  template <Noc::AddressType> static uint64_t src_addr(const CircularBufferView<which> &v, const Noc &, const base::src_args_type &a) { return at(v) + a.offset_bytes; }
  template <Noc::AddressType> static uint64_t dst_addr(const CircularBufferView<which> &v, const Noc &, const base::dst_args_type &a) { return at(v) + a.offset_bytes; }
  template <Noc::AddressType> static uint64_t dst_addr_mcast(const CircularBufferView<which> &v, const Noc &n, const base::dst_args_mcast_type &a) {
    return ::get_noc_multicast_addr(a.noc_x_start, a.noc_y_start, a.noc_x_end, a.noc_y_end, at(v) + a.offset_bytes, n.get_noc_id());
  }
};
template <typename T, typename A> struct noc_traits_t<CoreLocalMem<T, A>> {
  struct src_args_type { uint32_t offset_bytes{}; };
  struct dst_args_type { uint32_t offset_bytes{}; };
  template <Noc::AddressType> static uint64_t src_addr(const CoreLocalMem<T, A> &m, const Noc &, const src_args_type &a) { return m.get_address() + a.offset_bytes; }
  template <Noc::AddressType> static uint64_t dst_addr(const CoreLocalMem<T, A> &m, const Noc &, const dst_args_type &a) { return m.get_address() + a.offset_bytes; }
};
template <> struct noc_traits_t<UnicastEndpoint> {
  struct src_args_type { uint32_t noc_x{}, noc_y{}, addr{}; };
  using dst_args_type = src_args_type;
  template <Noc::AddressType> static uint64_t src_addr(const UnicastEndpoint &, const Noc &n, const src_args_type &a) { return ::get_noc_addr(a.noc_x, a.noc_y, a.addr, n.get_noc_id()); }
  template <Noc::AddressType t> static uint64_t dst_addr(const UnicastEndpoint &e, const Noc &n, const dst_args_type &a) { return src_addr<t>(e, n, a); }
};
template <> struct noc_traits_t<MulticastEndpoint> {
  struct dst_args_mcast_type { uint32_t noc_x_start{}, noc_y_start{}, noc_x_end{}, noc_y_end{}, addr{}; };
  template <Noc::AddressType> static uint64_t dst_addr_mcast(const MulticastEndpoint &e, const Noc &n, const dst_args_mcast_type &a) {
    return e.get_noc_multicast_addr(a.noc_x_start, a.noc_y_start, a.noc_x_end, a.noc_y_end, a.addr, n.get_noc_id());
  }
};
template <AllocatorBankType type> struct noc_traits_t<AllocatorBank<type>> {
  struct src_args_type { uint32_t bank_id{}, addr{}; };
  using dst_args_type = src_args_type;
  template <Noc::AddressType> static uint64_t src_addr(const AllocatorBank<type> &, const Noc &n, const src_args_type &a) {
    return tte->bank_addr(type == AllocatorBankType::DRAM, a.bank_id, a.addr, n.get_noc_id());
  }
  template <Noc::AddressType t> static uint64_t dst_addr(const AllocatorBank<type> &b, const Noc &n, const dst_args_type &a) { return src_addr<t>(b, n, a); }
};
template <class Args> struct noc_traits_t<TensorAccessor<Args>> {
  struct src_args_type { uint32_t page_id{}, offset_bytes{}; };
  using dst_args_type = src_args_type;
  template <Noc::AddressType> static uint64_t src_addr(const TensorAccessor<Args> &t, const Noc &n, const src_args_type &a) {
    return t.get_noc_addr(a.page_id, a.offset_bytes, n.get_noc_id());
  }
  template <Noc::AddressType t> static uint64_t dst_addr(const TensorAccessor<Args> &s, const Noc &n, const dst_args_type &a) { return src_addr<t>(s, n, a); }
};

template <ProgrammableCoreType type = ProgrammableCoreType::TENSIX> class Semaphore {
 public:
  explicit Semaphore(uint32_t id) : address(get_semaphore<type>(id)) {}
  void up(uint32_t n) { tte->sem_set(address, value() + n); }
  void up(const Noc &noc, uint32_t x, uint32_t y, uint32_t n, uint8_t = NOC_UNICAST_WRITE_VC) {
    tte->atomic_inc(::get_noc_addr(x, y, address), n, 31, noc.get_noc_id());
  }
  void down(uint32_t n) { tte->sem_wait(address, n, 1), tte->sem_set(address, value() - n); }
  void wait(uint32_t n) { tte->sem_wait(address, n, 0); }
  void wait_min(uint32_t n) { tte->sem_wait(address, n, 1); }
  void set(uint32_t n) { tte->sem_set(address, n); }
  uint32_t get_address() const { return address; }
  template <Noc::McastMode mode = Noc::McastMode::EXCLUDE_SRC>
  void set_multicast(const Noc &noc, uint32_t xs, uint32_t ys, uint32_t xe, uint32_t ye, uint32_t dests, bool linked = false) {
    uint8_t id = noc.get_noc_id();
    tte->multicast(address, ::get_noc_multicast_addr(xs, ys, xe, ye, address, id), 4, dests, linked, mode == Noc::McastMode::INCLUDE_SRC, id, 1);
  }

 private:
  uint32_t address;
  uint32_t value() const { return *reinterpret_cast<volatile tt_l1_ptr uint32_t *>(static_cast<uintptr_t>(address)); }
};

namespace experimental {
using ::AllocatorBank;
using ::AllocatorBankType;
using ::CircularBuffer;
using ::CircularBufferView;
using ::CoreLocalMem;
using ::MulticastEndpoint;
using ::Noc;
using ::noc_traits_t;
using ::Semaphore;
using ::UnicastEndpoint;
using ::use;
}  // namespace experimental
