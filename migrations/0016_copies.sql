-- Schema 16: what is shared is copied after it was ordered. `files` of a share is copying, there, gone; its letter is held (`outbox.state`) until they are there.
-- `copied`: an item's files lie in the external store. `copy_next_at`: when copying is tried next, after it failed `copy_attempts` times.
ALTER TABLE share_items ADD COLUMN copied BIGINT NOT NULL DEFAULT 1;
ALTER TABLE shares ADD COLUMN copy_attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shares ADD COLUMN copy_next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shares ADD COLUMN copy_failure TEXT;
