-- Schema 7: files that are on their way in, invitations to send one, and chat logs of sessions.

-- A row stands until its recording is ready, or was given up and its time is over: what it says of people is in the recording's row and manifest then.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    details TEXT NOT NULL,
    session TEXT NOT NULL,
    recording TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX uploads_by_owner ON uploads (owner, created_at);
CREATE INDEX uploads_by_end ON uploads (expires_at);
CREATE INDEX uploads_by_recording ON uploads (recording);

-- Only the hash of an invitation's token is kept.
CREATE TABLE upload_invitations (
    id TEXT PRIMARY KEY NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    made_by TEXT NOT NULL,
    details TEXT NOT NULL,
    upload TEXT,
    recording TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX upload_invitations_by_time ON upload_invitations (created_at);
CREATE INDEX upload_invitations_by_end ON upload_invitations (expires_at);

CREATE TABLE chats (
    session TEXT PRIMARY KEY NOT NULL,
    project TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    put_at BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    lines TEXT NOT NULL
);
CREATE INDEX chats_by_time ON chats (started_at, session);
CREATE INDEX chats_by_project ON chats (project, started_at);

-- Participants whose lines are not kept: what is put later is held against it.
CREATE TABLE chat_erasures (
    session TEXT NOT NULL,
    participant TEXT NOT NULL,
    PRIMARY KEY (session, participant)
);
