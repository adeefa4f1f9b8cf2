# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in PyTorch programs: penalties and their state."""

import functools
from collections.abc import Mapping

import torch
import torch._dynamo

from .._compiler import PolicyError
from .._policy import Policy
from .._program import Tensor, build, get_states, match
from ._call import DTYPE_NAMES, scale_gradients
from ._distributed import (
    check_layouts,
    get_layout,
    get_local,
    is_distributed,
    make_like,
    sum_over_mesh,
)
from ._names import name_parameters

# A function that was compiled for a policy is compiled again for another.
torch.utils._pytree.register_constant(Policy)


def _describe(tensors):
    """What the programs for some tensors depend on."""
    # A size that was symbolic is so no more.
    return tuple(
        (name, tensor.dtype, tuple(map(int, tensor.shape)), tensor.device)
        for name, tensor in tensors.items()
    )


def _get_types(described):
    return tuple(
        (name, Tensor(DTYPE_NAMES[dtype], shape))
        for name, dtype, shape, _ in described
        if dtype in DTYPE_NAMES
    )


def check_modes(policy, modes, what, hint):
    """Raises a PolicyError if a policy has entries in other modes than these."""
    others = sorted(set(policy.modes) - set(modes))
    if others:
        raise PolicyError(
            f"{what} serves entries in mode {' and '.join(modes)}, but the policy has some in "
            f"mode {', '.join(others)}; {hint}"
        )


class Bundle:
    """Programs that are called together.

    What they take and return is one after the other in `takes` and `returns`,
    as pairs of a kind and a name; penalties are by the number of the program.
    """

    def __init__(self, programs, groups):
        groups = dict(groups)
        self.takes = [key for program in programs for key in program.takes]
        self.inputs = [type for program in programs for type in program.inputs]
        self.outputs = [type for program in programs for type in program.outputs]
        self.numbers = [
            number for number, program in enumerate(programs) for _ in program.takes
        ]
        self.modules = list(dict.fromkeys(program.module for program in programs))
        self.calls = [self.modules.index(program.module) for program in programs]
        self.returns = [
            (kind, name or number)
            for number, program in enumerate(programs)
            for kind, name in program.returns
        ]
        # What the parameters of each program have in common.
        self.groups = [
            groups.get(next(name for kind, name in program.takes if kind == "param"))
            for program in programs
        ]

    def __call__(self, tensors):
        """The results by kind and name."""
        results = torch.ops.fisher.programs(tensors, self.modules, self.calls)
        return dict(zip(self.returns, results))

    def add_to_gradients(self, tensors):
        """The same, if penalties and gradients are all, but the results that are
        gradients are the tensors that were taken as such."""
        names, places = [], []
        for kind, name in (*self.takes, *self.returns):
            if kind != "gradient":
                places.append(-1)
                continue
            if name not in names:
                names.append(name)
            places.append(names.index(name))
        taken = list(zip(self.takes, tensors))
        gradients = {name: tensor for (kind, name), tensor in taken if kind == "gradient"}
        penalties = torch.ops.fisher.add_to_gradients(
            [gradients[name] for name in names],
            [tensor for (kind, _), tensor in taken if kind != "gradient"],
            self.modules,
            self.calls,
            places,
        )
        results = {("gradient", name): gradients[name] for name in names}
        results.update((("penalty", number), value) for number, value in enumerate(penalties))
        return results


@functools.lru_cache(maxsize=1024)
def _match(policy, params, arguments):
    return match(policy, _get_types(params), _get_types(arguments))


@functools.lru_cache(maxsize=1024)
def _build(policy, mode, params, arguments, groups, options):
    places = {name: device for name, _, _, device in (*params, *arguments)}
    types = _get_types(params), _get_types(arguments)
    programs = build(policy.in_mode(*mode), *types, groups=groups, **dict(options))
    bundle = Bundle(programs, groups)
    names = [name for kind, name in bundle.takes if name in places]
    for name in names:
        if places[name] != places[names[0]]:
            raise PolicyError(
                f"'{name}' is on {places[name]}, but '{names[0]}' is on {places[names[0]]}; move "
                "them to one device with .to"
            )
    return bundle


