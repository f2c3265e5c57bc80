"""The main job whole: every verb, every scope, every crossing, every paper."""

from __future__ import annotations

from tests.coverage_of_rows.line import Line
from tests.coverage_of_rows.line import promise as _line

_TEST = "deploy/test"

MAIN_JOB: tuple[Line, ...] = (
    # 1 Agreements
    _line("1", "counter, end and close among three", "agreements.counter agreements.leave agreements.close",
          "federation/agreements/test_three.py::test_of_three_each_counters_in_turn_and_each_acceptance_is_counted_anew "
          "federation/agreements/test_three.py::test_one_of_three_leaves_the_others_go_on_and_each_pair_is_closed_by_both"),
    _line("1", "decisions relayed: a receiver lacking one answers `behind`", "agreements.letters",
          "federation/agreements/test_three.py::test_a_receiver_that_lacks_decisions_says_behind_and_is_brought_up_by_whoever_writes "
          "federation/agreements/test_three.py::test_an_opening_under_a_version_nobody_here_knows_is_refused_for_good"),
    _line("1", "responsibility lists of both sides as one register, from the templates, with a yearly check and its state", "agreements.draft agreements.check agreements.responsibilities",
          "blueprints/test_agreements_in_force.py::test_the_responsibility_list_is_written_changed_annexed_and_checked_once_a_year "
          "blueprints/test_agreements_in_force.py::test_a_duty_keeps_its_own_check_and_place_when_one_in_the_middle_is_dropped"),
    _line("1", "amend and renew: version n+1", "agreements.amend agreements.renew",
          "federation/agreements/test_year.py::test_a_renewal_sealed_before_the_end_goes_on_the_day_after_without_a_gap "
          "federation/agreements/test_endings.py::test_a_second_version_takes_the_place_of_the_first "
          "blueprints/test_agreements_in_force.py::test_renewed_by_the_hub_refused_to_the_other_compared_side_by_side_and_a_party_added"),
    _line("1", "narrowing purges the removed fields; widening is sealed by all", "agreements.draft agreements.amend agreements.show",
          "blueprints/test_agreements_in_force.py::test_a_grant_is_narrowed_by_what_it_carries_and_the_other_side_sees_it "
          "federation/sharing/test_changed_grants.py::test_narrowing_purges_the_removed_field_with_proof_and_widening_brings_it_again "
          "federation/agreements/test_refusals.py::test_a_completion_without_every_seal_stops_at_the_follower"),
    _line("1", "an alarm where a pair is not closed by both within thirty days; our own word is a to-do with that day", "agreements.close home.notices",
          "federation/agreements/test_endings.py::test_leaving_notice_winding_down_and_closed_by_both"),
    _line("1", "pauses per scope and party, said wherever the values they stop stand", "agreements.pause shares.index shares.show shared.show referrals.show",
          "blueprints/test_referrals.py::test_whose_doing_it_was_is_told_and_a_pause_wherever_the_values_it_stops_stand "
          "federation/sharing/test_changed_grants.py::test_what_was_put_down_before_a_pause_is_sealed_without_its_values_and_goes_again_after "
          "federation/sharing/test_changed_grants.py::test_under_a_pause_of_the_other_side_nothing_opens_and_resumed_it_does"),
    _line("1", "leave, successor, add a party", "agreements.leave agreements.add_party",
          "federation/agreements/test_three.py::test_a_leaving_hub_hands_its_pen_to_a_party_that_stays_and_that_one_amends "
          "federation/agreements/test_three.py::test_a_third_county_is_added_by_a_version_all_three_seal_and_gets_the_chain_without_its_texts "
          "blueprints/test_agreements_in_force.py::test_a_hub_that_leaves_three_says_on_the_page_who_goes_on "
          "blueprints/test_agreements_in_force.py::test_leaving_names_the_first_day_allowed"),
    _line("1", "lapse; notice days", "agreements.show agreements.leave",
          "federation/agreements/test_endings.py::test_a_version_lapses_after_thirty_days_on_the_table "
          "federation/agreements/test_year.py::test_an_agreed_version_lapses_after_sixty_days_and_the_one_in_effect_stays "
          "federation/agreements/test_endings.py::test_leaving_notice_winding_down_and_closed_by_both "
          "federation/agreements/test_year.py::test_leaving_ends_an_open_amendment_and_only_comes_nearer"),
    _line("1", "one open version at a time", "agreements.amend",
          "federation/agreements/test_year.py::test_the_database_too_refuses_a_second_open_version"),
    _line("1", "versions side by side with the changed words marked", "agreements.compare",
          "blueprints/test_agreements_in_force.py::test_renewed_by_the_hub_refused_to_the_other_compared_side_by_side_and_a_party_added"),
    _line("1", "due dates (renewal 60 d before, review meetings, list deliveries) become to-dos", "home.index agreements.duty",
          "federation/agreements/test_duties.py::test_what_is_due_is_told_once_recorded_by_a_person_and_the_next_one_takes_its_place "
          "federation/agreements/test_duties.py::test_renewal_and_items_close_by_themselves "
          "blueprints/test_agreements_in_force.py::test_what_the_calendar_asks_is_a_todo_until_it_is_recorded_and_progress_stands_beside_ours"),
    _line("1", "duties closed by the record that fulfils them: participation told by co-signed records, entries looked through", "agreements.duty",
          "federation/cosigning/test_walks.py::test_what_the_program_holds_records_of_closes_the_agreements_duties"),
    _line("1", "a review meeting closed by a record of its own, which the other side confirms", "agreements.record_meeting agreements.show_meeting agreements.confirm_meeting agreements.dispute_meeting",
          "federation/agreements/test_duties.py::test_a_meeting_recorded_by_one_and_confirmed_by_the_other_closes_the_duty_of_both "
          "blueprints/test_agreements_in_force.py::test_a_meeting_is_recorded_by_one_and_confirmed_by_the_other_on_their_pages"),
    _line("1", "templates a county keeps for its next agreement", "agreements.template_list agreements.save_template agreements.edit_template",
          "federation/agreements/test_templates.py::test_saved_from_an_agreement_changed_and_begun_with_other_parties "
          "blueprints/test_agreements.py::test_a_template_is_saved_edited_chosen_and_dropped"),
    _line("1", "township-level agreements", "agreements.new agreements.show",
          "blueprints/test_agreements.py::test_townships_conclude_without_persons_and_the_county_vouches_in_the_paper"),
    _line("1", "each side's progress with the cooperation items reaches the others and the report", "agreements.progress agreements.show",
          "federation/agreements/test_duties.py::test_each_sides_progress_reaches_the_other_and_an_older_word_is_ignored "
          "blueprints/test_agreements_in_force.py::test_what_the_calendar_asks_is_a_todo_until_it_is_recorded_and_progress_stands_beside_ours"),
    # 2 Scopes
    _line("2", "S0–S6 whole, with consents and notices: versions, paper consent with scan, withdrawal with one press; S8 named and off",
          "members.notice members.agree members.shown members.paper members.scan referrals.claim referrals.scan requests.scan members.withdraw settings.renew_notice scopes.directory scopes.figures",
          "tenants/test_consents.py::test_a_record_keeps_the_words_that_were_shown_when_the_notice_changes "
          "blueprints/test_host_begins.py::test_a_claim_by_pages blueprints/test_host_begins.py::test_a_claim_disowned_says_the_same_to_everybody "
          "blueprints/test_requests.py::test_what_another_countys_member_signed_for_a_request_goes_with_it "
          "blueprints/test_members.py::test_what_crosses_as_a_code_is_chosen_from_its_list_and_an_older_word_stays "
          "blueprints/test_consents.py::test_one_number_is_agreed_to_by_itself_on_signed_paper "
          "blueprints/test_consents.py::test_another_number_is_another_consent_and_none_of_another_county "
          "blueprints/test_consents.py::test_the_paper_to_sign_and_the_press_that_says_what_it_does "
          "federation/sharing/test_publications.py::test_the_directory_is_kept_current_and_said_once "
          "federation/sharing/test_publications.py::test_no_grant_no_list_and_the_end_destroys_both_copies"),
    _line("2", "S7: a consent for one request alone, asked again at sealing; job intent and skills", "members.shown requests.new",
          "tenants/test_consents.py::test_a_consent_to_a_service_stands_for_one_request_alone "
          "blueprints/test_requests.py::test_help_with_a_job_carries_intent_and_skills_by_the_members_own_yes"),
    _line("2", "their effect everywhere; S5 withdrawn: in no new record, what both countersigned stays and the notice says so", "members.withdraw shares.show",
          "federation/sharing/test_sharing.py::test_the_telephone_only_with_consent_and_gone_with_it "
          "federation/cosigning/test_final_records.py::test_who_withdrew_the_notice_is_in_no_new_record_and_the_old_one_stands"),
    _line("2", "what holds for one stay away ends with its flow, and of the next he is told anew; his last word counts, whatever day is written down later", "members.show members.shown members.withdraw",
          "federation/sharing/test_sharing.py::test_the_flow_ends_and_every_share_is_purged "
          "tenants/test_consents.py::test_his_last_word_counts_whatever_day_is_written_down_later"),
    _line("2", "a no to S6 ends what both counties share, also where home's own share was stopped or lost; what was sealed before it and not delivered goes without the values", "members.withdraw shares.show",
          "federation/sharing/test_sharing.py::test_the_notice_of_s6_withdrawn_both_directions_go "
          "federation/sharing/test_sharing.py::test_the_notice_of_s6_withdrawn_the_host_hears_where_a_person_had_stopped_ours "
          "federation/sharing/test_sharing.py::test_a_share_that_the_host_opens_after_the_no_is_answered_with_it "
          "federation/sharing/test_sharing.py::test_what_the_host_refused_as_it_went_by_another_version_is_said_again_once_both_go_by_it "
          "federation/sharing/test_heartbeat.py::test_a_copy_that_stopped_is_put_away_by_its_receiver_and_shared_anew "
          "federation/sharing/test_sharing.py::test_what_waits_at_the_withdrawal_goes_without_the_values"),
    _line("2", "a share goes with the agreement it rests on, though the referral goes on under another", "shares.show",
          "federation/sharing/test_changed_grants.py::test_a_share_goes_with_its_agreement_though_the_referral_goes_on_under_another"),
    _line("2", "S2 narrowed: open packets lose what is granted no more, on both sides; taken away, they end", "referrals.show",
          "federation/sharing/test_changed_grants.py::test_a_narrowed_notice_empties_open_packets_and_one_taken_away_ends_them"),
    _line("2", "S0 and S1 narrowed: the lists held by both sides are destroyed", "scopes.directory scopes.figures",
          "federation/sharing/test_publications.py::test_a_list_narrowed_away_is_destroyed_on_both_sides_and_the_other_way_stays"),
    _line("2", "venues in the directory (S0)", "organisations.place scopes.directory",
          "federation/sharing/test_publications.py::test_the_directory_is_kept_current_and_said_once"),
    _line("2", "field cards show in plain words what crosses", "scopes.index scopes.show members.shared",
          "federation/sharing/test_publications.py::test_cards_say_what_crosses_to_whom_why_until_when_and_on_what_it_rests"),
    _line("2", "S1 counts with cells under 5 masked", "scopes.figures scopes.tell",
          "federation/sharing/test_publications.py::test_counts_are_masked_before_they_cross_and_shown_as_a_table "
          "federation/sharing/test_publications.py::test_a_figure_under_five_cannot_be_composed_at_all "
          "federation/sharing/test_publications.py::test_no_masked_cell_follows_from_what_is_shown"),
    _line("2", "a received row shows from whom, why, until when", "shared.show shares.show",
          "blueprints/test_referrals.py::test_the_walk_by_pages"),
    _line("2", "every read of a received row is logged on both sides, of a claim and of an ask at home too; co-signed records are both counties' and are not counted, "
          "nor are lists of no member", "members.show members.seen",
          "blueprints/test_referrals.py::test_readings_of_shared_members_are_logged "
          "blueprints/test_host_begins.py::test_a_claim_by_pages blueprints/test_host_begins.py::test_a_handover_asked_for_by_pages "
          "federation/sharing/test_readings.py::test_every_look_is_counted_told_and_shown_to_the_member "
          "federation/sharing/test_readings.py::test_what_no_page_named_is_counted_all_the_same_and_jobs_are_not_people "
          "federation/sharing/test_readings.py::test_a_county_can_tell_only_of_rows_that_are_the_hearers_own"),
    _line("2", "property tests try to leak through every message type between two counties: 100,000 fuzzed messages in --long and 400 in the normal run, 0 leaks; "
          "four in ten are of the six types a receiver takes at any time", _TEST,
          "federation/leaks/test_leaks.py::test_no_value_leaks_through_any_message "
          "federation/leaks/test_leaks.py::test_no_value_leaks_through_a_hundred_thousand "
          "federation/leaks/test_leaks.py::test_under_the_id_of_another_thing_nothing_opens_and_nothing_is_destroyed "
          "federation/leaks/test_leaks.py::test_a_planted_hole_is_found"),
    # 3 Referrals and handovers
    _line("3", "the host's claim path", "referrals.claim referrals.recognise referrals.disown referrals.retract",
          "federation/referrals/test_claims.py::test_recognised_reported_in_and_taken_on federation/referrals/test_claims.py::test_unknown_and_not_ours_have_one_answer "
          "federation/referrals/test_claims.py::test_twenty_a_day_a_peer_and_the_county_decides federation/referrals/test_claims.py::test_nobody_answers_for_thirty_days blueprints/test_host_begins.py::test_a_claim_by_pages"),
    _line("3", "handovers begun by the host", "handovers.begin_ask handovers.ask handovers.accept",
          "federation/handovers/test_asks.py::test_from_the_hosts_ask_to_the_receipt federation/handovers/test_asks.py::test_a_request_and_an_ask_that_cross_leave_the_request "
          "federation/handovers/test_worlds.py::test_two_handovers_of_one_member blueprints/test_host_begins.py::test_a_handover_asked_for_by_pages"),
    _line("3", "return A–B–A", "handovers.begin handovers.begin_ask handovers.show",
          "federation/handovers/test_asks.py::test_there_and_back_reopens_the_old_record "
          "federation/handovers/test_asks.py::test_a_return_that_comes_to_nothing_leaves_the_old_record_as_it_was"),
    _line("3", "third-county shares revoked at confirm; old records countersigned and forwarded", "shares.index cosigning.show",
          "federation/cosigning/test_after_a_handover.py::test_the_third_countys_shares_go_and_its_record_is_forwarded"),
    _line("3", "the county's own case file: inside a committee, inside the county, nation-wide",
          "transfers.begin transfers.amend transfers.show transfers.approve transfers.issue_letter transfers.receive transfers.receive_letter transfers.submit_many",
          "blueprints/test_transfers.py::test_out_of_the_county_by_paper blueprints/test_transfers.py::test_inside_one_committee_the_approval_is_the_whole blueprints/test_transfers.py::test_between_two_committees_each_sees_its_part blueprints/test_transfers.py::test_a_letter_from_elsewhere_makes_a_provisional_row blueprints/test_transfers.py::test_towards_a_partner_the_case_ends_where_the_handover_begins blueprints/test_transfers.py::test_a_selection_goes_to_one_committee_with_a_reason_for_each_who_cannot"),
    _line("3", "partners who are no tenants: password-protected packet and letter, receipt entered by hand",
          "transfers.packet transfers.return_receipt",
          "blueprints/test_transfers.py::test_the_packet_opens_with_the_password_that_is_shown_once blueprints/test_transfers.py::test_out_of_the_county_by_paper"),
    _line("3", "letter book (T4) and stub archive",
          "transfers.letters transfers.letters_file transfers.print_letters transfers.letter",
          "blueprints/test_transfers.py::test_the_book_is_a_list_a_workbook_and_a_sheet_of_paper blueprints/test_transfers.py::test_a_letter_that_expires_is_renewed_and_keeps_its_place_in_the_book"),
    _line("3", "work lists: 待办, 未办结, 即将办理, 转出历史, 转入历史, 审批记录",
          "transfers.index home.index",
          "blueprints/test_transfers.py::test_counts_equal_the_lists_for_every_role blueprints/test_transfers.py::test_between_two_committees_each_sees_its_part "
          "blueprints/test_transfers.py::test_out_of_the_county_by_paper blueprints/test_transfers.py::test_a_letter_from_elsewhere_makes_a_provisional_row"),
    _line("3", "overdue counters; 3-month rule", "referrals.index transfers.index home.index handovers.release handovers.arrive",
          "blueprints/test_host_begins.py::test_what_waits_too_long_is_counted_by_working_days "
          "blueprints/test_transfers.py::test_what_waits_too_long_and_what_is_due_are_counted "
          "blueprints/test_transfers.py::test_a_letter_from_elsewhere_is_good_for_three_months_at_most "
          "federation/handovers/test_asks.py::test_a_letter_that_ran_out_is_issued_again_only_with_the_branchs_proof "
          "federation/handovers/test_asks.py::test_the_receipt_is_due_a_month_after_the_letter_arrived"),
    _line("3", "DOMAIN §5.1: who has an open transfer begins no flow", "members.depart",
          "blueprints/test_transfers.py::test_out_of_the_county_by_paper federation/handovers/test_walks.py::test_who_moves_begins_no_flow"),
    _line("3", "reminders: report-in, contact, half-year confirmation, by the county's days; a notice each on its day", "settings.deadlines members.note_flow home.index home.notices",
          "blueprints/test_host_begins.py::test_reminders_come_by_the_countys_days_and_go_by_a_persons_word"),
    # 4 Co-signing
    _line("4", "several homes per activity; corrections keep unchanged homes final", "cosigning.offer cosigning.correct",
          "federation/cosigning/test_walks.py::test_a_home_never_sees_another_homes_lines federation/cosigning/test_final_records.py::test_a_corrected_header_is_offered_again_to_every_home_and_hours_follow "
          "blueprints/test_activities.py::test_a_final_record_is_corrected_or_annulled_by_both"),
    _line("4", "a proposal to annul that nobody answers lapses, the record stands", "cosigning.show",
          "federation/cosigning/test_final_records.py::test_a_proposal_to_annul_that_nobody_answers_comes_to_nothing"),
    _line("4", "annulment, lapse, withdraw", "cosigning.propose_annul cosigning.annul cosigning.keep cosigning.withdraw",
          "federation/cosigning/test_final_records.py::test_annulled_by_both_it_stays_and_its_hours_go federation/cosigning/test_final_records.py::test_both_propose_to_annul_at_once federation/cosigning/test_walks.py::test_lapsed_after_thirty_days "
          "federation/cosigning/test_walks.py::test_withdrawn blueprints/test_activities.py::test_a_final_record_is_corrected_or_annulled_by_both"),
    _line("4", "the co-signed record as PDF", "cosigning.paper activities.proceedings documents.show",
          "blueprints/test_activities.py::test_the_record_as_paper_at_both_sides reports/test_papers.py::test_every_visible_character_is_in_the_file_in_the_named_faces_on_a4"),
    _line("4", "attendance by the symbols of §6.7 from a pasted or uploaded list", "activities.roll activities.attendance",
          "tenants/test_rolls.py::test_every_symbol_and_its_words tenants/test_rolls.py::test_a_reason_for_every_line_left_out "
          "blueprints/test_activities.py::test_a_list_pasted_or_uploaded_is_read_before_anything_is_written"),
    _line("4", "hours recognised at home", "members.show",
          "federation/cosigning/test_walks.py::test_offered_and_countersigned_hours_reach_the_file federation/cosigning/test_final_records.py::test_a_corrected_header_is_offered_again_to_every_home_and_hours_follow "
          "federation/cosigning/test_final_records.py::test_annulled_by_both_it_stays_and_its_hours_go blueprints/test_activities.py::test_a_final_record_is_corrected_or_annulled_by_both"),
    _line("4", "guests never in votes or quorum", "activities.show activities.record",
          "federation/cosigning/test_walks.py::test_guests_never_make_a_quorum federation/handovers/test_walks.py::test_who_was_taken_over_counts_at_the_host_once_home_confirmed blueprints/test_activities.py::test_the_record_as_paper_at_both_sides"),
    # 5 Requests
    _line("5", "the one mechanism with three kinds: visit a family, certificate check, a consent withdrawn at the host",
          "requests.index requests.new requests.show requests.accept requests.decline requests.done requests.fail requests.rate "
          "requests.withdraw requests.sheet",
          "federation/requests/test_walks.py::test_a_visit_is_asked_done_and_rated federation/requests/test_walks.py::test_a_certificate_is_checked_and_its_answer_needs_the_notice "
          "federation/requests/test_walks.py::test_a_consent_withdrawn_at_the_host_ends_at_home_by_a_persons_press "
          "federation/requests/test_walks.py::test_what_comes_to_nothing_is_purged_where_it_was_asked federation/requests/test_walks.py::test_what_cannot_be_asked "
          "blueprints/test_requests.py::test_a_visit_from_the_referral_to_the_rating blueprints/test_requests.py::test_who_may_not "
          "blueprints/test_requests.py::test_the_lists_narrow_by_what_stands_in_the_address"),
    _line("5", "what was asked and answered is destroyed at both counties three years after it was done, as the notice says", "requests.show",
          "federation/requests/test_walks.py::test_a_visit_is_asked_done_and_rated"),
    _line("5", "of a request that was done, the content (S7) is destroyed at both counties when its consent is withdrawn, a certificate's answer (S6) when the notice is or the flow ends", "requests.show requests.forgo members.withdraw",
          "federation/requests/test_purges.py::test_what_was_agreed_to_and_done_is_destroyed_when_it_is_withdrawn "
          "federation/requests/test_purges.py::test_what_was_answered_under_a_notice_goes_with_it "
          "blueprints/test_requests.py::test_help_with_a_job_carries_intent_and_skills_by_the_members_own_yes"),
    _line("5", "open requests end with the agreement they run under", "agreements.close requests.show",
          "federation/requests/test_walks.py::test_what_comes_to_nothing_is_purged_where_it_was_asked"),
    _line("5", "a new kind is a data entry plus its form", "requests.new requests.done",
          "federation/requests/test_walks.py::test_a_fourth_kind_is_an_entry_and_its_form federation/requests/test_walks.py::test_a_kind_smuggles_nothing_of_another"),
    # 6 Crossings and bad days
    _line("6", "all pairs of verbs in both orders, in a model of the tables the code runs on: what a verb does to a county's other rows is left to its own tests", _TEST,
          "federation/test_worlds.py::test_every_order_of_crossing_verbs "
          "federation/test_worlds.py::test_the_exploration_would_notice_what_is_not_the_anchors_to_take"),
    _line("6", "all illegal state × verb cells", _TEST,
          "federation/test_illegal_moves.py::test_neither_side_says_what_it_may_not "
          "federation/test_illegal_moves.py::test_the_anchor_refuses_a_proposal_that_no_row_allows "
          "federation/test_illegal_moves.py::test_the_follower_stops_at_a_decision_that_no_row_allows "
          "federation/test_deciders.py::test_a_decision_moves_only_as_the_anchors_own_or_as_the_answer_to_ours "
          "federation/agreements/test_deciders.py::test_every_row_is_held_against_who_may_say_it"),
    _line("6", "three parties of one version, whose hub stays; two handovers of one member; three counties and the return, in --long", _TEST,
          "federation/test_worlds.py::test_parties_of_an_agreement_never_diverge "
          "federation/test_worlds.py::test_the_exploration_of_agreements_would_notice_a_hub_that_speaks_for_others "
          "federation/handovers/test_worlds.py::test_three_counties_and_the_return "
          "federation/handovers/test_worlds.py::test_two_handovers_of_one_member"),
    _line("6", "kill -9 on either side of each commit of a drain, in the middle of a batch of messages, and in --long of turned keys, a rendered agreement with its file, a bulk change and an import; "
          "Valkey flushed; pool exhausted as a drain begins; connections lost as at a restart", _TEST,
          "federation/test_deaths.py::test_a_worker_killed_at_any_commit_is_followed_by_one_that_ends_its_work "
          "federation/test_chaos.py::test_a_worker_killed_between_any_two_steps_loses_nothing "
          "federation/test_chaos.py::test_a_worker_without_a_connection_comes_back "
          "federation/post/test_post.py::test_valkey_flushed_the_scheduler_finds_it_again "
          "federation/test_faults.py::test_one_noisy_partner_of_twenty_keeps_nobody_waiting "
          "test_connections.py::test_a_unit_of_work_after_a_restart_takes_a_new_connection"),
    _line("6", "a task whose worker died is taken up after its lease, and what it made is not made twice", "tasks.show",
          "blueprints/test_batches.py::test_what_fails_is_named_what_was_made_is_kept_and_a_cancelled_batch_stops "
          "core/test_queue.py::test_a_task_is_one_workers_until_nothing_was_heard_of_it_for_its_lease"),
    _line("6", "one deadline that cannot be kept hinders no other of its county; rounds that nobody answers leave one job of each county", _TEST,
          "blueprints/test_operations.py::test_one_deadline_that_cannot_be_kept_hinders_no_other "
          "core/test_queue.py::test_rounds_that_nobody_answers_leave_one_job_of_each_county"),
    _line("6", "pool exhausted under a page: it says so and keeps what was typed", _TEST,
          "federation/test_chaos.py::test_a_page_without_a_connection_says_so_and_keeps_what_was_typed"),
    _line("6", "of FED/1 §6: a line rewound over a gap, one batch delivered at the same time and two drains of one line, and in --long one silent peer of twenty and 1,000 messages under a turned key", _TEST,
          "federation/test_faults.py::test_a_county_that_forgot_hears_everything_again_from_where_it_stands "
          "federation/test_faults.py::test_one_batch_delivered_twice_at_once_is_applied_once "
          "federation/test_faults.py::test_one_noisy_partner_of_twenty_keeps_nobody_waiting "
          "federation/post/test_keys.py::test_both_turn_their_keys_with_messages_under_way_each_way"),
    _line("6", "of FED/1 §4: shares yield to handovers; a batch that comes in wakes what waits the other way", "peers.show",
          "federation/post/test_post.py::test_what_a_person_waits_for_goes_before_what_a_program_tells "
          "federation/post/test_post.py::test_a_partner_who_speaks_is_sent_at_once_what_failed_before"),
    _line("6", "of FED/1 §5: a daily word on all live shares, compared with the copies held; what differs is sent again, both sides see it", "peers.show shares.show",
          "federation/sharing/test_heartbeat.py::test_what_one_shares_and_the_other_holds_is_compared_once_a_day_and_mended"),
    _line("6", "of FED/1 §4: which copies differ found by buckets (`/digest`): those alone go again, what one side lost ends at the other; in --long ten of 100,000 with 64 KiB", "peers.show shares.show",
          "federation/sharing/test_heartbeat.py::test_of_many_shares_only_those_go_again_whose_copies_differ "
          "federation/sharing/test_heartbeat.py::test_ten_of_a_hundred_thousand_are_found_and_mended_with_few_bytes"),
    _line("6", "a received share whose copy stopped is put away by a person with a reason; its owner hears of it and shares anew, or has its proof", "shares.show shares.put_away home.notices",
          "federation/sharing/test_heartbeat.py::test_a_copy_that_stopped_is_put_away_by_its_receiver_and_shared_anew"),
    _line("6", "a handover whose copy stopped is ended by home, and by the host once it heard of that: never two owners, never none", "handovers.show handovers.recall handovers.cancel handovers.put_away",
          "federation/handovers/test_walks.py::test_home_ends_what_stopped_and_the_host_as_it_hears_of_it "
          "federation/handovers/test_walks.py::test_what_home_takes_back_is_destroyed_where_the_host_has_stopped"),
    _line("6", "a day that follows from the other side's word lies between the beginning and the answer, at both sides the same", "referrals.show",
          "federation/referrals/test_walks.py::test_a_word_of_another_day_moves_nothing_before_the_offer_nor_after_the_answer"),
    _line("6", "a card that names another county than the one that hands it over is refused", "peers.show",
          "federation/post/test_keys.py::test_a_card_that_another_county_hands_over_changes_nothing"),
    _line("6", "disk full: nothing of a drain is lost, the page says it and keeps what was typed", _TEST,
          "federation/test_chaos.py::test_a_full_disk_loses_nothing_of_a_drain "
          "federation/test_chaos.py::test_a_page_says_that_the_disk_is_full_and_keeps_what_was_typed"),
    _line("6", "a PostgreSQL server restarted as a whole under load, fast and immediate, in --long: every part comes back by itself", _TEST,
          "federation/test_restart.py::test_a_server_restarted_under_load"),
    _line("6", "a key turned with messages under way both ways: partners follow the voucher, nothing is lost or doubled; old decryption keys open thirty days",
          "county_keys.index county_keys.turn",
          "federation/post/test_keys.py::test_both_turn_their_keys_with_messages_under_way_each_way "
          "federation/post/test_keys.py::test_an_old_decryption_key_opens_for_thirty_days_and_is_destroyed "
          "federation/post/test_keys.py::test_a_partner_who_missed_two_turnings_follows_and_an_old_card_says_nothing_new "
          "federation/post/test_keys.py::test_who_was_away_when_keys_changed_is_told_again_and_what_was_asked_is_found_again "
          "blueprints/test_county_keys.py::test_keys_are_turned_and_revoked_and_the_partner_compares_again"),
    _line("6", "a key revoked with messages waiting: lines wait, a person compares again, then they go; old evidence is judged by the older receipt",
          "county_keys.revoke peers.confirm",
          "federation/post/test_keys.py::test_revoked_with_messages_waiting_a_person_compares_again_and_they_go "
          "federation/post/test_keys.py::test_a_receipt_of_a_key_revoked_since_comes_again_under_the_new_one "
          "blueprints/test_certificates.py::test_an_agreements_text_and_seals_ride_in_its_papers "
          "blueprints/test_county_keys.py::test_keys_are_turned_and_revoked_and_the_partner_compares_again"),
    _line("6", "a stopped channel says why and what to do, and is reopened by a person where that is safe", "peers.show peers.line",
          "federation/post/test_reopening.py::test_a_line_stopped_by_a_damaged_seal_is_reopened_by_both_and_goes_on "
          "federation/post/test_reopening.py::test_a_fork_is_kept_as_evidence_and_is_not_reopened "
          "federation/post/test_reopening.py::test_what_thirty_days_did_not_deliver_goes_when_a_person_says_so "
          "blueprints/test_county_keys.py::test_a_stopped_line_says_why_and_is_reopened_by_a_person_or_never"),
    _line("6", "a chaos test of 20,000 messages in --long and 1,000 in the normal run, of three counties, in --long 20,000 more of two: "
          "machines, post and receipts of every kind of two counties, opened from either side", _TEST,
          "federation/test_chaos.py::test_a_storm_of_messages_and_faults"),
    _line("6", "a storm through the services, with all that a verb does to a county's other rows: two handovers of one member and never two owners, guests, shares, co-signed lists, "
          "progress, pauses, the directory; 2,000 steps in --long", _TEST,
          "federation/test_chaos.py::test_counties_live_through_a_storm_and_nobody_has_two_owners"),
    _line("6", "in the same storm an agreement is negotiated by three, its file made and sent, sealed, narrowed, widened, renewed, paused by scope, left and closed; guests "
          "are claimed; requests of every kind asked, answered and taken back; two months later what is open lapses. Every verb of every machine is said there or says why not", _TEST,
          "federation/test_chaos.py::test_counties_live_through_a_storm_and_nobody_has_two_owners "
          "federation/test_chaos.py::test_every_word_that_a_county_can_say_is_in_the_storm"),
    # 7 Paper
    _line("7", "the report's sections 4, 5 and 7", "reports.show reports.make",
          "reports/test_cosigned_section.py::test_held_cosigned_disputed_and_not_settled "
          "reports/test_agreement_report.py::test_seven_sections_all_filled"),
    _line("7", "report periods (half-year, year, any), compared with the last comparable one", "reports.index reports.choose reports.show",
          "reports/test_typesetting.py::test_a_period_has_one_name_and_is_compared_with_one_as_long "
          "reports/test_figures.py::test_periods_begin_with_the_agreement "
          "blueprints/test_reports.py::test_any_period_is_asked_for_by_a_form_that_says_what_is_wrong"),
    _line("7", "multi-county reports: one agreement of several counties, one county with all its agreements", "reports.index reports.show",
          "blueprints/test_reports.py::test_three_parties_report_their_own_directions_and_one_county_all_its_agreements"),
    _line("7", "charts as vector pictures with their data tables; comparison with the last period in each table but that of the months", "reports.show",
          "reports/test_agreement_report.py::test_seven_sections_all_filled "
          "reports/test_agreement_report.py::test_charts_are_black_white_and_grey_and_hide_small_lengths "
          "reports/test_agreement_report.py::test_totals_are_the_sums_of_what_is_shown_and_rates_are_recomputed"),
    _line("7", "certificates of proof: of an agreement (proof sheet), a handover, a co-signed record",
          "handovers.certificate handovers.certify cosigning.certificate cosigning.certify agreements.proof documents.prove",
          "blueprints/test_certificates.py::test_a_handover_is_certified_at_both_sides_and_the_paper_verifies_alone "
          "reports/test_cosigned_section.py::test_a_cosigned_record_is_certified_at_both_sides "
          "blueprints/test_certificates.py::test_an_agreements_text_and_seals_ride_in_its_papers"),
    _line("7", "batches as one job with progress, cancel and a zip: letters of a selection, reports of a period",
          "transfers.pack_letters reports.pack batches.download tasks.show tasks.cancel",
          "blueprints/test_batches.py::test_letters_of_a_selection_and_reports_of_a_period "
          "blueprints/test_batches.py::test_what_fails_is_named_what_was_made_is_kept_and_a_cancelled_batch_stops"),
    _line("7", "print views of every list and record the clerks of home and host can walk to: of a list the page that is shown", "home.index",
          "browser/test_every_page.py::test_every_page_of_every_role contracts/test_templates.py::test_a_printed_list_is_without_the_forms_beside_it"),
    _line("7", "PDF/A-3 with the sealed data attached, of agreements, proof sheets, co-signed records, certificates and reports: its rules held against each as far as they can be read, structure and attachments checked by qpdf, seals verified from the attachment alone; "
          "pdfsig finds no signature in it, for the seals stand beside", "documents.show",
          "blueprints/test_certificates.py::test_an_agreements_text_and_seals_ride_in_its_papers "
          "reports/test_papers.py::test_the_attached_text_is_carried_byte_for_byte "
          "reports/test_papers.py::test_what_can_be_read_of_the_rules_of_pdf_a_3 "
          "blueprints/test_certificates.py::test_a_handover_is_certified_at_both_sides_and_the_paper_verifies_alone"),
    _line("7", "the co-signed record's own PDF as PDF/A-3 with its sealed data", "cosigning.paper",
          "reports/test_papers.py::test_what_can_be_read_of_the_rules_of_pdf_a_3 reports/test_cosigned_section.py::test_a_cosigned_record_is_certified_at_both_sides"),
    # 8 Workbench
    _line("8", "saved and shared filters, one default", "workbench.new_filter workbench.filters workbench.default_filter",
          "blueprints/test_workbench.py::test_a_filter_is_saved_shared_opened_with_renamed_deleted_and_restored"),
    _line("8", "conditions live in the address and survive saving and going back: the crumb leads to the list as it was left, its page and place", "members.index",
          "browser/test_workbench.py::test_a_row_is_changed_and_the_list_stands_as_it_was_left "
          "blueprints/test_sheet_in_browser.py::test_a_crumb_leads_back_to_the_list_as_it_was_left "
          "blueprints/test_members.py::test_the_lists_narrow_by_the_address_and_never_show_a_whole_number"),
    _line("8", "every condition of every declared list has 不是, and 为空 wherever nothing may stand",
          "members.index activities.index handovers.index transfers.index transfers.letters referrals.index shared.index shares.index cosigning.index requests.index agreements.index events.index",
          "contracts/test_listings.py::test_every_condition_can_be_turned_round contracts/test_listings.py::test_empty_can_be_asked_wherever_nothing_may_stand"),
    _line("8", "columns chosen and ordered", "workbench.columns",
          "blueprints/test_workbench.py::test_columns_are_chosen_by_a_plain_form_and_the_export_takes_them_along "
          "browser/test_workbench.py::test_columns_move_and_pages_of_the_workbench_are_in_order"),
    _line("8", "bulk actions with preview", "members.bulk_edit members.bulk_result members.bulk_retry",
          "blueprints/test_bulk.py::test_a_bulk_edit_previews_says_who_was_refused_and_is_undone"),
    _line("8", "select the page, or all that match, asked again on the server: letters of the book and of the work lists as one zip, referrals accepted; a list of 1,234 edited and labelled whole",
          "transfers.pack_letters transfers.pack_listed transfers.letters transfers.index handovers.index referrals.accept_many",
          "blueprints/test_editing.py::test_a_list_of_1234_is_edited_and_labelled_whole "
          "blueprints/test_batches.py::test_letters_of_a_selection_and_reports_of_a_period "
          "blueprints/test_referrals.py::test_the_walk_by_pages"),
    _line("8", "edited in place and in bulk beside the register: flows, activities, organisations, the letter book; every other list says why not",
          "workbench.cell workbench.bulk workbench.bulk_result workbench.bulk_retry away.index activities.index organisations.index transfers.letters",
          "blueprints/test_editing.py::test_what_is_declared_is_edited_in_place_and_in_bulk_and_put_back "
          "blueprints/test_editing.py::test_every_list_is_edited_or_says_why_not"),
    _line("8", "own coloured labels, on members and on the rows of every other list but the log, the accounts, tasks, reports made, templates and what was deleted; "
          "filterable by 是, 不是 and 为空; put on the ticked rows or on all that match, after a preview, with a way back", "labels.index labels.change workbench.row_labels workbench.label_many",
          "blueprints/test_workbench.py::test_labels_are_the_countys_and_narrow_the_list "
          "contracts/test_listings.py::test_rows_of_every_list_have_the_countys_labels"),
    _line("8", "in-place edit with conflict", "members.cell",
          "blueprints/test_bulk.py::test_a_cell_is_changed_in_place_and_a_conflict_shows_both_values "
          "blueprints/test_bulk.py::test_every_cell_of_the_register_is_changed_in_its_place_and_put_back "
          "browser/test_workbench.py::test_a_cell_by_keyboard_a_conflict_and_the_way_back"),
    _line("8", "export exactly what is seen: register, activities, handovers", "workbench.export workbench.download",
          "blueprints/test_workbench.py::test_an_export_is_what_is_seen_whole_only_by_right_and_reason_and_gone_after_a_week "
          "blueprints/test_workbench.py::test_other_lists_are_declared_the_same_way"),
    _line("8", "the other lists declared: referrals, shared members, shares, co-signed records, requests, agreements, transfers, the letter book, organisations, accounts, the log, the rows behind a number",
          "figures.rows referrals.index shared.index shares.index cosigning.index requests.index agreements.index transfers.index transfers.letters organisations.index accounts.index events.index",
          "contracts/test_listings.py::test_every_list_is_what_is_taken_out_of_it "
          "blueprints/test_figures.py::test_the_rows_are_a_list_narrowed_saved_and_taken_out_as_seen"),
    _line("8", "the small ones too: tasks, imports, partners, labels, agreement templates, responsibilities, reports made, the recycle bin; a list is what grows with work and is looked through, and every other table of rows says why it is none",
          "tasks.index imports.index imports.rows peers.index labels.index agreements.template_list agreements.responsibilities reports.reports_made workbench.recycled",
          "contracts/test_listings.py::test_every_list_is_what_is_taken_out_of_it "
          "contracts/test_listings.py::test_each_ones_own_tasks_and_imports_stay_ones_own "
          "contracts/test_tables.py::test_every_table_of_records_is_a_declared_list_or_says_why_not "
          "tenants/test_import_service.py::test_one_bad_row_stops_all_or_is_given_back"),
    _line("8", "home asks eight queries at most of every role, every list six, the rows behind a number too; no declared list asks more when it is made longer", "home.index home.notices figures.rows",
          "contracts/test_query_budgets.py::test_a_longer_list_asks_no_more "
          "contracts/test_listings.py::test_every_condition_can_be_turned_round"),
    _line("8", "home: what waits by role, oldest deadline first; a number opens as many: a list of just these, or the whole queue on home", "home.index",
          "blueprints/test_home.py::test_counts_of_the_queues_equal_the_lists_they_open "
          "blueprints/test_home.py::test_who_has_no_part_in_it_has_nothing_to_do demo/test_build.py::test_every_role_has_its_work_on_the_home_page_as_the_menu_counts_it "
          "blueprints/test_agreements.py::test_rejecting_needs_a_reason "
          "blueprints/test_home.py::test_a_queue_without_a_list_of_its_own_is_shown_whole_on_home"),
    _line("8", "home: how many fall due on each of the next ten working days; a day opens as many", "home.index",
          "blueprints/test_home.py::test_the_days_ahead_count_every_item_and_open_them contracts/test_query_budgets.py::test_a_longer_list_asks_no_more"),
    _line("8", "refusals explained: who can, why a button cannot be used, and at the foot of a page who does what it left out", "accounts.roles",
          "browser/test_refusals.py::test_a_wrong_role_is_told_who_can "
          "blueprints/test_accounts_pages.py::test_a_page_says_at_its_foot_who_does_what_it_leaves_out "
          "blueprints/test_parts.py::test_a_button_that_cannot_be_used_says_why_and_leads_nowhere"),
    _line("8", "dark as well as light", "appearance.choose", "browser/test_every_page.py::test_in_the_dark_and_in_large_type browser/test_every_page.py::test_every_page_in_the_dark"),
    _line("8", "copy and paste with Excel; 批量查询 of pasted IDs", "workbench.copy members.lookup",
          "blueprints/test_workbench.py::test_a_list_is_copied_as_a_table_and_it_is_logged "
          "blueprints/test_bulk.py::test_pasted_numbers_and_names_are_found_or_listed_and_only_that_they_were_asked_is_kept"),
    _line("8", "import: mapping remembered, duplicates warned", "imports.tell_headings imports.forget_heading",
          "tenants/test_import_service.py::test_a_heading_is_told_once_and_the_same_person_is_warned_of"),
    _line("8", "duplicates merged side by side field by field, two again within thirty days; 不是重复 remembered; what is sealed stays",
          "members.duplicates members.compare members.take_back",
          "blueprints/test_duplicates.py::test_two_records_become_one_and_two_again_and_what_is_sealed_stays"),
    _line("8", "timeline in readable Chinese, on every record's page", "members.show events.index agreements.letters shares.show",
          "contracts/test_templates.py::test_every_records_page_tells_its_story "
          "contracts/test_words.py::test_every_verb_of_the_log_has_a_sentence "
          "contracts/test_words.py::test_every_reason_the_program_gives_has_words "
          "blueprints/test_members.py::test_reading_is_logged_and_a_masked_value_needs_a_reason"),
    _line("8", "undo, recycle bin", "workbench.undo workbench.recycled",
          "blueprints/test_bulk.py::test_a_word_about_contact_has_a_way_back "
          "blueprints/test_bulk.py::test_a_departure_and_its_end_have_a_way_back_while_nothing_came_of_them "
          "blueprints/test_activities.py::test_cancelled_by_mistake_is_taken_back_where_nothing_went_with_it "
          "blueprints/test_agreements.py::test_a_template_is_saved_edited_chosen_and_dropped "
          "blueprints/test_workbench.py::test_a_filter_is_saved_shared_opened_with_renamed_deleted_and_restored"),
    _line("8", "drafts of every long form; typing is never lost", "workbench.keep_draft auth.sign_in",
          "contracts/test_templates.py::test_long_forms_keep_drafts "
          "blueprints/test_activities.py::test_a_roll_call_survives_a_closed_window "
          "blueprints/test_bulk.py::test_a_draft_is_kept_offered_filled_in_and_gone_with_the_form "
          "blueprints/test_bulk.py::test_a_form_sent_after_the_session_ended_waits_behind_the_sign_in"),
    _line("8", "task centre: bar, time left, cancel, retry", "tasks.index tasks.show tasks.cancel tasks.retry",
          "blueprints/test_bulk.py::test_a_bulk_edit_previews_says_who_was_refused_and_is_undone "
          "blueprints/test_workbench.py::test_a_task_says_how_long_it_may_take_and_is_cancelled"),
    _line("8", "keyboard: cells, rows, the search box, help", "appearance.keys",
          "browser/test_workbench.py::test_a_cell_by_keyboard_a_conflict_and_the_way_back "
          "browser/test_workbench.py::test_a_list_is_walked_ticked_and_opened_by_the_keys_that_its_help_names "
          "browser/test_workbench.py::test_pages_turn_and_a_new_row_begins_by_a_key"),
    _line("8", "notices and digest: what reads the same once, named as the log names it", "home.notices",
          "blueprints/test_home.py::test_a_notice_closes_itself_when_somebody_here_goes_on "
          "contracts/test_words.py::test_what_is_told_and_opened_is_called_as_the_log_calls_it"),
    _line("8", "working-day deadlines on an editable calendar", "settings.calendar settings.add_workday",
          "blueprints/test_accounts_pages.py::test_settings_working_days_and_notice blueprints/test_parts.py::test_deadlines"),
    _line("8", "search by name, pinyin, initials, ID tail, phone: p95 ≤ 300 ms at 50,000 members, of work of the page and its database; on the wall it is printed", "members.found members.index",
          "benchmarks/test_search.py::test_the_search_box_answers_at_fifty_thousand_members tenants/test_members.py::test_a_member_is_found_by_whatever_a_clerk_types"),
    # 9 Language
    _line("9", "English catalogue complete, its English English", "home.index",
          "blueprints/test_english.py::test_english_is_offered_and_its_catalogue_is_whole "
          "blueprints/test_english.py::test_english_of_the_catalogue_is_english"),
    _line("9", "switch per user, before signing in by browser", "auth.choose_language appearance.choose auth.sign_in",
          "blueprints/test_english_pages.py::test_the_browser_chooses_before_signing_in_and_the_account_after"),
    _line("9", "a word has its English by context: log and letters say what happened, buttons what to do; small within a sentence", "events.index handovers.show",
          "blueprints/test_english.py::test_a_template_in_english"),
    _line("9", "no untranslated string on the pages of a clerk (the host's, a township's and an administrator's in --long); what people typed stays as it is", "home.index members.show",
          "blueprints/test_english_pages.py::test_every_page_of_a_clerk_is_english_but_for_data "
          "blueprints/test_english_pages.py::test_refusals_the_door_and_the_operators_pages_are_english_too "
          "blueprints/test_english_pages.py::test_what_people_typed_is_not_translated"),
    _line("9", "dates and numbers right", "home.index",
          "blueprints/test_filters.py::test_days_and_moments_are_those_of_china "
          "blueprints/test_filters.py::test_days_and_periods_in_english "
          "reports/test_agreement_report.py::test_the_arithmetic_of_figures "
          "blueprints/test_english.py::test_a_template_in_english"),
    # 10 Figures
    _line("10", "each number of a report's page that counts members, transfers, records, their lines or requests, of a direction, a month or a kind, "
          "opens as many rows; sums and changes of such numbers open none", "reports.show figures.rows",
          "blueprints/test_reports.py::test_numbers_lead_to_their_rows "
          "blueprints/test_reports.py::test_sums_and_what_is_compared_open_no_rows "
          "reports/test_rows.py::test_every_number_is_the_length_of_its_list "
          "reports/test_rows.py::test_shares_medians_and_ways_follow_from_rows "
          "reports/test_cosigned_section.py::test_a_cosigned_record_is_certified_at_both_sides"),
    _line("10", "federation metrics per partner and period, each opening its rows", "figures.index figures.rows",
          "reports/test_rows.py::test_every_number_is_the_length_of_its_list "
          "reports/test_rows.py::test_shares_medians_and_ways_follow_from_rows "
          "blueprints/test_figures.py::test_each_number_opens_as_many_rows_within_the_budget "
          "blueprints/test_figures.py::test_rows_are_for_who_may_see_persons_and_only_those_of_ones_part"),
    _line("10", "a partner page with the sankey of flows and the life of the agreement", "peers.show",
          "blueprints/test_figures.py::test_the_page_of_a_partner_tells_the_flows_and_the_life_of_the_agreement"),
    # 11 Separated administrators and operations
    _line("11", "sysadmin, secadmin, auditor: what one opens another grants and the third reads; no person combines them; two persons for an administrator's account",
          "accounts.index accounts.new accounts.appoint accounts.propose events.index flask:county",
          "blueprints/test_accounts_pages.py::test_an_account_from_opening_to_closing "
          "blueprints/test_accounts_pages.py::test_two_persons_for_an_administrators_account "
          "blueprints/test_accounts_pages.py::test_the_database_knows_persons_and_second_persons_too "
          "blueprints/test_cli_county.py::test_administrators_of_a_county_from_before"),
    _line("11", "a second factor, demanded of the administrators by a setting; the last five passwords do not come back", "auth.factor auth.change_password",
          "blueprints/test_second_factor.py::test_bound_asked_for_and_taken_once "
          "blueprints/test_second_factor.py::test_demanded_of_administrators_and_released_by_two "
          "blueprints/test_second_factor.py::test_the_last_five_passwords_do_not_come_back"),
    _line("11", "operators of the deployment see no business data and stand in the county's log", "operator.index operator.door flask:operator",
          "blueprints/test_operator.py::test_no_page_of_theirs_reads_a_row_of_a_county "
          "blueprints/test_operator.py::test_every_act_stands_in_the_countys_own_log "
          "blueprints/test_operator.py::test_made_by_a_command_and_always_with_a_code "
          "blueprints/test_operator.py::test_no_operator_takes_both_the_password_and_the_factor "
          "contracts/test_policies.py::test_every_cell_of_the_table"),
    _line("11", "an operator asks for a backup from the page; what came of it, or the one mend, stands there", "operator.backups",
          "blueprints/test_operator.py::test_a_backup_is_asked_for_and_what_came_of_it_stands_there "
          "deploy/test_backup.py::test_backed_up_lost_and_restored"),
    _line("11", "structured logs with a tested redaction; one number from the request to its jobs; health and readiness apart",
          "health.live health.health",
          "core/test_logs.py::test_what_looks_like_a_secret_is_gone_wherever_it_stands "
          "core/test_logs.py::test_the_value_of_a_registered_field_or_a_secret_is_gone_whatever_it_is "
          "core/test_logs.py::test_an_exception_leaves_its_kind_and_places_and_none_of_its_words "
          "blueprints/test_operations.py::test_one_number_from_the_request_to_its_jobs "
          "blueprints/test_operations.py::test_alive_is_not_ready"),
    _line("11", "Prometheus metrics: requests by route and status, jobs, drains and render seconds, queues, lines between counties overdue or standing still",
          "health.metrics", "blueprints/test_operations.py::test_the_figures_are_for_who_has_the_token "
          "blueprints/test_operations.py::test_figures_move_with_what_happens blueprints/test_operations.py::test_a_line_that_stands_still_is_counted"),
    _line("11", "the depth of each outbox as a figure", "health.metrics operator.index",
          "blueprints/test_operations.py::test_the_figures_are_for_who_has_the_token "
          "blueprints/test_operator.py::test_no_page_of_theirs_reads_a_row_of_a_county"),
    _line("11", "the request's number where its messages are sent", "health.metrics", "blueprints/test_operations.py::test_the_number_stands_where_the_messages_are_sent"),
    _line("11", "the request's number inside the message: one number in the logs of both counties, and of the answers", "agreements.accept",
          "blueprints/test_operations.py::test_the_number_stands_where_the_messages_are_sent "
          "federation/wire/test_channels_and_receipts.py::test_a_number_for_the_logs_is_a_uuid_or_it_is_dropped"),
    _line("11", "backup and restore of the whole deployment as two commands in deploy/, a drill as a test", "health.health",
          "deploy/test_backup.py::test_backed_up_lost_and_restored deploy/test_backup.py::test_a_file_is_read_whole_or_not_at_all"),
    _line("11", "a backup ends by the day that every proof of purging names", "operator.backups",
          "deploy/test_backup.py::test_backed_up_lost_and_restored deploy/test_backup.py::test_a_backup_ends_by_the_day_the_proofs_name"),
    _line("11", "keys destroyed, packets and papers purged, shares taken back and consents withdrawn since a backup stay so when it is put back", _TEST,
          "deploy/test_backup.py::test_what_was_destroyed_since_the_backup_stays_destroyed"),
    _line("11", "where nothing tells a restore what was destroyed, or it is not written for a minute, the operators' page and a figure say so", "operator.index health.metrics",
          "blueprints/test_operator.py::test_a_backup_is_asked_for_and_what_came_of_it_stands_there "
          "blueprints/test_operations.py::test_the_figures_are_for_who_has_the_token"),
    _line("11", "a restore takes out again single fields that a narrower version took out, also of working copies, at both counties", _TEST,
          "deploy/test_backup.py::test_what_was_destroyed_since_the_backup_stays_destroyed"),
    _line("11", "what ended since a backup that is put back is open at both counties, without its values: its page says so, a person ends it again",
          "handovers.show referrals.show requests.show cosigning.show",
          "blueprints/test_restored.py::test_what_had_ended_is_said_to_have_ended_and_is_ended_again"),
    # Benchmarks
    _line("bench", "those of the walk at 50,000 members and 300 counties of one size: page ÷ page with 3 counties ≤ 1.1",
          "members.index", "benchmarks/test_pages.py::test_the_register_page_does_not_feel_the_other_counties"),
    _line("bench", "fence ÷ explicit WHERE at 50,000 members in 300 counties ≤ 1.5", "members.index",
          "benchmarks/test_fence.py::test_the_fence_costs_little"),
    _line("bench", "register page through the whole app ÷ the same query and template in bare Flask + psycopg ≤ 1.5, a county of 50,000",
          "members.index", "benchmarks/test_pages.py::test_the_register_page_of_a_large_county"),
    _line("bench", "report PDF ÷ WeasyPrint alone on the same HTML ≤ 1.1; a report of 10 pages", "reports.make",
          "benchmarks/test_papers.py::test_a_report_from_the_rows_to_the_file benchmarks/test_papers.py::test_a_report_of_ten_pages"),
    _line("bench", "every declared list asks the same queries whatever its length: each is made longer, and the test fails where one did not grow", "home.index agreements.index",
          "contracts/test_query_budgets.py::test_a_longer_list_asks_no_more"),
    _line("bench", "every list ≤ 6 queries, home page ≤ 8 for every role, with thirty rows more than the half-year of the tests has", "home.index members.index",
          "contracts/test_query_budgets.py::test_a_longer_list_asks_no_more"),
    _line("bench", "20,000-message chaos run with the rate it sustained", _TEST,
          "federation/test_chaos.py::test_a_storm_of_messages_and_faults"),
    _line("bench", "letters as one job ÷ WeasyPrint alone ≤ 1.3, each another person's: 200 in --long, 1,000 with KITELINE_LETTERS=1000", "transfers.pack_letters",
          "benchmarks/test_papers.py::test_letters_as_one_job"),
    # What the papers this issue is built from describe beyond its eleven lines: said here, so that nobody takes it for there.
    _line("beyond", "FED/1 §4: epochs and channels compared after a restore on one side", _TEST,
          still="counties of one deployment are backed up and put back together (§11), and need no epoch among each other; it comes with the `http` transport. "
          "A line whose sides differ all the same stops, keeps both texts as evidence, and says so"),
    _line("beyond", "DOMAIN §5.4, 5.6 to 5.8, 5.10, §8.2, §8.3 and the dues of §8.1: the certificate's yearly life, errands, the rally sheet, the half-year census, searching for who is "
          "lost, advice on a flow, groups, dues", "members.show",
          still="a number, a result and a word stand in the register; no machine, list or reminder of theirs is written"),
)  # fmt: skip
