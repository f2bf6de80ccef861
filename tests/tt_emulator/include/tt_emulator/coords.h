// Coordinates of cores, rectangles of them, sets of rectangles.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

struct tt_xy_pair {
  std::size_t x = 0, y = 0;
  constexpr tt_xy_pair() = default;
  constexpr tt_xy_pair(std::size_t x_, std::size_t y_) : x(x_), y(y_) {}
  bool operator==(const tt_xy_pair &o) const { return x == o.x && y == o.y; }
  bool operator<(const tt_xy_pair &o) const { return y != o.y ? y < o.y : x < o.x; }
  std::string str() const { return "(x=" + std::to_string(x) + ",y=" + std::to_string(y) + ")"; }
};
inline std::ostream &operator<<(std::ostream &o, const tt_xy_pair &c) { return o << c.str(); }
namespace std { template <> struct hash<tt_xy_pair> { size_t operator()(const tt_xy_pair &c) const { return c.x * 1000003 + c.y; } }; }
using CoreCoord = tt_xy_pair;

struct CoreRange {
  CoreCoord start_coord, end_coord;
  CoreRange(const CoreCoord &c) : start_coord(c), end_coord(c) {}
  CoreRange(const CoreCoord &from, const CoreCoord &to) : start_coord(from), end_coord(to) {
    if (from.x > to.x || from.y > to.y) throw std::runtime_error("invalid core range: start " + from.str() + ", end " + to.str());
  }
  std::size_t size() const { return (end_coord.x - start_coord.x + 1) * (end_coord.y - start_coord.y + 1); }
  CoreCoord grid_size() const { return {end_coord.x - start_coord.x + 1, end_coord.y - start_coord.y + 1}; }
  bool contains(const CoreCoord &c) const { return c.x >= start_coord.x && c.x <= end_coord.x && c.y >= start_coord.y && c.y <= end_coord.y; }
  bool operator==(const CoreRange &o) const { return start_coord == o.start_coord && end_coord == o.end_coord; }
  bool operator<(const CoreRange &o) const { return std::tie(start_coord, end_coord) < std::tie(o.start_coord, o.end_coord); }
  struct iterator {
    const CoreRange *range;
    CoreCoord at;
    const CoreCoord &operator*() const { return at; }
    iterator &operator++() {
      if (++at.x > range->end_coord.x) at.x = range->start_coord.x, at.y++;
      return *this;
    }
    bool operator!=(const iterator &o) const { return !(at == o.at); }
  };
  iterator begin() const { return {this, start_coord}; }
  iterator end() const { return {this, {start_coord.x, end_coord.y + 1}}; }
};

struct CoreRangeSet {
  CoreRangeSet() = default;
  CoreRangeSet(const CoreCoord &c) : list{CoreRange(c)} {}
  CoreRangeSet(const CoreRange &r) : list{r} {}
  CoreRangeSet(const std::set<CoreRange> &s) : list(s.begin(), s.end()) {}
  CoreRangeSet(const std::vector<CoreRange> &s) : list(s) {}
  const std::vector<CoreRange> &ranges() const { return list; }
  bool empty() const { return list.empty(); }
  std::size_t size() const { return list.size(); }
  uint32_t num_cores() const { std::size_t n = 0; for (auto &r : list) n += r.size(); return static_cast<uint32_t>(n); }
  bool contains(const CoreCoord &c) const { return std::any_of(list.begin(), list.end(), [&](const CoreRange &r) { return r.contains(c); }); }
  CoreRange bounding_box() const {
    CoreCoord a = list.at(0).start_coord, b = list.at(0).end_coord;
    for (auto &r : list) a = {std::min(a.x, r.start_coord.x), std::min(a.y, r.start_coord.y)}, b = {std::max(b.x, r.end_coord.x), std::max(b.y, r.end_coord.y)};
    return {a, b};
  }
  CoreRangeSet merge(const CoreRangeSet &o) const { auto all = list; all.insert(all.end(), o.list.begin(), o.list.end()); return CoreRangeSet(all); }

