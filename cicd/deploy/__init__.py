"""CodeDeploy: deployments to servers, in place."""
