"""The child's pipeline: a recorder that judges each training as soon as it is over, and streams what it found."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from . import rules
from .cells import split_file
from .diagnose import compared, faithful, following, gradients, naming, picture, unjudged
from .diagnose import memory as unwritten
from .diagnose.jury import Verdict
from .diagnose.naming import Namer
from .diagnose.picture import Picture
from .diagnose.stepview import StepView
from .diagnose.verdicts import Teller
from .record.loops import Activation
from .record.names import Names
from .record.pristine import Pristine
from .record.recorder import Recorder
from .record.sources import Sources, listed
from .results import Finding, GradientNorm, NotChecked, Outcome, Parameter, goal_name
from .step import batch
from .step.asked import Asked
from .step.judge import Judge
from .step.trials import Judgement

Event = dict[str, Any]
PATIENCE = 150_000.0  # recorded work after the last judged training before the script is left


class JudgingRecorder(Recorder):
    """Listens, judges, streams.

    ``stopped`` tells that a loop was ended early, ``judging`` that the tape must not be touched now. ``stop`` leaves
    the process.
    """

    stop: Callable[[], NoReturn]

    def __init__(self, sources: Sources, emit: Callable[[Event], None], options: dict[str, Any]) -> None:
        super().__init__(sources)
        self.emit = emit
        self.options = options
        self.judging = False
        self.seconds: dict[str, float] = {}
        self.finished = False
        self._numbers: dict[int, int] = {}  # id of activation -> number of the training
        self._judged: list[Activation | None] = []
        self._unsettled: list[tuple[int, Activation | None]] = []
        self._made: dict[int, Judgement] = {}
        self._last: dict[int, dict[int, Any]] = {}  # number of the training -> what its parameters held at its end
        self._names: dict[Any, list[str]] = {}
        self._work_when_judged: float | None = None
        self._process = os.getpid()
        self._modules = Pristine()
        named, script = options.get("loss"), str(options.get("script", ""))
        self._asked = Asked(str(named), sources, script) if named else None
        self.on_training_end = self._training_over
        self.loops.tick = self._tick
        self.loops.is_whole = self._is_whole

    @property
    def stopped(self) -> bool:
        """Whether some loop was ended early, so that the script's end is not its own."""
        return bool(self.loops.cut_lines)

    def _is_whole(self, site: int) -> bool:
        """Whether a loop was asked to be kept whole: an earlier run has found that it computes, and does not train."""
        place = self.sources.sites[site]
        return [place.file, place.line] in self.options.get("whole", ())

    def start(self) -> None:
        """Begin to listen."""
        self._began = time.perf_counter()
        self.armed = True

    def forget(self) -> None:
        """In a fork of the script: do nothing more."""
        self.armed = False
        self.finished = True

    def finish(self, outcome: Outcome) -> None:
        """Judge what is left. Called once, before the end event is sent."""
        if self.finished:
            return
        self.finished = True
        self.armed = False
        began = time.perf_counter()
        self._judge_what_is_left()
        if self.loops.cut_lines:
            places = [self.sources.sites[s] for s in self.loops.cut_lines]
            self.emit({"event": "changed", "what": f"training loops ended early ({listed(places)})"})
            self._tell_computations(outcome)
        self.seconds["judging"] = self.seconds.get("judging", 0.0) + time.perf_counter() - began

    def _tell_computations(self, outcome: Outcome) -> None:
        """Loops that were ended early although nothing shows that they train, where something suffers from it."""
        judged = [made.activation for made in self._made.values() if made.trials and made.activation]
        around = {p.activation.line.site for a in judged for p in a.parent.chain() if p.activation}
        inside = {a.line.site for t in judged for a in self.loops.inside(t)}
        training = {a.line.site for a in judged} | around | inside
        suspects = self.loops.cut_lines - training
        if not training and outcome.kind != "exception":  # nothing is explained: what was cut inside a step may be why
            unexplained = [made.activation for made in self._made.values() if made.activation]
            suspects &= {a.line.site for t in unexplained for a in self.loops.inside(t)}
        whole = [self.sources.sites[s] for s in suspects]
        if whole:
            self.emit({"event": "computations", "loops": [[place.file, place.line] for place in whole]})

    def _judge_what_is_left(self) -> None:
        for left in self.loops.open_trainings():
            self._judge(left)
        if not self._judged:
            self._judge(None)
        for number, activation in self._unsettled:
            self._judge(activation, number)
        self._rename()
        self._withdraw()
        if not self._made:
            for remark in unjudged.explain(self.tape, self.sources, self.updates, self.broken.values()):
                self.emit({"event": "not_checked", **remark.to_json()})

    def _tick(self) -> None:
        """Leave the script when a training is judged and nothing new has begun for a while."""
        if self._work_when_judged is None or self.entries.work - self._work_when_judged < PATIENCE:
            return
        lines = {id(a.line) for a in self._judged if a is not None}
        running = [
            p.activation for p in self.loops.current.chain() if p.activation is not None and p.activation.training
        ]
        if all(id(a.line) in lines for a in running):
            self.stop()

    def _training_over(self, activation: Activation) -> None:
        if os.getpid() != self._process:
            return
        armed, self.armed, self.judging = self.armed, False, True
        began = time.perf_counter()
        try:
            with self._modules.restored():
                self._judge(activation)
        finally:
            self.armed, self.judging = armed, False
            self.seconds["judging"] = self.seconds.get("judging", 0.0) + time.perf_counter() - began
            self._work_when_judged = self.entries.work

    # one training

    def _judge(self, activation: Activation | None, number: int | None = None) -> None:
        first = number is None
        if number is None:
            number = len(self._judged)
        try:
            made = self._judgement(activation)
            if made is not None:
                self._size(made)
                self._tell(number, made)
        except Exception as problem:
            self._own_fault(problem, activation)
            return
        if made is None:
            return
        if first:
            self._judged.append(activation)
        self._made[number] = made
        if first and not made.trials:
            self._unsettled.append((number, activation))

    def _judgement(self, activation: Activation | None) -> Judgement | None:
        judge = Judge(self.tape, self.updates, self.functions.calls, self._asked)
        chain: Sequence[Activation | None] = [activation]
        if activation is not None:
            chain = [activation, *self.loops.inside(activation)]
        for place in chain:
            made = None if self._goes_on(place) else judge.judge(place)
            if made is not None:
                return made
        return self._renamed() if activation is None else None

    def _renamed(self) -> Judgement | None:
        """A single step whose results have new names; a training only where a loss explains it."""
        updates = self.locations.renamed(self.loops.current)
        made = Judge(self.tape, updates, self.functions.calls).judge(None) if updates else None
        return made if made is not None and made.trials else None

    def _goes_on(self, activation: Activation | None) -> bool:
        """Whether a loop trains on what an earlier activation of the same line left: that training is judged
        already.
        """
        if activation is None or activation.line.activations == 1:
            return False
        judged = {id(a.line) for a in self._judged if a is not None and a is not activation}
        inside = [u for u in self.updates[activation.marks[0] :] if u.place.of(activation) is not None]
        first: dict[Any, Any] = {}
        for u in inside:
            first.setdefault(u.location, u)
        earlier = {u.location for u in self.updates[: activation.marks[0]]}
        known = [u for location, u in first.items() if location in earlier]
        return id(activation.line) in judged and bool(known) and not any(u.reset for u in known)

    def _tell(self, number: int, made: Judgement) -> None:
        self._name(made)
        made.fault = made.fault or faithful.fault(made, self.tape, self.sources, self.broken.values(), self.memory)
        hits = unwritten.find(self.tape, self.memory.uninitialized, made)
        maximize = bool(self.options.get("maximize"))
        told = Teller(self.tape, self.sources, maximize).tell(number, made, hits.tainted)
        view = StepView(number, self.tape, self.sources, made, told.verdicts, told.training.loss, maximize, hits.hits)
        view.numbers, view.named = self.memory.objects, self.locations.named
        view.last = self._last.setdefault(number, self._values(made))
        norms, arrays = self._gradients(number, made)
        event: Event = {
            "event": "training",
            "training": told.training.to_json(),
            "parameters": [p.to_json() for p in told.parameters],
            "findings": [f.to_json() for f in rules.mismatches(view)],
            "backward": [],
            "gradient_norms": norms,
            "arrays": arrays,
            "batch": self._batch(made, told.verdicts) if self.options.get("weigh") else None,
            "graph": None,
            "not_checked": [n.to_json() for n in told.not_checked],
        }
        self.emit(event)  # what is known is not lost if the time is up while the mistakes are named
        drawn = Picture() if self.options.get("brief") else self._picture(number, made, told.parameters)
        parameters = [replace(p, **drawn.seen.get(p.name, {})) for p in told.parameters]
        event |= {
            "plan": self._plan(view) if self.options.get("plan") else None,
            "parameters": [p.to_json() for p in parameters],
            "backward": [row.to_json() for row in drawn.rows],
            "graph": drawn.graph,
        }
        found = self._findings(view)
        unasked = [NotChecked(slug, f"a fault of gradcheck itself: {why}") for slug, why in dict(view.broken).items()]
        notes = [n.to_json() for n in (*told.not_checked, *unasked)]
        self.emit({**event, "findings": [f.to_json() for f in found], "not_checked": notes})

    def _gradients(self, number: int, made: Judgement) -> tuple[list[Event], list[Event]]:
        """Norms of the script's gradients, and where their arrays lie, if somebody wants them."""
        size = made.batch_size
        norms: list[Event] = []
        arrays: list[Event] = []
        try:
            for s in gradients.seen(made):
                norm = float(np.linalg.norm(s.gradient))
                if np.isfinite(norm):  # one that is not has no place in JSON; the findings tell of it
                    norms.append(GradientNorm(s.parameter, norm, s.step, size, number).to_json())
                if self.options.get("arrays"):
                    file = os.path.join(self.options["arrays"], f"{number}-{len(arrays)}.npy")
                    gradients.keep(file, s.gradient, s.update, s.value)
                    arrays.append({"parameter": s.parameter, "step": s.step, "batch_size": size, "file": file})
        except Exception as problem:
            self._own_fault(problem, made.activation)
        return norms, arrays

    def _batch(self, made: Judgement, verdicts: dict[int, Verdict]) -> Event | None:
        """What a sweep over batch sizes compares. A fault of ours in it costs the ratios only."""
        try:
            return compared.of(made, verdicts, self.tape)
        except Exception as problem:
            self._own_fault(problem, made.activation, "other batch sizes")
            return None

    def _size(self, made: Judgement) -> None:
        """Find the batch's size once; what goes wrong in it costs the figure, not the verdicts."""
        if not made.trials or made.summed is not None:
            return
        try:
            made.summed = batch.of_trial(made, made.trials[0], self.tape)
        except Exception as problem:
            self._own_fault(problem, made.activation)

    def _picture(self, number: int, made: Judgement, parameters: list[Parameter]) -> Picture:
        """What a page draws of one training. A fault of ours in it costs the picture only."""
        if made.fault:
            return Picture()
        try:
            first = next((n for n, known in sorted(self._made.items()) if known.trials), number)
            measured = bool(self.options.get("drawn")) and number == first
            return picture.of(self.tape, self.sources, number, made, parameters, measured)
        except Exception as problem:
            self._own_fault(problem, made.activation, "the table of the backward pass")
            return Picture()

    def _plan(self, view: StepView) -> Event | None:
        """What a run that follows many steps has to read. A fault of ours in it costs that run only."""
        try:
            return None if view.made.fault else following.plan(view)
        except Exception as problem:
            self._own_fault(problem, view.made.activation, following.WHAT)
            return None

    def _findings(self, view: StepView) -> list[Finding]:
        """What the rules say. A rule that fails must not take the verdicts with it."""
        try:
            found = _ordered(rules.findings(view, named=not self.options.get("brief")))
            for finding, goal in view.goals if self.options.get("goals") else ():
                gradients.keep(os.path.join(self.options["goals"], goal_name(finding)), *goal)
            return found
        except Exception as problem:
            self._own_fault(problem, view.made.activation, "the findings of a training")
            return []

    def _values(self, made: Judgement) -> dict[int, Any]:
        """What the parameters hold now, by storage."""
        found = {}
        for storage in {self.tape.storage_of(c.rounds[-1][-1].new) for c in made.parameters}:
            live = self.memory.live(storage)
            found[storage] = self.memory.objects[storage] if live is None else np.array(live)
        return found

    def _name(self, made: Judgement) -> None:
        every = [*made.parameters, *made.states]
        if any(c.key not in self._names for c in every):
            namer = self._namer()
            for c in every:
                found = namer.names_of(c)
                self._names.setdefault(c.key, found or [namer.from_source(c)])
            naming.beside_siblings(self._names[c.key] for c in made.parameters)
        for c in every:
            c.names = self._names[c.key]
            c.name = c.names[0]

    def _namer(self) -> Namer:
        files = {f.file for f in self.sources.functions} | {s.file for s in self.sources.sites[:1]}
        spaces = [vars(sys.modules["__main__"])]
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) in files and module is not sys.modules["__main__"]:
                spaces.append(vars(module))
        return Namer(self.tape, self.memory, self.sources, Names(spaces, files))

    def _rename(self) -> None:
        """At the script's end more names are known: what a function worked on has found its place in a module."""
        namer = self._namer()
        for number, made in self._made.items():
            changed = False
            for c in made.parameters:
                found = namer.names_of(c) if c.name.startswith("self.") else []
                if found and found[0] != c.name:
                    self._names[c.key] = found
                    changed = True
            if changed:
                self._tell(number, made)

    def _withdraw(self) -> None:
        """A loop that updates itself without any loss, beside trainings that have one, is a computation, no
        training.
        """
        if not any(made.trials for made in self._made.values()):
            return
        for number, made in self._made.items():
            if made.trials or made.considered and any(t.hypothesis.source == "own" for t in made.considered):
                continue
            told = Teller(self.tape, self.sources).tell(number, made, {})
            why = "no loss was found for what it updates; taken for a computation"
            what = "a loop that updates " + ", ".join(c.name for c in made.parameters)
            note = NotChecked(what, why, told.training.line, told.training.file)
            empty: Event = {"parameters": [], "findings": [], "backward": [], "gradient_norms": [], "graph": None}
            training = told.training.to_json()
            self.emit({"event": "training", "training": training, **empty, "not_checked": [note.to_json()]})

    def _own_fault(self, problem: Exception, activation: Activation | None, what: str = "a training") -> None:
        trace = problem.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"
        site = self.sources.sites[activation.line.site] if activation is not None else None
        why = f"a fault of gradcheck itself: {type(problem).__name__}: {problem} ({place})"
        note = NotChecked(what, why, site.line, site.file) if site else NotChecked(what, why)
        self.emit({"event": "not_checked", **note.to_json()})


def _ordered(found: list[Finding]) -> list[Finding]:
    severities = ("error", "warning", "note")
    return sorted(found, key=lambda f: (severities.index(f.severity), split_file(f.file)[1] or 0, f.line))


def make_recorder(config: dict[str, Any], sources: Sources, emit: Callable[[Event], None]) -> JudgingRecorder:
    """The recorder of one child session."""
    return JudgingRecorder(sources, emit, config)