 private:
  std::vector<CoreRange> list;
};
inline std::ostream &operator<<(std::ostream &o, const CoreRange &r) { return o << "[" << r.start_coord << " - " << r.end_coord << "]"; }
inline std::ostream &operator<<(std::ostream &o, const CoreRangeSet &s) {
  o << "{";
  for (auto &r : s.ranges()) o << r;
  return o << "}";
}
using CoreSpecVariant = std::variant<CoreCoord, CoreRange, CoreRangeSet>;

inline std::vector<CoreCoord> cores_of(const CoreSpecVariant &spec) {
  std::vector<CoreCoord> out;
  auto add = [&](const CoreRange &r) { for (CoreCoord c : r) out.push_back(c); };
  if (auto *c = std::get_if<CoreCoord>(&spec)) out.push_back(*c);
  else if (auto *r = std::get_if<CoreRange>(&spec)) add(*r);
  else for (auto &r : std::get<CoreRangeSet>(spec).ranges()) add(r);
  return out;
}
inline std::vector<CoreCoord> corerange_to_cores(const CoreRangeSet &s, std::size_t = 0, bool row_wise = false) {
  auto all = cores_of(s);
  if (!row_wise) std::stable_sort(all.begin(), all.end(), [](const CoreCoord &a, const CoreCoord &b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  return all;
}
inline std::vector<CoreCoord> grid_to_cores(uint32_t n, uint32_t grid_x, uint32_t grid_y, bool row_wise = false) {
  std::vector<CoreCoord> out;
  for (uint32_t i = 0; i < n; i++) out.push_back(row_wise ? CoreCoord(i % grid_x, i / grid_x) : CoreCoord(i / grid_y, i % grid_y));
  return out;
}

namespace tt::tt_metal {
using ::CoreCoord;
using ::CoreRange;
using ::CoreRangeSet;
using ::corerange_to_cores;
using ::grid_to_cores;

// n cores of a grid, columns first (or rows), as few rectangles.
inline CoreRangeSet num_cores_to_corerangeset(uint32_t n, CoreCoord grid, bool row_wise = false) {
  std::vector<CoreRange> out;
  std::size_t line = row_wise ? grid.x : grid.y, full = n / line, rest = n % line;
  if (full) out.emplace_back(CoreCoord(0, 0), row_wise ? CoreCoord(grid.x - 1, full - 1) : CoreCoord(full - 1, grid.y - 1));
  if (rest) out.emplace_back(row_wise ? CoreCoord(0, full) : CoreCoord(full, 0), row_wise ? CoreCoord(rest - 1, full) : CoreCoord(full, rest - 1));
  return CoreRangeSet(out);
}
// (cores, all, those with one unit more, the others, units of the former, of the latter).
using WorkSplit = std::tuple<uint32_t, CoreRangeSet, CoreRangeSet, CoreRangeSet, uint32_t, uint32_t>;
inline WorkSplit split_work_to_cores(CoreCoord grid, uint32_t units, bool row_wise = false) {
  if (!units) return {0, {}, {}, {}, 0, 0};
  uint32_t cores = std::min(static_cast<uint32_t>(grid.x * grid.y), units), base = units / cores, more = units % cores;
  CoreRangeSet all = num_cores_to_corerangeset(cores, grid, row_wise);
  if (!more) return {cores, all, all, {}, base, 0};
  CoreRangeSet first = num_cores_to_corerangeset(more, grid, row_wise);
  std::vector<CoreRange> second;
  for (CoreCoord c : grid_to_cores(cores, static_cast<uint32_t>(grid.x), static_cast<uint32_t>(grid.y), row_wise)) if (!first.contains(c)) second.emplace_back(c);
  return {cores, all, first, CoreRangeSet(second), base + 1, base};
}
inline WorkSplit split_work_to_cores(const CoreRangeSet &grid, uint32_t units, bool row_wise = false) {
  return split_work_to_cores(grid.bounding_box().grid_size(), units, row_wise);
}
}  // namespace tt::tt_metal
