# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of the compiler that frameworks call with their arrays.

A program is a module whose function `@main` takes and returns tensors of static
shape. A policy becomes one by `fisher-insert` on a function that stands for the
training step: it takes what the step takes and makes, and returns the latter.
What is inserted is then all there is in it, whatever the step does itself.
"""

import dataclasses
import functools
import math

from . import _fisher
from ._compiler import PolicyError, apply_policy, explain, rewrite
from ._policy import quote

# Element types of the IR by the frameworks' names.
ELEMENT_TYPES = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint64": "ui64",
    "uint32": "ui32",
    "uint16": "ui16",
    "uint8": "ui8",
    "bool": "i1",
    "complex64": "complex<f32>",
    "complex128": "complex<f64>",
    # No beliefs are made of these, but other parameters may be.
    "int4": "i4",
    "int2": "i2",
    "uint4": "ui4",
    "uint2": "ui2",
    "float8_e3m4": "f8E3M4",
    "float8_e4m3": "f8E4M3",
    "float8_e4m3fn": "f8E4M3FN",
    "float8_e4m3fnuz": "f8E4M3FNUZ",
    "float8_e4m3b11fnuz": "f8E4M3B11FNUZ",
    "float8_e5m2": "f8E5M2",
    "float8_e5m2fnuz": "f8E5M2FNUZ",
    "float8_e8m0fnu": "f8E8M0FNU",
    "float4_e2m1fn": "f4E2M1FN",
}
_NAMES = {short: name for name, short in ELEMENT_TYPES.items()}
FLOATS = ("float64", "float32", "float16", "bfloat16")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """The type of an array: the name of its element type, and its shape."""

    dtype: str
    shape: tuple

    def __str__(self):
        sizes = "".join(f"{size}x" for size in self.shape)
        return f"tensor<{sizes}{ELEMENT_TYPES[self.dtype]}>"

    def describe(self):
        """The type as messages have it."""
        return explain(self)

    @staticmethod
    def parse(text):
        *sizes, element = text.removeprefix("tensor<").removesuffix(">").split("x")
        return Tensor(_NAMES[element], tuple(map(int, sizes)))

    @property
    def compute_dtype(self):
        """What distances between beliefs that are stored so are given in."""
        return "float64" if self.dtype == "float64" else "float32"


@dataclasses.dataclass(frozen=True)
class Program:
    """A module, and the types of what its function `@main` takes and returns."""

    module: str
    inputs: tuple
    outputs: tuple

    def find_like(self, number):
        """The number of the argument that a result belongs to, whose leading
        dimensions it has unless it is a sum."""
        return 0


@dataclasses.dataclass(frozen=True)
class Operation(Program):
    """A program of one operation of the dialect, on beliefs of one type."""

    operation: str
    family: object


@dataclasses.dataclass(frozen=True)
class PolicyProgram(Program):
    """A part of what a policy adds to a training step.

    Arguments and results are known by pairs: `("param", name)`,
    `("argument", name)` and `("state", name)`, and what the step makes and the
    policy changes: `("gradient", name)` and `("update", name)`. The penalty of
    the part is the result `("penalty", "")`.
    """

    takes: tuple
    returns: tuple
    # Names of states, and of the parameters or arguments that they start as copies
    # of.
    initialize: tuple

    def find_like(self, number):
        names = [name for _, name in self.takes]
        name = self.returns[number][1]
        return names.index(name) if name in names else 0


# Marks that say what a result of a step is.
_RESULT_MARKS = {
    "penalty": lambda name: {"role": "loss"},
    "gradient": lambda name: {"gradient_of": name},
    "update": lambda name: {"updates": name},
}
_KEYS = {"gradient_of": "gradient", "updates": "update"}


def _print_marks(**marks):
    return f" {{{', '.join(f'fisher.{mark} = {quote(text)}' for mark, text in marks.items())}}}"


def _make_step(takes, returns):
    """A function that takes and returns what is listed as pairs of a key and a
    type. It returns what it takes under the same key, else zeros."""
    arguments, results, body, values = [], [], [], []
    for index, (key, type) in enumerate(takes):
        kind, name = key
        if kind == "param":
            marks = _print_marks(name=name, role="param")
        elif kind == "argument":
            marks = _print_marks(name=name, role="state")
        else:
            marks = _print_marks(role="batch")
        arguments.append(f"%arg{index}: {type}{marks}")
    numbers = {key: index for index, (key, _) in enumerate(takes)}
    for index, (key, type) in enumerate(returns):
        results.append(f"{type}{_print_marks(**_RESULT_MARKS[key[0]](key[1]))}")
        if key in numbers:
            values.append(f"%arg{numbers[key]}")
        else:
            # What is added to minus zero is itself.
            body.append(f"%zero{index} = arith.constant dense<-0.0> : {type}")
            values.append(f"%zero{index}")
    types = ", ".join(str(type) for _, type in returns)
    terminator = f"return {', '.join(values)} : {types}" if values else "return"
    return "\n  ".join(
        [
            f"func.func @main({', '.join(arguments)}) -> ({', '.join(results)}) {{",
            *body,
            terminator,
            "}",
        ]
    )


def _insert(policy_text, takes, returns, options=""):
    step = _make_step(takes, returns)
    return apply_policy(
        f"module {{\n{step}\n{policy_text}\n}}", f"fisher-insert{{{options}}},canonicalize,cse"
    )


def _get_arguments(params, arguments):
    return [(("param", name), type) for name, type in params] + [
        (("argument", name), type) for name, type in arguments
    ]


@functools.lru_cache(maxsize=1024)
def parse_types(module):
    """The types that the function `@main` of a module takes and returns."""
    return tuple(
        tuple(Tensor.parse(type) for type, *_ in ports)
        for ports in _fisher.signature(module)[:2]
    )


def match(policy, params, arguments=()):
    """The beliefs that a policy regularizes.

    Args:
      policy: a `Policy`.
      params: pairs of a name and a `Tensor`.
      arguments: pairs of a name and a `Tensor`, of what the policy may name.

    Returns:
      For each entry the list of its beliefs, each a tuple of its parameters'
      names.

    Raises:
      PolicyError: the policy does not fit the parameters.
    """
    if policy.modes and not params:
        raise PolicyError("the policy matches nothing, as no parameter is an array of numbers")
    takes = _get_arguments(params, arguments)
    loss = [(("penalty", ""), Tensor("float32", ()))]
    # That no parameter is regularized twice is found out with all entries.
    policy = policy.in_mode("loss_only")
    _insert(policy.get_text(), takes, loss)
    beliefs = []
    for entry in range(len(policy.modes)):
        module = _insert(policy.get_text(only=entry), takes, loss)
        beliefs.append([tuple(names) for names in _fisher.signature(module)[2]])
    return beliefs


# Beliefs are put together until they have as many elements: what a call costs is
# little beside the arithmetic then, and what it works on is still in the cache.
_PART_SIZE = 1 << 15


def _divide(beliefs, sizes, groups):
    """Sets of names, as beliefs that have a name in common stay together, and
    those of several groups do not."""
    tied = {}
    for belief in beliefs:
        names = set(belief).union(*(tied[name] for name in belief if name in tied))
        tied.update(dict.fromkeys(names, names))
    parts = []
    for names in {id(names): names for names in tied.values()}.values():
        together = parts[-1] | names if parts else names
        is_small = sum(sizes[name] for name in together) <= _PART_SIZE
        if parts and is_small and len({groups.get(name) for name in together}) == 1:
            parts[-1] = together
        else:
            parts.append(names)
    return parts


@functools.lru_cache(maxsize=1024)
def build(
    policy, params, arguments=(), *, gradients=False, updates=False, step_size=None, groups=()
):
    """What a policy adds to a training step.

    Args:
      policy: a `Policy`.
      params: pairs of a name and a `Tensor`; what the policy does not match is
        left out.
      arguments: pairs of a name and a `Tensor`, of what the policy may name.
      gradients: whether the step makes gradients; else they are the penalty's
        alone.
      updates: whether the step makes new values of all that is regularized, not
        only of what is stepped proximally.
      step_size: a number for proximal entries that state none.
      groups: pairs of a name and what the parameters of one program have in
        common.

    Returns:
      A tuple of `PolicyProgram`, one for each large belief, or for several
      small ones.

    Raises:
      PolicyError: the policy does not fit the parameters, or the step.
    """
    sizes = {name: math.prod(type.shape) for name, type in params}
    programs = []
    for entry, beliefs in enumerate(match(policy, params, arguments)):
        mode = policy.modes[entry]
        for names in _divide(beliefs, sizes, dict(groups)):
            programs.append(
                _build_part(
                    policy.get_text(only=entry),
                    mode,
                    tuple(param for param in params if param[0] in names),
                    arguments,
                    gradients,
                    updates or mode == "proximal",
                    step_size,
                )
            )
    return tuple(programs)


def _build_part(policy_text, mode, params, arguments, gradients, updates, step_size):
    takes = _get_arguments(params, arguments)
    returns = []
    if mode != "proximal":
        is_wide = any(type.dtype == "float64" for _, type in params)
        returns.append((("penalty", ""), Tensor("float64" if is_wide else "float32", ())))
    for name, type in params:
        if mode in ("coupled", "natural"):
            returns.append((("gradient", name), type))
            if gradients:
                takes.append(returns[-1])
        if updates:
            returns.append((("update", name), type))
            takes.append(returns[-1])
    options = "" if step_size is None else f"step-size={float(step_size)!r}"
    module = _insert(policy_text, takes, returns, options)
    found_arguments, found_results, _ = _fisher.signature(module)
    # States that start as copies need what they are copies of.
    copied = {marks.get("initialize") for _, marks, _ in found_arguments[len(takes) :]}
    used = [
        take
        for take, (_, _, is_used) in zip(takes, found_arguments)
        if is_used or take[0][0] != "argument" or take[0][1] in copied
    ]
    if used != takes:
        # What other parts need is not handed to this one.
        takes = used
        module = _insert(policy_text, takes, returns, options)
        found_arguments, found_results, _ = _fisher.signature(module)
    states = [marks for _, marks, _ in found_arguments[len(takes) :]]
    names = {name for name, _ in params}
    return PolicyProgram(
        # Without names, what is done to tensors of one shape is the same program.
        rewrite(module, "fisher-strip-marks"),
        tuple(Tensor.parse(type) for type, _, _ in found_arguments),
        tuple(Tensor.parse(type) for type, _, _ in found_results),
        tuple(key for key, _ in takes) + tuple(("state", marks["name"]) for marks in states),
        tuple(_get_key(marks, names) for _, marks, _ in found_results),
        tuple((marks["name"], marks["initialize"]) for marks in states),
    )


def _get_key(marks, names):
    """What a result of the function is."""
    if "role" in marks:
        return "penalty", ""
    mark, kind = next((mark, kind) for mark, kind in _KEYS.items() if mark in marks)
    name = marks[mark]
    # What updates a state that was added is the state's next value.
    return ("state" if mark == "updates" and name not in names else kind), name


def get_states(policy, params, arguments=()):
    """The states that a policy's references need, as pairs of a name and the
    name of the parameter or argument that it starts as a copy of."""
    programs = build(policy, params, arguments, gradients=True, updates=True, step_size=1.0)
    return tuple(dict.fromkeys(state for program in programs for state in program.initialize))


# What operations on beliefs take beside the first, and make: "belief" stands for
# its components, "covector" for as many tensors of their type, "batch" for one
# number for each distribution, and "number" for one.
OPERATIONS = {
    "squared_distance": (("belief",), ("batch",)),
    "squared_distance_with_gradient": (("belief",), ("batch", "covector")),
    "kl_divergence": (("belief",), ("batch",)),
    "kl_divergence_with_gradients": (("belief",), ("batch", "covector", "covector")),
    "geodesic": (("belief", "number"), ("belief",)),
    "geodesic_pullback": (
        ("belief", "covector", "number"),
        ("covector", "covector", "batch"),
    ),
    "proximal_step": (("belief", "number"), ("belief",)),
    "natural_gradient": (("covector",), ("covector",)),
    "natural_gradient_pullback": (("covector", "covector"), ("covector", "covector")),
}
# How an operation is written that is more than its operands and types.
_SYNTAX = {
    "kl_divergence_with_gradients": "fisher.kl_divergence_with_gradients %a, %b : {belief}",
    "geodesic": "fisher.geodesic %a, %b at %t : {belief}",
    "geodesic_pullback": "fisher.geodesic_pullback %a, %b at %t along {third} : {belief}",
    "proximal_step": "fisher.proximal_step %a toward %b strength %t : {belief}",
    "natural_gradient": "fisher.natural_gradient %a, {second} : {belief}",
    "natural_gradient_pullback": (
        "fisher.natural_gradient_pullback %a, {second} along {third} : {belief}"
    ),
}


@functools.lru_cache(maxsize=1024)
def build_operation(operation, family, type):
    """A program of one operation of the dialect.

    It takes the components of the first belief, and then those of the second,
    covectors, and a number, if the operation has them.

    Args:
      operation: such as `"squared_distance"`.
      family: a `Family`.
      type: the `Tensor` of each component.

    Raises:
      PolicyError: there are no such beliefs.
    """
    count = len(family.components)
    number = Tensor(type.compute_dtype, ())
    batch_rank = max(len(type.shape) - family.event_rank, 0)
    kinds = {
        "belief": (type,) * count,
        "covector": (type,) * count,
        "batch": (Tensor(type.compute_dtype, type.shape[:batch_rank]),),
        "number": (number,),
    }
    takes, makes = OPERATIONS[operation]
    inputs = sum((kinds[kind] for kind in ("belief", *takes)), ())
    outputs = sum((kinds[kind] for kind in makes), ())
    names = [f"%arg{index}" for index in range(len(inputs))]
    first, second, third = (
        ", ".join(names[start : start + count]) for start in range(0, 3 * count, count)
    )
    belief = f"!fisher.belief<{family}, {type}>"
    types = ", ".join(map(str, outputs))

    body = [f"%a = fisher.belief {first} : {belief}"]
    if "belief" in takes:
        body.append(f"%b = fisher.belief {second} : {belief}")
    if "number" in takes:
        body.append(f"%t = tensor.extract {names[-1]}[] : {number}")
    syntax = _SYNTAX.get(operation, f"fisher.{operation} %a, %b : {{belief}} -> {{types}}")
    statement = syntax.format(belief=belief, second=second, third=third, types=types)
    if makes == ("belief",):
        body.append(f"%q = {statement}")
        statement = f"fisher.components %q : {belief}"
    results = ", ".join(f"%r{index}" for index in range(len(outputs)))
    body.append(f"{results} = {statement}")
    body.append(f"return {results} : {types}")
    arguments = ", ".join(f"{name}: {type}" for name, type in zip(names, inputs))
    function = "\n  ".join([f"func.func @main({arguments}) -> ({types}) {{", *body])
    module = apply_policy(f"module {{\n{function}\n}}\n}}", "")
    return Operation(module, inputs, outputs, operation, family)
