-- Out: the names of all spaces.
SELECT name FROM tenure_spaces ORDER BY space
