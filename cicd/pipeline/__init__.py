"""CodePipeline: stages of actions, the artifacts between them, and who may enter when."""
