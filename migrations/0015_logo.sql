-- Schema 15: a logo is drawn anew when it is set, always as PNG. `logo_version` tells one from another, for pages that only name it. What was kept as it came is
-- not served any more: it is set again.
ALTER TABLE share_configuration ADD COLUMN logo_version TEXT;
UPDATE share_configuration SET logo = NULL;
ALTER TABLE share_configuration DROP COLUMN logo_type;
