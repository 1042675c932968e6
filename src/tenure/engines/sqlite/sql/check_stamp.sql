-- In: ?1 the stamp of the write on which this was decided. Refuses what was decided on other data.
SELECT RAISE(ABORT, 'decided on other data') WHERE ?1 <> (SELECT stamp FROM tenure_clock)
