"""What a build leaves behind: files picked, kept and delivered."""
