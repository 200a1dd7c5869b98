#pragma once

#include <string>

#include "cli/context.h"
#include "cli/find.h"

/// How resources look to people. Each writes the API's JSON or a name instead when that is asked
/// for, and gives the exit code.
namespace postrider::cli {

Cell webhook_state(const json::Value& webhook);
int show_webhook(Context& context, const Answer& answer);
int show_secret(Context& context, const Answer& answer);

Cell delivery_state(const json::Value& delivery);
/// One delivery with its attempts as blocks.
int show_delivery(Context& context, const Answer& answer);
/// A page of them, or all, as show_list does; webhooks by name.
int show_deliveries(Context& context, const Given& given, const std::string& path, Query query);

int show_operation(Context& context, const Answer& answer);
/// Of a dry run: how many deliveries it would be.
int show_count(Context& context, const Answer& answer);
/// Asks until it is final, with progress on a terminal.
int wait_for_operation(Context& context, const std::string& id);

}  // namespace postrider::cli
