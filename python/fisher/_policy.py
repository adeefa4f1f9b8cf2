# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies: which beliefs are regularized, toward what, how strongly."""

import dataclasses
import functools
import sys

from ._compiler import apply_policy
from ._families import Family

_MODES = ("coupled", "loss_only", "proximal", "natural")


def quote(text):
    """A string as MLIR reads it: bytes that are not printable by their digits."""
    out = []
    for byte in text.encode():
        character = chr(byte)
        plain = 32 <= byte < 127 and character not in '"\\'
        out.append(character if plain else f"\\{byte:02X}")
    return f'"{"".join(out)}"'


def _number(value, what="a number of a policy"):
    """A float as MLIR reads it, which needs a point."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{what} must be a number, got {value!r}")
    try:
        text = repr(float(value))
    except TypeError:
        raise TypeError(f"{what} must be a number, got {value!r}") from None
    except OverflowError:
        text = "inf"
    if text in ("inf", "-inf", "nan"):
        raise ValueError(f"{what} must be finite, got {text}")
    if "." in text:
        return text
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0{exponent}{power}"


def _number_or_name(value, what):
    return quote(value) if isinstance(value, str) else _number(value, what)


@dataclasses.dataclass(frozen=True)
class Reference:
    """What beliefs are drawn toward; made by `prior`, `frozen` and the others.

    It prints as the IR's attribute.
    """

    text: str

    def __str__(self):
        return self.text


def prior(*standard):
    """A fixed belief, given in the family's standard coordinates.

    Args:
      standard: the numbers: mean and standard deviation of a Gaussian, mean
        direction and kappa of a von Mises distribution, probabilities, a rate.

    Returns:
      A `Reference`. Whether the family has such a belief is found out by
      `Policy.regularize`.

    Raises:
      TypeError: something is no number.
      ValueError: a number is not finite.
    """
    numbers = ", ".join(_number(number, "a prior's coordinate") for number in standard)
    return Reference(f"#fisher.prior<[{numbers}]>")


#: The belief at the first step: the state holds a copy of the parameters.
frozen = Reference("#fisher.frozen")

#: The belief before the last update.
previous = Reference("#fisher.previous")


def moving_average(decay):
    """The geodesic moving average of the belief.

    Args:
      decay: the share of the old average that is kept in a step, from 0 to
        below 1.

    Returns:
      A `Reference`. The average goes from where it was to the belief by 1 - decay
      along the geodesic.

    Raises:
      TypeError, ValueError: as `prior`.
    """
    return Reference(f"#fisher.moving_average<{_number(decay, 'decay')}>")


def argument(*names):
    """A belief that is handed to the step.

    Args:
      names: one for each component; ``{0}`` stands for what the first group of
        the globs captured, ``{1}`` for the second.

    Returns:
      A `Reference`. What has the names is handed over with the step's arguments;
      it has the shape and the element type of the component.

    Raises:
      TypeError: a name is no string.
    """
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"names must be strings, one for each component, got {names!r}")
    return Reference(f"#fisher.argument<{', '.join(map(quote, names))}>")


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the last component of beliefs comes from if no parameter holds it; made
    by `adam` and `fixed`.

    It prints as the IR's clause.
    """

    text: str

    def __str__(self):
        return self.text


def adam(moment, count, epsilon=1e-8):
    """The standard deviation that Adam's second moment v stands for:
    1/√(count·(v + epsilon)).

    Args:
      moment: the name of what holds v, shaped like the mean, which is handed over
        with the step's arguments; ``{0}`` stands for what the first group of the
        glob captured.
      count: the number of examples. Adam averages squares of gradients that are
        means over a batch; for the Fisher information of single examples, that
        number times the batch size.
      epsilon: bounds the standard deviation of what no gradient was seen of.

    Returns:
      A `Source`. Toward `frozen`, v is copied when the state is made, which is
      elastic weight consolidation.

    Raises:
      TypeError: an argument is of the wrong type.
      ValueError: the epsilon is not finite.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural
    networks", 2017.
    """
    if not isinstance(moment, str):
        raise TypeError(f"the second moment's name must be a string, got {moment!r}")
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"count must be a whole number, got {count!r}")
    text = f"from adam({quote(moment)}) count {count.__index__()}"
    if float(_number(epsilon, "epsilon")) != 1e-8:
        text += f" epsilon {_number(epsilon, 'epsilon')}"
    return Source(text)


