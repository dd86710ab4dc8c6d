"""What stands for NVIDIA's libraries where they cannot be installed or run."""
