"""Franka Desk: brakes and the control interface, where somebody gave us a login."""

import threading
from dataclasses import dataclass

import franky

from hardware.arm import ArmError
from hardware.complaints import named


@dataclass(frozen=True, slots=True)
class DeskLogin:
    """Credentials of Desk; never printed."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"DeskLogin(username={self.username!r})"


class Desk:
    """A session with the robot's Desk. Raises ArmError named ``desk`` when it does not answer."""

    def __init__(self, address: str, login: DeskLogin) -> None:
        self._asking: threading.Thread | None = None
        self._status: dict[str, object] = {}
        self._desk = franky.Desk(address, login.username, login.password)
        try:
            self._desk.open(timeout=10.0)
        except Exception as error:
            raise ArmError("desk", f"Desk at {address} did not open: {named(error)[1]}") from error

    def make_ready(self) -> None:
        """Take control, release the brakes, switch the control interface on."""
        try:
            self._desk.take_control()
            if self._desk.brake_state is not franky.BrakeState.UNLOCKED:
                self._desk.unlock_brakes()
            self._desk.enable_fci()
        except Exception as error:
            raise ArmError("desk", named(error)[1]) from error
        self._ask()

    def status(self) -> dict[str, object]:
        """Brakes, control interface and operating mode as Desk last told them; asks again meanwhile."""
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask, name="desk", daemon=True)
            self._asking.start()
        return dict(self._status)

    def _ask(self) -> None:
        try:
            self._status = {
                "brakes": self._desk.brake_state.name.lower(),
                "fci": self._desk.get_fci_status(),
                "operating_mode": self._desk.operating_mode.name.lower(),
            }
        except Exception as error:
            self._status = {"desk": named(error)[1]}

    def close(self) -> None:
        """Give control back."""
        if self._desk.is_open:
            self._desk.close()
