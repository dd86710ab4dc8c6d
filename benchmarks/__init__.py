"""What produces the figures in the documentation; each is re-run by one command."""
