-- Out: each kind and build that runs, with what it makes stand beside the kind's records.
SELECT kind, indexed FROM tenure_builds
