"""AWS Lambda as far as deployments and pipelines need it: functions, versions, aliases."""
