"""What came of a run, read off its board when it is over or broken off."""

from executive.board import Board, Halt
from executive.kit import Kit
from executive.options import RunOptions
from executive.recorder import Recorder
from executive.records import Outcome, RunResult, RunState, StepRecord


def result_of(
    run: int, board: Board, recorder: Recorder, options: RunOptions, kit: Kit, faults: tuple[str, ...]
) -> RunResult:
    """The result, but for the times that it took."""
    steps = board.assembly.steps
    verdicts = {step.part: recorder.verdict(i) for i, step in enumerate(steps)}
    return RunResult(
        run=run,
        product=board.assembly.name,
        seed=options.seed,
        policy=str(options.policy),
        noise=str(options.noise),
        state=state_of(board),
        steps=tuple(board.results.get(i) or _untried(board, i) for i in range(len(steps))),
        attempts=tuple(board.attempts),
        interventions=board.interventions,
        wall_s=0.0,
        simulated_s=0.0,
        faults=faults,
        truth={part: bool(known.seated) for part, known in verdicts.items() if known is not None},
        skills=dict(kit.versions),
        notes=kit.notes,
    )


def state_of(board: Board) -> RunState:
    """How the run ended."""
    if board.halt is Halt.FAULT:
        return RunState.FAULT
    if board.halt is Halt.OPERATOR:
        return RunState.INTERRUPTED
    results, steps = board.results, range(len(board.assembly.steps))
    placed = all(i in results and results[i].outcome is Outcome.PLACED for i in steps)
    return RunState.ASSEMBLED if placed else RunState.FAILED


def _untried(board: Board, index: int) -> StepRecord:
    step, progress = board.assembly.steps[index], board.progress
    begun = progress.index == index
    return StepRecord(
        index=index, part=step.part, skill=step.skill, outcome=Outcome.OPEN,
        attempts=progress.tried if begun else 0,
        cause=str(progress.last_cause) if begun and progress.last_cause else None,
        initialization=progress.initialization if begun else None,
        peak_force_n=progress.peak_force_n if begun else 0.0, duration_s=0.0,
    )  # fmt: skip
