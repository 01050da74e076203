"""``cicd.yml``: what AWS keeps outside the documents, and what exists only here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.document.node import Node

FILE = "cicd.yml"


class Resources:
    """
    The resources of one project; none where there is no ``cicd.yml``.

    A pipeline that is kept in a file of its own is a scalar, under its path as written.
    Not a dataclass: those that read documents need not be loaded to say that there is none.
    """

    def __init__(
        self,
        *,
        root: Path,
        sections: Mapping[str, Mapping[str, Node]] = MappingProxyType({}),
        local: Node | None = None,
        check: Node | None = None,
    ) -> None:
        """
        Hold what was read.

        Args:
            root: The directory that paths in the file are relative to.
            sections: "projects", "reportGroups", "applications", "deploymentConfigs",
                "services", "pipelines": by name.
            local: What stands under ``local``.
            check: What stands under ``check``.

        """
        self.root = root
        self.sections = sections
        self.local = local
        self.check = check

    @classmethod
    def load(cls, directory: Path) -> Resources:
        """
        Read ``cicd.yml`` of a directory, if there is one.

        Raises:
            UsageError: It is called ``cicd.yaml``, which nobody would read.
            Unavailable: It cannot be read.
            DocumentError: It is not as it must be, with all that is wrong.
        """
        path = directory / FILE
        if not path.exists():
            if (directory / "cicd.yaml").exists():
                raise UsageError("'cicd.yaml' is not read", hint=f"rename it to '{FILE}'")
            return cls(root=directory)
        from cicd.document.resources_reader import read_resources

        sections, local, check = read_resources(path, FILE)
        return cls(root=directory, sections=sections, local=local, check=check)

    def beside(self, sections: Mapping[str, Mapping[str, Node]]) -> Resources:
        """
        Give these resources with those of a template beside them.

        What has a name in both is as it is here; so is each deployment group of an application.
        """
        from cicd.document.resources_reader import merged

        return Resources(
            root=self.root,
            sections=merged(self.sections, sections),
            local=self.local,
            check=self.check,
        )

    def section(self, section: str) -> Mapping[str, Node]:
        """Give the entries of a section ("projects", "pipelines", …) by name, in order."""
        return self.sections.get(section, MappingProxyType({}))

    def find(self, section: str, name: str) -> Node | None:
        """Give the entry of that name, exactly; ``None`` if there is none."""
        return self.section(section).get(name)

    def local_texts(self, key: str) -> Mapping[str, str]:
        """Give a mapping of texts that stands under ``local``; nothing where there is none."""
        entry = self.local.entries.get(key) if self.local is not None else None
        entries = entry.value.entries.values() if entry is not None else ()
        return MappingProxyType({each.key: each.value.text for each in entries})
