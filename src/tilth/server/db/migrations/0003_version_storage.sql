-- Where a version's bytes lie, if elsewhere than in the store of the home or the server.
ALTER TABLE version ADD COLUMN storage TEXT NOT NULL DEFAULT '';
