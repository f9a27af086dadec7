-- Schema 5: deletions, and legal holds.

-- A recording whose row is gone. Nothing here is personal: the id stays so that nothing makes the recording anew, and so that copies that a crash or a store
-- that was away left are still found. `done_at`: no copy is left.
CREATE TABLE deletions (
    recording TEXT PRIMARY KEY NOT NULL,
    session TEXT NOT NULL,
    region TEXT,
    begun_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX deletions_by_session ON deletions (session);
CREATE INDEX deletions_left ON deletions (begun_at, recording) WHERE done_at IS NULL;

-- A hold covers the recordings that it names and, where `filtered` is 1, every recording that all of its conditions fit, whenever it is made. Conditions are
-- compared as terms are: see 0004. A released hold covers nothing and stays for the record, without its conditions on a customer.
CREATE TABLE holds (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    filtered BIGINT NOT NULL,
    project TEXT,
    session TEXT,
    agent TEXT,
    customer TEXT,
    email TEXT,
    number_end TEXT,
    from_at BIGINT,
    to_at BIGINT,
    released_by TEXT,
    released_at BIGINT,
    release_reason TEXT
);
CREATE INDEX holds_by_time ON holds (made_at, id);
CREATE INDEX holds_in_force ON holds (id) WHERE released_at IS NULL;
CREATE TABLE held_recordings (
    hold TEXT NOT NULL REFERENCES holds (id),
    recording TEXT NOT NULL,
    PRIMARY KEY (hold, recording)
);
CREATE INDEX held_recordings_by_recording ON held_recordings (recording);

-- What is due is found by project and source, oldest first.
CREATE INDEX recordings_by_term ON recordings (project, source, started_at, id);
CREATE INDEX recordings_held ON recordings (started_at, id) WHERE legal_hold = 1;
