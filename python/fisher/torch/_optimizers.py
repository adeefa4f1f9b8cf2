# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies as hooks of optimizers: training loops stay as they are."""

import torch

from .._compiler import PolicyError
from .._policy import Policy, previous
from ._distributed import get_local
from ._names import name_parameters
from ._training import Step, check_modes, get_next_states

# What an optimizer's learning rate is called in the policy.
_STEP_SIZE = "optimizer.step_size"


class Hook:
    """A policy in an optimizer; made by `proximal` and `natural`.

    Its state is part of the optimizer's `state_dict`.
    """

    def __init__(self, kind, optimizer, policy, params, arguments):
        if not isinstance(policy, Policy):
            raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
        check_modes(
            policy, (kind, "loss_only"), f"fisher.torch.{kind}", "make a policy for each mode"
        )
        self._kind = kind
        self._policy = policy.in_mode(kind, of="loss_only").with_step_size(_STEP_SIZE)
        self._params = name_parameters(params)
        self._arguments = name_parameters(arguments or {})
        self._optimizer = optimizer
        step = self._make_step(self._params)
        self._names = self._find_names(step)
        #: The tensors of the policy's references by name.
        self.state = step.make_state()
        self._handles = [
            optimizer.register_state_dict_post_hook(self._save),
            optimizer.register_load_state_dict_pre_hook(self._load),
        ]

    def remove(self):
        """Takes the policy out of the optimizer."""
        for handle in self._handles:
            handle.remove()

    def _make_step(self, params):
        """The policy on parameters, in the optimizer's groups."""
        groups = self._optimizer.param_groups
        numbers = {
            id(param): number for number, group in enumerate(groups) for param in group["params"]
        }
        tensors = list(self._params.values())
        is_wide = any(tensor.dtype == torch.float64 for tensor in tensors)
        made = {"dtype": torch.float64 if is_wide else torch.float32, "device": tensors[0].device}
        self._rates = {
            ("argument", _STEP_SIZE, number): torch.as_tensor(group["lr"], **made)
            for number, group in enumerate(groups)
        }
        arguments = {**self._arguments, _STEP_SIZE: torch.zeros((), **made)}
        pairs = {name: numbers.get(id(tensor)) for name, tensor in self._params.items()}
        return Step(self._policy, params, arguments, pairs)

    def _find_names(self, step):
        """The names of what is regularized, all of it the optimizer's."""
        names = [name for kind, name in step.build(self._kind).takes if kind == "param"]
        for name in names:
            if step.groups[name] is None:
                raise PolicyError(
                    f"the parameter '{name}' is not one of the optimizer; give it to the "
                    "optimizer, or make the policy's globs narrower"
                )
        return names

    def _run(self, step, made, **options):
        """The results of the policy's programs. The state moves on."""
        bundle = step.build(self._kind, **options)
        made = {key: get_local(tensor) for key, tensor in {**self._rates, **made}.items()}
        results = bundle(step.get_tensors(bundle, self.state, made))
        for name, tensor in get_next_states(self.state, results).items():
            self.state[name].copy_(tensor)
        return results

    @property
    def _key(self):
        return f"fisher.{self._kind}"

    def _save(self, optimizer, state_dict):
        if self.state:
            state_dict[self._key] = dict(self.state)

    def _load(self, optimizer, state_dict):
        saved = state_dict.get(self._key, {})
        for name, tensor in self.state.items():
            if name not in saved:
                raise PolicyError(
                    f"the policy keeps a state, of which '{name}' is not in the optimizer's that "
                    f"is loaded; save it with fisher.torch.{self._kind} on the optimizer"
                )
            with torch.no_grad():
                tensor.copy_(saved[name])


class _Proximal(Hook):
    def __init__(self, optimizer, policy, params, arguments):
        super().__init__("proximal", optimizer, policy, params, arguments)
        # Where the parameters were, for the one reference that is there.
        self._old = {}
        if previous in policy.references:
            self._handles.append(optimizer.register_step_pre_hook(self._remember))
        self._handles.append(optimizer.register_step_post_hook(self._step))

    def _remember(self, optimizer, args, kwargs):
        self._old = {name: self._params[name].detach().clone() for name in self._names}

    @torch.no_grad()
    def _step(self, optimizer, args, kwargs):
        step = self._make_step({**self._params, **self._old})
        results = self._run(step, {("update", name): self._params[name] for name in self._names})
        for name in self._names:
            get_local(self._params[name]).copy_(results["update", name])


class _Natural(Hook):
    def __init__(self, optimizer, policy, params, arguments):
        super().__init__("natural", optimizer, policy, params, arguments)
        self._handles.append(optimizer.register_step_pre_hook(self._step))

    @torch.no_grad()
    def _step(self, optimizer, args, kwargs):
        if any(callable(value) for value in (*args[1:], *kwargs.values())):
            raise PolicyError(
                "gradients that a closure computes in the optimizer's step cannot be made "
                "natural before it; call loss.backward() and then step() without a closure"
            )
        params = {name: self._params[name] for name in self._names}
        for param in params.values():
            if param.grad is None:
                param.grad = torch.zeros_like(param)
        gradients = {("gradient", name): param.grad for name, param in params.items()}
        results = self._run(self._make_step(self._params), gradients, gradients=True)
        for name, param in params.items():
            get_local(param.grad).copy_(results["gradient", name])


def proximal(optimizer, policy, params, *, arguments=None):
    """Lets a proximal step follow each step of an optimizer: beliefs move on
    along the geodesic to their references, in place.

    The step size is the learning rate of the group that a parameter is in, for
    entries that state none.

    Args:
      optimizer: a `torch.optim.Optimizer`, which is changed.
      policy: a `fisher.Policy` with entries in mode ``proximal``.
      params: a module, or a dictionary from names to the optimizer's tensors.
      arguments: a dictionary of what the policy names. The tensors are read at
        each step.

    Returns:
      The hook, whose method `remove` undoes this. The state that the policy
      keeps starts as copies of the parameters as they are now, and is part of
      the optimizer's `state_dict`.

    Raises:
      PolicyError: the policy has entries in other modes, does not fit the
        parameters, or one of them is not the optimizer's.
    """
    return _Proximal(optimizer, policy, params, arguments)


def natural(optimizer, policy, params, *, arguments=None):
    """Makes the gradients that an optimizer is given natural: the penalties'
    are added to them, and the sum is premultiplied by the inverse Fisher metric.

    Args:
      optimizer: a `torch.optim.Optimizer`, which is changed.
      policy: a `fisher.Policy` with entries in mode ``natural``.
      params: a module, or a dictionary from names to the optimizer's tensors.
      arguments: a dictionary of what the policy names. The tensors are read at
        each step.

    Returns:
      The hook, as that of `proximal`.

    Raises:
      PolicyError: the policy has entries in other modes, does not fit the
        parameters, or one of them is not the optimizer's. In a step: the
        gradients are computed by a closure.
    """
    return _Natural(optimizer, policy, params, arguments)
