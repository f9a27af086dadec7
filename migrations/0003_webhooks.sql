-- Schema 3: webhooks and what is delivered to them.

-- `told_upto`: every event up to this number that the webhook wants has a row in `webhook_deliveries`.
-- Secrets stand here as they are: each delivery is signed with them. The file that holds them is its owner's alone.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT NOT NULL,
    projects TEXT NOT NULL,
    active BIGINT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT,
    old_secret_until BIGINT,
    created BIGINT NOT NULL,
    told_upto BIGINT NOT NULL
);

-- `seq` is the event's number; a trial has none and keeps its body instead. `state`: waiting, delivered, dead.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    webhook TEXT NOT NULL,
    seq BIGINT NOT NULL,
    session TEXT,
    kind TEXT NOT NULL,
    body TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    last_at BIGINT,
    status BIGINT,
    failure TEXT
);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook, seq);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, state, seq);
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook, created, id);
