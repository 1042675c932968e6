-- Out: the last position drawn, and up to which all is decided.
SELECT last, horizon FROM tenure_horizon()
