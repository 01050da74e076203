"""``python -m cicd``."""

from cicd.cli import program

if __name__ == "__main__":
    program()
