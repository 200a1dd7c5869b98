#pragma once

#include "cli/verb.h"

namespace postrider::cli {

/// `health`: whether a server is ready, for a container's health check and a load balancer's.
std::vector<Verb> health_verbs();

}  // namespace postrider::cli
