-- Schema 8: letters on their way out.

-- `state`: waiting, sent, failed. What a letter says is gone once it was sent or given up; `urgent` ones (codes) go first. `about` names what it belongs to.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    recipient TEXT NOT NULL,
    recipient_name TEXT,
    sender TEXT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    about TEXT,
    urgent BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    last_at BIGINT,
    failure TEXT
);
CREATE INDEX outbox_waiting ON outbox (state, next_at);
CREATE INDEX outbox_about ON outbox (about, created);
