"""Whether a build has a cache, and which: the names it is looked up and kept by. Pure."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan


def why_none(plan: BuildPlan) -> tuple[str, ...]:
    """
    Give the log's lines about a build without a cache; () for one that has one.

    Source: logs of the service; user guide, "Cache builds": the default is no cache.
    """
    if not plan.cache_paths:
        return (
            "Cache is not defined in the buildspec",
            "Skip cache due to: no paths specified to be cached",
        )
    if plan.cache_type == "S3":
        return ()
    if plan.cache_type == "LOCAL":
        if "LOCAL_CUSTOM_CACHE" in plan.cache.modes:
            return ()
        return ("Skip cache due to: the project's modes have no LOCAL_CUSTOM_CACHE",)
    return ("Skip cache due to: the project's cache type is NO_CACHE",)


def has_cache(plan: BuildPlan) -> bool:
    """Tell whether anything is restored or saved."""
    return not why_none(plan)


def is_keyed(plan: BuildPlan) -> bool:
    """Tell whether entries have keys; local caches do not, and then there is one a project."""
    return plan.cache_type == "S3" and bool(plan.cache.key)


def plain_key(plan: BuildPlan) -> str | None:
    """Give the key where it is known before any shell runs; None where one must expand it."""
    if not is_keyed(plan):
        return ""
    return None if set("$`\\") & set(plan.cache.key) else plan.cache.key


def scope(plan: BuildPlan) -> str:
    """
    Give what an entry is looked up under, beside its key.

    Projects share keyed entries of one location, namespace and list of paths; what has no key is
    a project's own.
    Source: user guide, "Cache builds"; CodeBuild API, ``ProjectCache``.
    """
    if is_keyed(plan):
        parts = ["S3", plan.cache.location, plan.cache.namespace, *plan.cache_paths]
    elif plan.cache_type == "S3":
        parts = ["S3 archive", plan.cache.location, plan.cache.namespace, plan.project]
    else:
        parts = ["LOCAL", plan.project]
    return sha256(json.dumps(parts).encode()).hexdigest()
