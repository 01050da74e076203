"""Conditions to be tried."""

from tests.pipeline.documents import Part


def rule(provider="VariableCheck", name="IsIt", configuration=None, **more) -> Part:
    return {
        "name": name,
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration or {},
        **more,
    }


def equal(one, other, name="IsIt") -> Part:
    return rule(name=name, configuration={"Variable": one, "Value": other, "Operator": "EQ"})


HOLDS = equal("a", "a")
FAILS = equal("a", "b")


def gate(result, *rules) -> Part:
    return {"conditions": [{"result": result, "rules": list(rules)}]}
