from __future__ import annotations

import threading

from gemma_audio.sweep.background import Background

LONG = 60.0  # seconds after which a test gives up


def test_requests_that_come_meanwhile_become_one_and_none_waits() -> None:
    begun, go_on, done = threading.Semaphore(0), threading.Semaphore(0), list[int]()

    def work() -> None:
        begun.release()
        assert go_on.acquire(timeout=LONG)
        done.append(1)

    background = Background(work, lambda error: None)
    background.request()
    assert begun.acquire(timeout=LONG)
    for _ in range(5):
        background.request()
    assert done == [], "a request comes back while the work goes on"
    go_on.release()
    assert begun.acquire(timeout=LONG)
    go_on.release()
    background.close()
    assert len(done) == 2


def test_what_fails_is_told_and_tried_again() -> None:
    told, heard = list[BaseException](), threading.Semaphore(0)

    def work() -> None:
        raise SystemExit("a library gave up")

    def failed(error: BaseException) -> None:
        told.append(error)
        heard.release()

    background = Background(work, failed)
    for _ in range(2):
        background.request()
        assert heard.acquire(timeout=LONG)
    background.close()
    assert [str(error) for error in told] == ["a library gave up"] * 2


def test_nothing_is_begun_after_the_end() -> None:
    done: list[int] = []
    background = Background(lambda: done.append(1), lambda error: None)
    background.close()
    background.request()
    assert done == []
