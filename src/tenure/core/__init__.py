"""The core: lifecycles, changes and the decision. Pure, no I/O."""