class Step:
    """The parameters that a policy is applied to, and what it may name.

    Args:
      policy: a `fisher.Policy`.
      params, arguments: tensors by name; an argument may be a number.
      groups: for names of parameters, what those of one program have in common.
    """

    def __init__(self, policy, params, arguments=None, groups=None):
        if not isinstance(policy, Policy):
            raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
        self.policy = policy
        self.params = params
        arguments = {
            name: value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
            for name, value in (arguments or {}).items()
        }
        self.arguments = arguments
        self._local = {name: get_local(tensor) for name, tensor in params.items()}
        self._arguments = {name: get_local(tensor) for name, tensor in arguments.items()}
        self._described = _describe(self._local), _describe(self._arguments)
        layouts = {name: get_layout(tensor) for name, tensor in params.items()}
        if any(layouts.values()):
            beliefs = _match(policy, _describe(params), _describe(arguments))
            check_layouts(policy, beliefs, params)
        self.groups = groups or {}
        self._keys = tuple((name, (layouts[name], self.groups.get(name))) for name in params)

    def build(self, mode, of=None, **options):
        """The policy's programs, with its entries in another mode.

        Raises:
          PolicyError: the policy does not fit.
        """
        return _build(
            self.policy, (mode, of), *self._described, self._keys, tuple(options.items())
        )

    def get_tensors(self, bundle, state, made=None):
        """What a bundle takes. `made` is what the step makes, by kind and name, and
        group if each has its own.

        Raises:
          PolicyError: the state is not one of the policy.
        """
        made = made or {}
        tensors = []
        for key, type, number in zip(bundle.takes, bundle.inputs, bundle.numbers):
            kind, name = key
            _, group = bundle.groups[number]
            if (*key, group) in made:
                tensor = made[*key, group]
            elif key in made:
                tensor = made[key]
            elif kind == "state":
                tensor = _get_state(state, name, type)
            else:
                tensor = (self._local if kind == "param" else self._arguments)[name]
            tensors.append(tensor)
        return tensors

    def can_overwrite(self, bundle):
        """Whether a bundle's programs read an element of a gradient only for the same
        one of their result, and make nothing but gradients and penalties.

        A sum over what is broadcast, or over beliefs that share a parameter, and
        an inverse metric may read it later.
        """
        beliefs = [
            names for entry in _match(self.policy, *self._described) for names in entry
        ]
        names = [name for belief in beliefs for name in belief]
        shapes = {name: shape for name, _, shape, _ in self._described[0]}
        penalties = {
            type.dtype for key, type in zip(bundle.returns, bundle.outputs) if key[0] == "penalty"
        }
        return (
            "natural" not in self.policy.modes
            and {kind for kind, _ in bundle.returns} == {"penalty", "gradient"}
            and len(penalties) == 1
            and len(set(names)) == len(names)
            and all(len({shapes[name] for name in belief}) == 1 for belief in beliefs)
            and all(self._local[name].device.type == "cpu" for name in names)
        )

    def make_state(self):
        """What `init` returns."""
        types = [
            _get_types(_describe(tensors)) for tensors in (self.params, self.arguments)
        ]
        values = {**self.arguments, **self.params}
        return {
            name: values[start].detach().clone()
            for name, start in get_states(self.policy, *types)
        }


def _get_state(state, name, type):
    if name not in state:
        raise PolicyError(
            f"the policy keeps a state, of which '{name}' is missing; make it once with "
            "fisher.torch.init(params, policy), and pass what update_state returned as "
            "fisher_state"
        )
    tensor = get_local(state[name])
    if tuple(tensor.shape) != type.shape or DTYPE_NAMES.get(tensor.dtype) != type.dtype:
        raise PolicyError(
            f"the state '{name}' must be {type.dtype} of shape {type.shape}, but it was given as "
            f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
        )
    return tensor


def add_penalties(bundle, results):
    """The sum of the penalties in what a bundle returned, over all processes."""
    sums = {}
    for number, (layout, _) in enumerate(bundle.groups):
        value = results["penalty", number]
        sums[layout] = sums[layout] + value if layout in sums else value
    total = None
    for layout, value in sums.items():
        value = sum_over_mesh(value, layout)
        total = value if total is None else total + value
    return total


def get_next_states(state, results):
    """The next values of states in what a bundle returned."""
    return {
        name: make_like(state[name], result)
        for (kind, name), result in results.items()
        if kind == "state"
    }


