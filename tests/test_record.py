"""What a value promises, whoever makes its methods."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field

import pytest

from cicd.record import OFTEN, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The one of cicd."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict, compare=False)
    name: str = field(default="secret", repr=False)
    total: int = field(init=False, default=0)

    def __post_init__(self):
        object.__setattr__(self, "total", self.x + self.y)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The same, of the standard library."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict, compare=False)
    name: str = field(default="secret", repr=False)
    total: int = field(init=False, default=0)

    def __post_init__(self):
        object.__setattr__(self, "total", self.x + self.y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Often:
    """The one of cicd, with the ``__init__`` of its own that a class made often gets."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict, compare=False)
    name: str = field(default="secret", repr=False)
    total: int = field(init=False, default=0)

    def __post_init__(self):
        object.__setattr__(self, "total", self.x + self.y)


for _ in range(OFTEN):
    Often(x=0)

BOTH = pytest.mark.parametrize("cls", [Point, Often, Standard])


@BOTH
def test_it_is_made_by_keywords_with_defaults(cls):
    made = cls(x=1, tags=("a",))
    assert (1, 0, ("a",), {}, 1) == (made.x, made.y, made.tags, made.seen, made.total)
    assert cls(x=1).seen is not cls(x=1).seen


@BOTH
@pytest.mark.parametrize("given", [{}, {"x": 1, "z": 2}, {"x": 1, "total": 2}])
def test_it_takes_what_it_declares_and_nothing_else(cls, given):
    with pytest.raises(TypeError):
        cls(**given)
    with pytest.raises(TypeError):
        cls(1)


@BOTH
def test_it_cannot_be_changed(cls):
    made = cls(x=1)
    with pytest.raises(FrozenInstanceError):
        made.x = 2
    with pytest.raises(FrozenInstanceError):
        del made.x
    with pytest.raises((AttributeError, TypeError)):  # TypeError: a flaw of Python 3.11
        made.z = 2


@BOTH
def test_it_is_equal_by_its_fields_and_its_class(cls):
    assert cls(x=1) == cls(x=1, seen={"a": 1})
    assert hash(cls(x=1)) == hash(cls(x=1, seen={"a": 1}))
    assert cls(x=1) != cls(x=2)
    assert Point(x=1) != Standard(x=1)


@BOTH
def test_it_shows_its_fields(cls):
    assert f"{cls.__name__}(x=1, y=0, tags=(), seen={{}}, total=1)" == repr(cls(x=1))


@BOTH
def test_the_functions_of_dataclasses_work(cls):
    made = cls(x=1)
    assert dataclasses.is_dataclass(cls)
    assert 5 == dataclasses.replace(made, y=4).total
    assert ["x", "y", "tags", "seen", "name", "total"] == [f.name for f in dataclasses.fields(cls)]
    assert 1 == dataclasses.asdict(made)["x"]


@BOTH
def test_it_can_be_copied_and_pickled(cls):
    made = cls(x=1, tags=("a",))
    assert made == copy.deepcopy(made) == copy.copy(made) == pickle.loads(pickle.dumps(made))


def test_what_is_no_plain_value_is_left_to_the_standard_library():
    @dataclass(slots=True)
    class Mutable:
        x: int

    made = Mutable(1)
    made.x = 2
    assert Mutable(2) == made


def test_a_class_that_is_made_often_has_an_init_of_its_own():
    assert Often.__init__ is not Point.__init__
