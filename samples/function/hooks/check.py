"""
A hook of the deployment: it tries the new version, and reports how that went.

It speaks to AWS by the standard library, so that nothing need be installed; with boto3 it is
``boto3.client("lambda").invoke(…)`` and
``boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(…)``, unchanged.
"""

import json
import os
import urllib.request

FUNCTION, TARGET = "greet", "2"


def call(path, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    address = os.environ["AWS_ENDPOINT_URL"] + path
    asked = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked) as answer:
        return answer.headers.get("X-Amz-Function-Error"), json.load(answer)


def handler(event, context):
    path = f"/2015-03-31/functions/{FUNCTION}/invocations?Qualifier={TARGET}"
    error, said = call(path, {"name": "Ada"})
    print("version", TARGET, "says", said)
    good = error is None and said["greeting"].endswith("Ada")
    call(
        "/",
        {
            "deploymentId": event["DeploymentId"],
            "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
            "status": "Succeeded" if good else "Failed",
        },
        X_Amz_Target="CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus",
    )
