"""The networks of learned policies, run without torch: a few matrix products in single precision.

Reads the actors that :mod:`skills.learner` writes: normalized observation, an optional LSTM, and layers with
ELU between them. The output is the mean of the action's distribution, which is what is measured and shipped.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skills.cell import Indices, Vector

_EPSILON = 1e-2
"""What rsl-rl adds to the standard deviation when it normalizes."""


class NetworkError(ValueError):
    """Tensors that make no network; says which."""


class Network:
    """An actor for ``n`` attempts at once; recurrent ones remember each row's past."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], n: int) -> None:
        try:
            self._mean = _single(tensors["obs_normalizer._mean"])
            width = self._mean.shape[-1]
            self._std = _shaped(tensors, "obs_normalizer._std", (1, width)) + np.float32(_EPSILON)
            self._memory = [_Lstm(tensors, index, n) for index in range(_depth(tensors))]
            self._layers = _layers(tensors, self._memory[-1].units if self._memory else None)
        except KeyError as missing:
            raise NetworkError(f"the tensor {missing} is missing") from None
        first = self._memory[0].inputs if self._memory else self._layers[0][0].shape[1]
        if width != first:
            raise NetworkError(f"it normalizes {width} numbers and takes in {first}")

    @property
    def inputs(self) -> int:
        """Length of an observation."""
        return int(self._mean.shape[-1])

    @property
    def outputs(self) -> int:
        """Length of an action."""
        return int(self._layers[-1][0].shape[0])

    def reset(self, rows: Indices) -> None:
        """Forget the past of ``rows``."""
        for cell in self._memory:
            cell.hidden[rows], cell.state[rows] = 0.0, 0.0

    def __call__(self, seen: Vector) -> Vector:
        """(n, outputs) actions for observations ``seen`` (n, inputs); not clipped."""
        value = (seen.astype(np.float32) - self._mean) / self._std
        for cell in self._memory:
            value = cell(value)
        for index, (weight, bias) in enumerate(self._layers):
            if index:
                value = np.where(value > 0, value, np.expm1(np.minimum(value, 0)))
            value = value @ weight.T + bias
        return value.astype(np.float64)


class _Lstm:
    """One layer of memory; gates in torch's order: input, forget, cell, output."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], index: int, n: int) -> None:
        name = f"rnn.rnn.weight_ih_l{index}"
        self._in = _single(tensors[name])
        if self._in.ndim != 2 or len(self._in) % 4:
            raise NetworkError(f"the tensor '{name}' has shape {self._in.shape}; no gates have that")
        self.inputs, self.units = self._in.shape[1], len(self._in) // 4
        self._again = _shaped(tensors, f"rnn.rnn.weight_hh_l{index}", (4 * self.units, self.units))
        own, again = (f"rnn.rnn.bias_{which}_l{index}" for which in ("ih", "hh"))
        gates = (4 * self.units,)
        self._bias = np.add(_shaped(tensors, own, gates), _shaped(tensors, again, gates), dtype=np.float32)
        self.hidden = np.zeros((n, self.units), np.float32)
        self.state = np.zeros((n, self.units), np.float32)

    def __call__(self, value: NDArray[np.float32]) -> NDArray[np.float32]:
        gates = value @ self._in.T + self.hidden @ self._again.T + self._bias
        enter, keep, new, leave = np.split(gates, 4, axis=1)
        self.state = _sigmoid(keep) * self.state + _sigmoid(enter) * np.tanh(new)
        self.hidden = _sigmoid(leave) * np.tanh(self.state)
        return self.hidden


def _layers(
    tensors: Mapping[str, NDArray[Any]], width: int | None
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weights and biases in order; the first takes in ``width`` numbers where that is known."""
    found = sorted(int(match[1]) for name in tensors if (match := re.fullmatch(r"mlp\.(\d+)\.weight", name)))
    if not found:
        raise NetworkError("it has no layers")
    layers = []
    for k in found:
        weight = _single(tensors[f"mlp.{k}.weight"])
        if weight.ndim != 2 or width not in (None, weight.shape[1]):
            raise NetworkError(
                f"the tensor 'mlp.{k}.weight' has shape {weight.shape}; {width} numbers come in"
            )
        width = len(weight)
        layers.append((weight, _shaped(tensors, f"mlp.{k}.bias", (width,))))
    return layers


def _depth(tensors: Mapping[str, NDArray[Any]]) -> int:
    return sum(1 for name in tensors if re.fullmatch(r"rnn\.rnn\.weight_ih_l\d+", name))


def _shaped(tensors: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    found = _single(tensors[name])
    if found.shape != shape:
        raise NetworkError(f"the tensor '{name}' has shape {found.shape}, not {shape}")
    return found


def _single(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, dtype=np.float32)


def _sigmoid(value: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * value)), dtype=np.float32)
