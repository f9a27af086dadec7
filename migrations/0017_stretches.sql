-- Schema 17: what recordings are found by is kept by stretches of time.

-- A beginning is looked for in one stretch after the other, from the newest on: however many terms begin so, only those of a stretch are put in order.
-- `stretch`: of a `word` and a `number_end` the whole times that three days (259,200 s) fit into `started_at`, towards 0; of the other kinds, which are
-- looked for whole and are in the order of time anyway, 0. The rest is as in schema 4.
ALTER TABLE recording_terms RENAME TO recording_terms_before;
CREATE TABLE recording_terms (
    kind TEXT NOT NULL,
    stretch BIGINT NOT NULL,
    term TEXT /*bytes*/ NOT NULL,
    started_at BIGINT NOT NULL,
    recording TEXT NOT NULL /*sqlite: REFERENCES recordings (id) ON DELETE CASCADE :sqlite*/,
    PRIMARY KEY (kind, stretch, term, started_at, recording)
) /*sqlite: WITHOUT ROWID :sqlite*/;
INSERT INTO recording_terms (kind, stretch, term, started_at, recording)
    SELECT kind, CASE WHEN kind IN ('word', 'number_end') THEN started_at / 259200000000000 ELSE 0 END, term, started_at, recording
    FROM recording_terms_before ORDER BY 1, 2, 3, 4, 5;
DROP TABLE recording_terms_before;
-- PostgreSQL would look up the recording of each term by itself; afterwards it joins once.
/*postgres: ALTER TABLE recording_terms ADD FOREIGN KEY (recording) REFERENCES recordings (id) ON DELETE CASCADE; :postgres*/
CREATE INDEX recording_terms_by_recording ON recording_terms (recording, kind, term);
