"""No lease reaches past anything that stands behind it."""

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.face_lease import Standing, lease_at
from controller.domain.moment import DAY_MS, HOUR_MS
from mqtt.contract.containment import opens_without_face
from mqtt.contract.events import Direction, Method
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.records import AccessPointRecord, CredentialRecord

NOW = 1_795_000_000_000
ME = b"me------"
INSTANTS = st.integers(NOW - 3 * DAY_MS, NOW + 3 * DAY_MS)
METHODS = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)

records = st.builds(
    CredentialRecord,
    holder=st.just(ME),
    method=st.sampled_from([Method.QR, Method.FOB, Method.PIN]),
    levels=st.sampled_from([("a",), ("b",), ("a", "b")]),
    valid_from_ms=INSTANTS,
    valid_until_ms=INSTANTS,
)
held = st.dictionaries(st.binary(min_size=8, max_size=8), records, max_size=4)
points = st.dictionaries(
    st.sampled_from(["in-1", "in-2"]),
    st.sets(st.sampled_from(METHODS)).map(
        lambda some: AccessPointRecord("p", Direction.IN, (*some, Method.FACE))
    ),
    max_size=2,
)
standings = st.builds(
    Standing,
    holder=st.just(ME),
    access_points=st.sets(st.sampled_from(["in-1", "in-2"])).map(frozenset),
    given_at_ms=st.integers(NOW - 3 * DAY_MS, NOW),
    until_ms=INSTANTS,
    right_until_ms=st.none() | INSTANTS,
)


@given(standings, held, points)
def test_a_lease_reaches_no_further_than_what_stands_behind_it(
    standing: Standing,
    mine: dict[bytes, CredentialRecord],
    with_face: dict[str, AccessPointRecord],
) -> None:
    lease = lease_at(standing, mine, with_face, NOW)
    if lease is None:
        return
    named = mine[lease.credential]
    assert lease.from_ms <= NOW < lease.until_ms <= lease.from_ms + MAX_LEASE_MS
    assert lease.until_ms <= min(standing.until_ms, named.valid_until_ms)
    assert standing.right_until_ms is None or lease.until_ms <= standing.right_until_ms
    assert max(standing.given_at_ms, named.valid_from_ms) <= lease.from_ms
    assert named.method in {Method.QR, Method.FOB}
    assert standing.access_points >= set(with_face)
    assert all(opens_without_face(named, point, mine.values()) for point in with_face.values())


@given(standings, held, points, st.integers(1, 3 * DAY_MS))
def test_a_person_with_a_way_that_lasts_has_a_lease(
    standing: Standing,
    mine: dict[bytes, CredentialRecord],
    with_face: dict[str, AccessPointRecord],
    ms: int,
) -> None:
    lasting = CredentialRecord(ME, Method.FOB, ("a", "b"), 0, NOW + 10 * DAY_MS)
    place = {name: AccessPointRecord("p", Direction.IN, METHODS) for name in ("in-1", *with_face)}
    standing = Standing(ME, frozenset(place), standing.given_at_ms, NOW + 4 * DAY_MS)
    lease = lease_at(standing, mine | {b"lasting-": lasting}, place, NOW + ms)
    assert lease is not None
    assert lease.until_ms - (NOW + ms) >= 18 * HOUR_MS
