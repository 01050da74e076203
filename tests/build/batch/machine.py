"""Batch plans whose builds have nothing to do, for playing their process."""

from dataclasses import replace
from datetime import timedelta

from cicd.build.batch.plan import BatchNode, BatchPlan
from tests.build.machine import NOW
from tests.build.machine import plan as build_plan


def node(identifier, *depends_on, **more):
    build = replace(build_plan(), build_id=f"app:{identifier}", batch_identifier=identifier)
    return BatchNode(identifier=identifier, build=build, depends_on=depends_on, **more)


def batch(*nodes, **more):
    given = {
        "batch_id": "app:0",
        "number": 1,
        "project": "app",
        "account": "123456789012",
        "region": "us-east-1",
        "created": NOW,
        "kind": "build-graph",
        "timeout": timedelta(hours=8),
        "initiator": "tester",
    }
    return BatchPlan(**{**given, "nodes": nodes, **more})
