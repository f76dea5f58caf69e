"""The lease: one in control, for as long as it is heard from."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.lease import Lease

ALICE, BOB = b"alice", b"bob"


def test_one_at_a_time() -> None:
    lease = Lease(0.12)
    assert lease.take(ALICE, 0.0)
    assert not lease.take(BOB, 0.01)
    assert lease.held_by(ALICE)
    assert not lease.give(BOB)
    assert lease.give(ALICE)
    assert lease.take(BOB, 0.02)


def test_silence_ends_it_and_a_word_prolongs_it() -> None:
    lease = Lease(0.12)
    lease.take(ALICE, 0.0)
    lease.heard(ALICE, 0.1)
    assert lease.expire(0.2) is None
    assert lease.expire(0.221) == ALICE
    assert lease.holder is None
    assert lease.expire(9.0) is None


def test_nobody_is_in_control_with_an_empty_name() -> None:
    assert not Lease(0.12).held_by(b"")


actions = st.lists(
    st.tuples(
        st.sampled_from(["take", "heard", "give", "expire"]), st.sampled_from([ALICE, BOB]), st.floats(0, 0.2)
    )
)


@given(actions)
def test_control_is_never_without_a_recent_word_of_its_holder(
    happening: list[tuple[str, bytes, float]],
) -> None:
    lease, now, spoke = Lease(0.12), 0.0, {ALICE: -9.0, BOB: -9.0}
    for what, who, later in happening:
        now += later
        before = lease.holder
        if what == "take":
            if lease.take(who, now):
                spoke[who] = now
            assert lease.holder == (before or who)
        elif what == "heard":
            lease.heard(who, now)
            spoke[who] = now
        elif what == "give":
            lease.give(who)
        lease.expire(now)
        if lease.holder is not None:
            assert now - spoke[lease.holder] <= 0.12 + 1e-9
