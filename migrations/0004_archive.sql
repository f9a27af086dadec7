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

-- What a recording says of itself in full is read with one recording, or a page of them, and never searched: rows without it are small, and quickly walked.
CREATE TABLE manifests (
    recording TEXT PRIMARY KEY NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    manifest TEXT NOT NULL
);
INSERT INTO manifests (recording, manifest) SELECT id, manifest FROM recordings WHERE manifest IS NOT NULL;
ALTER TABLE recordings DROP COLUMN manifest;

-- Every list is newest first by (started_at, id), and each index carries that order behind what it is for. The first one is for walking the archive with
-- no leading filter. What may be asked of a row besides stands in it, and in those that are asked for most.
DROP INDEX recordings_in_order;
CREATE INDEX recordings_in_order ON recordings (started_at, id, project, state, source, restricted, queue, folder, duration_ms);
DROP INDEX recordings_by_project;
CREATE INDEX recordings_by_project ON recordings (project, started_at, id, state, source, restricted, queue, folder, duration_ms);
CREATE INDEX recordings_by_queue ON recordings (queue, started_at, id, project, state, source, restricted, folder, duration_ms);
CREATE INDEX recordings_by_folder ON recordings (folder, started_at, id, project, state, source, restricted, queue, duration_ms);
CREATE INDEX recordings_by_source ON recordings (source, started_at, id);
CREATE INDEX recordings_by_restriction ON recordings (restricted, started_at, id);
CREATE INDEX recordings_by_external_id ON recordings (external_id, started_at, id);
CREATE INDEX recordings_by_length ON recordings (duration_ms, started_at, id);

-- One row for each thing that a recording is found by and that it may have several of, or that is compared in another form than it is shown in.
-- `kind`: agent, label, assignee, order, number_end (the digits of a number from the last to the first), email (lower case), word (lower case, for search
-- by beginnings). Terms are ordered by its bytes on every database, whatever its language. `started_at` is the recording's, so that what is found under a term comes newest first.
CREATE TABLE recording_terms (
    kind TEXT NOT NULL,
    term TEXT /*bytes*/ NOT NULL,
    started_at BIGINT NOT NULL,
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, term, started_at, recording)
);
CREATE INDEX recording_terms_by_recording ON recording_terms (recording, kind, term);
