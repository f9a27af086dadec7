-- Schema 11: recordings and chat logs shared with people outside.

-- One row for each letter with a link. All shares of one address that are valid at once stand on one `page`. `address` is as it was written, `address_key`
-- and `name_key` are in lower case. `until`: the last second of the last day. `files`: there, gone. `letter`: the newest letter with its link.
CREATE TABLE shares (
    id TEXT PRIMARY KEY NOT NULL,
    page TEXT NOT NULL,
    created BIGINT NOT NULL,
    ordered_by TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    days BIGINT NOT NULL,
    until BIGINT NOT NULL,
    language TEXT NOT NULL,
    show_access_number BIGINT NOT NULL,
    show_queue_name BIGINT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    sender TEXT,
    letter TEXT NOT NULL,
    cancelled_at BIGINT,
    cancelled_by TEXT,
    files TEXT NOT NULL
);
CREATE INDEX shares_by_time ON shares (created, id);
CREATE INDEX shares_by_page ON shares (page, created);
CREATE INDEX shares_by_address ON shares (address_key, until);
CREATE INDEX shares_by_sender ON shares (ordered_by, created);
CREATE INDEX shares_by_end ON shares (files, until);

-- What is shared: a recording, or the chat log of a session. `id` is what the recipient's page calls it. `gone`: deleted, or taken out by a decline.
CREATE TABLE share_items (
    id TEXT PRIMARY KEY NOT NULL,
    share TEXT NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    recording TEXT,
    session TEXT NOT NULL,
    gone BIGINT NOT NULL
);
CREATE INDEX share_items_by_share ON share_items (share, place);
CREATE INDEX share_items_by_recording ON share_items (recording);
CREATE INDEX share_items_by_session ON share_items (session);

-- Links to a page: each letter has its own, and only its hash is kept.
CREATE TABLE share_links (
    hash TEXT PRIMARY KEY NOT NULL,
    page TEXT NOT NULL,
    share TEXT NOT NULL,
    made BIGINT NOT NULL
);
CREATE INDEX share_links_by_page ON share_links (page);

-- One-time codes, as a keyed hash; `browser` is the hash of the cookie of whoever asked for it, who alone may enter it.
CREATE TABLE share_codes (
    id TEXT PRIMARY KEY NOT NULL,
    page TEXT NOT NULL,
    browser TEXT NOT NULL,
    hash TEXT NOT NULL,
    made BIGINT NOT NULL,
    until BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    used BIGINT NOT NULL
);
CREATE INDEX share_codes_by_page ON share_codes (page, made);
CREATE INDEX share_codes_by_time ON share_codes (made);

-- Web sessions of recipients, by the hash of their cookie. `accepted`: when the terms of use were.
CREATE TABLE share_sessions (
    hash TEXT PRIMARY KEY NOT NULL,
    page TEXT NOT NULL,
    began BIGINT NOT NULL,
    until BIGINT NOT NULL,
    accepted BIGINT
);
CREATE INDEX share_sessions_by_end ON share_sessions (until);

-- Plays that are noted in the audit log already: `view` is one showing of the page.
CREATE TABLE share_plays (
    session TEXT NOT NULL REFERENCES share_sessions (hash) ON DELETE CASCADE,
    item TEXT NOT NULL,
    view TEXT NOT NULL,
    PRIMARY KEY (session, item, view)
);

-- What is to be removed from the external store, from `due` on, until it is.
CREATE TABLE share_removals (
    prefix TEXT PRIMARY KEY NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX share_removals_by_time ON share_removals (due);

-- One row. `logo` is base64.
CREATE TABLE share_configuration (
    id BIGINT PRIMARY KEY NOT NULL,
    settings TEXT NOT NULL,
    logo TEXT,
    logo_type TEXT
);
