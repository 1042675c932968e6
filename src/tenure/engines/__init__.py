"""The engines. Each keeps the contract of `tenure.core.engine`; none knows another."""
