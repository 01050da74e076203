"""The function that is deployed: what version 1 says, and version 2 will say differently."""

import os

GREETING = os.environ.get("GREETING", "Hello")


def handler(event, context):
    name = event.get("name", "world")
    return {"greeting": f"{GREETING}, {name}", "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}
