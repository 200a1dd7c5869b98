#pragma once

#include <cstddef>

/// The bounds of a webhook's template (webhooks/template.h).
namespace postrider::limits {

inline constexpr std::size_t template_bytes_max = 16 * 1024;
/// As much as a payload may have at most: what is attempted is bounded by it.
inline constexpr std::size_t rendered_bytes_max = 1024 * 1024;
/// What a template may look at for one body, whatever comes of it: one thread renders it
/// (delivery/renderer.h), and a filter may double what it is given. So many bytes, and as many
/// again for each byte of the event's data: the ready templates take less than eight.
inline constexpr std::size_t template_work_bytes = 1024 * 1024;
inline constexpr std::size_t template_work_per_byte = 12;

}  // namespace postrider::limits
