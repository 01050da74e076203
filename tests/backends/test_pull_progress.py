from cicd.backends.pull_progress import PullProgress


def test_layers_add_up_to_a_line_every_few_seconds():
    progress = PullProgress("app:1")
    steps = [
        (0.0, {"status": "Pulling from app", "id": "1"}, ""),
        (0.0, {"status": "Pulling fs layer", "id": "a"}, ""),
        (0.1, {"status": "Already exists", "id": "b"}, ""),
        (
            1.0,
            {
                "status": "Downloading",
                "id": "a",
                "progressDetail": {"current": 5_000_000, "total": 20_000_000},
            },
            "",
        ),
        (
            3.2,
            {
                "status": "Downloading",
                "id": "a",
                "progressDetail": {"current": 10_000_000, "total": 20_000_000},
            },
            "Pulling image app:1: 10 of 20 MB, 1 of 2 layers",
        ),
        (4.0, {"status": "Download complete", "id": "a"}, ""),
        (
            6.5,
            {"status": "Pull complete", "id": "a"},
            "Pulling image app:1: 20 of 20 MB, 2 of 2 layers",
        ),
        (9.9, {"status": "Status: Downloaded newer image for app:1"}, None),
    ]
    for now, step, expected in steps[:-1]:
        assert expected == progress.note(step, now)
    assert "Pulled image app:1: 2 layers, 20 MB" == progress.summary()
