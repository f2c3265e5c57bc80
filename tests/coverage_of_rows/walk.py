"""The walk: two counties agree, refer a member, hand over, co-sign and print it, on two commands."""

from __future__ import annotations

from tests.coverage_of_rows.line import Line
from tests.coverage_of_rows.line import promise as _line

_DEMO, _TEST = "deploy/demo", "deploy/test"

WALK: tuple[Line, ...] = (
    # 1. Two commands
    _line("1", "deploy/demo installs what is missing or prints the one line to run", _DEMO,
          "deploy/test_machine.py::test_only_what_dpkg_does_not_have_is_missing "
          "deploy/test_machine.py::test_apt_is_told_to_update_when_its_lists_are_old "
          "deploy/test_machine.py::test_without_sudo_the_line_to_run_is_printed_and_nothing_is_tried"),
    _line("1", "hash-pinned requirements", _DEMO, "deploy/test_requirements.py::test_every_pin_has_a_hash_and_no_host_is_named"),
    _line("1", "embedded PostgreSQL and Valkey, sockets in a short directory, state where the operator's paper says", _DEMO,
          "deploy/test_servers.py::test_the_servers_start_once_serve_two_roles_and_stop "
          "deploy/test_places.py::test_sockets_fit_into_the_107_bytes_of_a_unix_path "
          "deploy/test_places.py::test_root_and_users_keep_state_where_the_servers_can_reach_it"),
    _line("1", "migrates, builds the demo, starts web, workers, scheduler, waits until healthy; data survive; twice at once; Ctrl-C stops all",
          f"{_DEMO} health.health", "deploy/test_demo_run.py::test_two_demos_side_by_side_then_again_with_their_data "
          "deploy/test_demo_command.py::test_the_same_port_twice_is_answered_with_the_next_one deploy/test_processes.py::test_leaving_ends_the_last_child_first"),
    _line("1", "every step one line with its seconds; an error prints the one fix", _DEMO,
          "deploy/test_demo_command.py::test_a_step_prints_one_line_with_its_seconds "
          "deploy/test_demo_command.py::test_a_step_that_fails_shows_the_end_of_its_log_and_one_fix"),
    _line("1", "--fresh starts over; a port of its own for each", _DEMO,
          "deploy/test_demo_command.py::test_a_taken_port_is_answered_with_the_next_one deploy/test_demo_run.py::test_two_demos_side_by_side_then_again_with_their_data "
          "deploy/test_demo_command.py::test_fresh_forgets_this_ports_data_and_no_others deploy/test_demo_command.py::test_fresh_never_empties_a_server_of_the_operator"),
    _line("1", "never needs a browser", _DEMO, "deploy/test_machine.py::test_the_demo_needs_no_browser_and_the_tests_do"),
    _line("1", "one address: the door, counties as cards, roles by one press, three lines with live counts, where to begin",
          "door.index door.lines door.enter",
          "blueprints/test_door.py::test_the_door_names_counties_roles_lines_and_steps "
          "browser/test_every_page.py::test_the_door_the_sign_in_and_what_anybody_sees"),
    _line("1", "the other window's to-do appears within two seconds", "home.live",
          "browser/test_walk.py::test_the_other_window_sees_it_within_two_seconds browser/test_walk.py::test_the_walk_with_both_counties_side_by_side"),
    _line("1", "deploy/test: lint, format, types, import contracts, then every test on real servers", _TEST,
          "deploy/test_demo_command.py::test_nobody_walks_past_the_checks_of_ci deploy/test_demo_command.py::test_a_finding_of_lint_stops_the_tests_with_its_text "
          "deploy/test_requirements.py::test_the_tests_run_on_what_the_demo_runs_on"),
    _line("1", "ends with what was proved and pytest's closing line", _TEST,
          "deploy/test_proofs.py::test_pytest_prints_the_sums_before_its_closing_line"),
    _line("1", ".ci/run calls exactly deploy/test", _TEST,
          "deploy/test_requirements.py::test_ci_runs_exactly_the_test_command contracts/test_layout.py::test_ci_runs_the_command_of_the_readme"),
    _line("1", "DATABASE_URL and REDIS_URL replace the embedded servers", _DEMO,
          "deploy/test_instances.py::test_servers_of_the_operator_replace_those_of_the_instance "
          "deploy/test_servers.py::test_an_operators_database_gets_the_application_role_beside_its_owner"),
    _line("1", "--long: benchmarks and slow suites", _TEST,
          "benchmarks/test_fence.py::test_the_fence_costs_little benchmarks/test_exchanges.py::test_exchanges_beside_the_bare_limit"),
    # 2. A county
    _line("2", "flask county add: keys, three first administrators each with a one-time password, settings", "flask:county settings.index",
          "blueprints/test_cli_county.py::test_a_county_is_added_and_its_administrator_signs_in "
          "blueprints/test_accounts_pages.py::test_settings_working_days_and_notice"),
    _line("2", "a partner is invited and its fingerprint confirmed by a person", "peers.index peers.invite peers.confirm",
          "blueprints/test_agreements.py::test_a_partner_is_invited_compared_and_confirmed "
          "federation/post/test_post.py::test_both_confirmed_each_other"),
    _line("2", "the address names the county; two counties signed in side by side", "auth.sign_in",
          "blueprints/test_auth.py::test_two_counties_side_by_side_in_one_browser"),
    _line("2", "organisation tree", "organisations.index organisations.show",
          "blueprints/test_accounts_pages.py::test_the_tree_grows_is_renamed_and_closed tenants/test_organisations.py::test_paths_sort_as_the_tree"),
    _line("2", "accounts with their roles; visible() for subtree and branch", "accounts.index accounts.roles",
          "blueprints/test_accounts_pages.py::test_an_account_from_opening_to_closing tenants/test_organisations.py::test_each_role_sees_its_part"),
    _line("2", "argon2id, sessions listed and revoked, CSRF, strict content policy", "auth.sessions",
          "blueprints/test_auth.py::test_sessions_are_revoked_one_by_one_and_all blueprints/test_auth.py::test_forms_carry_a_token "
          "tenants/test_passwords.py::test_the_product_hashes_with_argon2id_over_sixty_four_mebibytes tenants/test_accounts.py::test_only_a_few_hashes_at_once contracts/test_templates.py::test_templates_keep_the_content_policy"),
    _line("2", "members and flows: register with search and filters in the address", "members.index away.index",
          "tenants/test_register.py::test_each_facet_narrows_by_is_not_and_empty tenants/test_register.py::test_the_address_gives_the_query_back "
          "blueprints/test_members.py::test_the_lists_narrow_by_the_address_and_never_show_a_whole_number"),
    _line("2", "member page with its timeline; masked fields revealed for a reason, logged", "members.show members.reveal",
          "blueprints/test_members.py::test_reading_is_logged_and_a_masked_value_needs_a_reason"),
    _line("2", "flows: depart, six months, search, loss, return", "members.depart",
          "blueprints/test_members.py::test_leaving_and_returning tenants/test_flows.py::test_six_months_make_a_floating_member "
          "tenants/test_flows.py::test_search_loss_and_return_are_decisions_of_people"),
    _line("2", "the register comes in from .xlsx (T2): dry run, per-row reasons, error file", "imports.index imports.show imports.errors",
          "tenants/test_import_service.py::test_a_register_comes_in_whole_and_again_changes_nothing "
          "tenants/test_import_service.py::test_one_bad_row_stops_all_or_is_given_back tenants/test_import_rows.py::test_the_list_of_errors_comes_back_mended "
          "demo/test_people.py::test_the_real_importer_reads_the_register_back"),
    _line("2", "one event log", "events.index",
          "core/test_fence.py::test_the_log_has_every_change_and_its_chain_holds "
          "blueprints/test_accounts_pages.py::test_the_log_is_read_by_its_filters_and_by_pages contracts/test_words.py::test_every_verb_of_the_log_has_a_sentence"),
    _line("2", "one registry of fields", "members.show",
          "contracts/test_schema.py::test_every_personal_column_is_in_the_registry_of_fields "
          "contracts/test_schema.py::test_every_personal_field_has_purpose_retention_and_label"),
    _line("2", "one schema layer, unknown fields refused", "auth.sign_in", "blueprints/test_auth.py::test_unknown_fields_and_strange_input"),
    _line("2", "ID number, phone, address encrypted at rest; HMAC for equality inside the county", "members.show",
          "tenants/test_members.py::test_no_token_of_a_number_can_be_read_or_compared_across_counties "
          "core/test_encryption.py::test_values_at_rest_are_bound_to_county_and_column"),
    _line("2", "isolation for every table: raw SQL, COPY, filter off; every route with another county's id", "members.show",
          "contracts/test_isolation.py::test_raw_sql_as_the_application_sees_one_county "
          "contracts/test_isolation.py::test_without_the_filter_of_the_session_the_database_still_holds "
          "contracts/test_isolation.py::test_the_filter_alone_holds_too contracts/test_foreign_ids.py::test_another_countys_ids_are_absent"),
    # 3. What crosses
    _line("3", "channels, seals, JWE, commitments", "agreements.letters",
          "federation/wire/test_round_trips.py::test_a_release_arrives_as_it_was_said federation/wire/test_channels_and_receipts.py::test_a_chain_is_taken_one_by_one"),
    _line("3", "receipts in one transaction with the verb; replayed byte for byte", "handovers.show",
          "federation/post/test_post.py::test_killed_between_receipt_and_commit_the_same_receipt_comes_back"),
    _line("3", "outbox sealed by the relay, one drain a peer; no seal key where pages are served", "health.health",
          "contracts/test_jobs.py::test_pages_are_served_without_the_seal_key deploy/test_instances.py::test_pages_are_served_without_the_seal_key_and_without_the_owner"),
    _line("3", "known answers per message type; one mutated field a case, each with its code", "agreements.letters",
          "federation/wire/test_known_answers.py::test_every_message_type_has_one_example_and_one_file "
          "federation/wire/test_known_answers.py::test_we_still_make_the_same_bytes federation/wire/test_refusals.py::test_one_field_of_the_envelope "
          "federation/wire/test_refusals.py::test_one_rule_of_the_table"),
    _line("3", "Valkey flushed or worker killed in mid-batch: delivered later, once", "peers.index",
          "federation/post/test_post.py::test_valkey_flushed_the_scheduler_finds_it_again federation/test_faults.py::test_one_noisy_partner_of_twenty_keeps_nobody_waiting "
          "federation/test_chaos.py::test_a_worker_killed_between_any_two_steps_loses_nothing federation/post/test_post.py::test_killed_between_receipt_and_commit_the_same_receipt_comes_back"),
    _line("3", "agreement: 16 clauses, cooperation items with goal, measure, owner, progress; grants; liaisons",
          "agreements.show agreements.draft agreements.progress",
          "blueprints/test_agreements.py::test_a_draft_is_made_refused_mended_and_proposed blueprints/test_agreements_in_force.py::test_progress_pause_and_notice "
          "federation/agreements/test_refusals.py::test_without_clause_14_nothing_is_completed"),
    _line("3", "between two: draft, counter, accept, reject, leaders' approval, seals, effective", "agreements.show agreements.counter agreements.approve agreements.seal",
          "federation/agreements/test_walk.py::test_two_counties_agree_and_both_hold_the_same "
          "federation/agreements/test_walk.py::test_a_follower_counters_and_the_author_does_not_accept_its_own_text "
          "federation/agreements/test_walk.py::test_a_rejected_first_version_drops_the_agreement_on_both_sides "
          "federation/agreements/test_refusals.py::test_nobody_seals_before_the_leader_and_the_hub_not_before_the_others"),
    _line("3", "end (leaves_on), winding down, closed", "agreements.leave agreements.close",
          "federation/agreements/test_endings.py::test_leaving_notice_winding_down_and_closed_by_both "
          "federation/agreements/test_endings.py::test_what_is_still_open_hinders_closing"),
    _line("3", "between three: the happy path to effective, by the same hub code", "agreements.show",
          "federation/agreements/test_walk.py::test_three_counties_agree_by_the_same_path"),
    _line("3", "referral: select one, some, all matching; see what will cross and who lacks notice; offer", "referrals.new referrals.offer_preview referrals.notices",
          "blueprints/test_referrals.py::test_the_walk_by_pages blueprints/test_referrals.py::test_all_that_match_are_offered_not_one_page_of_them "
          "blueprints/test_members.py::test_a_notice_is_recorded_for_one_and_for_all_that_match_and_withdrawn_after_saying_what_happens"),
    _line("3", "the other side accepts, reports in by the one-time code, takes on", "referrals.show referrals.report_in_by_code",
          "federation/referrals/test_walks.py::test_offered_accepted_reported_in_by_code_and_taken_on "
          "federation/referrals/test_walks.py::test_wrong_codes_are_counted_and_answered_alike"),
    _line("3", "S2 and S6 flow", "shares.index shared.index", "federation/sharing/test_sharing.py::test_taken_on_opens_what_each_owes_the_other "
          "federation/sharing/test_sharing.py::test_a_change_travels_as_a_delta_and_only_the_change"),
    _line("3", "a withdrawn notice purges end to end with its proof", "members.withdraw shares.show",
          "federation/sharing/test_sharing.py::test_a_withdrawn_notice_leaves_nothing_at_the_host_but_proof"),
    _line("3", "egress and ingress both enforce the registry", "shares.show",
          "federation/sharing/test_sharing.py::test_egress_withholds_what_the_agreement_does_not_hold "
          "federation/sharing/test_sharing.py::test_ingress_refuses_a_forged_share_of_the_host contracts/test_schema.py::test_scopes_of_the_messages_are_those_of_the_registry"),
    _line("3", "handover begun by home: letter, stub, 回执", "handovers.begin handovers.show handovers.print_again",
          "federation/handovers/test_walks.py::test_from_application_to_the_receipt_at_home "
          "federation/handovers/test_walks.py::test_the_letter_and_the_receipt_are_papers_of_both_sides"),
    _line("3", "handover: return, refusal, decline, recall, expiry", "handovers.return handovers.refuse handovers.decline handovers.recall",
          "federation/handovers/test_walks.py::test_given_back_mended_and_asked_again federation/handovers/test_walks.py::test_the_host_says_no "
          "federation/handovers/test_walks.py::test_a_recall_crosses_a_take_over_and_wins federation/handovers/test_walks.py::test_a_letter_that_ran_out_comes_home "
          "federation/handovers/test_walks.py::test_what_nobody_answers_ends_by_time"),
    _line("3", "the ownership invariant explored exhaustively from the rows, two handovers of one member included", "handovers.show",
          "federation/handovers/test_worlds.py::test_one_handover_in_every_order_of_crossing_verbs "
          "federation/handovers/test_worlds.py::test_two_handovers_of_one_member federation/handovers/test_worlds.py::test_the_exploration_would_notice"),
    _line("3", "co-signing: offered, countersigned, disputed; study hours reach the home file", "cosigning.show cosigning.offer activities.show",
          "federation/cosigning/test_walks.py::test_offered_and_countersigned_hours_reach_the_file "
          "federation/cosigning/test_walks.py::test_disputed_corrected_countersigned "
          "blueprints/test_activities.py::test_offered_disputed_corrected_countersigned_in_the_browser_of_both"),
    # 4. Paper
    _line("4", "agreement text with its sealed data attached and a proof sheet", "agreements.show documents.show",
          "reports/test_contents.py::test_the_agreement_has_its_clauses_annexes_and_fingerprints "
          "reports/test_papers.py::test_the_attached_text_is_carried_byte_for_byte reports/test_contents.py::test_the_proof_shows_digests_seals_and_the_chain"),
    _line("4", "half-year report: sections 1, 2, 3, 6 (and since 4, 5 and 7) from the registry of metrics", "reports.show",
          "reports/test_agreement_report.py::test_seven_sections_all_filled reports/test_figures.py::test_the_paper_and_its_data_carry_the_same_figures"),
    _line("4", "a test fails on a figure without a metric", "reports.show",
          "reports/test_agreement_report.py::test_a_number_without_a_metric_fails contracts/test_metrics.py::test_every_metric_has_a_source"),
    _line("4", "introduction letter with stub and receipt: capital numerals, filling rules", "handovers.show",
          "reports/test_contents.py::test_the_letter_is_filled_in_as_the_form_asks reports/test_typesetting.py::test_dates_and_numbers_of_letters"),
    _line("4", "official A4 layout, SC fonts embedded, selectable text, page x/y, （盖章） boxes, no seal drawn", "documents.show",
          "reports/test_papers.py::test_every_visible_character_is_in_the_file_in_the_named_faces_on_a4 "
          "reports/test_papers.py::test_pages_are_counted_and_numbered reports/test_papers.py::test_sealed_papers_have_a_place_for_each_seal"),
    _line("4", "rendered in jobs with progress, stored, named properly", "tasks.show documents.show",
          "blueprints/test_agreements.py::test_the_proof_sheet_is_a_job_with_its_page reports/test_papers.py::test_files_are_named_so_that_a_clerk_finds_them "
          "reports/test_figures.py::test_the_job_keeps_the_paper_with_its_data"),
    _line("4", "work in the background that breaks down says so and is tried again; every list is taken out as in a worker", "tasks.show",
          "blueprints/test_workbench.py::test_a_task_that_breaks_down_says_so_and_is_tried_again "
          "contracts/test_listings.py::test_every_list_is_what_is_taken_out_of_it"),
    _line("4", "a QR to a page that proves its seals", "documents.prove",
          "reports/test_papers.py::test_the_code_on_the_paper_leads_to_its_proof_and_tells_nothing_else "
          "blueprints/test_agreements.py::test_the_paper_carries_the_text_and_its_code_proves_it_to_anybody "
          "blueprints/test_handovers.py::test_the_code_on_a_letter_says_how_it_stands_and_names_nobody"),
    # 5. Screens
    _line("5", "shell with navigation, search, home of to-do queues with counts, notices", "home.index home.notices members.found",
          "blueprints/test_parts.py::test_the_shell_says_where_and_who blueprints/test_parts.py::test_a_queue_counts_and_leads_in_two_steps "
          "blueprints/test_home.py::test_counts_of_the_queues_equal_the_lists_they_open"),
    _line("5", "agreement: cards of clauses and grants, ours / theirs / proof, a seal dialog", "agreements.show agreements.seal",
          "blueprints/test_agreements.py::test_the_leader_approves_and_the_clerk_seals_never_the_other_way "
          "blueprints/test_agreements.py::test_a_counter_shows_what_changed_and_nothing_changed_is_refused"),
    _line("5", "referrals and shared members: who sees what, why, until when", "referrals.index shared.show shares.show",
          "blueprints/test_referrals.py::test_the_walk_by_pages blueprints/test_referrals.py::test_who_may_see_and_who_may_act"),
    _line("5", "handovers: inbox, outbox, life line, days left", "handovers.index handovers.show",
          "blueprints/test_handovers.py::test_the_walk_in_two_windows blueprints/test_handovers.py::test_history_pages_backwards_too"),
    _line("5", "activities with attendance and co-sign", "activities.index activities.show activities.attendance",
          "blueprints/test_activities.py::test_planned_recorded_held"),
    _line("5", "everything works with script off", "members.show",
          "browser/test_without_script.py::test_the_core_path_without_script blueprints/test_sheet_in_browser.py::test_without_script_nothing_is_missing"),
    _line("5", "empty, error and refused states; print; 1366×768 and 390 px; axe: nothing serious", "home.index",
          "browser/test_every_page.py::test_every_page_of_every_role browser/test_every_page.py::test_in_the_dark_and_in_large_type "
          "blueprints/test_parts.py::test_states_of_a_view blueprints/test_parts.py::test_every_refusal_says_what_and_what_next"),
    _line("5", "one browser test plays the whole walk with both counties side by side", "door.index",
          "browser/test_walk.py::test_the_walk_with_both_counties_side_by_side"),
    # 6. Demo
    _line("6", "three counties with real township names and ~600 invented members, through the importer", f"{_DEMO} flask:demo",
          "demo/test_people.py::test_nobody_real_and_always_the_same tenants/test_divisions.py::test_the_three_counties_have_all_their_townships "
          "demo/test_build.py::test_the_demo_holds_what_it_promises"),
    _line("6", "agreements three-party, two-party, in negotiation, winding down; handovers closed, refused, recalled, in transit; disputed co-sign; withdrawn notice; a report",
          "door.index", "demo/test_build.py::test_the_demo_holds_what_it_promises"),
    _line("6", "made by the services and real messages; deterministic", "flask:demo",
          "demo/test_people.py::test_nobody_real_and_always_the_same demo/test_build.py::test_the_demo_is_built_by_services_and_real_messages "
          "demo/test_same_twice.py::test_two_builds_of_one_day_are_the_same_to_look_at"),
    _line("6", "a banner says 演示数据", "home.index", "reports/test_papers.py::test_the_demo_mark_stands_on_every_page_of_a_demo_and_nowhere_else "
          "blueprints/test_parts.py::test_the_shell_says_where_and_who blueprints/test_door.py::test_the_door_names_counties_roles_lines_and_steps"),
    _line("6", "README: screenshot of both windows, one PDF page, the two commands, the walk in ten minutes", _DEMO,
          "contracts/test_layout.py::test_the_readme_shows_both_windows_and_a_paper contracts/test_layout.py::test_the_readmes_commands_are_those_that_exist contracts/test_layout.py::test_links_between_papers_lead_somewhere"),
    # 7. Bad input
    _line("7", "server-side errors beside the field, values kept", "members.edit",
          "blueprints/test_parts.py::test_a_refused_field_keeps_its_value_and_ties_its_error browser/test_refusals.py::test_a_refused_form_keeps_what_was_typed "
          "blueprints/test_referrals.py::test_refusals_keep_what_was_typed_and_say_what_is_wrong"),
    _line("7", "another county's id anywhere: 404, the same as absent", "members.show",
          "contracts/test_foreign_ids.py::test_another_countys_ids_are_absent browser/test_refusals.py::test_another_countys_id_is_as_absent "
          "contracts/test_foreign_ids.py::test_another_countys_ids_in_a_form_are_absent"),
    _line("7", "what a browser really sends (two lines, tabs, marks nobody sees) crosses; a period before anybody's time is told beside the field",
          "handovers.refuse figures.index", "blueprints/test_handovers.py::test_the_host_says_no_with_a_reason_and_the_warning "
          "blueprints/test_figures.py::test_a_period_of_ones_own_and_what_is_wrong_with_it"),
    _line("7", "wrong role: 403 with who can", "accounts.roles",
          "contracts/test_policies.py::test_every_cell_of_the_table browser/test_refusals.py::test_a_wrong_role_is_told_who_can"),
    _line("7", "illegal verb: refused, unchanged, both sides told", "handovers.show",
          "federation/test_illegal_moves.py::test_neither_side_says_what_it_may_not "
          "federation/test_illegal_moves.py::test_the_anchor_refuses_a_proposal_that_no_row_allows "
          "federation/cosigning/test_walks.py::test_illegal_moves_are_refused_and_nothing_changes browser/test_refusals.py::test_a_verb_said_twice_is_refused_the_second_time"),
    _line("7", "a malformed, huge, lying or password-protected .xlsx: a clear message, bounded memory, nothing half-written", "imports.index",
          "tenants/test_import_reading.py::test_bombs_are_refused_within_bounded_memory tenants/test_import_reading.py::test_sizes_that_lie_are_found_out "
          "tenants/test_import_reading.py::test_an_encrypted_member_is_told_as_a_password tenants/test_import_service.py::test_a_file_that_is_no_register_is_refused_with_words"),
    # 8. Benchmarks
    _line("8", "fence ÷ explicit WHERE as owner, the register's list query ≤ 1.5", _TEST, "benchmarks/test_fence.py::test_the_fence_costs_little"),
    _line("8", "loopback exchanges, alone and in batches of 50, ÷ the bare limit ≥ 50 %", _TEST,
          "benchmarks/test_exchanges.py::test_exchanges_beside_the_bare_limit"),
    # Resolved when
    _line("end", "every line above is shown by a test or a page listed here", _TEST, "contracts/test_coverage.py::test_every_line_leads_somewhere"),
)  # fmt: skip
