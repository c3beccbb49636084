"""Scripts that the tool once judged falsely: correct ones stay right, broken ones stay wrong (see trials/README.md)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gradcheck import Report, check_script

from .folder_hash import unchanged_folder

TRIALS = Path(__file__).parent / "trials"

# Parameters, and the line of the loss that they are judged against.
RIGHT = {
    "actor_critic.py": (6, 34),
    "adam_on_l1.py": (4, 12),
    "advantages_in_batches.py": (4, 16),
    "averaged_weights.py": (6, 91),
    "bandit_baseline.py": (3, 42),
    "batchnorm_penalty_loop.py": (10, 139),
    "binary_addition.py": (3, 56),
    "bincount_bags.py": (4, 51),
    "bootstrapped_target.py": (4, 19),
    "carried_cell.py": (3, 59),
    "cells_of_dicts.py": (12, 23),
    "clipped_in_place.py": (5, 43),
    "clipped_one_weight.py": (4, 17),
    "clipped_policy.py": (5, 57),
    "clipped_weights.py": (2, 8),
    "clipped_weights_stored.py": (2, 8),
    "code_beside.py": (3, 30),
    "contrastive_diagonal.py": (4, 38),
    "convnet_from_scratch.py": (6, 140),
    "corridor_actor_critic.py": (6, 60),
    "decay_in_momentum.py": (6, 108),
    "decayed_lists.py": (6, 25),
    "density_taken_off.py": (1, 12),
    "doubling_squares.py": (4, 49),
    "episode_returns.py": (1, 27),
    "evaluated_before.py": (2, 17),
    "flat_theta_views.py": (1, 29),
    "functional_adam_policy.py": (4, 64),
    "gathered_passes.py": (2, 16),
    "gaussian_process.py": (3, 31),
    "gradient_reversal.py": (10, 43),
    "gravity_model.py": (4, 49),
    "integer_masks.py": (6, 57),
    "joined_parts.py": (6, 65),
    "late_report.py": (6, 44),
    "layerwise_rates.py": (4, 35),
    "layerwise_sums.py": (3, 16),
    "learned_slopes.py": (8, 40),
    "line_search.py": (1, 34),
    "lion_deconvolution.py": (6, 61),
    "maxout_grid.py": (12, 35),
    "mixture_density_adadelta.py": (10, 45),
    "moved_statistics.py": (4, 20),
    "number_in_array.py": (2, 26),
    "ordinal_rprop.py": (2, 30),
    "other_epsilon.py": (4, 35),
    "overlapping_pool.py": (9, 108),
    "pairs_in_turn.py": (2, 24),
    "penalised_adadelta.py": (2, 20),
    "penalties_beside.py": (4, 29),
    "physics_informed.py": (4, 36),
    "piecewise_rmsprop.py": (6, 44),
    "previous_iterate.py": (4, 24),
    "ratings_stopped_early.py": (4, 29),
    "regularised_layers.py": (6, 80),
    "repeated_hours.py": (4, 28),
    "root_mean_square.py": (4, 15),
    "root_reported.py": (4, 14),
    "rowwise_adagrad.py": (2, 46),
    "running_globals.py": (4, 38),
    "sharpness_aware.py": (6, 17),
    "sharpness_in_place.py": (4, 8),
    "sharpness_restored.py": (4, 10),
    "shrunk_noisy_centred.py": (12, 14),
    "spectrum_bands.py": (4, 36),
    "state_space.py": (5, 34),
    "stepped_copies.py": (2, 17),
    "strided_residual.py": (8, 88),
    "sum_of_means.py": (2, 18),
    "svm_margin_decay.py": (1, 13),
    "target_network.py": (4, 15),
    "terms_never_added.py": (10, 45),
    "transformer_adamw.py": (16, 79),
    "trust_ratios.py": (5, 48),
    "unreported_penalties.py": (4, 14),
    "value_engine.py": (6, 27),
    "warmed_up_vae.py": (1, 30),
    "wasserstein_clip.py": (4, 74),
    "weight_norm_triplet.py": (6, 71),
    "weighted_fraud.py": (1, 35),
    "whole_loss_in_place.py": (1, 11),
    "widened_weights.py": (2, 19),
    "word_vectors.py": (1, 119),
}

# Names of the wrong parameters (without a container where that is enough), of the right ones, and the first error.
WRONG = {
    "bad_average_pool.py": ("kernels kbias", "w b", ("wrong-constant-factor", 77)),
    "bad_batchnorm_mean.py": ("W1 b1", "gamma beta W2 b2", ("normalization-backward", 34)),
    "bad_dropout_scale.py": ("W1 b1", "W2 b2 W3 b3", ("dropout-backward", 76)),
    "bad_duplicate_words.py": ("E", "W b v c", ("lost-duplicate-index", 67)),
    "bad_elu_point.py": ("pesi[0] soglie[0] pesi[1] soglie[1]", "pesi[2] soglie[2]", ("derivative-at-wrong-point", 44)),
    "bad_error_through_sigmoid.py": ("into", "out", ("missing-activation-derivative", 17)),
    "bad_hinge_counts.py": ("W", "", ("gradient-mismatch", 20)),
    "bad_layernorm_twice.py": ("mid n1 in", "out n2", ("normalization-backward", 31)),
    "bad_missing_ridge.py": ("W_out", "b_out", ("regularization-gradient", 62)),
    "bad_ode_identity.py": ("W1 b1 W2 b2", "", ("gradient-mismatch", 52)),
    "bad_pairs_in_turn.py": ("near", "far", ("missing-term", 25)),
    "bad_penalties_push.py": ("A D", "B C", ("regularization-gradient", 37)),
    "bad_penalty_factor.py": ("W", "b", ("regularization-gradient", 56)),
    "bad_penalty_halved.py": ("A C", "B D", ("regularization-gradient", 38)),
    "bad_pooled_mean.py": ("stem bstem c1 bc1 c2 bc2", "fc bfc", ("wrong-constant-factor", 65)),
    "bad_sharpness.py": ("params['W1'] params['b1']", "params['W2'] params['b2']", ("gradient-mismatch", 21)),
    "bad_shifted_index.py": (
        " ".join(f"network[0][{unit}]['weights']" for unit in range(5)),
        " ".join(f"network[1][{unit}]['weights']" for unit in range(3)),
        ("gradient-mismatch", 37),
    ),
    "bad_skip_lost.py": ("emb", "gain shift up out", ("missing-term", 27)),
    "bad_slope_of_activation.py": ("syn0", "syn1", ("derivative-at-wrong-point", 46)),
    "bad_stale_cells.py": (
        " ".join(f"front[{unit}]['w'] front[{unit}]['t']" for unit in range(4)) + " cell['w'] front[4]['t']",
        "back['w'] back['t']",
        ("stale-weights", 29),
    ),
    "bad_stale_numbers.py": ("pesos_ocultos", "pesos_saida", ("stale-weights", 57)),
    "bad_stale_q.py": ("W1 b1", "W2 b2", ("stale-weights", 59)),
    "bad_policy_derivative.py": ("w1 b1", "w2 b2", ("wrong-activation-derivative", 20)),
    "bad_two_heads.py": ("W_shared b_shared", "W_angle b_angle W_road b_road", ("missing-term", 54)),
    "bad_weighted_classes.py": ("W1 b1", "W2 b2", ("missing-activation-derivative", 18)),
}


@cache
def listened_to(name: str) -> tuple[Report, list[tuple[str, int]]]:
    """A script's report, and parameter and step of each gradient that a hook heard of."""
    heard: list[tuple[str, int]] = []
    hook = lambda parameter, gradient, batch_size, step: heard.append((parameter, step))  # noqa: E731
    return check_script(TRIALS / name, hooks=[hook], timeout=120), heard


