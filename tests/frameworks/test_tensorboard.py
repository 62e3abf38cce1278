"""What is written for TensorBoard is recorded, whoever writes it."""

import pytest

from tests.frameworks.conftest import ALL, Run

WRITERS = [
    pytest.param("from torch.utils.tensorboard import SummaryWriter", marks=pytest.mark.environment(ALL)),
    "from tensorboardX import SummaryWriter",
]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("first", [True, False])
def test_every_kind_of_value_is_recorded(run: Run, writer: str, first: bool) -> None:
    script = """
    import numpy as np
    import matplotlib
    import matplotlib.pyplot as plt
    writer = SummaryWriter("logs/train")
    for step in range(2):
        writer.add_scalar("loss/train", 0.5 + step, step)
    writer.add_scalar("unstepped", 1.5)
    writer.add_scalar("unstepped", 2.5)
    writer.add_scalars("accuracy", {"train": 0.25, "test": 0.75}, 3)
    writer.add_histogram("weights", np.array([0.0, 0.1, 0.1]), 4)
    writer.add_image("picture", np.zeros((3, 8, 8), dtype=np.uint8), 5)
    writer.add_text("note", "hello *you*", 6)
    figure = plt.figure()
    plt.plot([1, 2])
    writer.add_figure("figure", figure, 7)
    writer.add_pr_curve("pr", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.8, 0.3]), 8, num_thresholds=5)
    writer.add_audio("sound", np.zeros(100, dtype=np.float32), 9, sample_rate=8000)
    writer.add_hparams({"lr": 0.125, "name": "a"}, {"final": 0.5})
    SummaryWriter("logs/validation").add_scalar("loss/train", 0.5, 0)
    writer.close()
    """
    packages = "" if "torch" in writer else "import sys; sys.modules['soundfile'] = None\n"
    without_sound = script.replace("writer.add_audio", "0 and writer.add_audio") if packages else script
    begin = f"{writer}\n" if first else ""
    calls = run(without_sound if first else f"\n    {writer}{without_sound}", before=begin)
    by_name = [call for call in calls if call[0] in ("report_scalar", "report_single_value", "connect")]
    assert by_name == [
        ["report_scalar", ["loss", "train", 0.5, 0], {}],
        ["report_scalar", ["loss", "train", 1.5, 1], {}],
        ["report_scalar", ["unstepped", "unstepped", 1.5, 0], {}],
        ["report_scalar", ["unstepped", "unstepped", 2.5, 1], {}],
        ["report_scalar", ["accuracy", "train", 0.25, 3], {}],
        ["report_scalar", ["accuracy", "test", 0.75, 3], {}],
        ["connect", [{"lr": 0.125, "name": "a"}, "TensorBoard"], {}],
        ["report_single_value", ["final", 0.5], {}],
        ["report_scalar", ["loss", "train (validation)", 0.5, 0], {}],
    ]
    rest = {call[1][0]: call for call in calls if call not in by_name}
    name, (_, _, counts), more = rest["weights"]
    assert (name, sum(counts), more["iteration"]) == ("report_histogram", 3, 4)
    assert len(more["xlabels"]) == len(counts)
    media = {
        title: (call[2]["iteration"], call[2]["file_extension"], call[2]["stream"][:8])
        for title, call in rest.items()
        if "stream" in call[2]
    }
    assert media.pop("sound", (9, ".wav", "52494646")) == (9, ".wav", "52494646")
    assert media == {"picture": (5, ".png", "89504e47"), "note": (6, ".txt", "hello *y"), "figure": (7, ".png", "89504e47")}
    name, (_, _, points), more = rest["pr"]
    assert (name, more["iteration"], more["xaxis"], points[0]) == ("report_scatter2d", 8, "recall", [1.0, 0.5])
    assert set(rest) <= {"weights", "picture", "note", "figure", "pr", "sound"}


@pytest.mark.parametrize("writer", WRITERS)
def test_embeddings_are_points_in_space(run: Run, writer: str) -> None:
    script = f"""
    {writer}
    import numpy as np
    directions = np.eye(8)[:3] * np.array([[4.0], [2.0], [1.0]])
    words = np.concatenate([directions, -directions])
    writer = SummaryWriter("logs")
    writer.add_embedding(words, metadata=[str(n) for n in range(6)], global_step=3, tag="words")
    flat, names = np.array([[1.0, 2.0], [3.0, 4.0], [np.nan, 0.0]]), [["a", "b"], ["c", "d"], ["e", "f"]]
    writer.add_embedding(flat, names, tag="flat", metadata_header=["x", "y"])
    writer.add_embedding(np.arange(15_000.0).reshape(3_000, 5), tag="many")
    writer.add_scalar("loss", 1.0, 0)
    writer.close()
    """
    calls = run(script)
    assert [call[0] for call in calls] == ["report_scatter3d"] * 3 + ["report_scalar"]
    (title, series, points), more = calls[0][1:]
    assert (title, series, more["iteration"], more["labels"], more["comment"]) == ("Embeddings", "words", 3, list("012345"), None)
    assert sorted(tuple(sorted(round(abs(x), 6) for x in point)) for point in points) == [(0, 0, size) for size in (1, 1, 2, 2, 4, 4)]
    assert (more["xaxis"], more["yaxis"], more["zaxis"]) == ("component 1", "component 2", "component 3")
    (_, series, points), more = calls[1][1:]
    assert (series, points, more["labels"], more["comment"]) == ("flat", [[1, 2, 0], [3, 4, 0]], ["a, b", "c, d"], "2 of 3 points")
    (_, series, points), more = calls[2][1:]
    assert (series, len(points), more["labels"], more["comment"]) == ("many", 1_000, None, "1000 of 3000 points")


def test_tags_are_grouped_as_the_logger_was_told(run: Run) -> None:
    script = """
    from tilth.sdk.logger import Logger
    from tensorboardX import SummaryWriter
    writer = SummaryWriter("logs")
    Logger.tensorboard_auto_group_scalars(True)
    writer.add_scalar("loss", 1.0, 0)
    Logger.tensorboard_auto_group_scalars(False)
    Logger.tensorboard_single_series_per_graph(True)
    writer.add_scalar("loss/train", 1.0, 0)
    """
    assert [args[:2] for _, args, _ in run(script)] == [["Scalars", "loss"], ["loss/train", "loss/train"]]
