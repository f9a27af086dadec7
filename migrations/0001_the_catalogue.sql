-- The catalogue, schema 1. Written once for SQLite and PostgreSQL: TEXT and BIGINT only, no column type or function that one of them lacks.
-- Times are nanoseconds since the Unix epoch, UTC. What is a structure in Ferric is JSON in a TEXT column.

-- Named counters. Adding to one is the first statement of every change that has to look before it writes: the row's lock puts such changes in a line.
CREATE TABLE counters (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('events', 0);
INSERT INTO counters (name, value) VALUES ('configuration', 0);

CREATE TABLE workspace (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    settings TEXT NOT NULL
);
INSERT INTO workspace (id, settings) VALUES (1, '{}');

CREATE TABLE projects (
    slug TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    caller_is TEXT NOT NULL
);

CREATE TABLE agents (
    name TEXT PRIMARY KEY NOT NULL,
    addresses TEXT NOT NULL,
    projects TEXT NOT NULL,
    properties TEXT NOT NULL
);

CREATE TABLE queues (
    name TEXT PRIMARY KEY NOT NULL,
    properties TEXT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    project TEXT NOT NULL REFERENCES projects (slug),
    kind TEXT NOT NULL,
    external_id TEXT,
    metadata TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_by_project ON sessions (project, started_at);
CREATE INDEX sessions_still_open ON sessions (started_at) WHERE ended_at IS NULL;

-- A recording keeps its session's id without a foreign key: a tape found after the catalogue was lost can still become a recording.
CREATE TABLE recordings (
    id TEXT PRIMARY KEY NOT NULL,
    session TEXT NOT NULL,
    output TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects (slug),
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    progress BIGINT NOT NULL,
    failure TEXT,
    discarded TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    duration_ms BIGINT,
    ended_by TEXT,
    external_id TEXT,
    manifest TEXT,
    labels TEXT NOT NULL
);
-- Every list is newest first by (started_at, id): each index carries that order behind its filter.
CREATE INDEX recordings_in_order ON recordings (started_at, id);
CREATE INDEX recordings_by_project ON recordings (project, started_at, id);
CREATE INDEX recordings_by_session ON recordings (session, started_at, id);
CREATE INDEX recordings_by_state ON recordings (state, started_at, id);

CREATE TABLE events (
    seq BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    session TEXT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_by_session ON events (session, seq);
CREATE INDEX events_by_time ON events (at);

-- Keys of machines. `hash` is SHA-256, lower-case hex; the keys themselves are never kept.
CREATE TABLE api_keys (
    name TEXT PRIMARY KEY NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL
);
