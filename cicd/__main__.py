"""``python -m cicd``."""

from cicd.cli import main

if __name__ == "__main__":
    main()
