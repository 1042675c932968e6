-- Step 2: spaces that nobody may write to, and why. While one is sealed, triggers of its own refuse writes, whichever
-- process they come from; so the write path asks nothing.
CREATE TABLE tenure_seals (
    space  INTEGER PRIMARY KEY,
    reason TEXT NOT NULL
) STRICT;
