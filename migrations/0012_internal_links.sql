-- Schema 12: links to colleagues, and requesters whom agents name.

-- A selection of recordings and chat logs that somebody sent to a user of the workspace. The id gives nothing by itself: whoever opens it sees of the
-- selection what they may see anyway. `letter` is the letter in the outbox that carries it.
CREATE TABLE internal_links (
    id TEXT PRIMARY KEY NOT NULL,
    created BIGINT NOT NULL,
    sent_by TEXT NOT NULL,
    recipient TEXT NOT NULL,
    letter TEXT NOT NULL
);
CREATE INDEX internal_links_by_time ON internal_links (created);

-- Either a recording or a session, whose chat log it is. What is deleted leaves the selection.
CREATE TABLE internal_link_items (
    link TEXT NOT NULL REFERENCES internal_links (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    recording TEXT REFERENCES recordings (id) ON DELETE CASCADE,
    session TEXT,
    PRIMARY KEY (link, place)
);
CREATE INDEX internal_link_items_by_recording ON internal_link_items (recording);

-- Whom an agent named as the requester of a session, until its recordings have their first visibility.
CREATE TABLE requesters (
    session TEXT PRIMARY KEY NOT NULL,
    address TEXT NOT NULL,
    named BIGINT NOT NULL
);
CREATE INDEX requesters_by_time ON requesters (named);