class _Penalty(torch.autograd.Function):
    """The sum of penalties, and everything else that a bundle returns."""

    generate_vmap_rule = True

    @staticmethod
    def forward(bundle, *tensors):
        results = bundle(tensors)
        total = add_penalties(bundle, results)
        return total, *(results[key] for key in bundle.returns if key[0] != "penalty")

    @staticmethod
    def setup_context(ctx, inputs, output):
        bundle, *tensors = inputs
        _, *results = output
        ctx.mark_non_differentiable(*results)
        keys = [key for key in bundle.returns if key[0] != "penalty"]
        gradients = {
            name: result for (kind, name), result in zip(keys, results) if kind == "gradient"
        }
        ctx.names = list(gradients)
        ctx.takes = bundle.takes
        params = [tensor for (kind, _), tensor in zip(bundle.takes, tensors) if kind == "param"]
        ctx.save_for_backward(*gradients.values(), *params)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, slope, *_):
        if slope is None:
            return (None,) * len(ctx.needs_input_grad)
        count = len(ctx.names)
        gradients, params = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        scaled = dict(zip(ctx.names, scale_gradients(slope, gradients, params)))
        return None, *(scaled.get(name) if kind == "param" else None for kind, name in ctx.takes)


def evaluate(step, state):
    """The penalty, and the next values of the states that the policy updates."""
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in step.params.values()):
        bundle = step.build("coupled")
        total, *others = _Penalty.apply(bundle, *step.get_tensors(bundle, state))
        keys = [key for key in bundle.returns if key[0] != "penalty"]
        results = dict(zip(keys, others))
    else:
        bundle = step.build("loss_only")
        results = bundle(step.get_tensors(bundle, state))
        total = add_penalties(bundle, results)
    return total, get_next_states(state, results)


def _check_constant(tensors, what):
    for name, tensor in tensors.items():
        if torch.is_grad_enabled() and getattr(tensor, "requires_grad", False):
            raise TypeError(
                f"the penalty is differentiated with respect to parameters only, but the {what} "
                f"'{name}' requires a gradient; pass it through detach()"
            )


@torch._dynamo.nonstrict_trace
def _evaluate(params, policy, arguments, state):
    _check_constant(arguments, "argument")
    _check_constant(state, "state")
    return evaluate(Step(policy, params, arguments), state)[0]


@torch._dynamo.nonstrict_trace
def _update(params, policy, arguments, state):
    with torch.no_grad():
        return evaluate(Step(policy, params, arguments), state)[1]


@torch._dynamo.nonstrict_trace
def _add_to_gradients(params, gradients, policy, arguments, state):
    _check_constant(arguments, "argument")
    _check_constant(state, "state")
    with torch.no_grad():
        step = Step(policy, params, arguments)
        bundle = step.build("coupled", of="loss_only", gradients=True)
        made = {("gradient", name): gradient for name, gradient in gradients.items()}
        if torch.compiler.is_compiling() and step.can_overwrite(bundle):
            # The compiler leaves a copy out where nothing else reads the gradient.
            for key, gradient in made.items():
                is_dense = gradient.is_contiguous()
                made[key] = gradient.clone() if is_dense else gradient.contiguous()
            results = bundle.add_to_gradients(step.get_tensors(bundle, state, made))
        else:
            results = bundle(step.get_tensors(bundle, state, made))
        sums = {
            name: results.get(("gradient", name), gradient)
            for name, gradient in gradients.items()
        }
        return add_penalties(bundle, results), sums, get_next_states(state, results)


