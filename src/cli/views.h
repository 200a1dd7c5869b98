#pragma once

#include <expected>
#include <string>

#include "cli/context.h"

/// How resources look to people. Each writes the API's JSON instead when --json was given, and
/// gives the exit code.
namespace postrider::cli {

/// The id of what was typed: an id itself, or the name of exactly one webhook.
std::expected<std::string, ExitCode> find_webhook(Context& context, const std::string& typed);
Cell webhook_state(const json::Value& webhook);
int show_webhook(Context& context, const Answer& answer);
int show_secret(Context& context, const Answer& answer);

Cell delivery_state(const json::Value& delivery);
/// One delivery with its attempts as blocks.
int show_delivery(Context& context, const Answer& answer);
int show_deliveries(Context& context, const Given& given, const std::string& path, Query query);

int show_operation(Context& context, const Answer& answer);
/// Asks until it is final, with progress on a terminal.
int wait_for_operation(Context& context, const std::string& id);

}  // namespace postrider::cli
