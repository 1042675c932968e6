"""The page of the stand-in, on which people see channels, press buttons and type commands."""
