"""The page of the stand-in."""
