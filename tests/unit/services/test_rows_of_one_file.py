"""What the rows of one file say about each other: who is apart from whom, and what is the first of its person."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.application import Application, Texts, read_application, texts_of
from estudent.ports import Identity
from estudent.services.recognise import SharedValues, recognise
from estudent.services.same_file import Consistency, join, key_of, owner
from estudent.services.store_rows import Judged, of_different_people, parts_of
from tests.builders import TODAY, WORDS, a_pesel, a_row

ROW = a_row()
APPLICATION = read_application(ROW, WORDS, TODAY)
FEW = st.sampled_from([None, "1", "2", "3"])
IDENTITIES = st.lists(
    st.builds(
        Identity,
        candidate=st.sampled_from("12345678"),
        pesel=FEW,
        document=FEW,
        usos_id=st.sampled_from([None, 1, 2, 3]),
        album=FEW,
        account_number=FEW,
    ),
    max_size=12,
)


def judged(identity: Identity) -> Judged:
    assert isinstance(APPLICATION, Application)
    return Judged(ROW, "K1", APPLICATION, identity, b"")


def share_a_part(one: Judged, other: Judged) -> bool:
    pairs = zip(parts_of(one.identity), parts_of(other.identity), strict=True)
    return any(mine == theirs is not None for mine, theirs in pairs)


@given(IDENTITIES)
def test_rows_that_share_a_part_of_an_identity_come_in_their_order_and_no_later_than_they_must(
    identities: list[Identity],
) -> None:
    rows = [judged(identity) for identity in identities]
    groups = of_different_people(rows)
    place = {id(row): at for at, group in enumerate(groups) for row in group}
    for at, row in enumerate(rows):
        before = [place[id(other)] for other in rows[:at] if share_a_part(row, other)]
        assert place[id(row)] == 1 + max(before, default=-1)
    assert [id(row) for group in groups for row in group] == [
        id(row) for row in sorted(rows, key=lambda row: place[id(row)])
    ]


PEOPLE = st.sampled_from(
    [{"pesel": a_pesel(serial=1)}, {"pesel": a_pesel(serial=2)}, {"pesel": "", "document_number": "X1234"}]
)
SAID = st.builds(
    lambda candidate, programme, person, given_name: texts_of(
        a_row(candidate, 2, programme=programme, given_name=given_name, **person)
    ),
    st.sampled_from(["K1", "K2"]),
    st.sampled_from(["INF-S1", "MAT-S1"]),
    PEOPLE,
    st.sampled_from(["Anna", "Ewa", "An\x1fna"]),
)


@given(st.lists(SAID, max_size=4), st.lists(SAID, max_size=6), SAID)
def test_what_the_registry_knows_repeats_and_contradicts_as_any_other_row(
    held: list[Texts], earlier: list[Texts], said: Texts
) -> None:
    known = {key_of(texts): join(texts) for texts in held}
    quick, careful = Consistency(known), Consistency({})
    kept = set[str]()
    for line, texts in enumerate([*earlier, said], 2):
        joined, key, whose = join(texts), key_of(texts), owner(texts)
        assert quick.repeats(key, joined) == careful.repeats(key, joined)
        is_first = not careful.repeats(key, joined) and careful.contradiction(texts, key, whose) is None
        taken = quick.keep_known(line, texts, joined, whose=whose, row_hash=joined)
        assert is_first or not taken
        assert taken <= quick.knows(joined) == (joined in known.values())
        if is_first:
            kept.add(key)
            careful.keep(line, texts, joined, key=key, whose=whose, row_hash=joined)
        if is_first and not taken:
            quick.keep(line, texts, joined, key=key, whose=whose, row_hash=joined)
        assert quick.contradiction(said, key_of(said), owner(said)) == careful.contradiction(
            said, key_of(said), owner(said)
        )
    assert quick.absent() == known.keys() - kept
    assert quick.intakes == careful.intakes


NUMBERS = st.sampled_from(["", "100001", "55", "055", " 55 ", "PL 55", "٥٥", "7" * 5000])


@given(st.lists(st.tuples(st.sampled_from(["K1", "K2", "K3"]), NUMBERS, NUMBERS), max_size=6))
def test_whoever_is_told_to_share_nothing_at_a_quick_look_shares_nothing(rows: list[tuple[str, str, str]]) -> None:
    texts = [
        a_row(candidate, at, pesel=a_pesel(date(2007, 3, 1 + at), at), album_number=album, usos_id=usos)
        for at, (candidate, album, usos) in enumerate(rows, 2)
    ]
    shared = SharedValues.among(texts)
    for album, usos_id in ((None, 55), ("55", None), ("100001", 7), (None, None)):
        identity = Identity("K9", None, None, usos_id, album, None)
        told = recognise(identity, [], shared)
        faults = [
            shared.fault(part, str(value))
            for part, value in (("album", album), ("usos_id", usos_id))
            if value is not None
        ]
        assert told == next((fault for fault in faults if fault), None)
        assert shared.may_concern(identity) or told is None


def test_a_number_in_another_column_is_another_number() -> None:
    shared = SharedValues.among([a_row(f"K{at}", at, album_number="100001") for at in (2, 3)])
    assert shared.fault("album", "100001")
    assert recognise(Identity("K9", None, None, 100001, None, None), [], shared) is None