# Everything climbs a scalar above zero that no formula shows to be a loss: on purpose, and by mistake.
CLIMBED = ("climbed_reward.py", "bad_generator_sign.py", "bad_climbed_classes.py")


# Correct scripts whose loss is not seen in the step, and which of their parameters are right all the same.
UNJUDGED = {"heads_without_loss.py": "w['val'] w['base']", "filled_parts.py": ""}


# Broken ones whose mistake may be meant: what stands still, and the line of the warning.
STILL = {"bad_bias_left_out.py": ("net.offs[1]", 40)}


@pytest.mark.parametrize("name", RIGHT)
def test_a_correct_script_is_right(name: str) -> None:
    count, line = RIGHT[name]
    with unchanged_folder(TRIALS):
        report = check_script(TRIALS / name, timeout=120)
    assert [(p.name, p.verdict, p.reason) for p in report.parameters if not p.verdict.startswith("right")] == []
    assert [(f.rule, f.line) for f in report.findings if f.severity != "note"] == []
    assert (len(report.parameters), report.trainings[0].loss.line) == (count, line)


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_script_is_wrong_where_it_is(name: str) -> None:
    wrong, right, first = WRONG[name]
    report, _ = listened_to(name)
    short = {p.name: p.name.rpartition(".")[2].split("'")[-2 if "'" in p.name else 0] for p in report.parameters}
    verdicts = {p.name if "'" in wrong else short[p.name]: p.verdict for p in report.parameters}
    assert {n for n, v in verdicts.items() if v == "wrong"} == set(wrong.split())
    assert {n for n, v in verdicts.items() if v.startswith("right")} == set(right.split())
    errors = [(f.rule, f.line) for f in report.findings if f.severity == "error"]
    assert errors[:1] == [first]


