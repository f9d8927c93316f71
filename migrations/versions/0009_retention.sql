-- After how many months without a step a dossier closes, and after how many more it is erased. A dossier waits for the
-- longest of the organisations that are or were in it; one that states none keeps it until a person erases it.
CREATE TABLE retention (
    organisation_id text PRIMARY KEY REFERENCES organisation,
    close_after_months integer NOT NULL CHECK (close_after_months > 0),
    erase_after_months integer NOT NULL CHECK (erase_after_months > 0)
);
