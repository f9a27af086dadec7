-- Schema 2: the audit log, and every wording of a project's consent question.

-- Append-only: nothing in Ferric changes or deletes a row. `hash` chains each row to the one before; see src/archive/audit.rs for the bytes that it covers.
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, seq);
CREATE INDEX audit_by_subject ON audit (subject, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);
INSERT INTO counters (name, value) VALUES ('audit', 0);

-- What people were asked stays known for as long as there is a record of their answer: a new wording is a new version, an old one is never changed.
CREATE TABLE consent_texts (
    project TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (project, version)
);
