-- Out: each kind, its table as it was last opened, and what stands beside its records.
SELECT kind, declaration, indexed FROM tenure_kinds
