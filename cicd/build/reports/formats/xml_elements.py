"""One pass over an XML file: elements as they begin and end, and nothing that expands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NoReturn
from xml.parsers import expat

from cicd.build.reports.model import MAX_READ, ReportUnreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_BYTES = 1024 * 1024 * 1024
MAX_DEPTH = 250
CHUNK = 1024 * 1024  # bytes
MAX_TOKEN = 16 * CHUNK  # bytes of one tag or comment


@dataclass(slots=True, eq=False)
class Element:
    """One element; ``text`` is its own, without that of the elements in it, once it ended."""

    name: str
    attributes: dict[str, str]
    parent: Element | None = None
    ended: bool = False
    pieces: list[str] = field(default_factory=list)
    size: int = 0  # characters in ``pieces``

    @property
    def text(self) -> str:
        """The text so far, without white space around it."""
        return "".join(self.pieces).strip()

    def get(self, attribute: str) -> str:
        """Give an attribute, or ""."""
        return self.attributes.get(attribute, "")

    def above(self, *names: str) -> Element | None:
        """Give the nearest element around this one that has one of these names."""
        element = self.parent
        while element is not None and element.name not in names:
            element = element.parent
        return element

    def around(self) -> Iterator[Element]:
        """Give the elements around this one, the nearest first."""
        element = self.parent
        while element is not None:
            yield element
            element = element.parent


def elements(file: BinaryIO, *roots: str) -> Iterator[Element]:
    """
    Give each element twice: when it begins, and, ``ended``, when it ends.

    Names come without their namespace. A document type may be named, as JaCoCo and Cobertura
    do; what it refers to is not loaded, and declarations inside the file are refused: nothing
    that writes reports needs them, and they are how a small file becomes a huge one.

    Args:
        file: Read a megabyte at a time; nothing of it is kept.
        roots: What the outermost element may be called.

    Raises:
        ReportUnreadable: It is no such file, with line and column.
    """
    reading = _Reading(expat.ParserCreate(namespace_separator="}"), roots)
    size = 0
    while True:
        chunk = file.read(CHUNK)
        size += len(chunk)
        if size > MAX_BYTES:
            raise ReportUnreadable("larger than 1 GiB")
        reading.feed(chunk)
        yield from reading.begun_or_ended()
        if not chunk:
            return


class _Reading:
    """The parser of one file, and what it has met since it was last asked."""

    def __init__(self, parser: expat.XMLParserType, roots: Collection[str]) -> None:
        self._parser = parser
        self._roots = roots
        self._open: Element | None = None
        self._depth = 0
        self._met: list[tuple[Element, bool]] = []
        self._silent = 0  # bytes since something was met
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk; an empty one is the end."""
        self._silent += len(chunk)
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as wrong:
            raise ReportUnreadable(
                expat.ErrorString(wrong.code), line=wrong.lineno, column=wrong.offset + 1
            ) from None
        except (LookupError, ValueError) as wrong:
            if isinstance(wrong, ReportUnreadable):
                raise
            # An encoding that the declaration names and Python does not know.
            raise self._wrong(str(wrong)) from None
        if self._silent > MAX_TOKEN:
            raise self._wrong("one tag is longer than 16 MiB")

    def begun_or_ended(self) -> Iterator[Element]:
        """Give what the last chunk held."""
        met, self._met = self._met, []
        for element, ended in met:
            element.ended = ended
            yield element

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._silent = 0
        name = name.rpartition("}")[2]
        if self._open is None and name not in self._roots:
            wanted = " or ".join(f"<{root}>" for root in self._roots)
            raise self._wrong(f"the root is <{name[:80]}>, not {wanted}")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(f"nested deeper than {MAX_DEPTH}")
        self._open = Element(name=name, attributes=attributes, parent=self._open)
        self._met.append((self._open, False))

    def _end(self, _: str) -> None:
        self._silent = 0
        assert self._open is not None, "the parser pairs them"
        self._met.append((self._open, True))
        self._open = self._open.parent
        self._depth -= 1

    def _text(self, data: str) -> None:
        self._silent = 0
        element = self._open
        if element is not None and element.size < MAX_READ:
            element.pieces.append(data[:MAX_READ])
            element.size += len(data)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, own: int) -> None:
        if own:
            raise self._wrong("a document type with declarations of its own is not accepted")

    def _entity(self, *_: object) -> NoReturn:
        raise self._wrong("a document type with declarations of its own is not accepted")

    def _wrong(self, why: str) -> ReportUnreadable:
        return ReportUnreadable(
            why,
            line=self._parser.CurrentLineNumber,
            column=self._parser.CurrentColumnNumber + 1,
        )
