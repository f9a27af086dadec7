-- Schema 4: what recordings are found by, and what people say of them.

-- Facts of the session and of the files: the node writes them with the rest of its row. Lists are JSON.
ALTER TABLE recordings ADD COLUMN queue TEXT;
ALTER TABLE recordings ADD COLUMN access_number TEXT;
ALTER TABLE recordings ADD COLUMN caller_number TEXT;
ALTER TABLE recordings ADD COLUMN customer_email TEXT;
ALTER TABLE recordings ADD COLUMN ticket TEXT;
ALTER TABLE recordings ADD COLUMN agents TEXT NOT NULL DEFAULT '[]';
ALTER TABLE recordings ADD COLUMN orders TEXT NOT NULL DEFAULT '[]';
ALTER TABLE recordings ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;

-- What people say, beside `labels`: the node writes it once, with a new row, and never again. `folder` is a folder's id; a flag is 0 or 1.
ALTER TABLE recordings ADD COLUMN title TEXT;
ALTER TABLE recordings ADD COLUMN folder TEXT;
ALTER TABLE recordings ADD COLUMN assignees TEXT NOT NULL DEFAULT '[]';
ALTER TABLE recordings ADD COLUMN restricted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN legal_hold BIGINT NOT NULL DEFAULT 0;

-- One row for each thing that a recording is found by and that it may have several of, or that is compared in another form than it is shown in.
-- `kind`: agent, label, assignee, order, number (digits), number_end (digits from the last to the first), email (lower case), word (lower case, for search
-- by beginnings). Terms are ordered by its bytes on every database, whatever its language. `started_at` is the recording's, so that what is found under a term comes newest first.
CREATE TABLE recording_terms (
    kind TEXT NOT NULL,
    term TEXT /*bytes*/ NOT NULL,
    started_at BIGINT NOT NULL,
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, term, started_at, recording)
);
CREATE INDEX recording_terms_by_recording ON recording_terms (recording);
