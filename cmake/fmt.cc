// The functions of fmt that its headers declare and do not define: what its shared object has, for
// the program itself. Source: fmt.dev, "Building the library"; the templates are those that its
// headers declare `extern`.
#include <fmt/format-inl.h>

namespace fmt::detail::dragonbox {
template auto to_decimal(float) noexcept -> decimal_fp<float>;
template auto to_decimal(double) noexcept -> decimal_fp<double>;
}  // namespace fmt::detail::dragonbox

namespace fmt::detail {
template locale_ref::locale_ref(const std::locale&);
template auto locale_ref::get<std::locale>() const -> std::locale;
template auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref) -> char;
template void buffer<char>::append(const char*, const char*);
template void vformat_to(buffer<char>&, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>,
                         locale_ref);
}  // namespace fmt::detail