def fixed(**coordinate):
    """A component that is the same number everywhere: ``fixed(sigma=0.1)``.

    With `GaussianMean` toward a prior it is L2: the penalty is weight/sigma² times
    the sum of squares.

    Args:
      coordinate: one number, by the name of the family's chart of it: `sigma` of
        `Gaussian` and `GaussianMean`, `kappa` of `VonMises`.

    Returns:
      A `Source`.

    Raises:
      TypeError: there is not one number.
      ValueError: it is not finite.
    """
    if len(coordinate) != 1:
        raise TypeError(f"one number by its name is needed, such as sigma=0.1, got {coordinate!r}")
    ((name, number),) = coordinate.items()
    return Source(f"fixed {name} {_number(number, name)}")


@dataclasses.dataclass(frozen=True)
class _Entry:
    names: tuple
    family: Family
    source: Source | None
    reference: Reference
    weight: object
    step_size: object
    mode: str
    # Where it was written, for messages.
    file: str = dataclasses.field(compare=False)
    line: int = dataclasses.field(compare=False)

    def get_text(self):
        text = f"fisher.regularize {', '.join(map(quote, self.names))} as {self.family}\n"
        if self.source is not None:
            text += f"      {self.source}\n"
        text += f"      toward {self.reference} weight {_number_or_name(self.weight, 'weight')}"
        if self.step_size is not None:
            text += f" step_size {_number_or_name(self.step_size, 'step_size')}"
        return f"{text} mode {self.mode}"


def check_step_size(step_size):
    """A step size that is given where a policy is applied, as a number.

    Raises:
      TypeError: it is no number.
      ValueError: it is not positive.
    """
    if step_size is None:
        return None
    number = float(_number(step_size, "step_size"))
    if number <= 0:
        raise ValueError(f"step_size must be positive, got {number}")
    return number


def check_policy(policy):
    """The policy, if it is one.

    Raises:
      TypeError: it is something else.
    """
    if not isinstance(policy, Policy):
        raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
    return policy


