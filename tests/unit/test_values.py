"""Values: what the library's dataclasses promise, kept for less."""

import dataclasses

import pytest

from tinysched.values import asdict, dataclass, field, fields, prepare, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One value."""

    name: str
    number: int = 7
    notes: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        """A method goes with it."""
        return f"{self.name} {self.number}"


@dataclass(slots=True)
class Count:
    """One that changes."""

    number: int
    place: Place | None = None


def test_a_value_has_what_it_was_given_and_its_defaults():
    here, there = Place(name="here"), Place(name="there", number=1)
    assert (here.name, here.number, here.notes, here.title) == ("here", 7, {}, "here 7")
    assert here.notes is not there.notes
    assert Count(3, here).place is here
    assert repr(here) == "Place(name='here', number=7)"


@pytest.mark.parametrize("wrong", [{}, {"name": "a", "size": 1}])
def test_a_value_is_given_all_it_needs_and_no_more(wrong):
    with pytest.raises(TypeError, match=r"name|size"):
        Place(**wrong)
    with pytest.raises(TypeError, match="positional"):
        Place("here")


def test_a_frozen_value_stays_as_it_is():
    here = Place(name="here")
    with pytest.raises(dataclasses.FrozenInstanceError):
        here.name = "there"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del here.name
    count = Count(1)
    count.number += 1
    assert count == Count(2)
    with pytest.raises(AttributeError):
        count.other = 1


def test_values_with_the_same_fields_are_the_same():
    assert Place(name="a") == Place(name="a") != Place(name="b")
    assert len({(1, 2): Count(1), (1, 3): Count(2)}) == 2
    assert Count(1) != Place(name="a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Count(1))
    edges = [Edge(a=1), Edge(a=1), Edge(a=2)]
    assert len(set(edges)) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A key of a table."""

    a: int


def test_another_value_differs_in_what_is_named():
    here = Place(name="here", number=1)
    assert replace(here, number=2) == Place(name="here", number=2)
    assert here.number == 1
    assert asdict(Count(1, here)) == {
        "number": 1,
        "place": {"name": "here", "number": 1, "notes": {}},
    }
    assert [one.name for one in fields(Place)] == ["name", "number", "notes"]


def test_to_the_library_a_value_is_a_dataclass():
    here = Place(name="here", number=1)
    assert dataclasses.is_dataclass(here)
    assert dataclasses.replace(here, number=2).number == 2
    assert dataclasses.asdict(here) == asdict(here)
    assert [one.name for one in dataclasses.fields(Count)] == ["number", "place"]


def test_a_value_inherits_from_no_other():
    with pytest.raises(TypeError, match="inherits"):

        @dataclass(frozen=True, slots=True, kw_only=True)
        class _Longer(Place):
            length: int


def test_a_value_may_be_prepared_before_one_is_made():
    prepare(Prepared, Prepared)
    assert Prepared(a=3) == Prepared(a=3, b=2)
    prepare(Prepared)
    assert Prepared(a=4).b == 2


@dataclass(slots=True, kw_only=True)
class Prepared:
    """Its constructor is there before any value is."""

    a: int
    b: int = 2
