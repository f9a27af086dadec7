-- Schema 14: answers that are given again to who asks the same once more.

-- `key_hash` covers the caller and the key, so that neither stands here; `fingerprint` covers the request. `status` is NULL while the first request is under
-- way. `answer` is encrypted with a key that only who sends the same Idempotency-Key to this node brings: it may hold secrets that are shown once.
CREATE TABLE answers (
    key_hash TEXT PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    status BIGINT,
    answer TEXT
);
CREATE INDEX answers_by_time ON answers (begun_at);
