#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, completion_knows_every_verb_flag_and_choice) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        auto ended = run_with({"completion", shell});
        EXPECT_EQ(ended.code, exit_ok);
        for (const char* word : {"rotate-secret", "idempotency-key", "allow-network", "event-type",
                                 "bash zsh fish", "pending delivered failed cancelled"}) {
            EXPECT_NE(ended.out.find(word), std::string::npos) << shell << " " << word;
        }
    }
}

}  // namespace
}  // namespace postrider::cli
