"""Similarity against closed forms, and against SciPy and scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest

from snncore import similarity

RANDOM = np.random.default_rng(0)
ONE, OTHER = RANDOM.normal(size=(20, 7)), RANDOM.normal(size=(20, 5))
MIXED = ONE[:, :5] + 0.5 * OTHER


@pytest.mark.parametrize("measure", ["correlation", "cosine", "euclidean"])
def test_dissimilarities_are_scipys(measure: str) -> None:
    from scipy.spatial.distance import pdist, squareform

    metric = {"euclidean": "sqeuclidean"}.get(measure, measure)
    expected = squareform(pdist(ONE, metric)) / (ONE.shape[1] if measure == "euclidean" else 1)
    assert np.allclose(similarity.dissimilarities(ONE, measure), expected, atol=1e-12)


def test_dissimilarities_of_rows_whose_angles_are_known() -> None:
    rows = np.array([[1.0, 0, 0], [0, 2.0, 0], [3.0, 0, 0], [0, 0, -1.0]])
    cosines = similarity.dissimilarities(rows, "cosine")
    assert np.allclose(cosines, [[0, 1, 0, 1], [1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]])
    # A row of equal values has no shape to correlate, and is unlike all.
    still = similarity.dissimilarities([[1.0, 1], [0, 1], [1, 0]])
    assert np.allclose(still, [[0, 1, 1], [1, 0, 2], [1, 2, 0]])


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_rsa_is_scipys(method: str) -> None:
    from scipy import stats
    from scipy.spatial.distance import pdist

    correlate = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}[method]
    expected = correlate(pdist(ONE, "correlation"), pdist(MIXED, "correlation")).statistic
    assert similarity.rsa(ONE, MIXED, method=method) == pytest.approx(expected, abs=1e-12)
    assert expected > 0.1
    # Counts have ties.
    counts, others = (np.round(values) for values in (ONE, MIXED))
    expected = correlate(pdist(counts, "sqeuclidean"), pdist(others, "sqeuclidean")).statistic
    measured = similarity.rsa(counts, others, measure="euclidean", method=method)
    assert measured == pytest.approx(expected, abs=1e-12)


def test_rsa_does_not_see_a_rotation() -> None:
    turn, _ = np.linalg.qr(RANDOM.normal(size=(7, 7)))
    assert similarity.rsa(ONE, 3 * ONE @ turn, measure="euclidean") == pytest.approx(1.0)
    assert similarity.rsa(ONE, 3 * ONE @ turn, measure="cosine", method="cosine") == pytest.approx(
        1
    )
    assert similarity.rsa(ONE, OTHER) < 0.5


def test_canonical_correlations_are_those_of_scikit_learn() -> None:
    from sklearn.cross_decomposition import CCA

    model = CCA(5, scale=False, max_iter=5000, tol=1e-12).fit(ONE, MIXED)
    first, second = model.transform(ONE, MIXED)
    expected = [np.corrcoef(first[:, i], second[:, i])[0, 1] for i in range(5)]
    measured = similarity.canonical_correlations(ONE, MIXED)
    assert np.allclose(measured, np.sort(expected)[::-1], atol=1e-6)
    # A linear function of the other, with a mean of its own: all are 1.
    linear = ONE @ RANDOM.normal(size=(7, 4)) + 5
    assert np.allclose(similarity.canonical_correlations(ONE, linear), 1)
    # Two directions at a known angle.
    basis = np.linalg.qr(RANDOM.normal(size=(9, 3)) - 0.0)[0]
    basis -= basis.mean(0)
    basis = np.linalg.qr(basis)[0]
    turned = np.cos(0.4) * basis[:, :1] + np.sin(0.4) * basis[:, 1:2]
    assert similarity.canonical_correlations(basis[:, :1], turned) == pytest.approx([np.cos(0.4)])


def test_svcca_reduces_as_scikit_learn_does() -> None:
    from sklearn.decomposition import TruncatedSVD

    reduced = [TruncatedSVD(3, algorithm="arpack").fit_transform(x) for x in (ONE, MIXED)]
    expected = similarity.canonical_correlations(*reduced).mean()
    assert similarity.svcca(ONE, MIXED, components=3) == pytest.approx(expected, abs=1e-9)
    assert similarity.svcca(ONE, 2 * ONE @ np.diag([1.0] * 7)) == pytest.approx(1)
    # One large direction is all that 90 % of the squares need.
    large = np.outer(RANDOM.normal(size=20), RANDOM.normal(size=6)) * 100
    noisy = large + RANDOM.normal(size=(20, 6))
    first = np.linalg.svd(noisy)[0][:, 0]
    expected = abs(np.corrcoef(first, large[:, 0])[0, 1])
    assert similarity.svcca(noisy, large, share=0.9) == pytest.approx(expected, abs=1e-6)
    assert similarity.svcca(ONE, np.zeros((20, 3))) == 0


def test_regression_is_scikit_learns_ridge() -> None:
    from scipy import stats
    from sklearn.decomposition import TruncatedSVD
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import LeaveOneOut, cross_val_predict

    for components in (None, 3):
        parts = ONE
        if components:
            parts = TruncatedSVD(components, algorithm="arpack").fit_transform(ONE)
        predicted = cross_val_predict(Ridge(alpha=1.0), parts, MIXED, cv=LeaveOneOut())
        expected = [stats.pearsonr(predicted[:, i], MIXED[:, i]).statistic for i in range(5)]
        measured = similarity.regression(ONE, MIXED, components=components)
        assert np.allclose(measured, expected, atol=1e-9)
        assert max(expected) > 0.3


def test_regression_predicts_what_is_linear_and_no_noise() -> None:
    linear = ONE @ RANDOM.normal(size=(7, 3)) + 2
    assert (similarity.regression(ONE, linear, ridge=0.0, folds=5) > 0.999999).all()
    noise = np.random.default_rng(3).normal(size=(200, 4))
    layers = np.random.default_rng(4).normal(size=(200, 6))
    assert (np.abs(similarity.regression(layers, noise, folds=10)) < 0.3).all()
    assert similarity.regression(ONE, np.ones((20, 2)), folds=4).tolist() == [0, 0]
    same = similarity.regression(ONE, MIXED, folds=4, seed=2)
    assert np.array_equal(same, similarity.regression(ONE, MIXED, folds=4, seed=2))


def test_cka_is_the_formula_and_sees_no_rotation() -> None:
    n = len(ONE)
    middle = np.eye(n) - np.ones((n, n)) / n
    k, m = (middle @ x @ x.T @ middle for x in (ONE, MIXED))
    expected = np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))
    assert similarity.cka(ONE, MIXED) == pytest.approx(expected, abs=1e-12)
    turn, _ = np.linalg.qr(RANDOM.normal(size=(7, 7)))
    assert similarity.cka(ONE, 5 * ONE @ turn + 1) == pytest.approx(1)
    assert similarity.cka(ONE, np.ones((20, 2))) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: similarity.rsa(ONE, OTHER[:-1]), "20 and 19 stimuli"),
        (lambda: similarity.rsa(ONE, OTHER, method="kendall"), "no method 'kendall'"),
        (lambda: similarity.dissimilarities(ONE, "angle"), "no measure 'angle'"),
        (lambda: similarity.cka(ONE[:2], OTHER[:2]), "three stimuli or more"),
        (lambda: similarity.cka(ONE, np.full((20, 1), np.nan)), "not finite"),
        (lambda: similarity.svcca(ONE, OTHER, components=0), "0 components"),
        (lambda: similarity.regression(ONE, OTHER, folds=1), "1 folds of 20 stimuli"),
        (lambda: similarity.regression(ONE, OTHER, ridge=-1), "a ridge of -1"),
        (lambda: similarity.compare({"a": ONE}, {"b": OTHER}, "x"), "no metric 'x'"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
