"""The operator's screen: draws what a feed shows and sends what keys ask for. It decides nothing itself."""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from executive.operator import panes
from executive.operator.feed import Feed, Unheard, View
from executive.operator.keys import CERTAIN, FIRST_STEP, HELP, STEPS_MM, wish_of
from executive.operator.protocol import AnyWish, Mode, Remark, State

DRAW_EVERY_S = 0.125
Drawing = Callable[[State, int, int], Text]
"""Draws a state on so many columns and rows."""
LEAVING = ("ctrl+c", "ctrl+q")
EDITING = {key: edit.action for edit in Binding.make_bindings(Input.BINDINGS) for key in edit.key.split(",")}
"""What the keys that write nothing do in a note."""


class Pane(Static):
    """A titled part of the screen, drawn anew whenever its text changes."""

    def __init__(self, name: str, title: str, drawing: Drawing) -> None:
        super().__init__(id=name, markup=False)
        self.border_title = title
        self.drawing = drawing
        self._shown: Text | None = None
        self._state: State | None = None

    def on_resize(self) -> None:
        """Draw the same on another size."""
        if self._state is not None:
            self.show(self._state)

    def show(self, state: State) -> None:
        """Draw ``state``."""
        self._state = state
        width, height = self.content_size
        if width < 8 or height < 2:
            return
        text = self.drawing(state, width, height)
        if text != self._shown or text.spans != getattr(self._shown, "spans", None):
            self._shown = text
            self.update(text)


