"""What CodeDeploy's agent does on one instance."""
