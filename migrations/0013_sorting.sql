-- Schema 13: folders, the known labels, and the rules that new recordings are sorted by.

-- One level: a recording is in one folder or in none (`recordings.folder` is its id). `name_key` is the name in lower case: no two that read the same.
CREATE TABLE folders (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX folders_by_name ON folders (name_key);

-- Labels that are offered. A recording may carry others; one that is taken off this list stays on the recordings that have it.
CREATE TABLE labels (
    name TEXT PRIMARY KEY NOT NULL,
    color TEXT
);

-- In their order by `place`: 0, 1, 2 …
CREATE TABLE triage_rules (
    id TEXT PRIMARY KEY NOT NULL,
    place BIGINT NOT NULL,
    rule TEXT NOT NULL
);

-- When the rules sorted a recording: once, as it first becomes ready. What was ready before there were rules is left as it is.
ALTER TABLE recordings ADD COLUMN triaged_at BIGINT;
-- What the rules that it met were called then: a JSON list.
ALTER TABLE recordings ADD COLUMN triaged_by TEXT;
UPDATE recordings SET triaged_at = 0 WHERE state = 'ready';
