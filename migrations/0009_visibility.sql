-- Schema 9: who may open a recording's link.

-- A recording without a row is for members only and has no link. `level`: anyone_with_link, members, members_and_selected. The link stands here as it is,
-- since members see it again and again on the recording's page; it is looked up by its SHA-256. Renewing it replaces it: the old one is nobody's.
CREATE TABLE visibilities (
    recording TEXT PRIMARY KEY NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    link TEXT NOT NULL,
    link_hash TEXT NOT NULL
);
CREATE UNIQUE INDEX visibilities_by_link ON visibilities (link_hash);

-- Addresses in lower case. They stay where the level is another one: who goes back to it finds them.
CREATE TABLE selected_people (
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    added BIGINT NOT NULL,
    PRIMARY KEY (recording, address)
);

-- What was sent to a selected address: only hashes are kept.
CREATE TABLE temporary_links (
    hash TEXT PRIMARY KEY NOT NULL,
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    made BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX temporary_links_by_address ON temporary_links (recording, address, made);
CREATE INDEX temporary_links_by_end ON temporary_links (until);
