-- In: ?1 how often anything had been written when this was decided. Refuses what was decided on other data.
SELECT RAISE(ABORT, 'decided on other data') WHERE ?1 <> (SELECT writes FROM tenure_clock)
