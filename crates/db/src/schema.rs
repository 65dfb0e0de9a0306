// @generated automatically by Diesel CLI.

pub mod sql_types {
    #[derive(diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "point", schema = "pg_catalog"))]
    pub struct Point;

    #[derive(diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "tsvector", schema = "pg_catalog"))]
    pub struct Tsvector;
}

diesel::table! {
    /// Accounts that are closed because their owners want them deleted, until they are, and what came of it.
    account_deletions (id) {
        id -> Uuid,
        user_id -> Uuid,
        state -> Text,
        asked_at -> Timestamptz,
        /// From then on everything personal is erased; until then it can be taken back.
        effective_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        /// What was hidden with the account, and is shown again if it stays.
        paused_businesses -> Array<Nullable<Uuid>>,
        /// Address, name and language for the last mail, under a key from the master key; gone as soon as that is sent.
        farewell_sealed -> Nullable<Bytea>,
    }
}

diesel::table! {
    action_items (id) {
        id -> Uuid,
        goal_id -> Uuid,
        text -> Text,
        due_on -> Nullable<Date>,
        assignee -> Text,
        done_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_key_secrets (prefix) {
        /// Of the key, in clear text: finds it, and names it to people.
        prefix -> Text,
        key_id -> Uuid,
        /// SHA-256 of the whole key, which is 256 random bits.
        hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        /// Since when there is a newer one.
        superseded_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        scopes -> Array<Nullable<Text>>,
        /// Beside the limit of the client; none: only that.
        requests_per_minute -> Nullable<Int4>,
        created_at -> Timestamptz,
        /// To the hour, so that a request costs no write.
        last_used_at -> Nullable<Timestamptz>,
        /// IPv4 /24 or IPv6 /48.
        last_used_from -> Nullable<Text>,
    }
}

diesel::table! {
    /// Where the chain of the security events begins, after those that were kept long enough were deleted: append-only.
    auth_event_checkpoints (position) {
        /// Of the last seal that was deleted.
        position -> Int8,
        /// Its hash, on which the next one builds.
        seal_hash -> Bytea,
        /// All that was deleted is older.
        events_before -> Timestamptz,
        made_at -> Timestamptz,
        /// HMAC-SHA-256 of the rest, under a key that the database does not have.
        hash -> Bytea,
    }
}

diesel::table! {
    /// The chain of the security events, append-only.
    auth_event_seals (position) {
        position -> Int8,
        event_id -> Uuid,
        /// HMAC-SHA-256, under a key that the database does not have, of the hash before, the position and the event.
        hash -> Bytea,
    }
}

diesel::table! {
    /// Security events, append-only. No foreign keys: an event outlives the account and the session that it is about.
    auth_events (id) {
        id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        /// Whose account; none where somebody tried an address without one.
        user_id -> Nullable<Uuid>,
        session_id -> Nullable<Uuid>,
        /// Which member of staff did it, if one did.
        actor_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        /// IPv4 /24 or IPv6 /48.
        ip_prefix -> Nullable<Text>,
        request_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Events that the chain does not have yet: at most a minute of them.
    auth_events_to_seal (event_id) {
        event_id -> Uuid,
    }
}

diesel::table! {
    /// Questions to other providers that wait for their answer; it takes them away.
    authorization_requests (state_hash) {
        /// SHA-256 of the state; the state itself is never stored.
        state_hash -> Bytea,
        provider -> Text,
        /// Who links an identity or proves it again; null: somebody signs in.
        user_id -> Nullable<Uuid>,
        /// SHA-256 of what the ID token must hold.
        nonce_hash -> Nullable<Bytea>,
        /// S256 of the code verifier (RFC 7636), which the app keeps.
        code_challenge -> Nullable<Text>,
        redirect_uri -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    availability_overrides (user_id, local_date) {
        user_id -> Uuid,
        local_date -> Date,
        /// Open minutes of that date in the zone of the calendar; empty: closed.
        windows -> Int4multirange,
    }
}

diesel::table! {
    /// Weekly hours that replace the usual ones on the dates they cover, such as in Ramadan.
    availability_schedules (id) {
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        valid_from -> Date,
        valid_to -> Date,
        weekly -> Int4multirange,
    }
}

diesel::table! {
    /// Who wants nothing to do with whom: neither of the two can book the other. Written under the lock on both calendars.
    blocks (id) {
        id -> Uuid,
        blocker_id -> Uuid,
        blocked_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    booking_agendas (booking_id) {
        booking_id -> Uuid,
        items -> Jsonb,
        updated_by -> Nullable<Uuid>,
        version -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Requests that are passed on to another mentor when the asked one declines or does not answer.
    booking_cascades (booking_id) {
        booking_id -> Uuid,
        /// To how many more mentors it may be passed on.
        hops_left -> Int2,
        /// The start that the mentee asked for first.
        wished_at -> Timestamptz,
        /// The mentors who were asked, this one included.
        asked -> Array<Nullable<Uuid>>,
    }
}

diesel::table! {
    /// What somebody who is said to have missed a session says about it, and what staff decided.
    booking_disputes (booking_id) {
        booking_id -> Uuid,
        opened_by -> Uuid,
        accused -> Text,
        statement -> Text,
        opened_at -> Timestamptz,
        outcome -> Nullable<Text>,
        note -> Nullable<Text>,
        resolved_by -> Nullable<Uuid>,
        resolved_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    booking_documents (id) {
        id -> Uuid,
        booking_id -> Uuid,
        uploader_id -> Uuid,
        /// Which of the uploader's five places on this booking it takes.
        place -> Int2,
        object_key -> Text,
        name -> Text,
        kind -> Text,
        size -> Int4,
        digest -> Text,
        /// Whether the other side has been told.
        announced -> Bool,
        /// When it is removed, unless the session was moved.
        remove_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// What happened to a booking, append-only. No actor: the system.
    booking_events (id) {
        id -> Uuid,
        booking_id -> Uuid,
        at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason_code -> Nullable<Text>,
    }
}

diesel::table! {
    booking_feedback (id) {
        id -> Uuid,
        booking_id -> Uuid,
        mentor_id -> Uuid,
        author_id -> Uuid,
        side -> Text,
        rating -> Int2,
        body -> Nullable<Text>,
        tags -> Array<Nullable<Text>>,
        /// From then on the other side may read it.
        reveal_at -> Timestamptz,
        /// Whether the rating of the mentor holds it; the public sees it if so.
        counted -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    booking_notes (id) {
        id -> Uuid,
        booking_id -> Uuid,
        author_id -> Uuid,
        /// A private note is for its author alone.
        visibility -> Text,
        body -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Which alerts hold which bookings up: one goes on when the last of them is lifted.
    booking_suspensions (booking_id, alert_id) {
        booking_id -> Uuid,
        alert_id -> Text,
    }
}

diesel::table! {
    bookings (id) {
        id -> Uuid,
        /// Eight letters and digits (Crockford base 32) to read aloud.
        code -> Text,
        offering_id -> Uuid,
        mentor_id -> Uuid,
        mentee_id -> Uuid,
        business_id -> Nullable<Uuid>,
        state -> Text,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        /// IANA zone of the mentor's calendar when it was booked.
        zone -> Text,
        mode -> Text,
        place -> Nullable<Text>,
        region_code -> Nullable<Text>,
        topic -> Nullable<Text>,
        answers -> Jsonb,
        series_id -> Nullable<Uuid>,
        series_index -> Nullable<Int2>,
        expires_at -> Nullable<Timestamptz>,
        suspended_from -> Nullable<Text>,
        cancelled_by -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        late -> Bool,
        no_show_party -> Nullable<Text>,
        mentor_checked_in_at -> Nullable<Timestamptz>,
        mentee_checked_in_at -> Nullable<Timestamptz>,
        reschedule_count -> Int2,
        /// SEQUENCE of the invitation (RFC 5545 section 3.8.7.4).
        sequence -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        /// The request that this one was made in place of.
        cascaded_from -> Nullable<Uuid>,
    }
}

diesel::table! {
    business_members (business_id, user_id) {
        business_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Identity numbers and declarations of a business: for its members and for staff.
    business_registrations (business_id) {
        business_id -> Uuid,
        registered_by -> Uuid,
        legal_name -> Nullable<Text>,
        nib -> Nullable<Text>,
        npwp_sealed -> Nullable<Bytea>,
        /// Keyed hash: finds the same number again without telling it.
        npwp_hash -> Nullable<Bytea>,
        npwp_last4 -> Nullable<Text>,
        npwp_is_entity -> Nullable<Bool>,
        nik_sealed -> Nullable<Bytea>,
        nik_hash -> Nullable<Bytea>,
        nik_last4 -> Nullable<Text>,
        /// Whole rupiah, land and buildings excluded (PP 7/2021 art. 35).
        declared_capital -> Nullable<Int8>,
        /// Whole rupiah a year.
        declared_turnover -> Nullable<Int8>,
        status -> Text,
    }
}

diesel::table! {
    /// Every slug that a business has or had: an old link leads to it for ever, and never to a stranger.
    business_slugs (slug) {
        slug -> Text,
        business_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::Point;
    use super::sql_types::Tsvector;

    /// Creative-economy businesses: what the public may see.
    businesses (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        legal_form -> Text,
        description_id -> Nullable<Text>,
        description_en -> Nullable<Text>,
        main_subsector -> Text,
        further_subsectors -> Array<Nullable<Text>>,
        /// Codes as vintage:code, such as 2020:13134; the same digits differ between the vintages.
        kbli -> Array<Nullable<Text>>,
        size_class -> Nullable<Text>,
        founded_year -> Nullable<Int2>,
        phone -> Nullable<Text>,
        email -> Nullable<Citext>,
        website -> Nullable<Text>,
        social_links -> Jsonb,
        /// The village (desa or kelurahan) of the address.
        region_code -> Text,
        postal_code -> Text,
        street -> Text,
        landmark -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        /// The owner agreed to show the exact point; otherwise the public sees it rounded.
        location_is_exact -> Bool,
        opening_hours -> Jsonb,
        state -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        subsectors -> Array<Nullable<Text>>,
        /// Where the public may know it to be; searches by place use this alone.
        shown_at -> Nullable<Point>,
        is_listed -> Bool,
        search -> Tsvector,
    }
}

diesel::table! {
    /// Addresses under which calendar programs read the sessions of a person.
    calendar_feeds (id) {
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        /// SHA-256 of the 256 random bits in the address.
        token_hash -> Bytea,
        created_at -> Timestamptz,
        rotated_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// The time of a person, mentor or mentee. Its row is the lock that every change of that time takes first, in the order of the ids.
    calendars (user_id) {
        user_id -> Uuid,
        /// IANA name: in it the weekly hours and the caps are meant.
        zone -> Text,
        region_code -> Nullable<Text>,
        /// Open minutes of a week that starts on Monday at 00:00.
        weekly -> Int4multirange,
        holiday_policy -> Text,
        daily_cap -> Nullable<Int2>,
        weekly_cap -> Nullable<Int2>,
        paused_until -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Mentoring as it stood when the certificate was issued; later changes do not change it.
    certificates (id) {
        id -> Uuid,
        /// Public: whoever holds it may verify the certificate.
        code -> Text,
        user_id -> Uuid,
        holder_name -> Text,
        side -> Text,
        /// Day of the first session, on the holder's calendar.
        first_on -> Date,
        last_on -> Date,
        minutes -> Int4,
        sessions -> Int4,
        themes -> Array<Nullable<Text>>,
        issued_on -> Date,
        issued_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Who agreed to which version, and the proof of it. Withdrawn ones stay.
    consents (id) {
        id -> Uuid,
        user_id -> Uuid,
        document -> Text,
        version -> Text,
        /// The language in which it was shown.
        locale -> Text,
        channel -> Text,
        ip_prefix -> Nullable<Text>,
        given_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Copies of everything that is stored on a person, for that person.
    data_exports (id) {
        id -> Uuid,
        user_id -> Uuid,
        state -> Text,
        asked_at -> Timestamptz,
        ready_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        /// The object is sealed under a key from the master key.
        object_key -> Nullable<Text>,
        size -> Nullable<Int4>,
    }
}

diesel::table! {
    /// What people asked for by their rights over their data (UU 27/2022), by which the statutory clocks are kept.
    data_requests (id) {
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        detail -> Nullable<Text>,
        received_at -> Timestamptz,
        /// When the law wants it done: 3 times 24 hours after it came; of an erasure, after the days in which it can be taken back.
        due_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
        /// Withdrawn: by whoever asked, or because the account is gone.
        outcome -> Nullable<Text>,
        answer -> Nullable<Text>,
        answered_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Changes of an address: asked for, confirmed at the new address, undone from the old one.
    email_changes (id) {
        id -> Uuid,
        user_id -> Uuid,
        /// Which session asked: it goes on when the change is confirmed.
        session_id -> Nullable<Uuid>,
        old_address -> Citext,
        new_address -> Citext,
        asked_at -> Timestamptz,
        expires_at -> Timestamptz,
        /// When something was sent to the new address.
        mailed_at -> Nullable<Timestamptz>,
        /// SHA-256 of the token that went to the new address.
        confirm_hash -> Nullable<Bytea>,
        confirmed_at -> Nullable<Timestamptz>,
        /// SHA-256 of the token that went to the old address.
        undo_hash -> Nullable<Bytea>,
        undo_until -> Nullable<Timestamptz>,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Addresses and the accounts that claim them. Anyone may claim; only the one who proves the mailbox has it.
    emails (id) {
        id -> Uuid,
        user_id -> Uuid,
        address -> Citext,
        verified_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Busy times of imported calendars. Those of two calendars may overlap; why somebody is busy is not kept.
    external_busy (calendar_id, starts_at) {
        calendar_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        owner_id -> Uuid,
    }
}

diesel::table! {
    /// Calendars elsewhere whose busy times close the calendar of a person.
    external_calendars (id) {
        id -> Uuid,
        owner_id -> Uuid,
        /// Such addresses are secrets; none: the calendar was uploaded.
        url_sealed -> Nullable<Bytea>,
        host -> Nullable<Text>,
        etag -> Nullable<Text>,
        last_ok_at -> Nullable<Timestamptz>,
        last_tried_at -> Nullable<Timestamptz>,
        /// Busy times after this are not known.
        covered_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        event_count -> Int4,
        not_understood -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Requests of staff to remove all second factors of somebody who lost them.
    factor_resets (id) {
        id -> Uuid,
        user_id -> Uuid,
        state -> Text,
        /// How the person proved who they are.
        evidence -> Text,
        asked_by -> Nullable<Uuid>,
        asked_at -> Timestamptz,
        not_before -> Timestamptz,
        expires_at -> Timestamptz,
        /// Who approved or refused; none if the owner showed a factor after all.
        settled_by -> Nullable<Uuid>,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    group_seats (id) {
        id -> Uuid,
        session_id -> Uuid,
        mentee_id -> Uuid,
        /// Held: offered to somebody from the waitlist, who has not answered.
        state -> Text,
        attended -> Nullable<Bool>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// A session with many seats. Its row is locked before any calendar by whoever changes seats or the waitlist.
    group_sessions (id) {
        id -> Uuid,
        mentor_id -> Uuid,
        title -> Text,
        description -> Nullable<Text>,
        mode -> Text,
        place -> Nullable<Text>,
        meeting_url -> Nullable<Text>,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        capacity -> Int2,
        waitlist_capacity -> Int2,
        /// How many seats are held or confirmed; a deferred trigger compares.
        seats_taken -> Int2,
        /// What the next to join the waitlist gets.
        next_position -> Int4,
        state -> Text,
        attendance_taken_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// The same for group sessions.
    group_suspensions (session_id, alert_id) {
        session_id -> Uuid,
        alert_id -> Text,
    }
}

diesel::table! {
    /// Replies to POST requests that carried an Idempotency-Key, written in the same transaction as their effect.
    idempotency_keys (actor, operation, key) {
        /// The account, or the nil UUID for callers without one.
        actor -> Uuid,
        operation -> Text,
        key -> Text,
        /// Keyed hash of address and body: another request under the same key is refused.
        fingerprint -> Bytea,
        status -> Int2,
        headers -> Jsonb,
        body -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Accounts at other providers: each signs in by itself.
    identities (id) {
        id -> Uuid,
        user_id -> Uuid,
        provider -> Text,
        issuer -> Text,
        /// With the issuer, who it is. Never the e-mail address: those change hands.
        subject -> Text,
        /// How the provider called it when it was linked, for its owner to recognise it. Proves nothing.
        label -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Devices that signed in before: strangers' tries at the password do not delay them.
    known_devices (token_hash) {
        token_hash -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    /// What people agree to. The newest published version counts; a new one is a row of a migration.
    legal_documents (document, version) {
        document -> Text,
        version -> Text,
        published_at -> Timestamptz,
    }
}

diesel::table! {
    mentors (user_id) {
        user_id -> Uuid,
        state -> Text,
        headline -> Text,
        about -> Nullable<Text>,
        expertise -> Array<Nullable<Text>>,
        subsectors -> Array<Nullable<Text>>,
        languages -> Array<Nullable<Text>>,
        /// Kemendagri codes in which the mentor meets people in person.
        regions -> Array<Nullable<Text>>,
        ethics_accepted_at -> Timestamptz,
        review_note -> Nullable<Text>,
        reviewed_by -> Nullable<Uuid>,
        reviewed_at -> Nullable<Timestamptz>,
        /// Median time to answer a request, over the last fifty.
        response_minutes -> Nullable<Int4>,
        completed_sessions -> Int4,
        rating_sum -> Int4,
        rating_count -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        /// The regions and all above them: who looks in a province finds mentors of its towns.
        region_lines -> Array<Nullable<Text>>,
    }
}

diesel::table! {
    mentorship_goals (id) {
        id -> Uuid,
        mentorship_id -> Uuid,
        title -> Text,
        description -> Nullable<Text>,
        target_on -> Nullable<Date>,
        status -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    mentorships (id) {
        id -> Uuid,
        mentor_id -> Uuid,
        mentee_id -> Uuid,
        proposed_by -> Text,
        state -> Text,
        starts_on -> Date,
        ends_on -> Date,
        focus -> Text,
        /// When the mentor accepted the agreement on conduct and confidentiality.
        mentor_agreed_at -> Nullable<Timestamptz>,
        mentee_agreed_at -> Nullable<Timestamptz>,
        ended_by -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// What a mentor offers: a kind of session with its rules.
    offerings (id) {
        id -> Uuid,
        mentor_id -> Uuid,
        title -> Text,
        description -> Nullable<Text>,
        mode -> Text,
        durations -> Array<Nullable<Int2>>,
        interval_min -> Int2,
        before_min -> Int2,
        after_min -> Int2,
        notice_min -> Int4,
        horizon_days -> Int2,
        needs_approval -> Bool,
        cancel_notice_min -> Int4,
        /// Address of the video room; {code} stands for the code of the booking.
        meeting_url -> Nullable<Text>,
        place -> Nullable<Text>,
        questions -> Jsonb,
        active -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        /// Minutes of a week that starts on Monday at 00:00, on the clock of the mentor's calendar, in which this is offered; none: in all open ones.
        weekly -> Int4multirange,
    }
}

diesel::table! {
    one_time_tokens (token_hash) {
        token_hash -> Bytea,
        purpose -> Text,
        user_id -> Uuid,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Challenges for passkeys that wait for their answer; it takes them away.
    passkey_ceremonies (token_hash) {
        token_hash -> Bytea,
        /// Who adds a passkey; null: somebody signs in.
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// Keys on devices that say whose they are: each signs in by itself.
    passkeys (id) {
        id -> Uuid,
        user_id -> Uuid,
        credential_id -> Bytea,
        label -> Text,
        /// Public key, signature counter and backup state, as the library writes them. No secret.
        credential -> Jsonb,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Addresses for which somebody wants a new password, until the worker has seen to it. Known or not: asking does the same.
    password_reset_asks (id) {
        id -> Uuid,
        address -> Citext,
        asked_at -> Timestamptz,
    }
}

diesel::table! {
    passwords (user_id) {
        user_id -> Uuid,
        /// PHC string: algorithm, parameters, name of the pepper if there is one, salt and hash.
        phc -> Text,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Numbers that accounts gave up for others: undone from the old number.
    phone_changes (id) {
        id -> Uuid,
        user_id -> Uuid,
        old_number -> Text,
        /// None: the number was removed.
        new_number -> Nullable<Text>,
        changed_at -> Timestamptz,
        /// SHA-256 of the token that went to the old number.
        undo_hash -> Nullable<Bytea>,
        undo_until -> Timestamptz,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Codes that went to phones or are to go. Numbers with and without an account are asked for alike.
    phone_codes (id) {
        /// Names the request that the code is bound to.
        id -> Uuid,
        purpose -> Text,
        number -> Text,
        /// Who proves the number or, once the worker has found out, whose password is reset.
        user_id -> Nullable<Uuid>,
        /// Only there does the code prove the number.
        session_id -> Nullable<Uuid>,
        asked_at -> Timestamptz,
        expires_at -> Timestamptz,
        /// HMAC-SHA-256 of request, purpose and code, under a key derived from the master key. None: no code was sent.
        code_hash -> Nullable<Bytea>,
        sent_at -> Nullable<Timestamptz>,
        /// Counted before the code is looked at.
        tries -> Int2,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Telephone numbers that accounts have proved to be theirs. A number has one account at most.
    phones (user_id) {
        user_id -> Uuid,
        /// E.164.
        number -> Text,
        verified_at -> Timestamptz,
    }
}

diesel::table! {
    /// Each stands in for a second factor, once. They go with the last factor.
    recovery_codes (code_hash) {
        /// HMAC-SHA-256 of account and code, under a key derived from the master key; a code has 120 random bits.
        code_hash -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Which edition of each shipped data set the reference tables hold.
    reference_datasets (name) {
        name -> Text,
        checksum -> Bytea,
        loaded_at -> Timestamptz,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        /// SHA-256 of the token; the token itself is never stored.
        token_hash -> Bytea,
        session_id -> Uuid,
        /// The token that this one replaced; a token has one successor at most.
        parent_hash -> Nullable<Bytea>,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        /// The next token, sealed under a key derived from this one, for a client that lost the reply.
        successor_sealed -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// Administrative regions by Kemendagri code (Kepmendagri 300.2.2-2430/2025), province to village.
    regions (code) {
        code -> Text,
        parent_code -> Nullable<Text>,
        name -> Text,
    }
}

diesel::table! {
    /// Disaster alerts that reach sessions. Once lifted it stays lifted, whichever of the two messages came first.
    session_alerts (id) {
        id -> Text,
        /// Kemendagri codes; regions below count too.
        regions -> Array<Nullable<Text>>,
        modes -> Array<Nullable<Text>>,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        created_at -> Timestamptz,
        lifted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// One signed-in device: the family of its refresh tokens.
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        device_name -> Nullable<Text>,
        platform -> Nullable<Text>,
        /// IPv4 /24 or IPv6 /48: enough to recognise a place, too little to follow a person.
        ip_prefix -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        /// Absolute end, whatever the use.
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revoke_reason -> Nullable<Text>,
        /// When the owner last proved who they are: the sign-in, or a step-up since.
        authenticated_at -> Timestamptz,
        first_factor -> Text,
        second_factor -> Nullable<Text>,
    }
}

diesel::table! {
    /// Tries at a password that were not right, by strangers for an address, or by one known device. Known addresses and unknown ones count alike.
    sign_in_attempts (key) {
        /// SHA-256 of the address, or of the hash of the device token.
        key -> Bytea,
        attempts -> Int4,
        last_at -> Timestamptz,
        blocked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Sign-ins whose first factor was right and that wait for a second. They go when what began them may not sign in any more.
    sign_in_challenges (token_hash) {
        /// SHA-256 of the token; the token itself is never stored.
        token_hash -> Bytea,
        user_id -> Uuid,
        /// SHA-256 of the token of the known device that it was given to; no other device may answer it.
        device_hash -> Nullable<Bytea>,
        device_name -> Nullable<Text>,
        platform -> Nullable<Text>,
        attempts -> Int4,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        /// What was shown already.
        first_factor -> Text,
    }
}

diesel::table! {
    /// Ed25519 keys of the access tokens; every replica reads them here.
    signing_keys (kid) {
        kid -> Text,
        state -> Text,
        public_key -> Bytea,
        private_key_sealed -> Bytea,
        created_at -> Timestamptz,
        state_since -> Timestamptz,
    }
}

diesel::table! {
    /// What is, or may be, in the storage. Written before the object is, so that nothing there is ever unknown.
    stored_objects (key) {
        key -> Text,
        /// From then on nobody needs it; null while a row elsewhere does.
        remove_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// The 17 subsectors of the Indonesian creative economy.
    subsectors (code) {
        code -> Text,
        position -> Int2,
    }
}

diesel::table! {
    /// The last change of each thing as one scope sees it, written by triggers. What a scope no longer sees is gone from it.
    sync_changes (scope, collection, id) {
        /// An account, or the nil UUID: everybody.
        scope -> Uuid,
        collection -> Text,
        id -> Uuid,
        /// The transaction of the change. Readers take those below the oldest that runs, so that one which commits late is not missed.
        row_xid -> Int8,
        gone -> Bool,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Of changes up to this transaction some tombstones are forgotten: older tokens start anew.
    sync_horizon (only_row) {
        only_row -> Bool,
        row_xid -> Int8,
    }
}

diesel::table! {
    /// Time of a person that is taken, whoever they are in it: no two claims of one owner overlap.
    time_claims (id) {
        id -> Uuid,
        owner_id -> Uuid,
        kind -> Text,
        ref_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        before_min -> Int2,
        after_min -> Int2,
        /// A hold or request is nothing after this; readers skip it, writers remove it under the lock.
        expires_at -> Nullable<Timestamptz>,
        during -> Tstzrange,
        /// Who made the hold: it claims time of two people.
        held_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    time_off (id) {
        id -> Uuid,
        user_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Authenticator apps (RFC 6238). One that is not confirmed yet protects nothing.
    totp_factors (id) {
        id -> Uuid,
        user_id -> Uuid,
        label -> Text,
        /// Sealed under the master key; tied to the row.
        secret_sealed -> Bytea,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        /// Time step of the last code that was taken: it and those before are used up.
        last_step -> Nullable<Int8>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Roles beyond the one everybody has. Ownership of a business is a membership, not a role.
    user_roles (user_id, role) {
        user_id -> Uuid,
        role -> Text,
        granted_by -> Nullable<Uuid>,
        granted_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        state -> Text,
        display_name -> Text,
        locale -> Text,
        timezone -> Text,
        /// Raised to end every access token at once: lock, role or password change.
        token_epoch -> Int4,
        /// Made by the demo seed; production refuses to start with such rows.
        is_demo -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        /// The member of staff who set the state; none if the owner or the system did.
        state_by -> Nullable<Uuid>,
        lock_reason -> Nullable<Text>,
        /// For staff: a ticket, what was seen.
        lock_note -> Nullable<Text>,
    }
}

diesel::table! {
    waitlist_entries (id) {
        id -> Uuid,
        session_id -> Uuid,
        mentee_id -> Uuid,
        /// Goes up within a session and is never given twice.
        position -> Int4,
        state -> Text,
        seat_id -> Nullable<Uuid>,
        offer_expires_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_attempts (delivery_id, number) {
        delivery_id -> Uuid,
        number -> Int4,
        at -> Timestamptz,
        duration_ms -> Int4,
        status -> Nullable<Int4>,
        error -> Nullable<Text>,
        /// The beginning of what the other side answered.
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Uuid,
        webhook_id -> Uuid,
        /// The webhook-id of every attempt.
        event_id -> Uuid,
        event_type -> Text,
        occurred_at -> Timestamptz,
        data -> Jsonb,
        state -> Text,
        attempts -> Int4,
        /// How many attempts there were before somebody asked for it again.
        round_start -> Int4,
        /// Until then a worker is at it.
        claimed_until -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Uuid,
        /// Who made it and gets the mails.
        owner_id -> Uuid,
        /// Whose it is; none: the owner's own.
        business_id -> Nullable<Uuid>,
        url -> Text,
        description -> Nullable<Text>,
        event_types -> Array<Nullable<Text>>,
        state -> Text,
        disabled_reason -> Nullable<Text>,
        secret_sealed -> Bytea,
        /// Signs too while the secret is rotated.
        old_secret_sealed -> Nullable<Bytea>,
        old_secret_until -> Nullable<Timestamptz>,
        /// Since when no delivery got through; none: the last one did.
        failing_since -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::joinable!(account_deletions -> data_requests (id));
diesel::joinable!(account_deletions -> users (user_id));
diesel::joinable!(action_items -> mentorship_goals (goal_id));
diesel::joinable!(api_key_secrets -> api_keys (key_id));
diesel::joinable!(api_keys -> users (user_id));
diesel::joinable!(auth_event_seals -> auth_events (event_id));
diesel::joinable!(auth_events_to_seal -> auth_events (event_id));
diesel::joinable!(authorization_requests -> users (user_id));
diesel::joinable!(availability_overrides -> calendars (user_id));
diesel::joinable!(availability_schedules -> calendars (user_id));
diesel::joinable!(blocks -> calendars (blocker_id));
diesel::joinable!(blocks -> users (blocked_id));
diesel::joinable!(booking_agendas -> bookings (booking_id));
diesel::joinable!(booking_agendas -> users (updated_by));
diesel::joinable!(booking_cascades -> bookings (booking_id));
diesel::joinable!(booking_disputes -> bookings (booking_id));
diesel::joinable!(booking_documents -> bookings (booking_id));
diesel::joinable!(booking_documents -> stored_objects (object_key));
diesel::joinable!(booking_documents -> users (uploader_id));
diesel::joinable!(booking_events -> bookings (booking_id));
diesel::joinable!(booking_events -> users (actor_id));
diesel::joinable!(booking_feedback -> bookings (booking_id));
diesel::joinable!(booking_feedback -> mentors (mentor_id));
diesel::joinable!(booking_feedback -> users (author_id));
diesel::joinable!(booking_notes -> bookings (booking_id));
diesel::joinable!(booking_notes -> users (author_id));
diesel::joinable!(booking_suspensions -> bookings (booking_id));
diesel::joinable!(booking_suspensions -> session_alerts (alert_id));
diesel::joinable!(bookings -> businesses (business_id));
diesel::joinable!(bookings -> mentors (mentor_id));
diesel::joinable!(bookings -> offerings (offering_id));
diesel::joinable!(bookings -> users (mentee_id));
diesel::joinable!(business_members -> businesses (business_id));
diesel::joinable!(business_members -> users (user_id));
diesel::joinable!(business_registrations -> businesses (business_id));
diesel::joinable!(business_registrations -> users (registered_by));
diesel::joinable!(business_slugs -> businesses (business_id));
diesel::joinable!(businesses -> regions (region_code));
diesel::joinable!(businesses -> subsectors (main_subsector));
diesel::joinable!(calendar_feeds -> users (user_id));
diesel::joinable!(calendars -> regions (region_code));
diesel::joinable!(calendars -> users (user_id));
diesel::joinable!(certificates -> users (user_id));
diesel::joinable!(consents -> users (user_id));
diesel::joinable!(data_exports -> data_requests (id));
diesel::joinable!(data_exports -> stored_objects (object_key));
diesel::joinable!(data_exports -> users (user_id));
diesel::joinable!(email_changes -> sessions (session_id));
diesel::joinable!(email_changes -> users (user_id));
diesel::joinable!(emails -> users (user_id));
diesel::joinable!(external_busy -> calendars (owner_id));
diesel::joinable!(external_busy -> external_calendars (calendar_id));
diesel::joinable!(external_calendars -> calendars (owner_id));
diesel::joinable!(group_seats -> group_sessions (session_id));
diesel::joinable!(group_seats -> users (mentee_id));
diesel::joinable!(group_sessions -> mentors (mentor_id));
diesel::joinable!(group_suspensions -> group_sessions (session_id));
diesel::joinable!(group_suspensions -> session_alerts (alert_id));
diesel::joinable!(identities -> users (user_id));
diesel::joinable!(known_devices -> users (user_id));
diesel::joinable!(mentorship_goals -> mentorships (mentorship_id));
diesel::joinable!(mentorships -> mentors (mentor_id));
diesel::joinable!(mentorships -> users (mentee_id));
diesel::joinable!(offerings -> mentors (mentor_id));
diesel::joinable!(one_time_tokens -> users (user_id));
diesel::joinable!(passkey_ceremonies -> users (user_id));
diesel::joinable!(passkeys -> users (user_id));
diesel::joinable!(passwords -> users (user_id));
diesel::joinable!(phone_changes -> users (user_id));
diesel::joinable!(phone_codes -> sessions (session_id));
diesel::joinable!(phone_codes -> users (user_id));
diesel::joinable!(phones -> users (user_id));
diesel::joinable!(recovery_codes -> users (user_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(sign_in_challenges -> users (user_id));
diesel::joinable!(time_claims -> calendars (owner_id));
diesel::joinable!(time_claims -> users (held_by));
diesel::joinable!(time_off -> calendars (user_id));
diesel::joinable!(totp_factors -> users (user_id));
diesel::joinable!(waitlist_entries -> group_seats (seat_id));
diesel::joinable!(waitlist_entries -> group_sessions (session_id));
diesel::joinable!(waitlist_entries -> users (mentee_id));
diesel::joinable!(webhook_attempts -> webhook_deliveries (delivery_id));
diesel::joinable!(webhook_deliveries -> webhooks (webhook_id));
diesel::joinable!(webhooks -> businesses (business_id));
diesel::joinable!(webhooks -> users (owner_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_deletions,
    action_items,
    api_key_secrets,
    api_keys,
    authorization_requests,
    availability_overrides,
    availability_schedules,
    blocks,
    booking_agendas,
    booking_cascades,
    booking_disputes,
    booking_documents,
    booking_events,
    booking_feedback,
    booking_notes,
    booking_suspensions,
    bookings,
    business_members,
    business_registrations,
    business_slugs,
    businesses,
    calendar_feeds,
    calendars,
    certificates,
    consents,
    data_exports,
    data_requests,
    email_changes,
    emails,
    external_busy,
    external_calendars,
    group_seats,
    group_sessions,
    group_suspensions,
    identities,
    known_devices,
    mentors,
    mentorship_goals,
    mentorships,
    offerings,
    one_time_tokens,
    passkey_ceremonies,
    passkeys,
    passwords,
    phone_changes,
    phone_codes,
    phones,
    recovery_codes,
    refresh_tokens,
    regions,
    session_alerts,
    sessions,
    sign_in_challenges,
    stored_objects,
    subsectors,
    time_claims,
    time_off,
    totp_factors,
    users,
    waitlist_entries,
    webhook_attempts,
    webhook_deliveries,
    webhooks,
);
diesel::allow_tables_to_appear_in_same_query!(auth_event_seals, auth_events, auth_events_to_seal,);
