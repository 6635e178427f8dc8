"""The delayed progress bar: when it is shown, and what it says of the time left."""

from zoo.training.callbacks import DelayedProgressBar


def test_a_delayed_bar_tells_the_time_left(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = DelayedProgressBar("picture")

    def shown(seconds, done):
        now[0] += seconds
        bar(done, 10_000)
        return capsys.readouterr().out

    assert shown(1, 100) == ""
    first = shown(9, 1000)  # 10 seconds for 1,000: 90 for the rest
    assert "1000/10000" in first
    assert "1:30" in first
    assert "10ms/picture" in first
    assert shown(5, 1500) == ""  # this is no terminal
    last = shown(85, 10_000)
    assert "10000/10000" in last
    assert "100s" in last
