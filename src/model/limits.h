#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

/// Every bound of the server, with its unit and its reason. Nothing else in the tree holds a number
/// of this kind.
namespace postrider::limits {

// What comes in.
inline constexpr std::size_t request_header_bytes_max = 16 * 1024;    ///< one HTTP request's head
inline constexpr std::size_t payload_bytes_max_default = 256 * 1024;  ///< `data` of one event
inline constexpr std::size_t payload_bytes_max_hard = 1024 * 1024;    ///< what an operator may set
inline constexpr std::size_t envelope_bytes_max = 4 * 1024;  ///< a publish's body beyond its `data`
inline constexpr std::size_t batch_body_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t config_body_bytes_max = 256 * 1024;  ///< any body that is not an event
inline constexpr std::size_t batch_events_max = 1000;
inline constexpr std::size_t json_depth_max = 64;  ///< nesting; the scanner recurses to it
inline constexpr std::size_t fan_out_deliveries_max = 20'000;  ///< one transaction inserts no more
inline constexpr std::size_t field_errors_max = 100;  ///< of one answer; a batch may have many more
inline constexpr std::size_t name_suggestions_max =
    5;  ///< of one answer: each costs the writer ~1 ms
inline constexpr std::size_t idempotency_key_bytes_max = 255;
inline constexpr Duration idempotency_key_lifetime = 24h;
inline constexpr Duration event_timestamp_ahead_max = 24h;
inline constexpr std::size_t api_connections_max = 4096;
inline constexpr Duration request_read_timeout = 30s;  ///< from a request's first byte to its last
inline constexpr Duration connection_idle_timeout = 75s;  ///< between requests of one connection
inline constexpr Duration response_write_timeout =
    60s;                                                ///< from an answer's first byte to its last
inline constexpr Duration api_deadline_check = 1s;      ///< how late the three above may be noticed
inline constexpr Duration tls_handshake_timeout = 10s;  ///< a few round trips over a bad network
inline constexpr Duration tls_file_check_interval =
    2s;  ///< how often certificate files are looked at
inline constexpr Duration tls_expiry_warning = 14 * 24h;  ///< before a certificate's end
inline constexpr std::size_t metrics_connections_max = 64;
inline constexpr std::size_t tls_file_bytes_max = 1024 * 1024;    ///< a chain has a few KiB
inline constexpr std::size_t tls_record_bytes_max = 16 * 1024;    ///< RFC 8446, section 5.1
inline constexpr Duration strict_transport_lifetime = 365 * 24h;  ///< of the HSTS header
inline constexpr std::size_t forwarded_hops_max = 32;  ///< of X-Forwarded-For, from the right
inline constexpr std::size_t streams_max = 512;        ///< one for each browser that looks on
inline constexpr Duration stream_interval = 1s;        ///< how often a realm's pulse is taken
inline constexpr Duration stream_heartbeat = 15s;  ///< a sign of life, also for proxies on the way
inline constexpr Duration stream_lifetime = 5min;  ///< then who listens is asked again who it is
inline constexpr std::int64_t pulse_count_max = 10'000;  ///< counted to here each second, ~2 ms
inline constexpr std::size_t unread_body_bytes_max =
    64 *
    1024;  ///< a refused request's body up to here is read over; above, the connection is closed
inline constexpr Duration accept_retry_delay = 100ms;  ///< when no descriptor is left for a client
inline constexpr Duration linger_timeout = 2s;  ///< an answer before the body: time to read it
inline constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;  ///< read over meanwhile
inline constexpr std::size_t refused_connections_max = 64;  ///< that hear 503 at the same time
inline constexpr std::size_t path_segments_max = 32;        ///< the longest of our routes has 9
// What clients share, by address, key and realm (base/shares.h, http/server.h).
inline constexpr std::size_t inbound_bytes_max =
    128 * 1024 * 1024;  ///< bodies that come or are worked on, answers not yet taken
inline constexpr std::size_t inbound_bytes_free =
    16 * 1024;  ///< of one request, not counted: its connection is. Above, it is also parsed apart
inline constexpr unsigned inbound_large_percent =
    75;  ///< of its share that a client may fill with large bodies: the rest is for small ones
inline constexpr std::size_t inbound_large_bytes = 64 * 1024;  ///< from here on a body is large
inline constexpr std::size_t chunked_step_bytes =
    256 * 1024;                                ///< of a body whose length is not known, at a time
inline constexpr Duration room_wait_max = 5s;  ///< for others to give room; then 429 or 503
inline constexpr std::size_t parsed_long_bytes =
    1024 * 1024;  ///< a longer body has a thread of its own: it takes up to 0.1 s
inline constexpr std::size_t answer_piece_bytes = 128 * 1024;  ///< of a list, read as it is sent
inline constexpr std::size_t requests_at_once_max =
    16;  ///< pipelined ones answered at once; then others have their turn
inline constexpr std::size_t request_headers_max = 100;   ///< lines of one head
inline constexpr std::size_t query_parameters_max = 100;  ///< also of a form
inline constexpr std::size_t read_buffer_bytes_first =
    4 * 1024;  ///< of a connection: most requests fit
inline constexpr std::size_t read_buffer_bytes_max = 64 * 1024;  ///< while it reads a large body
inline constexpr std::size_t client_response_bytes_max =
    64 * 1024 *
    1024;  ///< what the command line takes of one answer: a full page of large events fits
inline constexpr std::size_t realm_name_bytes_max = 63;  ///< a DNS label, for names under a domain
inline constexpr std::size_t page_size_default = 50;
inline constexpr std::size_t page_size_max = 200;

// Webhooks.
inline constexpr std::size_t name_characters_max = 200;
inline constexpr std::size_t description_characters_max = 2000;
inline constexpr std::size_t url_bytes_max = 2048;
inline constexpr std::size_t webhook_headers_bytes_max = 16 * 1024;  ///< names and values together
inline constexpr std::size_t webhook_headers_count_max = 50;
inline constexpr std::size_t webhook_events_count_max = 200;
inline constexpr std::size_t webhooks_per_realm_max = 10'000;  ///< also the fan-out of one event
inline constexpr std::size_t event_type_name_bytes_max = 128;
inline constexpr std::size_t event_types_per_realm_max = 1000;
inline constexpr std::size_t api_keys_per_realm_max = 1000;     ///< all of them are in memory
inline constexpr std::size_t api_keys_of_user_shown_max = 200;  ///< in one answer; all are revoked
inline constexpr std::size_t event_type_schema_bytes_max = 64 * 1024;
inline constexpr std::size_t secret_bytes_min = 24;  ///< Standard Webhooks
inline constexpr std::size_t secret_bytes_max = 64;
inline constexpr std::size_t secret_bytes_default = 32;
inline constexpr std::size_t secret_text_bytes_max = 256;  ///< of a FerrisKey receiver; its own: 64
inline constexpr Duration secret_overlap_default = 24h;
inline constexpr Duration secret_overlap_max = 7 * 24h;
inline constexpr Duration attempt_timeout_default = 15s;
inline constexpr Duration attempt_timeout_min = 100ms;
inline constexpr Duration attempt_timeout_max = 30s;
inline constexpr std::size_t retry_schedule_entries_max = 20;
inline constexpr Duration retry_delay_max = 24h;
inline constexpr double retry_jitter = 0.2;  ///< ±20 %: a thousand webhooks do not return as one
inline constexpr std::size_t tests_per_minute_max = 10;  ///< per webhook
inline constexpr Duration url_check_timeout = 5s;        ///< the look-up of webhooks/check
inline constexpr Duration url_save_timeout = 2s;  ///< of saving a plain-http URL: then it is saved
inline constexpr Duration failing_before_disable = 5 * 24h;
inline constexpr std::size_t failures_before_disable = 5;
inline constexpr Duration internal_retry_first = 1s;
inline constexpr Duration internal_retry_max = 5min;
inline constexpr unsigned crashes_before_set_aside = 2;  ///< with nothing else in flight

// The directory.
inline constexpr std::size_t username_characters_max = 255;  ///< as Keycloak has them
inline constexpr std::size_t email_characters_max = 254;  ///< RFC 5321: a path of 256 less its < >
inline constexpr std::size_t login_name_characters_max =
    std::max(username_characters_max, email_characters_max);
inline constexpr std::size_t folded_rows_per_step = 1000;       ///< of users, read at once
inline constexpr std::size_t attributes_bytes_max = 16 * 1024;  ///< of one user; they are in events
inline constexpr std::size_t client_id_characters_max = 255;    ///< likewise
inline constexpr std::size_t client_name_characters_max = 255;  ///< likewise
inline constexpr std::size_t role_name_characters_max = 255;    ///< likewise
inline constexpr std::size_t person_name_characters_max = 255;  ///< likewise, of each of the two
inline constexpr std::size_t roles_per_realm_max =
    1000;  ///< its own; looked through by some checks
inline constexpr std::size_t roles_per_client_max = 1000;  ///< they go with it in one transaction
inline constexpr std::size_t service_account_roles_max =
    100;  ///< of one client; they are in events
inline constexpr std::size_t redirect_uris_per_client_max = 100;
inline constexpr std::size_t bulk_delete_users_max = 1000;  ///< one transaction of some 20 ms
inline constexpr std::size_t import_entries_max = 100;      ///< of one part: one transaction
inline constexpr std::size_t import_names_max = 1000;       ///< role names and URIs of one part
inline constexpr std::size_t import_body_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t import_left_out_max = 5000;  ///< named in one answer: some 500 KiB
inline constexpr std::size_t import_file_bytes_max =
    1024 * 1024 * 1024;  ///< of all files of one import together: they are held in memory
inline constexpr std::size_t import_files_max = 100'000;  ///< `kc.sh export` writes 50 users in one
inline constexpr std::size_t import_report_names_max = 1000;  ///< listed in one line of the report
inline constexpr std::size_t import_report_lines_max = 2000;  ///< of unknown members; then a sum
inline constexpr std::size_t kept_client_secret_characters_min =
    32;  ///< a hash without a salt protects no shorter one
inline constexpr std::size_t export_passphrase_characters_min = 12;
inline constexpr std::size_t sealed_memory_kib_max =
    256 * 1024;                                       ///< of argon2id, to open an export
inline constexpr std::size_t sealed_passes_max = 10;  ///< likewise
// Of password hashes from elsewhere: importing one decides what each login with it costs. Beyond
// these its user needs a reset.
inline constexpr std::uint64_t foreign_argon2_memory_kib_max = 64 * 1024;
inline constexpr std::uint64_t foreign_argon2_passes_max = 10;
inline constexpr std::uint64_t foreign_argon2_lanes_max = 16;
inline constexpr std::uint64_t foreign_pbkdf2_rounds_max = 1'000'000;  ///< some 0.6 s
inline constexpr std::uint64_t foreign_bcrypt_cost_max = 12;           ///< some 0.3 s
inline constexpr std::size_t foreign_hash_queue_max = 32;  ///< at worst some 20 s of work; then 429
inline constexpr std::size_t client_secret_bytes = 32;
inline constexpr std::int64_t password_characters_min_default = 15;  ///< NIST SP 800-63B, alone
inline constexpr std::int64_t password_characters_min_lowest = 8;  ///< what a realm may go down to
inline constexpr std::int64_t password_characters_min_highest = 128;
inline constexpr std::size_t password_characters_max = 1024;  ///< what is hashed has at most 4 KiB
inline constexpr std::size_t password_hash_queue_max = 64;    ///< some 2 s of work; then 429
inline constexpr std::size_t reset_token_bytes = 32;
inline constexpr Duration reset_token_lifetime = 30min;
inline constexpr Duration reset_token_interval_min = 1min;     ///< of one account, for strangers
inline constexpr Duration reset_token_window = 1h;             ///< for the limits below
inline constexpr std::size_t reset_tokens_per_window_max = 5;  ///< of one account, for strangers
/// Of one account, for callers with the right to: each may send a mail, so there is an end.
inline constexpr std::size_t reset_tokens_by_authority_max = 60;
inline constexpr std::size_t reset_requests_max = 256;  ///< waiting; then 429 for everyone alike
inline constexpr std::size_t session_bytes = 32;        ///< random, of the cookie
inline constexpr Duration session_unused_max = 12h;     ///< then it ends
inline constexpr Duration session_lifetime_max = 7 * 24h;
inline constexpr Duration session_touch_interval = 1min;   ///< how exact its last use is
inline constexpr std::size_t sessions_per_user_max = 100;  ///< the oldest ends
inline constexpr std::size_t user_agent_bytes_max = 256;   ///< kept of a session's browser
inline constexpr std::size_t login_failures_free = 3;      ///< of one account, without a wait
inline constexpr Duration login_delay_first = 1s;          ///< doubled with every failure
inline constexpr Duration login_delay_max = 30s;
inline constexpr Duration login_failures_forgotten = 15min;  ///< after the last one
inline constexpr std::size_t login_accounts_max = 10'000;    ///< whose failures are remembered
inline constexpr std::size_t logins_waiting_max = 1024;      ///< then 429 for everyone alike
inline constexpr std::size_t logins_waiting_per_network_max = 16;
inline constexpr Duration device_cookie_lifetime = 180 * 24h;  ///< of a browser that has logged in
inline constexpr std::size_t device_cookie_bytes_max = 256;    ///< ours have 118
inline constexpr Duration failed_logins_row_interval = 1min;   ///< of one account, in the audit log
inline constexpr std::size_t failed_logins_rows_max = 60;      ///< accounts with a row of their own
inline constexpr std::size_t failed_logins_tallies_max = 1000;  ///< with realms'; then the metric
inline constexpr std::size_t oauth_token_bytes = 32;
inline constexpr Duration oauth_token_lifetime = 1h;
inline constexpr std::size_t oauth_form_bytes_max = 16 * 1024;
inline constexpr std::int64_t retention_days_default = 30;
inline constexpr std::int64_t retention_days_max = 3650;
inline constexpr std::size_t allowed_networks_max = 100;  ///< of master's settings
inline constexpr std::size_t realms_purged_at_once = 64;  ///< tombstones that a step looks at
inline constexpr std::size_t realm_purge_rows = 500;  ///< of one step: deep under a closure's time

// What goes out.
inline constexpr std::size_t response_bytes_read_max = 64 * 1024;
inline constexpr std::size_t response_bytes_kept_max = 4 * 1024;
inline constexpr std::size_t response_header_bytes_max = 16 * 1024;
inline constexpr std::size_t response_headers_kept_max = 100;
inline constexpr Duration connection_age_max =
    5min;  ///< so that DNS changes and revoked addresses take
inline constexpr Duration connection_unused_max = 30s;
inline constexpr std::size_t idle_connections_per_origin_max = 64;
inline constexpr std::size_t idle_connections_max = 2048;
inline constexpr std::size_t lookups_in_flight_max = 1024;
inline constexpr std::size_t lookups_in_flight_per_realm_max = 512;
inline constexpr Duration lookup_ttl_min = 1s;
inline constexpr Duration lookup_ttl_max = 60s;
inline constexpr std::size_t lookup_cache_names_max = 16 * 1024;
inline constexpr std::size_t lookup_addresses_max = 16;  ///< kept of one name and family
inline constexpr Duration lookup_try_timeout =
    2s;  ///< doubled per round: 2 + 4 + 8 = 14 s a server
inline constexpr int lookup_tries = 3;
inline constexpr Duration lookup_other_family_wait =
    300ms;                                             ///< for AAAA when A is there, or A for AAAA
inline constexpr std::size_t addresses_tried_max = 8;  ///< of one name, in one attempt
inline constexpr std::size_t interim_responses_max = 8;  ///< 1xx before the final answer
inline constexpr std::size_t tls_sessions_max = 4096;    ///< kept for resumption, one per origin
inline constexpr std::size_t tls_write_bytes_max = 16 * 1024;  ///< one record: head and small body
inline constexpr Duration idle_connections_sweep_interval = 5s;

// The engine.
inline constexpr std::int64_t max_in_flight_highest = 256;     ///< what a webhook may ask for
inline constexpr std::int64_t rate_limit_count_max = 100'000;  ///< beyond, it limits nothing
inline constexpr Duration rate_limit_span_min = 1s;
inline constexpr Duration rate_limit_span_max = 24h;
inline constexpr std::size_t filter_bytes_max = 4 * 1024;
inline constexpr std::size_t filter_depth_max = 8;  ///< of nested objects and lists
inline constexpr std::size_t filter_conditions_max = 64;
inline constexpr std::size_t filter_list_max = 100;   ///< values of $in and $nin; alternatives
inline constexpr std::size_t filter_places_max = 32;  ///< of a realm, where values are looked up
/// Filters of one event type in a realm that ask for no value that can be looked up: each of them
/// is held against each event of the type.
inline constexpr std::size_t slow_filters_max = 100;
/// Elements of the lists of an event that filters look at.
inline constexpr std::size_t filter_elements_max = 1'000;
/// Of a realm's last events, those that a dry run of a filter looks at: some 20 ms.
inline constexpr std::size_t dry_run_events_max = 1'000;
inline constexpr std::size_t lane_in_flight_first = 4;  ///< a lane that has not shown a success yet
inline constexpr std::size_t lane_in_flight_max = 64;   ///< doubling on success up to here
inline constexpr std::size_t lane_timeouts_before_narrow = 3;  ///< then 1 in flight until a success
inline constexpr std::size_t lane_window_factor =
    16;  ///< deliveries held in memory per 1 in flight
inline constexpr std::size_t held_deliveries_max = 50'000;       ///< of all lanes
inline constexpr std::size_t held_bytes_max = 96 * 1024 * 1024;  ///< their bodies
inline constexpr std::size_t offer_queue_max = 16 * 1024;  ///< deliveries between writer and engine
inline constexpr Duration due_ahead_max =
    2 * retry_delay_max;  ///< no retry is due later: it was planned by a clock that was wrong
inline constexpr Duration held_ahead =
    30s;  ///< a retry due later than this waits in the store only
inline constexpr std::size_t refill_deliveries_max = 512;  ///< of one read
inline constexpr std::size_t refill_bytes_max = 8 * 1024 * 1024;
inline constexpr Duration told_late_max =
    1min;  ///< by which a delivery was due before its lane is told: clocks, a slow commit
inline constexpr std::size_t refills_in_flight_max =
    2;                                                 ///< they share the reader pool with the API
inline constexpr Duration refill_again_after = 100ms;  ///< a read that was refused
inline constexpr Duration refill_unseen_after = 5ms;   ///< a read that was too old
inline constexpr std::size_t record_batch_max = 256;   ///< outcomes in one hand-over: some 8 ms
inline constexpr std::size_t unrecorded_outcomes_max = 8192;  ///< then nothing more is submitted
inline constexpr std::size_t descriptors_reserved = 1024;     ///< not for attempts: API, store, DNS
inline constexpr std::size_t attempts_started_at_once = 64;   ///< then answers are read again
inline constexpr std::size_t attempts_in_flight_max = 16 * 1024;  ///< also bounded by descriptors

// The store.
inline constexpr std::size_t writer_queue_max = 8192;  ///< of each kind; then 503
inline constexpr std::size_t writer_queue_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t writer_group_max = 1024;  ///< works in one transaction
inline constexpr Duration writer_group_duration_max =
    4ms;  ///< then a group takes no more: who comes now waits for about this long, and a commit
inline constexpr std::size_t writer_slice_publishes =
    32;  ///< taken at once, ~2 ms: between slices the others have their turns
inline constexpr std::size_t publish_rows_at_once =
    256;  ///< of several publishes, then the others have their turns; ~5 ms
inline constexpr std::size_t fan_out_part_deliveries =
    128;  ///< what one event makes beyond these is written part by part, ~3 ms each
inline constexpr std::size_t cancel_part_deliveries =
    128;  ///< of a webhook that was disabled or deleted, cancelled in one transaction: ~3 ms
inline constexpr std::size_t cancel_part_webhooks =
    32;  ///< of a deleted realm that become tombstones in one transaction: ~3 ms
inline constexpr std::size_t fan_out_staged_parts_max =
    2048;  ///< of one realm, some 260,000 deliveries; then its publishes get 503
inline constexpr std::size_t essential_on_reserve_max =
    2000;  ///< writes while the disk is full: ~4 KiB each, half of the smallest reserve
inline constexpr std::size_t publish_set_bytes_max =
    4 * 1024 * 1024;  ///< of events gathered in memory, then they are written
inline constexpr std::size_t reader_queue_max = 4096;
inline constexpr std::size_t reader_threads_first = 1;     ///< for sessions, tokens and refills
inline constexpr std::size_t reader_threads_ordinary = 2;  ///< one for each core
inline constexpr std::size_t reader_threads_long = 1;  ///< what takes long holds up only its like
inline constexpr std::size_t long_reads_of_caller_max =
    3;  ///< waiting or running: then its next one is taken for long, and nobody pays for finding
        ///< out
inline constexpr std::size_t long_reads_of_realm_max = 8;  ///< likewise, of all its callers
inline constexpr int read_stretch =
    4;  ///< times its budget of a core that a read may last, while others have the cores
inline constexpr Duration read_duration_first =
    10ms;  ///< of an ordinary read; one that needs more runs again among the long ones
inline constexpr Duration read_duration_max = 1s;  ///< a longer one would hold the WAL
inline constexpr Duration closure_duration_max = 50ms;
inline constexpr std::uint64_t wal_restart_bytes = 64 * 1024 * 1024;
inline constexpr std::uint64_t disk_reserve_bytes = 16 * 1024 * 1024;
inline constexpr std::uint64_t disk_reserve_bytes_min =
    16 * 1024 * 1024;  ///< what the database grows by at a checkpoint must fit, and outcomes
inline constexpr std::uint64_t disk_reserve_bytes_max = 64ULL * 1024 * 1024 * 1024;
inline constexpr std::size_t due_part_rows_first = 64;
inline constexpr std::size_t recover_step_deliveries = 1000;
inline constexpr std::size_t housekeeping_rows_max =
    1000;                                              ///< of one step: well under a closure's time
inline constexpr std::int64_t free_pages_kept = 4096;  ///< 16 MiB for the next rows, not given back
inline constexpr Duration housekeeping_interval = 30s;
inline constexpr Duration clock_step_min =
    1min;  ///< by which the clock moved more than time passed: somebody has set it
inline constexpr Duration expiry_pause_after_step =
    1h;  ///< nothing is deleted for its age: time to notice a clock that is wrong
inline constexpr Duration downtime_plausible_max =
    7 * 24h;  ///< a longer one may as well be a clock that is wrong
inline constexpr Duration housekeeping_pause = 5ms;     ///< between steps, for others to write
inline constexpr std::size_t transfer_step_rows = 500;  ///< of one transaction of a move
/// Events of a slice of the index of resources, and as many that a search reads beside it at most:
/// some 2 ms.
inline constexpr std::size_t resource_slice_rows = 4096;
/// Of it that are written in one closure: under 1 ms of the writer's time.
inline constexpr std::size_t resource_piece_rows = 512;
inline constexpr Duration statistics_period_default = 24h;
inline constexpr std::size_t retention_step_rows =
    100;  ///< of one step: events of 256 KiB are thirty pages each
inline constexpr std::size_t release_step_pages = 256;
inline constexpr Duration api_key_kept_after_end = 30 * 24h;  ///< so that lists still tell of it
inline constexpr Duration stop_deadline = 10s;        ///< for requests and attempts in progress
inline constexpr std::size_t reseal_step_rows = 200;  ///< a transaction of a few milliseconds

// PostgreSQL.
inline constexpr int postgresql_version_min = 140000;  ///< PostgreSQL 14, as libpq counts
inline constexpr std::size_t postgresql_closure_connections = 4;  ///< beside publishes and outcomes
inline constexpr Duration postgresql_read_duration_first =
    50ms;  ///< as read_duration_first: with the way there and back
inline constexpr int postgresql_runs_again_max =
    12;  ///< after a deadlock or a failed serialization
inline constexpr Duration postgresql_again_pause_first = 1ms;  ///< doubling
inline constexpr Duration postgresql_again_pause_max = 100ms;
inline constexpr Duration postgresql_connect_timeout = 3s;
inline constexpr Duration postgresql_statement_max = 30s;  ///< of a write: then it is cancelled
inline constexpr Duration postgresql_lock_wait_max = 5s;   ///< a longer one answers 503
inline constexpr Duration postgresql_silence_max = 5s;     ///< of a peer that is gone
inline constexpr Duration postgresql_transaction_idle_max =
    2s;  ///< its locks must not outlast a cut-off node's lease
inline constexpr Duration postgresql_held_off_max =
    3s;  ///< for which a process that was stopped holds others off: less than they wait
inline constexpr Duration postgresql_reconnect_first = 50ms;
inline constexpr Duration postgresql_reconnect_max = 1s;  ///< doubling up to here; then it resumes
inline constexpr std::size_t analyzed_bytes_min = 1024 * 1024;   ///< of a new partition
inline constexpr std::size_t partition_stragglers_max = 10'000;  ///< moved out in one transaction
inline constexpr Duration table_lock_wait_first = 50ms;  ///< everybody's writes wait as long
inline constexpr std::size_t table_lock_tries_max = 6;   ///< doubling: the last waits for 1.6 s
// Several nodes on one database.
inline constexpr Duration node_heartbeat_interval = 500ms;
inline constexpr Duration node_lease = 4s;  ///< silent for longer by the database's clock: dead
inline constexpr Duration node_lease_margin =
    1s;  ///< by which a node stops before others take over
inline constexpr Duration node_kept_after_end = 7 * 24h;  ///< its row, for what it left undecided
inline constexpr Duration node_join_max = 30s;
inline constexpr Duration node_start_wait_max = 10s;   ///< for who uses the schema alone
inline constexpr Duration cluster_statement_max = 2s;  ///< so that a lock does not stop heartbeats
inline constexpr Duration cluster_turn_pause = 1ms;    ///< hints that come meanwhile go together
inline constexpr Duration change_wait_max = 10s;       ///< for all nodes to go by a change
inline constexpr Duration sync_again_after = 100ms;    ///< when everything could not be read
inline constexpr Duration last_commit_noted_every = 10s;  ///< when there are no new ones
inline constexpr Duration change_said_again_after = 250ms;
inline constexpr Duration test_grace = 1min;  ///< an attempt of a test has ended by then
inline constexpr Duration lanes_look_interval = 5s;
inline constexpr Duration lanes_sweep_interval = 30s;  ///< for deliveries whose hint was lost
inline constexpr Duration lanes_sweep_overdue = 5s;
inline constexpr std::size_t hints_per_notification_max = 200;    ///< 33 bytes each, of 8,000
inline constexpr std::size_t changes_per_notification_max = 100;  ///< 67 bytes each, of 8,000

// The operator's side.
inline constexpr std::size_t config_file_bytes_max = 1024 * 1024;
inline constexpr std::size_t cli_input_bytes_max =
    std::size_t{1} << 30;  ///< held in memory: an export of a large realm fits
inline constexpr std::size_t shown_key_bytes_max = 32;        ///< of a row that cannot be read
inline constexpr std::size_t log_queue_lines_max = 8192;      ///< then the oldest line is dropped
inline constexpr std::size_t log_value_bytes_max = 2 * 1024;  ///< of one field; a URL fits
inline constexpr std::size_t listen_queue_max = 1000;         ///< webhooks that wait to be shown
inline constexpr std::size_t listen_ids_max = 10'000;         ///< remembered to notice duplicates
inline constexpr Duration listen_stop_deadline = 2s;          ///< for the last answer to leave
inline constexpr Duration operation_poll_interval = 300ms;    ///< of the command line's --wait
inline constexpr std::size_t bootstrap_token_characters_min =
    32;  ///< it is the first administrator

static_assert(payload_bytes_max_default <= payload_bytes_max_hard);
static_assert(payload_bytes_max_hard + envelope_bytes_max <= batch_body_bytes_max);
static_assert(4 * batch_body_bytes_max <= inbound_bytes_max, "one client's share has two batches");
static_assert(inbound_bytes_free <= inbound_large_bytes);
static_assert(request_header_bytes_max < read_buffer_bytes_max, "a head must fit the buffer");
static_assert(response_bytes_kept_max <= response_bytes_read_max);
static_assert(webhooks_per_realm_max <= fan_out_deliveries_max, "one event must fit a transaction");
static_assert(lookups_in_flight_per_realm_max < lookups_in_flight_max);
static_assert(lane_in_flight_first <= lane_in_flight_max);
static_assert(refill_bytes_max < held_bytes_max);
static_assert(batch_body_bytes_max < writer_queue_bytes_max);
static_assert(reset_token_lifetime <= reset_token_window, "a valid token's row is kept");
static_assert(internal_retry_first < internal_retry_max);
static_assert(postgresql_transaction_idle_max < node_lease);

}  // namespace postrider::limits
