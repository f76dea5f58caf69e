"""The behaviour tree of a product: one subtree a step, then a last look.

    step     = over already | mates missing → skip | guarded work
    guarded  = no fault, no stop, work: the guards are asked anew each control period, before the work
    work     = go round(tries left, retry(attempt) | ask the operator, carry out what was decided)
    attempt  = recover from the last one → begin → (force limit, watch, body) → finish | note the failure
    look     = feel what stands → open the steps of parts that have gone, if somebody is there → their steps
    body     = pick → choose start → carry → policy → check seated → let go (→ feel again, if taken up)

A leaf whose phase an attempt has passed already succeeds at once; so a resumed attempt goes on where it
was, and one that starts with the part in hand does not pick it again.
"""

from collections.abc import Callable

import py_trees
from py_trees.behaviour import Behaviour
from py_trees.behaviours import Dummy
from py_trees.composites import Selector, Sequence
from py_trees.decorators import FailureIsSuccess

from executive.behaviours import Look, Need, Run, in_hand, to_fetch_again, to_put_back
from executive.board import Board, Phase
from executive.doubt import FeltAgain, Meanwhile, Reopen, to_feel_again
from executive.guards import ForceLimit, NoFault, NoStop, Watch
from executive.help import (
    AskOperator,
    Believe,
    Decided,
    GoRound,
    LeaveUndone,
    NotBelieved,
    Obey,
    Retry,
    TriesLeft,
    TryAgain,
)
from executive.kit import Kit, Make, standard_kit
from executive.options import Noise, PolicyName, RunOptions
from executive.orders import Decision
from executive.pages import (
    AlreadyOver,
    Begin,
    ChooseStart,
    Fail,
    Finish,
    MateMissing,
    Recovered,
)
from executive.recorder import Recorder
from sequences.assembly import Assembly
from sequences.probe import open_at_the_end


def topmost(assembly: Assembly) -> tuple[int, ...]:
    """Steps whose parts can be felt when everything stands, without the last one, just checked."""
    return tuple(i for i, step in enumerate(assembly.steps[:-1]) if open_at_the_end(assembly, step))


