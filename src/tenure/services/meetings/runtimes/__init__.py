"""What bots run in: processes of this machine, or containers."""
