"""CodeCommit: git repositories."""