def value_and_grad(loss, policy, *, has_aux=False):
    """The value and the gradients of a loss with the policy's penalties.

    Like `torch.func.grad_and_value` with its results the other way around. The
    penalties and their gradients are computed when the gradients of the loss are
    there, in one pass over both::

        step = torch.compile(fisher.torch.value_and_grad(loss, policy))
        value, gradients = step(dict(model.named_parameters()), x, y)

    Entries in mode ``natural`` premultiply the sum of the gradients by the
    inverse metric.

    Args:
      loss: a function of a dictionary from names to tensors, and of more, that
        returns a scalar, or with `has_aux` a pair of it and something else. All
        tensors of the dictionary are differentiated. It calls a module by
        `torch.func.functional_call`.
      policy: a `fisher.Policy`.
      has_aux: whether the loss returns a pair.

    Returns:
      A function of what `loss` takes. It takes the keyword arguments
      `fisher_arguments` (what the policy names) and, if the policy keeps a
      state, `fisher_state`, too. It returns the value, or the pair, and a
      dictionary of the gradients, and the next state if there is one. They are
      differentiated no further.

    Raises:
      PolicyError: the policy has entries in mode ``proximal``. In a call: it does
        not fit the parameters, its state is missing, or a parameter is a
        `DTensor`.
      TypeError: an argument or a state requires a gradient.
    """
    if not isinstance(policy, Policy):
        raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
    check_modes(
        policy,
        ("coupled", "natural", "loss_only"),
        "fisher.torch.value_and_grad",
        "use fisher.torch.proximal with an optimizer",
    )

    @functools.wraps(loss)
    def regularized(params, *args, fisher_state=None, fisher_arguments=None, **kwargs):
        if isinstance(params, torch.nn.Module):
            raise TypeError(
                "a dictionary from names to tensors is needed, got a module; pass "
                "dict(module.named_parameters()), and call the module by "
                "torch.func.functional_call in the loss"
            )
        params = _map(lambda _, tensor: tensor.detach(), params)
        named = name_parameters(params)
        if any(is_distributed(tensor) for tensor in named.values()):
            raise PolicyError(
                "fisher.torch.value_and_grad does not serve a DTensor, whose gradients a module's "
                "hooks add up; use fisher.torch.penalty"
            )
        differentiated = torch.func.grad_and_value(loss, has_aux=has_aux)
        gradients, value = differentiated(params, *args, **kwargs)
        value, *aux = value if has_aux else (value,)
        penalty, sums, updated = _add_to_gradients(
            named,
            name_parameters(gradients),
            policy,
            name_parameters(fisher_arguments or {}),
            fisher_state or {},
        )
        value = value + penalty.to(value.dtype)
        results = (value, *aux) if has_aux else value, _map(lambda name, _: sums[name], params)
        return results if fisher_state is None else (*results, {**fisher_state, **updated})

    return regularized


def _map(function, tree, prefix=""):
    """Mappings in each other of what a function makes of the name and the tensor."""
    return {
        key: _map(function, value, f"{prefix}{key}.")
        if isinstance(value, Mapping)
        else function(f"{prefix}{key}", value)
        for key, value in tree.items()
    }


def init(params, policy, *, arguments=None):
    """The state that a policy keeps: copies of parameters for the references
    `frozen`, `previous` and `moving_average`, and of the second moments that
    spreads are made from by `fisher.adam`.

    Args:
      params: a module, whose parameters have the names of `named_parameters`,
        or a dictionary from names to tensors. In nested dictionaries a name is
        the keys on the way, joined by points.
      policy: a `fisher.Policy`.
      arguments: a dictionary of what the policy names: weights, references.

    Returns:
      A dictionary from names to tensors, empty if the policy keeps no state. It
      is saved and loaded like a `state_dict`.

    Raises:
      PolicyError: the policy does not fit the parameters.
    """
    return Step(policy, name_parameters(params), name_parameters(arguments or {})).make_state()


def penalty(params, policy, *, arguments=None, fisher_state=None):
    """The sum of a policy's penalties, to be added to a loss.

    Entries of every mode are counted: weight times the squared distance of each
    belief to its reference. If a gradient is needed, it is computed together
    with the value, in one pass over the parameters.

    Args:
      params: a module, whose parameters have the names of `named_parameters`,
        or a dictionary from names to tensors. Of a `DTensor` each process works
        on its own part, and the penalty is the sum over all of them.
      policy: a `fisher.Policy`.
      arguments: a dictionary of what the policy names: weights, references.
      fisher_state: the state that `init` made, if the policy keeps one.

    Returns:
      A scalar, float64 if a parameter is, else float32. It can be
      differentiated once, with respect to `params`.

    Raises:
      PolicyError: the policy does not fit the parameters, its state is missing,
        or a parameter is on a device or sharded in a way that is not served.
      TypeError: an argument or a state requires a gradient.
    """
    return _evaluate(
        name_parameters(params), policy, name_parameters(arguments or {}), fisher_state or {}
    )


def update_state(params, policy, fisher_state, *, arguments=None):
    """The state after a step: moving averages have moved toward the parameters,
    and `previous` holds them.

    Args:
      params: the parameters that the step was given.
      policy, fisher_state, arguments: as in `penalty`.

    Returns:
      The next state. The one that was given does not change.

    Raises:
      PolicyError: the policy does not fit the parameters, or its state is
        missing.
    """
    updated = _update(
        name_parameters(params), policy, name_parameters(arguments or {}), fisher_state
    )
    return {**fisher_state, **updated}
