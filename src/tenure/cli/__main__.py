"""So that `python -m tenure.cli` does what `tenure` does."""

from tenure.cli import main

if __name__ == "__main__":
    main()
