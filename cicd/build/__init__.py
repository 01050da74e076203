"""CodeBuild: a buildspec and a project → a plan → a build."""
