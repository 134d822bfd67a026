"""Topic filters agree with paho's matcher, and ACL text with what mosquitto's rules mean."""

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from mqtt.client.backoff import Backoff
from mqtt.client.filters import matches
from mqtt.client.stability import LIMIT, WINDOW_S, LossWindow

WORDS = st.sampled_from(["a", "b", "", "$SYS", "ac"])
TOPICS = st.lists(WORDS, min_size=1, max_size=5).map("/".join).filter(bool)
FILTERS = st.builds(
    lambda words, tail: "/".join([*words, *tail]),
    st.lists(st.one_of(WORDS, st.just("+")), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
).filter(bool)


@given(FILTERS, TOPICS)
def test_filters_match_as_in_paho(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)


def test_hash_also_matches_its_parent_and_hides_system_topics() -> None:
    assert matches("a/#", "a")
    assert matches("#", "a/b")
    assert not matches("#", "$SYS/broker")
    assert not matches("+/broker", "$SYS/broker")
    assert matches("$SYS/#", "$SYS/broker")
    assert not matches("a/+", "a")
    assert not matches("a/#/b", "a/x/b")


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_back_off_stays_between_floor_and_ceiling(attempt: int, draw: float) -> None:
    backoff = Backoff()
    delay_s = backoff.delay_s(attempt, draw)
    assert backoff.floor_s <= delay_s <= backoff.ceiling_s
    assert delay_s <= backoff.delay_s(attempt + 1, draw)


def test_ten_thousand_gates_do_not_come_back_together() -> None:
    backoff = Backoff()
    delays_s = sorted(backoff.delay_s(5, number / 10_000) for number in range(10_000))
    busiest = max(
        sum(1 for d in delays_s[i : i + 2000] if d < delays_s[i] + 1) for i in range(0, 10_000, 500)
    )
    assert busiest < 200


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40).map(sorted))
def test_unstable_is_reported_only_for_losses_close_together(times_s: list[float]) -> None:
    window = LossWindow()
    since_report: list[float] = []
    for now_s in times_s:
        since_report.append(now_s)
        window, report = window.after(now_s, taken_over=False)
        recent = [t for t in since_report if now_s - t < WINDOW_S]
        assert (report is not None) == (len(recent) >= LIMIT)
        if report is not None:
            assert report.window_s < WINDOW_S
            since_report.clear()
