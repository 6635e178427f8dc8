"""Points in the plane: the authors' scales, the same points every time, the sheets of them."""

import numpy as np
import pytest

import zoo
from zoo.data.sources import toy2d
from zoo.metrics import modes
from zoo.viz import sheet


@pytest.mark.parametrize("name", ["gaussians8", "gaussians25"])
def test_mixtures_have_their_modes(name):
    data = zoo.load_data("gan", name)
    train, _, labels = data.examples("train")
    assert train.shape == (100_000, 2)
    assert data.spec.modality == "points"
    centers, deviation = toy2d.MODES[name]
    counts = np.bincount(labels, minlength=len(centers))
    assert abs(counts / counts.mean() - 1).max() < 0.06
    off = train - centers[labels]
    np.testing.assert_allclose(off.std(axis=0), deviation, rtol=0.01)
    np.testing.assert_allclose(off.mean(axis=0), 0, atol=deviation / 50)
    test = data.examples("test")[0]
    covered, good, kl = modes.mode_coverage(test, centers, deviation)
    assert covered == len(centers)
    assert abs(good - (1 - np.exp(-4.5))) < 0.004  # of a Gaussian in the plane, within 3 deviations
    assert kl < 0.005
    # The test part is another draw.
    assert not set(map(bytes, test[:100])) & set(map(bytes, train[:100]))


def test_scales_are_the_authors():
    # gan_toy: the ring of radius 2 over 1.414, the grid of step 2 over 2.828, the roll over 7.5.
    np.testing.assert_allclose(np.linalg.norm(toy2d.MODES["gaussians8"][0], axis=1), 2 / 1.414)
    np.testing.assert_allclose(toy2d.MODES["gaussians25"][0].max(), 4 / 2.828)
    np.testing.assert_allclose(toy2d.MODES["gaussians8"][1], 0.02 / 1.414)
    np.testing.assert_allclose(toy2d.MODES["gaussians25"][1], 0.05 / 2.828)
    from sklearn.datasets import make_swiss_roll

    theirs = make_swiss_roll(20_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    ours = zoo.load_data("gan", "swiss_roll").examples("train", 20_000)[0]
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(np.cov(ours.T), np.cov(theirs.T), atol=0.03)
    roll = toy2d.swiss_roll(np.linspace(0, 1, 2000))
    for points in (ours, theirs):
        near = modes.near_curve(points, roll, toy2d.SWISS_ROLL_DEVIATION)
        assert abs(near - 0.683) < 0.02  # across the line they are normal


def test_the_sheet_shows_real_points_generated_ones_and_the_critic():
    data = zoo.load_data("wgan", "gaussians8")
    model = zoo.build("wgan", data, hidden=(16,))
    draw = sheet.Draw(model, data, None)
    before = draw()
    assert before.shape == (660, 660, 3)
    model.critic.trainable_variables[0].assign_add(
        np.random.RandomState(0).randn(2, 16).astype(np.float32)
    )
    with_another_critic = draw()
    assert (with_another_critic != before).mean() > 0.1
    model.generator.trainable_variables[-1].assign([0.5, 0.5])
    assert (draw() != with_another_critic).any()


@pytest.mark.parametrize(
    ("given", "num", "places", "rows", "columns"),
    [
        (None, 3, [0, 1, 2], None, None),
        (np.arange(2), 5, [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], 2),
        (np.zeros((17, 4)), 3, [0, 1, 2], [0, 1, 2], None),
    ],
)
def test_arrangement_is_a_column_a_class_and_a_row_a_latent(given, num, places, rows, columns):
    found = sheet.arrangement(given, num)
    np.testing.assert_array_equal(found[0], places)
    np.testing.assert_array_equal(found[1], rows) if rows else None
    assert found[2] == columns
