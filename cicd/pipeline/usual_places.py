"""Where a pipeline is looked for when nobody says where it is."""

USUAL_NAMES = ("pipeline", "codepipeline", ".aws/pipeline", ".aws/codepipeline")
USUAL_SUFFIXES = (".json", ".yml", ".yaml")
