-- In: $1 name. Makes a space, unless it is there; its number is read later, since another may be making it.
INSERT INTO tenure_spaces (name) VALUES ($1) ON CONFLICT DO NOTHING
