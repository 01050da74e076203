"""What a build leaves behind: its artifacts, kept and delivered."""

from __future__ import annotations

import hashlib
from hashlib import file_digest
from typing import TYPE_CHECKING

from cicd.build.artifacts.delivery import deliver_zip, move_files
from cicd.build.artifacts.patterns import key, place
from cicd.build.artifacts.pick import NothingFound, Picker, unset
from cicd.build.plan import BuildPlan
from cicd.build.shell.script import expand
from cicd.engine.redaction import Redactor
from cicd.ports import ArtifactStore
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import ArtifactPlan
    from cicd.event import JSON
    from cicd.ports import Artifact, ArtifactFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects what one command of the build is after."""

    plan: BuildPlan
    picker: Picker
    artifacts: ArtifactStore
    redactor: Redactor

    def artifact(self, wanted: ArtifactPlan) -> dict[str, JSON]:
        """Pick the files of one artifact, keep them, deliver them; raises ``NothingFound``."""
        if wanted.problem:
            raise NothingFound(wanted.problem, hint=wanted.problem_hint)
        picker = self.picker
        texts = (wanted.base_directory, *wanted.files, *wanted.exclude_paths)
        values = picker.values(wanted.output or "primary", texts)
        base = expand(wanted.base_directory, values)
        patterns = [expand(pattern, values) for pattern in wanted.files]
        excludes = [expand(pattern, values) for pattern in wanted.exclude_paths]
        notes = unset(texts, values)
        try:
            choice = picker.choose(base, patterns, excludes, keep_links=wanted.enable_symlinks)
            if not choice.files:
                raise NothingFound("no matching artifact paths found")  # noqa: TRY301
        except NothingFound as problem:
            why = "\n".join([*notes, picker.why_nothing(base, patterns, excludes)])
            hint = self.redactor.redact(why)
            raise NothingFound(str(problem), hint=hint, base=problem.base) from None
        placed, clashes = place(choice.files, discard_paths=wanted.discard_paths)
        same = [f"several files are called {name}: the last one is taken" for name in clashes]
        picker.say(*notes, *same)
        with picker.out(placed, choice.links) as files:
            kept = self.artifacts.put(files)
            name = wanted.name
            if wanted.evaluate_name:
                (name,) = picker.ask(f"{wanted.output or 'primary'}/name", [wanted.name])
            location = self._deliver(wanted, name, kept, files)
        # The service gives sums of zips only; what is kept here is one in any case.
        sums: dict[str, JSON] = {}
        if wanted.packaging == "ZIP":
            with self.artifacts.path(kept).open("rb") as packed:
                md5 = file_digest(packed, lambda: hashlib.md5(usedforsecurity=False))
            sums = {"md5": md5.hexdigest()}
        return {
            **sums,
            "output": wanted.output,
            "identifier": wanted.identifier,
            "name": self.redactor.redact(name),
            "packaging": wanted.packaging,
            "digest": kept.digest,
            "size": kept.size,
            "files": kept.files,
            "location": self.redactor.redact(location),
            "notes": [self.redactor.redact(n) for n in (*notes, *choice.skipped, *same)],
        }

    def _deliver(
        self, wanted: ArtifactPlan, name: str, kept: Artifact, files: Sequence[ArtifactFile]
    ) -> str:
        """Put the artifact where the user wants it, too; gives the place or ""."""
        if self.plan.artifacts_directory is None:
            return ""
        below = key(
            name,
            packaging=wanted.packaging,
            path=wanted.path,
            namespace=wanted.namespace_type,
            build_uuid=self.plan.uuid,
            s3_prefix=wanted.s3_prefix,
        )
        there = self.plan.artifacts_directory / below
        if wanted.packaging == "ZIP":
            deliver_zip(kept, self.artifacts, there)
        else:
            move_files(files, there)
        return str(there)