class OperatorApp(App[None]):
    """One screen; keyboard only."""

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    CSS = """
    Screen { layers: base above; }
    #header { height: 1; background: $panel; }
    #middle { height: 8; }
    #top { height: 1fr; min-height: 9; }
    Pane { border-top: solid $primary; padding: 0 1 0 0; height: 100%; }
    Static { text-wrap: nowrap; text-overflow: ellipsis; }
    #question { text-wrap: wrap; }
    #steps { width: 2fr; } #tree { width: 3fr; }
    #forces { width: 3fr; } #plug { width: 3fr; } #starts { width: 2fr; min-width: 22; }
    #events { height: 1fr; max-height: 16; min-height: 5; }
    #footer { height: 1; background: $panel; }
    #note { display: none; height: 1; border: none; padding: 0 1; }
    #question, #help { layer: above; display: none; height: auto; background: $surface; padding: 0 1; }
    #question { border: heavy $error; offset: 2 1; width: 76; }
    #help { border: round $primary; offset: 6 1; width: 68; }
    """
    BINDINGS: ClassVar = [Binding("ctrl+c", "quit", "Leave", priority=True)]

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.feed = feed
        self.step = FIRST_STEP
        self._doubt: AnyWish | None = None
        """A wish that waits for the operator's yes."""
        self._said = Text("")
        self._writing = False
        self._up = False

    def compose(self) -> ComposeResult:
        """See :class:`textual.app.App`."""
        yield Static(id="header", markup=False)
        with Horizontal(id="top"):
            yield Pane("steps", "steps", lambda state, width, height: panes.steps(state, height))
            yield Pane("tree", "tree", lambda state, width, height: panes.tree(state, height))
        with Horizontal(id="middle"):
            yield Pane("forces", "contact force", panes.forces)
            yield Pane("plug", "plug: above | beside", panes.plug)
            yield Pane("starts", "starts", panes.starts)
        with Vertical():
            yield Pane("events", "events", lambda state, width, height: panes.events(state, height))
        yield Input(id="note", placeholder="a note for the journal; Enter writes it, Esc does not")
        yield Static(id="footer", markup=False)
        yield Static(id="question", markup=False)
        yield Static(_help(), id="help", markup=False)

    def on_mount(self) -> None:
        """See :class:`textual.app.App`."""
        self.set_focus(None)
        self._up = True
        self.draw()
        self.set_interval(DRAW_EVERY_S, self.draw)

    # -- drawing -------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw what the feed shows now."""
        if not self.query("#header"):
            return
        view = self.feed.view()
        self.query_one("#header", Static).update(panes.header(view, self.size.width))
        self.query_one("#footer", Static).update(self._footer(view))
        asked = self.query_one("#question", Static)
        state = view.state
        asked.display = state is not None and state.question is not None
        if state is None:
            return
        for pane in self.query(Pane):
            pane.show(state)
        if state.question is not None:
            asked.border_title = "help is needed"
            asked.update(panes.question(state, controlling=view.controlling))

    def _footer(self, view: View) -> Text:
        if self._doubt is not None:
            what = type(self._doubt).__struct_config__.tag
            return Text(f" {what}: are you sure?  y yes, any other key no ", "bold reverse red")
        if self._said:
            return self._said
        if view.state is None or view.state.mode is Mode.OVER:
            return Text(" Q leave   ? keys", "dim")
        if not view.controlling:
            return Text(" watching   T ask for control   S stop   Q leave   ? keys", "dim")
        go = "go on" if view.state.mode in (Mode.PAUSED, Mode.GUIDED) else "pause"
        size = f"±{STEPS_MM[self.step]:g} mm"
        return Text(f" space {go}  R retry  E elsewhere  G regrasp  ↑↓←→ {size}  S stop  ? keys")

    # -- keys ----------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Take keys where they arrive: on two ways to a note its letters overtake one another."""
        if isinstance(event, events.Key) and event.key not in LEAVING:
            if self._writing:
                await self._into_the_note(event)
            elif self._up:
                self._pressed(event.key)
        elif isinstance(event, events.Paste) and self._writing:
            self.query_one("#note", Input).insert_text_at_cursor(" ".join(event.text.split()))
        else:
            await super().on_event(event)

    def _pressed(self, key: str) -> None:
        self._said = Text("")
        shown = self.query_one("#help", Static)
        if self._doubt is not None:
            doubt, self._doubt = self._doubt, None
            if key == "y":
                self.send(doubt)
        elif key == "question_mark" or (shown.display and key == "escape"):
            shown.display = not shown.display
        elif key == "q":
            self.exit()
        elif key == "n":
            self._open_note()
        elif key in ("plus", "minus", "equals_sign"):
            change = -1 if key == "minus" else 1
            self.step = min(len(STEPS_MM) - 1, max(0, self.step + change))
        elif key == "t":
            self.take_control()
        else:
            self._ask(key.lower())
        self.draw()

    def _ask(self, key: str) -> None:
        state = self.feed.view().state
        wish = None if state is None else wish_of(key, state, STEPS_MM[self.step])
        if wish is None:
            return
        if isinstance(wish, CERTAIN):
            self._doubt = wish
        else:
            self.send(wish)

    def _open_note(self) -> None:
        note = self.query_one("#note", Input)
        note.display = self._writing = True
        self.set_focus(note)

    async def _into_the_note(self, event: events.Key) -> None:
        note = self.query_one("#note", Input)
        if event.key == "escape":
            self._close_note()
        elif event.key == "enter":
            self._write(note.value)
        elif event.key in EDITING:
            await self.run_action(EDITING[event.key], note)
        elif event.is_printable and event.character is not None:
            note.insert_text_at_cursor(event.character)

    def _close_note(self) -> None:
        note = self.query_one("#note", Input)
        note.value = ""
        note.display = self._writing = False
        self.set_focus(None)

    def _write(self, text: str) -> None:
        if text.strip():
            self.send(Remark(text.strip()[:300]))
        self._close_note()

    # -- wishes --------------------------------------------------------------------------------------

    @work(thread=True)
    def send(self, wish: AnyWish) -> None:
        """Send a wish without keeping the screen waiting; its answer goes into the last line."""
        try:
            answer = Text(f" ✓ {self.feed.send(wish)}", "green")
        except Unheard as why:
            answer = Text(f" ✗ {why}", "bold red")
        self.call_from_thread(self._answered, answer)

    @work(thread=True)
    def take_control(self) -> None:
        """Ask to be the operator."""
        try:
            answer = Text(f" ✓ {self.feed.take()}", "green")
        except Unheard as why:
            answer = Text(f" ✗ {why}", "bold red")
        self.call_from_thread(self._answered, answer)

    def _answered(self, answer: Text) -> None:
        self._said = answer
        self.draw()
        self.set_timer(4.0, lambda: self._forget(answer))

    def _forget(self, answer: Text) -> None:
        if self._said is answer:
            self._said = Text("")


def _help() -> Text:
    text = Text("")
    for line in HELP:
        text.append(f"{line.key:>10}  ", "bold")
        text.append(f"{line.what}\n")
    text.append(f"{'Esc':>10}  ", "bold")
    return text + Text("close this")
