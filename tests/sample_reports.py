"""Reports made by hand, for the renderers. The sources they speak of are written beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gradcheck.results import (
    Finding,
    Fix,
    Loss,
    NotChecked,
    Outcome,
    Parameter,
    Report,
    Span,
    Training,
)

SCRIPT = {"path": "model.py", "python_source": "own"}

CONVOLUTION = """\
layer_2_delta = (labels[batch_start:batch_end]-layer_2) / (batch_size*layer_2.shape[0])
layer_1_delta = layer_2_delta.dot(weights_1_2.T)
layer_1_delta *= mask
weights_1_2 += alpha*layer_1.T.dot(layer_2_delta)
l1d_reshape = layer_1_delta.reshape(kernel_output.shape)
k_update = flattened_input.T.dot(l1d_reshape)
kernels -= alpha*k_update
"""

DOUBLED = """\
def cost(y, y_pred):
    return -np.sum(y * np.log(y_pred))

def fit(self):
        delta[-1] = (Y - a[-1]) * softmax_derivative(Z[-1])
"""

LONG = """\
        activations[i] = np.empty((len(inputOutputBatch),self.network.activations[i].shape[0],self.network.extra[i]))
        for l in range(1,len(activations)): #creation of activation tensor as explained before
            self.gradientToWeights[i] = np.einsum('ijk,ilm->ijl',self.gradientToBias[i],activations[i-1])
"""

HOSTILE = """\
for i in order: W[i] = W[i] + lr * g[h[dim]] + x[/i] + ":cat:" + "[bold]"
\t重み = 重み - 学習率 * 勾配  # 日本語
s = "\x1b[31mred\x07"
"""


def between(source: str, line: int, piece: str, label: str = "", file: str = "model.py") -> Span:
    """The span of ``piece`` on a line of ``source``."""
    column = source.split("\n")[line - 1].index(piece) + 1
    return Span(file, line, column, line, column + len(piece), label)


def finding(source: str, line: int, piece: str, *, rule: str, message: str, **rest: object) -> Finding:
    span = between(source, line, piece)
    place = {"file": span.file, "line": line, "column": span.column, "end_line": line, "end_column": span.end_column}
    return Finding(rule=rule, message=message, **{"severity": "error", **place, **rest})  # type: ignore[arg-type]


def empty() -> Report:
    return Report("not_judged", dict(SCRIPT), outcome=Outcome("finished"), seconds={"total": 0.1}, tool_version="0.1.0")


def uphill() -> Report:
    """The convolution whose second update climbs."""
    loss = Loss(
        "softmax cross-entropy",
        "inferred",
        "model.py",
        1,
        identified=True,
        witness="`labels - layer_2`, line 1, is exactly its derivative",
    )
    return Report(
        "errors",
        dict(SCRIPT),
        loss=loss,
        trainings=[Training(0, loss, "model.py", 1, 4, 128, 5760, 10144, "exact")],
        parameters=[
            Parameter(
                "weights_1_2",
                [10000, 10],
                "right_up_to_scale",
                line=4,
                relative_error=0.0,
                scale=0.01,
                direction="downhill",
                certificate=2e-9,
            ),
            Parameter(
                "kernels", [9, 16], "wrong", line=7, relative_error=0.5, scale=-0.4, direction="uphill", wrong_from=1
            ),
        ],
        findings=[
            finding(
                CONVOLUTION,
                7,
                "-=",
                rule="sign-flipped-update",
                message="this update moves kernels uphill",
                label="subtracts it again: uphill",
                parameter="kernels",
                related=[
                    between(
                        CONVOLUTION,
                        1,
                        "labels[batch_start:batch_end]-layer_2",
                        "target minus output: the minus sign is here",
                    ),
                    between(CONVOLUTION, 4, "+=", "adds it: downhill"),
                ],
                proof=[
                    "cosine between step and gradient   weights_1_2  -1.000000  downhill (line 4)",
                    "                                   kernels      +1.000000  uphill   (line 7)",
                ],
                effect="the dense layer still learns on random features, so accuracy climbs while the kernels drift "
                "away from the minimum",
                fix=Fix("", "+=", {"before": "kernels moves uphill", "after": "both steps descend"}),
            )
        ],
        changed=["random numbers were seeded with 0: the script sets no seed"],
        outcome=Outcome("finished"),
        seconds={"total": 0.9},
        tool_version="0.1.0",
    )


def doubled() -> Report:
    """Two spans on one line, and one in another function."""
    loss = Loss("cross-entropy", "own", "model.py", 2, "return -np.sum(y * np.log(y_pred))", identified=True)
    names = ["W[0]", "W[1]", "W[2]"]
    return Report(
        "errors",
        dict(SCRIPT),
        loss=loss,
        trainings=[Training(0, loss, "model.py", 5, 3, 60, 211, 7850, "exact")],
        parameters=[
            Parameter(name, [30, 10], "wrong", line=5, relative_error=error, direction="downhill", wrong_from=5)
            for name, error in zip(names, (0.913, 11.4, 0.0123), strict=True)
        ],
        findings=[
            finding(
                DOUBLED,
                5,
                "softmax_derivative(Z[-1])",
                rule="softmax-derivative-doubled",
                function="fit",
                message="the softmax derivative is applied a second time",
                label="extra factor",
                parameters=names,
                related=[
                    between(DOUBLED, 2, "-np.sum(y * np.log(y_pred))", "the loss: cross-entropy"),
                    between(DOUBLED, 5, "(Y - a[-1])", "already -dL/dZ[-1], exact to 2e-16"),
                ],
                proof=["delta[-1] = -dL/dZ[-1] * p(1-p)   in all 60 x 10 entries, to 2e-16"],
                effect="the gradients of all three layers turn by 23 degrees and shrink 11-fold.",
                fix=Fix("drop the factor", None, {"before": 0.913, "after": 0.0}),
            )
        ],
        outcome=Outcome("cut"),
        seconds={"total": 1.25},
        tool_version="0.1.0",
    )


def unwritten() -> Report:
    """Source lines that are longer than the screen."""
    return Report(
        "errors",
        dict(SCRIPT),
        findings=[
            finding(
                LONG,
                3,
                "activations[i-1]",
                rule="uninitialized-memory",
                label="reads activations[0] when i = 1",
                message="the gradient of the first layer is computed from memory nobody wrote",
                function="NeuralNetworkTrainer.batchBackPropagation",
                parameter="net.weights[1]",
                related=[
                    between(LONG, 1, "np.empty(", "reserves memory, puts nothing in it"),
                    between(LONG, 2, "range(1,len(activations))", "fills activations[1], [2]; never [0]"),
                ],
                proof=["15,680 of the 15,680 values read here (20 samples x 784 inputs) were never assigned."],
            ),
            finding(
                LONG,
                3,
                "np.einsum('ijk,ilm->ijl',self.gradientToBias[i],activations[i-1])",
                rule="batch-scale-sum",
                severity="warning",
                label="sum over samples, rate unchanged",
                message="the step grows in proportion to the batch size",
                fine_if="the sum is meant and eta was chosen for one fixed batch size",
            ),
        ],
        outcome=Outcome("finished"),
    )


def hostile() -> Report:
    """Text of the user's that markup, terminals and carets stumble over."""
    loss = Loss("expression", "own", "model.py", 1, "x[/i]", identified=False)
    return Report(
        "errors",
        dict(SCRIPT),
        loss=loss,
        trainings=[Training(0, loss, "model.py", 1, 2, None, 12, 3, "exact")],
        parameters=[
            Parameter("W[i]", [], "wrong", line=1, relative_error=3e-7),
            Parameter("params['重み']", [2, 3], "not_judged", line=2, reason="[/bold] :cat: \x1b[2J is no reason"),
        ],
        findings=[
            finding(
                HOSTILE,
                1,
                "g[h[dim]]",
                rule="some-rule",
                message="W[i] and h[dim] and x[/i] and :cat:",
                label="[/i]",
                parameter="W[i]",
            ),
            finding(
                HOSTILE,
                2,
                "勾配",
                rule="some-rule",
                message="wide characters",
                label="ここ",
                related=[between(HOSTILE, 2, "学習率", "rate")],
            ),
            finding(HOSTILE, 3, "\x1b[31mred", rule="some-rule", severity="note", message="an \x1b[31mescape"),
        ],
        changed=["[red]nothing[/red]"],
        not_checked=[NotChecked("x[/i]", "[dim]", 3)],
        outcome=Outcome(
            "exception",
            "ValueError: [/x] \x1b[31m",
            3,
            traceback="Traceback\n  [/x]\nValueError: :cat:",
            output_tail="[bold]epoch[/bold] 1\n\x1b]0;title\x07",
        ),
        seconds={"total": 0.2},
    )


