"""`python -m srfer` is the same as the `srfer` command."""

from srfer.cli import main

if __name__ == "__main__":
    main()
