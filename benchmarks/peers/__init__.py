"""One program for each that Tenure is compared with: `python -m benchmarks.peers.NAME URL SECONDS` prints its figures.

Each does a durable step of its kind, in the best configuration that its documentation gives or that was found here.
"""