def test_one_mistake_that_several_layers_share_is_one_finding() -> None:
    report, _ = listened_to("bad_layernorm_twice.py")
    (found,) = [f for f in report.findings if f.severity == "error"]
    assert set(found.parameters) == {p.name for p in report.parameters if p.verdict == "wrong"}
    assert len(found.parameters) == 6


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_cannot_be_judged_brings_no_error(name: str) -> None:
    report = check_script(TRIALS / name)
    assert [p.name for p in report.parameters if p.verdict.startswith("right")] == UNJUDGED[name].split()
    assert {p.verdict for p in report.parameters} <= {"right", "right_up_to_scale", "not_judged"}
    assert [f.rule for f in report.findings if f.severity != "note"] == []


@pytest.mark.parametrize("name", CLIMBED)
def test_what_may_be_climbed_on_purpose_is_a_warning(name: str) -> None:
    report = check_script(TRIALS / name)
    assert {p.verdict for p in report.parameters} <= {"right", "right_up_to_scale"}
    told = [(f.rule, f.severity) for f in report.findings if f.severity != "note"]
    assert told == [("sign-flipped-update", "warning")]
    on_purpose = check_script(TRIALS / name, maximize=True)
    assert [f for f in on_purpose.findings if f.severity != "note"] == []


@pytest.mark.parametrize("name", STILL)
def test_what_stands_still_is_a_warning_and_the_others_are_right(name: str) -> None:
    report = check_script(TRIALS / name)
    still, line = STILL[name]
    assert [p.name for p in report.parameters if not p.verdict.startswith("right")] == [still]
    told = [(f.rule, f.severity, f.line, f.parameters) for f in report.findings if f.severity != "note"]
    assert told == [("parameter-not-updated", "warning", line, [still])]


def test_steps_that_change_the_size_of_a_parameter_are_told() -> None:
    report = check_script(TRIALS / "widened_weights.py")
    told = [(n.what, n.why) for n in report.not_checked]
    why = "its shape goes from () to (5,) by broadcasting; the steps after that are judged"
    assert told == [("the first step of line.slope", why)]


def test_every_script_is_in_a_table() -> None:
    assert {p.name for p in TRIALS.glob("*.py")} == {*RIGHT, *WRONG, *CLIMBED, *UNJUDGED, *STILL}


def test_where_a_script_runs_twice_the_hooks_hear_of_each_step_once() -> None:
    report, heard = listened_to("bad_missing_ridge.py")
    assert len(report.trainings) == 2 and "ended early" not in " ".join(report.changed)  # the reservoir ran to its end
    assert {name for name, _ in heard} >= {"W_out", "b_out"} and len(heard) == len(set(heard))
