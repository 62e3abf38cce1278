-- How many lines of text a batch of the console holds; nothing where an older Tilth kept it.
ALTER TABLE log ADD COLUMN lines INTEGER;
