-- Schema 6: where a recording's files lie.

-- `america`, `europe`, or nothing for the node's one store. Fixed when the row is made: no later write changes it.
ALTER TABLE recordings ADD COLUMN region TEXT;