class Policy:
    """What to regularize in a training step, and how.

    A policy does not change: `regularize` returns another one. Policies are
    equal, and have the same hash, if they print the same.

    Args:
      name: its name in the IR.

    Example::

        >>> print(fisher.Policy().regularize(
        ...     "w.mu", "w.rho", as_=fisher.Gaussian("softplus"),
        ...     toward=fisher.prior(0, 1), weight=1e-3))
        fisher.policy @default {
          fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
              toward #fisher.prior<[0.0, 1.0]> weight 0.001 mode coupled
        }
    """

    def __init__(self, name="default"):
        if not isinstance(name, str):
            raise TypeError(f"a policy's name must be a string, got {name!r}")
        if not name:
            raise ValueError("a policy's name must not be empty")
        self.name = name
        self._entries = ()

    def regularize(
        self, *names, as_, toward, weight, from_=None, mode="coupled", step_size=None
    ):
        """The policy with one more entry.

        Args:
          names: one glob for each component of the family that is not made `from_`
            something, in order. ``*``
            stands for any text and ``?`` for any character; the text that
            parentheses capture ties the components of one belief together.
          as_: the family and the chart that the parameters are stored in.
          toward: the reference: `prior`, `frozen`, `previous`,
            `moving_average` or `argument`.
          weight: a number, or the name of an argument that holds it.
          from_: where the last component comes from if no parameter holds it:
            `adam` or `fixed`. Parameters are then the means of their beliefs, a
            prior is a mean alone, and the family is in the chart that is made,
            ``sigma``.
          mode: ``coupled`` (loss and gradients), ``loss_only`` (what
            differentiates comes later), ``proximal`` (a step after the
            optimizer's) or ``natural`` (gradients times the inverse metric).
          step_size: the optimizer's, which mode ``proximal`` needs: a number or
            the name of an argument.

        Returns:
          A new policy.

        Raises:
          TypeError: an argument is of the wrong type.
          ValueError: a number is not finite.
          PolicyError: the entry makes no sense.
        """
        if not isinstance(as_, Family):
            raise TypeError(f"as_ must be a family such as fisher.Gaussian('softplus'), got {as_!r}")
        if not isinstance(toward, Reference):
            raise TypeError(f"toward must be a reference such as fisher.prior(0, 1), got {toward!r}")
        if from_ is not None and not isinstance(from_, Source):
            raise TypeError(f"from_ must be fisher.adam(...) or fisher.fixed(...), got {from_!r}")
        if not names or not all(isinstance(name, str) for name in names):
            raise TypeError(f"names must be globs, one for each component, got {names!r}")
        if mode not in _MODES:
            raise ValueError(f"mode must be one of {', '.join(_MODES)}, got {mode!r}")
        caller = sys._getframe(1)
        entry = _Entry(
            tuple(names),
            as_,
            from_,
            toward,
            weight,
            step_size,
            mode,
            caller.f_code.co_filename,
            caller.f_lineno,
        )
        policy = Policy(self.name)
        policy._entries = (*self._entries, entry)
        # Only the new entry can be wrong, and it is told where it was written.
        apply_policy(f"module {{\n{policy.get_text()}\n}}", "")
        return policy

    @property
    def modes(self):
        """The modes of the entries, in order."""
        return tuple(entry.mode for entry in self._entries)

    @property
    def families(self):
        """The families of the entries, in order."""
        return tuple(entry.family for entry in self._entries)

    @property
    def references(self):
        """The references of the entries, in order."""
        return tuple(entry.reference for entry in self._entries)

    def in_mode(self, mode, of=None):
        """The policy with all entries in another mode.

        Args:
          mode: the mode.
          of: change only the entries that are in this mode.

        Returns:
          A new policy.
        """
        policy = Policy(self.name)
        policy._entries = tuple(
            dataclasses.replace(entry, mode=mode) if of in (None, entry.mode) else entry
            for entry in self._entries
        )
        return policy

    def with_step_size(self, step_size):
        """The policy whose entries have this step size if they state none.

        Args:
          step_size: a number, or the name of an argument.

        Returns:
          A new policy.
        """
        policy = Policy(self.name)
        policy._entries = tuple(
            dataclasses.replace(entry, step_size=step_size) if entry.step_size is None else entry
            for entry in self._entries
        )
        return policy

    def get_text(self, only=None, locations=True):
        """The policy as IR.

        Args:
          only: the number of the entry to print; without it, all are.
          locations: say where in the Python program each entry is.

        Returns:
          The text of an operation ``fisher.policy``.
        """
        # What is compiled has other symbols, too.
        lines = [f"fisher.policy {'@policy' if locations else self._symbol()} {{"]
        for number, entry in enumerate(self._entries):
            if only not in (None, number):
                continue
            line = "  " + entry.get_text()
            if locations:
                line += f" loc({quote(entry.file)}:{entry.line}:1)"
            lines.append(line)
        return "\n".join([*lines, "}"])

    def _symbol(self):
        plain = self.name.isidentifier() and self.name.isascii()
        return f"@{self.name}" if plain else f"@{quote(self.name)}"

    def __str__(self):
        return self._text

    # It does not change, and is asked for at every step.
    @functools.cached_property
    def _text(self):
        return self.get_text(locations=False)

    def __repr__(self):
        return f"<fisher.Policy {self.name!r} with {len(self._entries)} entries>"

    def __eq__(self, other):
        return isinstance(other, Policy) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))