class TreeBuilder:
    """Builds the tree of one run."""

    def __init__(self, board: Board, kit: Kit, options: RunOptions, recorder: Recorder) -> None:
        self.board, self.kit, self.options, self.recorder = board, kit, options, recorder

    def product(self) -> Sequence:
        """The whole tree."""
        assembly = self.board.assembly
        steps = [self.step(i) for i in range(len(assembly.steps))]
        return Sequence(assembly.name, memory=True, children=[*steps, self.last_look()])

    def doubted(self, felt: tuple[int, ...], before: int) -> Behaviour:
        """The whole tree, with the parts of ``felt`` felt again before a step."""
        root = self.product()
        step = root.children[before]
        root.remove_child(step)
        root.insert_child(Sequence(step.name, memory=True, children=[self.look_again(felt), step]), before)
        return root

    def look_again(self, felt: tuple[int, ...]) -> Behaviour:
        """Hands empty, then every part of ``felt`` touched; a part that has gone is placed once more."""
        board, recorder = self.board, self.recorder
        work = [*self.looks(felt), FeltAgain(felt, board, recorder), *self.again(felt, self.step)]
        looks = Meanwhile("meanwhile", Sequence("looks", memory=True, children=work), board)
        work = [*self.clear_away(), Recovered(board, recorder), looks]
        return self.guarded("look again", Sequence("feel what stands", memory=True, children=work))

    def step(self, index: int) -> Behaviour:
        """One step of the assembly."""
        name = f"{index + 1} {self.board.assembly.steps[index].part}"
        board, attempts = self.board, self.options.attempts
        retry = Retry("retry", self.attempt(index), board, attempts)
        tries = Sequence("tries", memory=True, children=[TriesLeft(index, board, attempts), retry])
        work = Selector("work", memory=True, children=[tries, self.help(index)])
        return Selector(
            name,
            memory=True,
            children=[
                AlreadyOver(index, self.board),
                MateMissing(index, self.board, self.recorder),
                self.guarded("guarded", GoRound("go round", work, board)),
            ],
        )

    def guarded(self, name: str, work: Behaviour) -> Behaviour:
        """``work`` under the guards that end the whole run."""
        guards: list[Behaviour] = [NoFault("no fault", self.board), NoStop("no stop", self.board)]
        return _under(name, guards, work)

    def attempt(self, index: int) -> Behaviour:
        """One attempt: fails for the retry around it to begin the next."""
        resample = self.options.noise is Noise.RESAMPLED
        watch = Watch("watch", self.board, resample=resample)
        limit = ForceLimit("force limit", self.board, self.options.force_limit_n)
        obey = Obey("operator's word", self.board)
        body = _under("watched", [limit, watch, obey], self.body())
        begin, finish = Begin(index, self.board, self.recorder), Finish(self.board, self.recorder)
        attempt = Sequence("attempt", memory=True, children=[self.recovery(), begin, body, finish])
        return Selector("attempt or note", memory=True, children=[attempt, Fail(self.board, self.recorder)])

    def body(self) -> Behaviour:
        """What an attempt does, in order."""
        kit = self.kit
        return Sequence(
            "body",
            memory=True,
            children=[
                self.run("pick", kit.pick, reaches=Phase.PICKED),
                ChooseStart(self.board, kit.initializations),
                self.run("carry", kit.carry, reaches=Phase.CARRIED),
                self.run(f"policy {self.options.policy}", kit.policy, reaches=Phase.INSERTED),
                self.run("check seated", kit.check_seated, reaches=Phase.SEATED),
                self.run("let go", kit.let_go, reaches=Phase.RELEASED),
                self.run("feel again", kit.inspect, needed=to_feel_again),
            ],
        )

    def recovery(self) -> Behaviour:
        """From a failed attempt to a state from which the next can begin."""
        return Sequence(
            "recover",
            memory=True,
            children=[
                *self.clear_away(),
                Recovered(self.board, self.recorder),
            ],
        )

    def clear_away(self) -> list[Behaviour]:
        """Out of the way, and back to the tray for a fresh grasp; a failure of any of it does not matter.

        A part that was pressed and turned has moved in the hand; only a fresh grasp knows where it is.
        """
        work = (
            self.run("grasp again", self.kit.regrasp, needed=to_fetch_again),
            self.run("lift clear", self.kit.lift_clear, needed=in_hand),
            self.run("put back", self.kit.put_back, needed=to_put_back),
        )
        return [FailureIsSuccess("in any case", routine) for routine in work]

    def help(self, index: int) -> Behaviour:
        """What happens when every attempt has failed, or the operator wants something else."""
        board, recorder = self.board, self.recorder
        left_out = [Decided(Decision.SKIP, board), *self.clear_away(), LeaveUndone(board, recorder)]
        given_up = [Decided(Decision.ABORT, board), LeaveUndone(board, recorder)]
        answer = [
            self.by_hand(index),
            Sequence("left out", memory=True, children=left_out),
            Sequence("given up", memory=True, children=given_up),
            TryAgain(board, self.options.attempts),
        ]
        children = [
            AskOperator(board, recorder, self.options),
            Selector("answer", memory=True, children=answer),
        ]
        return Sequence("help", memory=True, children=children)

    def by_hand(self, index: int) -> Behaviour:
        """A part that a person says to have put in: checked like one that the robot has."""
        board, recorder, kit = self.board, self.recorder, self.kit
        steps = [
            self.run("stand back", kit.stand_back),
            self.run("check placed", kit.check_placed),
            Finish(board, recorder),
        ]
        check = Sequence("check", memory=True, children=steps)
        found = Selector("found?", memory=True, children=[check, NotBelieved(board, recorder)])
        children = [Decided(Decision.BY_HAND, board), Believe(index, board), found]
        return Sequence("done by hand", memory=True, children=children)

    def last_look(self, step: Callable[[int], Behaviour] | None = None) -> Behaviour:
        """Inspection of the parts that can still be reached; ``step`` makes what places a part once more."""
        felt = topmost(self.board.assembly)
        looks = [*self.looks(felt), *self.again(felt, step or self.step)]
        return self.guarded("last look", Sequence("looks", memory=True, children=looks))

    def looks(self, felt: tuple[int, ...]) -> list[Behaviour]:
        """Inspection of the parts of these steps, one after the other, whatever comes of each."""
        limit_s = self.options.routine_limit_s
        looks = (Look(i, self.board, self.kit.inspect, self.recorder, limit_s=limit_s) for i in felt)
        return [FailureIsSuccess("in any case", look) for look in looks]

    def again(self, felt: tuple[int, ...], step: Callable[[int], Behaviour]) -> list[Behaviour]:
        """Parts of these steps that were found displaced placed once more, with an operator's help."""
        return [Reopen(felt, self.board, self.recorder, self.options), *(step(i) for i in felt)]

    def run(
        self, name: str, make: Make, *, reaches: Phase | None = None, needed: Need | None = None
    ) -> Behaviour:
        """A routine as a leaf."""
        leaf = Run(
            name, self.board, make, limit_s=self.options.routine_limit_s, recorder=self.recorder,
            reaches=reaches,
        )  # fmt: skip
        if needed is not None:
            leaf.needed = needed
        return leaf


def _under(name: str, guards: list[Behaviour], work: Behaviour) -> Behaviour:
    """``work`` as long as every guard is well; it is broken off before it acts on what a guard has seen."""
    return Sequence(name, memory=False, children=[*guards, work])


def outline_of(assembly: Assembly, options: RunOptions, kit: Kit | None = None) -> str:
    """The tree of a product as text, one behaviour a line; the first step stands for the others."""
    kit = kit or standard_kit(assembly, PolicyName.SEARCH)  # which policy runs does not change its shape
    board = Board(assembly, kit.insertion_of)
    try:
        builder = TreeBuilder(board, kit, options, Recorder(None, 0, board, options))
        alike = [Dummy(f"{i} {step.part} (in the same way)") for i, step in enumerate(assembly.steps, 1)]
        last = builder.last_look(
            lambda i: Dummy(f"{i + 1} {assembly.steps[i].part} (once more, if displaced)")
        )
        children = [builder.step(0), *alike[1:], last]
        root = Sequence(assembly.name, memory=True, children=children)
        return str(py_trees.display.unicode_tree(root)).rstrip()
    finally:
        board.close()
