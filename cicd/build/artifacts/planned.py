"""Which artifacts a build makes: what its buildspec defines, as far as somebody wants it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.plan import ArtifactPlan
from cicd.build.project import ProjectArtifacts

if TYPE_CHECKING:
    from cicd.build.plan import Wanted
    from cicd.build.spec import ArtifactsSpec, Buildspec


def plan_artifacts(spec: Buildspec, project: str, wanted: Wanted) -> tuple[ArtifactPlan, ...]:
    """
    Give the artifacts that are wanted and defined.

    Args:
        spec: What defines them.
        project: The project's name.
        wanted: What the project, or a pipeline's action, wants of them.

    Source: user guide, "artifacts"; CodePipeline user guide, "CodeBuild action": one output is
    the primary artifact, several are secondary ones of the same names, and a declared output
    that the buildspec does not make is no failure.
    """
    secondary = {artifact.identifier: artifact for artifact in spec.secondary_artifacts}
    if wanted.outputs is not None:
        outputs = wanted.outputs
        zipped = ProjectArtifacts(type="CODEPIPELINE", packaging="ZIP", name=project)
        if len(outputs) == 1:
            made = spec.artifacts
            if made is None or (not made.files and outputs[0] in secondary):
                made = secondary.get(outputs[0])
            return (_artifact(made, zipped, outputs[0]),) if made is not None else ()
        return tuple(
            _artifact(secondary[name], zipped, name) for name in outputs if name in secondary
        )
    if spec.artifacts is None or wanted.primary.type == "NO_ARTIFACTS":
        primary: tuple[ArtifactPlan, ...] = ()
    else:
        primary = (_artifact(spec.artifacts, wanted.primary, ""),)
    if not wanted.configured:
        return primary + tuple(
            _artifact(made, ProjectArtifacts(type="S3", name=name), name)
            for name, made in secondary.items()
        )
    known = {artifact.identifier: artifact for artifact in wanted.secondary}
    return primary + tuple(
        _artifact(made, known[name], name)
        if name in known
        else ArtifactPlan(
            identifier=name,
            output=name,
            name=name,
            problem=f"no secondary artifact with the identifier {name} in the project",
            problem_hint=f"add {{artifactIdentifier: {name}}} to 'secondaryArtifacts' in cicd.yml",
        )
        for name, made in secondary.items()
        # Where the project makes nothing at all, nothing is missing.
        if name in known or wanted.primary.type != "NO_ARTIFACTS"
    )


def _artifact(made: ArtifactsSpec, wanted: ProjectArtifacts, output: str) -> ArtifactPlan:
    evaluated = wanted.override_artifact_name and made.name is not None
    return ArtifactPlan(
        identifier=made.identifier,
        output=output,
        name=made.name if evaluated and made.name is not None else wanted.name,
        evaluate_name=evaluated,
        files=tuple(f.text for f in made.files),
        base_directory=made.base_directory or ".",
        exclude_paths=tuple(e.text for e in made.exclude_paths),
        discard_paths=made.discard_paths,
        enable_symlinks=made.enable_symlinks and wanted.packaging == "ZIP",
        packaging=wanted.packaging,
        path=wanted.path,
        namespace_type=wanted.namespace_type,
        s3_prefix=made.s3_prefix or "",
        problem="" if made.files else "no definition for primary artifacts in buildspec",
        problem_hint="" if made.files else "name its files: 'artifacts: {files: [...]}'",
        where=str(made.files[0].span) if made.files else "",
        base_where=str(made.base_directory_span),
    )
