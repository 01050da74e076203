"""The cache of one build: found before its session is made, restored in it, saved out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from cicd.build.cache.identity import is_keyed, plain_key, scope
from cicd.build.cache.layers import Layers, layers
from cicd.build.cache.selection import ROOT, SOURCE, find_files, is_file
from cicd.build.plan import BuildPlan
from cicd.build.shell.script import expand, names_in, value_of
from cicd.build.shell.shell import BuildShell
from cicd.errors import CicdError
from cicd.ports import CacheStore, Mount, MountMode
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.ports import CacheEntry, Environment

_ASKED = "DOWNLOAD_SOURCE/cache"  # asked again, a session gives the answer of the first time


def with_cache(plan: BuildPlan, environment: Environment, caches: CacheStore) -> Environment:
    """
    Let the session look through the cache where it is known before the session is.

    Nothing is copied then: the session sees the entry, and writes elsewhere.
    """
    key = plain_key(plan)
    entry = None if key is None else caches.find(scope(plan), key)
    if entry is None or layers(plan, entry) == Layers():
        return environment
    caches.hold(entry, plan.uuid)
    found = layers(plan, entry)  # again: somebody may have been removing it just now
    primary, *others = environment.mounts
    outside = (
        Mount(name=f"cache-{n}", source=tree, mode=MountMode.COPY_ON_WRITE, place=place)
        for n, (place, tree) in enumerate(found.places.items(), start=1)
    )
    mounts = (replace(primary, layer=found.source), *others, *outside)
    return replace(environment, mounts=mounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCache:
    """
    Restores and saves. Trouble is a line that is told: a cache never fails a build.

    ``say`` writes lines to the build's log; ``tell`` those that people should see, too.

    Source: user guide, "Cache builds"; what it does not say is told in docs/caches.md.
    """

    plan: BuildPlan
    shell: BuildShell
    caches: CacheStore
    say: Callable[..., None]
    tell: Callable[..., None]

    def restore(self) -> None:
        """Put the files of the best entry where they were."""
        try:
            self._restore()
        except (CicdError, OSError) as problem:
            self.tell(f"Unable to download cache: {_words(problem)}")

    def save(self) -> None:
        """Keep the files, unless the key has an entry already."""
        try:
            self._save()
        except (CicdError, OSError) as problem:
            self.tell(f"Unable to upload cache: {_words(problem)}")

    def _restore(self) -> None:
        paths = self._paths(self.say)
        self.say(*(f"Expanded cache path {path}" for path in paths))
        # Asked for in any case: saving means the key that was right before the commands ran.
        keys, unusable = self._keys()
        if unusable:
            self.tell(f"Skip cache due to: {unusable}")
        if unusable or self.plan.cache.action == "save":
            return
        held = self.caches.held(self.plan.uuid)
        entry = held or self._best(keys)
        kind = self.plan.cache_type
        self.say("Downloading S3 cache..." if kind == "S3" else "Looking for a local cache...")
        if entry is None:
            self.say("No cache found")
            return
        self.say("Unarchiving cache...")
        session = self.shell.session
        seen = layers(self.plan, entry) if held else Layers()
        if seen.source is None and (entry.tree / SOURCE).is_dir():
            session.copy_in(entry.tree / SOURCE, session.places["src"])
        if not seen.places and (entry.tree / ROOT).is_dir() and not self._shares_root():
            session.copy_in(entry.tree / ROOT, "/")
        under = f" under the key {entry.key}" if entry.key else ""
        self.say(f"Restored {entry.files} file(s) of {entry.created_at:%Y-%m-%d %H:%M:%S}{under}")

    def _save(self) -> None:
        keys, unusable = self._keys()
        if unusable:  # as was told when it was not restored
            return
        here = scope(self.plan)
        if is_keyed(self.plan) and self.caches.find(here, keys[0]) is not None:
            self.say(f"Cache already exists for the key {keys[0]}: nothing is saved")
            return
        session = self.shell.session
        found = find_files(session, self._paths(self.tell))
        if self._shares_root() and found[ROOT]:
            self.tell("Paths outside the source are not cached by the host runner")
            found[ROOT] = {}
        if not any(found.values()):
            self.tell("No files match the cache paths: nothing is saved")
            return
        image, name = self.plan.image, self.plan.project
        with self.caches.writing(here, keys[0], name, image=image) as tree:
            for part, files in found.items():
                if not files:
                    continue
                (tree / part).mkdir(mode=0o755)
                base = session.places["src"] if part == SOURCE else "/"
                plain = [path for path, entry in files.items() if entry.link is None]
                session.copy_out(base, plain, tree / part)
                for path, entry in files.items():
                    if entry.link is not None:
                        link = tree / part / path
                        link.parent.mkdir(parents=True, exist_ok=True)
                        link.symlink_to(entry.link)
        total = sum(map(len, found.values()))
        self.say(f"Saved {total} file(s)" + (f" under the key {keys[0]}" if keys[0] else ""))

    def _paths(self, report: Callable[..., None]) -> list[str]:
        """
        Give the paths with their variables' values, less those that cannot be cached.

        ``report`` writes which those are, and what is not set.
        """
        written = self.plan.cache_paths
        names = tuple(dict.fromkeys(name for path in written for name in names_in(path)))
        answers = self._ask("paths", [value_of(n) for n in names]) if names else []
        values = {name: a[1:] for name, a in zip(names, answers, strict=True) if a}
        report(*(f"Cache paths: the variable {n} is not set" for n in names if n not in values))
        paths = [path for path in (expand(path, values) for path in written) if path.strip()]
        if self.plan.cache_type != "LOCAL":
            return paths
        files = [path for path in paths if is_file(self.shell.session, path)]
        report(
            *(
                "Unable to initialize cache download: only directories can be cached locally: "
                f"{path}"
                for path in files
            )
        )
        return [path for path in paths if path not in files]

    def _keys(self) -> tuple[Sequence[str], str]:
        """Give the key and the fallback keys, expanded, and why they cannot be used."""
        if not is_keyed(self.plan):
            return ("",), ""
        cache = self.plan.cache
        keys = self._ask("keys", [cache.key, *cache.fallback_keys])
        _, redactor = self.shell.values()
        if any(redactor.redact(key) != key for key in keys):
            return keys, "its key holds a secret"
        return keys, "" if keys[0].strip() else f"the key {cache.key} is empty"

    def _ask(self, what: str, texts: list[str]) -> list[str]:
        """Ask once for the same texts; a buildspec that was read again may have others."""
        digest = sha256("\0".join(texts).encode()).hexdigest()
        return self.shell.ask(f"{_ASKED}/{what}/{digest[:8]}", texts)

    def _best(self, keys: Sequence[str]) -> CacheEntry | None:
        here = scope(self.plan)
        entry = self.caches.find(here, keys[0])
        for prefix in keys[1:]:
            if entry is None and prefix:
                entry = self.caches.find(here, prefix, exact=False)
        return entry

    def _shares_root(self) -> bool:
        """Tell whether absolute paths are this machine's own files, which nobody may replace."""
        return self.plan.runner == "host"


def _words(problem: CicdError | OSError) -> str:
    return problem.message if isinstance(problem, CicdError) else str(problem)
