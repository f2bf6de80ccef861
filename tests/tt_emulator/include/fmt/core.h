// As much of {fmt} as host programs print with: print and format, {} with fill, width, precision and the letters of numbers.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fmt {

struct arg { enum { Int, Uint, Real, Text } kind; long long i; unsigned long long u; double d; bool single; std::string s; };

template <class T> arg make_arg(const T &v) {
  using U = std::decay_t<T>;
  if constexpr (std::is_same_v<U, bool>) return {arg::Text, 0, 0, 0, false, v ? "true" : "false"};
  else if constexpr (std::is_same_v<U, char>) return {arg::Text, 0, 0, 0, false, std::string(1, v)};
  else if constexpr (std::is_enum_v<U>) {
    if constexpr (requires { to_string(v); }) return {arg::Text, 0, 0, 0, false, std::string(to_string(v))};
    else return make_arg(static_cast<std::underlying_type_t<U>>(v));
  } else if constexpr (std::is_floating_point_v<U>) return {arg::Real, 0, 0, static_cast<double>(v), sizeof(U) == 4, ""};
  else if constexpr (std::is_integral_v<U> && std::is_signed_v<U>) return {arg::Int, v, static_cast<unsigned long long>(v), 0, false, ""};
  else if constexpr (std::is_integral_v<U>) return {arg::Uint, static_cast<long long>(v), v, 0, false, ""};
  else if constexpr (std::is_convertible_v<T, std::string_view>) return {arg::Text, 0, 0, 0, false, std::string(std::string_view(v))};
  else if constexpr (std::is_pointer_v<U>) return {arg::Uint, 0, reinterpret_cast<uintptr_t>(v), 0, false, ""};
  else { std::ostringstream o; o << v; return {arg::Text, 0, 0, 0, false, o.str()}; }
}

inline std::string one(const arg &a, std::string_view spec) {
  char align = 0, fill = ' ', letter = 0;
  bool zero = false, alternate = false, plus = false;
  int width = 0, precision = -1;
  size_t p = 0;
  if (spec.size() > 1 && (spec[1] == '<' || spec[1] == '>' || spec[1] == '^')) fill = spec[0], align = spec[1], p = 2;
  else if (!spec.empty() && (spec[0] == '<' || spec[0] == '>' || spec[0] == '^')) align = spec[0], p = 1;
  if (p < spec.size() && spec[p] == '+') plus = true, p++;
  if (p < spec.size() && spec[p] == '#') alternate = true, p++;
  if (p < spec.size() && spec[p] == '0') zero = true, p++;
  while (p < spec.size() && spec[p] >= '0' && spec[p] <= '9') width = 10 * width + (spec[p++] - '0');
  if (p < spec.size() && spec[p] == '.') for (p++, precision = 0; p < spec.size() && spec[p] >= '0' && spec[p] <= '9';) precision = 10 * precision + (spec[p++] - '0');
  if (p < spec.size()) letter = spec[p];
  char text[512];
  std::string out;
  switch (a.kind) {
    case arg::Text: out = precision >= 0 ? a.s.substr(0, static_cast<size_t>(precision)) : a.s; break;
    case arg::Real:
      if (!letter && precision < 0) {
        auto r = a.single ? std::to_chars(text, text + sizeof text, static_cast<float>(a.d)) : std::to_chars(text, text + sizeof text, a.d);
        out.assign(text, r.ptr);
      } else {
        char form[16];
        snprintf(form, sizeof form, "%%.*%c", letter ? letter : 'g');
        snprintf(text, sizeof text, form, precision < 0 ? 6 : precision, a.d);
        out = text;
      }
      break;
    default:
      if (letter == 'x' || letter == 'X') snprintf(text, sizeof text, letter == 'x' ? (alternate ? "0x%llx" : "%llx") : (alternate ? "0X%llX" : "%llX"), a.u);
      else if (a.kind == arg::Int) snprintf(text, sizeof text, "%lld", a.i);
      else snprintf(text, sizeof text, "%llu", a.u);
      out = text;
  }
  if (plus && a.kind != arg::Text && out[0] != '-') out = "+" + out;
  size_t w = static_cast<size_t>(width);
  if (out.size() >= w) return out;
  size_t pad = w - out.size();
  if (zero) return out.insert(out[0] == '-' ? 1 : 0, pad, '0');
  if (!align) align = a.kind == arg::Text ? '<' : '>';
  size_t before = align == '>' ? pad : align == '^' ? pad / 2 : 0;
  return std::string(before, fill) + out + std::string(pad - before, fill);
}

inline std::string vformat(std::string_view f, const std::vector<arg> &args) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < f.size(); i++) {
    if ((f[i] == '{' || f[i] == '}') && i + 1 < f.size() && f[i + 1] == f[i]) { out += f[i++]; continue; }
    if (f[i] != '{') { out += f[i]; continue; }
    size_t end = f.find('}', i), colon = f.find(':', i);
    std::string_view inside = f.substr(i + 1, end - i - 1), spec;
    if (colon != std::string_view::npos && colon < end) inside = f.substr(i + 1, colon - i - 1), spec = f.substr(colon + 1, end - colon - 1);
    size_t index = inside.empty() ? next++ : static_cast<size_t>(inside[0] - '0');
    if (index < args.size()) out += one(args[index], spec);
    i = end;
  }
  return out;
}
template <class... T> std::string format(std::string_view f, const T &...v) { return vformat(f, {make_arg(v)...}); }
template <class... T> void print(std::string_view f, const T &...v) { std::string s = format(f, v...); fwrite(s.data(), 1, s.size(), stdout); }
template <class... T> void print(FILE *to, std::string_view f, const T &...v) { std::string s = format(f, v...); fwrite(s.data(), 1, s.size(), to); }
template <class... T> void println(std::string_view f, const T &...v) { print(f, v...), fputc('\n', stdout); }

}  // namespace fmt
