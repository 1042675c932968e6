"""What the benchmarks of battles share: real servers, players who are nothing but sockets, and rooms with both."""
