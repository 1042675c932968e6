"""Where questions come from: packs, and a service on the web."""