def crowded() -> Report:
    """Many parameters, several trainings, nothing wrong but one unjudged group."""
    none = Loss("", "none", candidates=["softmax cross-entropy", "squared error"])
    own = Loss("squared error", "own", "model.py", 1, "loss = ((y - p)**2).mean()", identified=True)
    right = [
        Parameter(f"layers[{i}].W", [4, 4], "right", line=7, relative_error=0.0, scale=1.0, direction="downhill")
        for i in range(45)
    ]
    lost = [Parameter(f"V[{i}]", [3], "not_judged", line=4, reason="the loss is unknown", training=1) for i in range(8)]
    return Report(
        "partly_judged",
        dict(SCRIPT),
        loss=own,
        trainings=[
            Training(0, own, "model.py", 1, 3, 32, 900, 720, "exact"),
            Training(1, none, "model.py", 4, 2, None, 100, 24, "exact"),
        ],
        parameters=[*right, *lost],
        outcome=Outcome("time_limit", "the script was still running after 60 s", 6, output_tail="epoch 1\nepoch 2"),
        seconds={"total": 61.0},
    )


def silenced() -> Report:
    """One finding that is ignored, and a comment that ignores nothing."""
    report = uphill()
    ignored = [replace(each, suppressed=True) for each in report.findings]
    note = finding(
        SILENCED,
        2,
        "# gradcheck: ignore[uninitialized-memory]",
        rule="unused-ignore",
        severity="note",
        message="nothing here is silenced by ignoring uninitialized-memory",
    )
    return replace(report, verdict="clean", findings=[*ignored, note])


SILENCED = CONVOLUTION.replace("T)\nlayer_1_delta", "T)  # gradcheck: ignore[uninitialized-memory]\nlayer_1_delta")

SAMPLES = {
    "empty": (empty, ""),
    "uphill": (uphill, CONVOLUTION),
    "doubled": (doubled, DOUBLED),
    "unwritten": (unwritten, LONG),
    "hostile": (hostile, HOSTILE),
    "crowded": (crowded, CONVOLUTION),
    "silenced": (silenced, SILENCED),
}


def sample(name: str, folder: Path) -> Report:
    """One of `SAMPLES`, its source written to ``folder``."""
    make, source = SAMPLES[name]
    (folder / "model.py").write_text(source, encoding="utf-8")
    report = make()
    report.script["folder"] = str(folder)
    return report
