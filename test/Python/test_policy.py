# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies and families as objects: how they print and compare, and what is said
of those that are wrong or do not fit their parameters."""

import pathlib
import pickle
import random
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fisher
import fisher.jax
from by_hand import FAMILIES

SOFTPLUS = fisher.Gaussian("softplus")
ODD_NAMES = [
    'say "mu"',
    "a\\b",
    "tab\there",
    "new\nline",
    "bell\a",
    "naïve.μ",
    "🐟",
    "a'b",
    "%x{0}",
]


def make(*names, policy=fisher.Policy(), **how):
    """A policy of one entry, which most tests change in one place."""
    how = {"as_": SOFTPLUS, "toward": fisher.prior(0, 1), "weight": 1e-3, **how}
    return policy.regularize(*(names or ("(*).mu", "(*).rho")), **how)


def reread(policy):
    """What the compiler prints of a policy that it read."""
    return fisher.rewrite(f"module {{\n{policy}\n}}", "")


REFERENCES = [
    fisher.prior(0, 1),
    fisher.prior(-1.5, 1e-9),
    fisher.frozen,
    fisher.previous,
    fisher.moving_average(0.99),
    fisher.argument("ref.{0}.mu", "ref.{0}.rho"),
    fisher.argument('odd "{0}"', "μ"),
]


@pytest.mark.parametrize("mode", ["coupled", "loss_only", "proximal", "natural"])
@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_prints_as_the_ir(reference, mode):
    for extra in ({}, {"step_size": 0.1}, {"step_size": "rate"}, {"weight": "λ"}):
        policy = make(toward=reference, mode=mode, **extra)
        text = reread(policy)
        # The compiler prints what it read, to the number.
        assert fisher.rewrite(text, "") == text
        assert f"mode {mode}" in text and str(reference).partition("<")[0] in text
        assert ("step_size" in text) == ("step_size" in extra)


def test_documented_text():
    policy = fisher.Policy().regularize(
        "w.mu",
        "w.rho",
        as_=fisher.Gaussian("softplus"),
        toward=fisher.prior(0, 1),
        weight=1e-3,
    )
    text = """fisher.policy @default {
  fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.001 mode coupled
}"""
    assert str(policy) == text and text in fisher.Policy.__doc__.replace("\n        ", "\n")


@pytest.mark.parametrize("name", ODD_NAMES, ids=repr)
def test_any_name_can_be_a_parameter(name):
    """Backslashes escape, in globs, what else has a meaning."""
    glob = re.sub(r"([\\*?()])", r"\\\1", name)
    policy = make(f"{glob}.mu", f"{glob}.rho", policy=fisher.Policy(name))
    assert fisher.rewrite(reread(policy), "") == reread(policy)
    params = {name: {"mu": jnp.ones(3), "rho": jnp.zeros(3)}}
    penalty = fisher.jax.penalty(params, policy)
    plain = fisher.jax.penalty({"w": params[name]}, make("w.mu", "w.rho"))
    assert penalty == plain > 0
    # A name in an argument, too.
    weighted = make(f"{glob}.mu", f"{glob}.rho", weight=f"{name} weight")
    arguments = {f"{name} weight": jnp.float32(1e-3)}
    np.testing.assert_allclose(fisher.jax.penalty(params, weighted, arguments=arguments), plain)


@pytest.mark.parametrize("name", ["main", "fisher_program", "default", "0", "penalty"])
def test_any_name_can_be_a_policy(name):
    params = {"w": {"mu": jnp.ones(3), "rho": jnp.zeros(3)}}
    assert fisher.jax.penalty(params, make(policy=fisher.Policy(name))) > 0


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_families(family):
    assert repr(family) == f"fisher.{type(family).__name__}({family.chart!r})"
    assert eval(repr(family), {"fisher": fisher}) == family
    assert hash(family) == hash(type(family)(family.chart))
    assert len({*FAMILIES, family}) == len(FAMILIES) == 25
    assert family.components and family.standard_coordinates
    assert pickle.loads(pickle.dumps(family)) == family


def test_families_describe_themselves():
    assert SOFTPLUS.components == ("mean", "scale")
    assert SOFTPLUS.standard_coordinates == ("mean", "standard deviation")
    ranks = {type(family).__name__: family.event_rank for family in FAMILIES}
    assert ranks.pop("Categorical") == 1 and ranks.pop("CenteredGaussian") == 2
    assert set(ranks.values()) == {0}


def test_equality_and_hash():
    policy, same = make(), make()
    assert policy == same and hash(policy) == hash(same) and policy != str(policy)
    others = [
        fisher.Policy(),
        make(policy=fisher.Policy("other")),
        make("(*).mean", "(*).rho"),
        make(as_=fisher.Gaussian("sigma")),
        make(toward=fisher.frozen),
        make(weight=2e-3),
        make(weight="weight"),
        make(mode="natural"),
        make(step_size=0.1),
        make("b.mu", "b.rho", policy=policy),
    ]
    assert len({policy, same, *others}) == 1 + len(others)
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert repr(policy) == "<fisher.Policy 'default' with 1 entries>"


def test_policy_does_not_change():
    policy = make("a.mu", "a.rho")
    text = str(policy)
    longer = make("b.mu", "b.rho", policy=policy, mode="natural")
    assert str(policy) == text and longer.modes == ("coupled", "natural")
    assert longer.in_mode("loss_only").modes == ("loss_only", "loss_only")
    assert longer.in_mode("proximal", of="natural").modes == ("coupled", "proximal")
    assert longer.modes == ("coupled", "natural")


BELIEF = {"mu": jnp.ones((4, 3)), "rho": jnp.zeros((4, 3))}
PARAMS = {"fc": {**BELIEF, "bias": jnp.zeros(3), "count": jnp.arange(4)}}


def apply(policy, params=PARAMS, **how):
    return fisher.jax.penalty(params, policy, **how)


@pytest.mark.parametrize(
    "mistake,message",
    [
        # What matches.
        (
            lambda: apply(make("x*.mu", "x*.rho")),
            r"'x\*.mu' matches no parameter.*'fc.bias', 'fc.count', 'fc.mu', 'fc.rho'",
        ),
        (
            lambda: apply(make("(*).mu", "(*).sigma")),
            r"'\(\*\).sigma' matches no parameter.*'fc.mu'",
        ),
        (
            lambda: apply(make("(*).mu", "(f*).rho"), {**PARAMS, "g": {"mu": jnp.ones(2)}}),
            r"'g.mu' matches '\(\*\).mu' as the mean of a belief, but no parameter matches",
        ),
        (
            lambda: apply(make("(?)*.mu", "(?)*.rho"), {"ab": BELIEF, "ac": BELIEF}),
            r"'\(\?\)\*.mu' matches both 'ab.mu' and 'ac.mu'.*capture what tells them apart in parentheses",
        ),
        (
            lambda: apply(make("fc.mu", "fc.rho", policy=make())),
            r"'fc.mu' is matched twice.*test_policy.py:\d+: note: it is matched here, too",
        ),
        (lambda: apply(make("fc.mu", "fc.mu")), "'fc.mu' is matched twice"),
        (lambda: apply(make(), {}), "matches nothing, as no parameter is an array"),
        (
            lambda: apply(make(), {"a": None, "b": len}),
            "matches nothing, as no parameter is an array",
        ),
        # What it is.
        (
            lambda: apply(make(), {"a": {"mu": jnp.ones((4, 3)), "rho": jnp.ones((5, 3))}}),
            r"'a.mu' \(mean\) and 'a.rho' \(scale\) differ.*'f32\[4,3\]' and 'f32\[5,3\]'",
        ),
        (
            lambda: apply(make(), {"a": {"mu": jnp.ones(3), "rho": jnp.ones(3, jnp.bfloat16)}}),
            r"one element type, but 'a.mu' \(mean\).*'f32\[3\]' and 'bf16\[3\]'",
        ),
        (
            lambda: apply(make(), {"a": {"mu": jnp.arange(3), "rho": jnp.arange(3)}}),
            r"'a.mu' cannot be.*must be f64, f32, bf16 or f16, got 'i32'",
        ),
        (
            lambda: apply(make(), {"a": {"mu": jnp.ones(3, "c8"), "rho": jnp.ones(3, "c8")}}),
            r"'a.mu' cannot be.*got 'complex<f32>'",
        ),
        (
            lambda: apply(
                make(),
                {"a": {name: jnp.ones(3, jnp.float8_e4m3fn) for name in ("mu", "rho")}},
            ),
            r"'a.mu' cannot be.*got 'f8E4M3FN'",
        ),
        (
            lambda: apply(
                make("w", as_=fisher.Categorical("logits"), toward=fisher.prior(0.5, 0.5)),
                {"w": jnp.ones((3, 4))},
            ),
            "one number for all outcomes alike, or one for each of the 4 outcomes; got 2",
        ),
        (
            lambda: apply(
                make("w", as_=fisher.CenteredGaussian("covariance"), toward=fisher.frozen),
                {"w": jnp.ones((3, 4))},
            ),
            "'w' cannot be",
        ),
        # What it is drawn toward.
        (
            lambda: apply(make(toward=fisher.argument("r.mu", "r.rho"))),
            r"the reference 'r.mu' of 'fc.mu' is no argument.*arguments=\{\"r.mu\": ...\}",
        ),
        (
            lambda: apply(
                make(toward=fisher.argument("mu", "rho")),
                arguments={"mu": jnp.ones(3), "rho": jnp.ones(3)},
            ),
            r"the reference 'mu' must have the type of 'fc.mu'.*'f32\[3\]' and 'f32\[4,3\]'",
        ),
        (
            lambda: apply(make(toward=fisher.argument("{1}.mu", "r.rho"))),
            r"'\{1\}.mu' asks for more text than the globs capture \(1\)",
        ),
        (
            lambda: make(toward=fisher.argument("r.mu")),
            "needs one name for each of the 2 components",
        ),
        (lambda: make(toward=fisher.argument("", "r.rho")), "name must not be empty"),
        (
            lambda: make(toward=fisher.prior(0)),
            r"needs 2 numbers \(mean, standard deviation\), got 1",
        ),
        (lambda: make(toward=fisher.prior(0, -1)), "standard deviation must be positive, got -1"),
        (lambda: make(toward=fisher.prior(0, 0)), "standard deviation must be positive"),
        (
            lambda: apply(make(as_=fisher.Gaussian("sigma"), toward=fisher.prior(0, 1e-60))),
            "prior's scale is stored as 1.0*e-60, which is 0.0*e.00 in",
        ),
        (lambda: make(toward=fisher.moving_average(1)), r"decay must be in \[0, 1\), got 1"),
        (lambda: make(toward=fisher.moving_average(-0.1)), r"decay must be in \[0, 1\), got -"),
        (lambda: apply(make(toward=fisher.frozen)), "'fc.mu.frozen' is missing.*fisher.jax.init"),
        (
            lambda: apply(
                make(toward=fisher.frozen),
                fisher_state={"fc.mu.frozen": jnp.ones(3), "fc.rho.frozen": jnp.ones((4, 3))},
            ),
            r"the state 'fc.mu.frozen' must be f32\[4,3\].*but it is f32\[3\]",
        ),
        # How strongly.
        (lambda: make(weight=-1), "a weight that is finite and not negative, got -1"),
        (lambda: make(step_size=-1), "a step_size that is finite and not negative, got -1"),
        (lambda: make(weight=""), "empty name as weight"),
        (lambda: apply(make(weight=1e300)), "the weight is too large for the type of the penalty"),
        (
            lambda: apply(make(weight="λ")),
            r"the weight 'λ' is no argument.*arguments=\{\"λ\": ...\}",
        ),
        (
            lambda: apply(make(weight="w"), arguments={"w": 3}),
            r"the weight 'w' must be a float.*its type is 'i32\[\]'",
        ),
        (
            lambda: apply(make(weight="w"), arguments={"w": jnp.ones(2)}),
            r"the weight 'w' must be a float.*its type is 'f32\[2\]'",
        ),
        # Names.
        (lambda: make("", "b"), "a glob must not be empty"),
        (lambda: make("(((", "b"), r"opens a parenthesis that it does not close"),
        (lambda: make("a", "b\\"), r"glob 'b\\"),
        (lambda: make("(*).mu"), r"one glob for each component.*\(mean, scale\), got 1"),
        (lambda: make("a", "b", "c"), r"one glob for each component.*\(mean, scale\), got 3"),
        (
            lambda: apply(make(), {"a": BELIEF, "a.mu": jnp.ones(3)}),
            "two parameters have the name 'a.mu'",
        ),
        (
            lambda: apply(make(), arguments={"fc": {"mu": jnp.ones(3)}}),
            "'fc.mu' is the name of a parameter and of an argument; name the argument differently",
        ),
    ],
)
def test_mistakes(mistake, message):
    with pytest.raises(fisher.PolicyError) as caught:
        mistake()
    text = str(caught.value)
    assert re.search(message, text, re.S), text
    # No word of the IR, and no place in text that nobody wrote.
    assert not re.search(
        r"tensor<|op |in this function|func\.|fisher\.(name|role|regularize)|<unknown>|\"-\"", text
    ), text


def test_mistakes_are_told_where_they_were_written():
    """The file and the line of the entry, also when the policy is applied
    elsewhere, or with others."""
    policy = make("fc.mu", "fc.rho")
    with pytest.raises(fisher.PolicyError) as caught:
        apply(
            policy.regularize(
                "nothing.mu", "nothing.rho", as_=SOFTPLUS, toward=fisher.frozen, weight=1.0
            )
        )
    line = int(re.match(rf"{re.escape(__file__)}:(\d+): 'nothing", str(caught.value))[1])
    source = pathlib.Path(__file__).read_text().splitlines()
    assert "policy.regularize(" in source[line - 1]


@pytest.mark.parametrize(
    "mistake,error,message",
    [
        (
            lambda: fisher.Gaussian("sofplus"),
            ValueError,
            r"^Gaussian\('sofplus'\): expected one of \[sigma, ",
        ),
        (lambda: fisher.Gaussian(""), ValueError, "expected keyword"),
        (lambda: fisher.Gaussian("sigma>, 3"), ValueError, "trailing"),
        (lambda: fisher.Gaussian("sigma\0"), ValueError, r"Gaussian\('sigma\\x00'\)"),
        (lambda: fisher.Gaussian(None), ValueError, r"Gaussian\(None\)"),
        (lambda: fisher.VonMises("sigma"), ValueError, "kappa"),
        (
            lambda: make(as_="gaussian"),
            TypeError,
            r"as_ must be a family such as .*, got 'gaussian'",
        ),
        (lambda: make(as_=fisher.Gaussian), TypeError, "as_ must be a family"),
        (lambda: make(toward="frozen"), TypeError, "toward must be a reference such as"),
        (lambda: make(toward=fisher.prior), TypeError, "toward must be a reference"),
        (lambda: make(3, 4), TypeError, "names must be globs"),
        (lambda: make(b"a", b"b"), TypeError, "names must be globs"),
        (lambda: make(mode="strict"), ValueError, "mode must be one of coupled, .*, got 'strict'"),
        (lambda: make(mode=None), ValueError, "mode must be one of"),
        (lambda: make(weight=float("nan")), ValueError, "weight must be finite, got nan"),
        (lambda: make(weight=float("inf")), ValueError, "weight must be finite, got inf"),
        (lambda: make(weight=10**400), ValueError, "weight must be finite"),
        (lambda: make(weight=None), TypeError, "weight must be a number, got None"),
        (lambda: make(weight=[1]), TypeError, r"weight must be a number, got \[1\]"),
        (lambda: make(weight=1j), TypeError, "weight must be a number, got 1j"),
        (lambda: make(weight=b"1"), TypeError, "weight must be a number, got b'1'"),
        (lambda: make(weight=jnp.ones(3)), TypeError, "weight must be a number"),
        (
            lambda: make(step_size="nan") and make(step_size=float("nan")),
            ValueError,
            "step_size must be finite",
        ),
        (
            lambda: fisher.prior(0, float("nan")),
            ValueError,
            "a prior's coordinate must be finite, got nan",
        ),
        (lambda: fisher.prior("0", 1), TypeError, "a prior's coordinate must be a number, got '0'"),
        (lambda: fisher.moving_average("x"), TypeError, "decay must be a number, got 'x'"),
        (lambda: fisher.argument(3), TypeError, r"names must be strings.*got \(3,\)"),
        (lambda: fisher.Policy(""), ValueError, "name must not be empty"),
        (lambda: fisher.Policy(3), TypeError, "name must be a string, got 3"),
        (lambda: make("\ud800", "b"), ValueError, "surrogates"),
        (lambda: apply("a policy"), TypeError, "a fisher.Policy is needed, got 'a policy'"),
        (lambda: fisher.rewrite("junk(", "canonicalize"), fisher.CompilerError, "junk"),
        (lambda: fisher.rewrite("module {}", "no-pass"), fisher.CompilerError, "no-pass"),
        (lambda: fisher.rewrite("module {}", "canonicalize,,("), fisher.CompilerError, "parenthes"),
    ],
)
def test_wrong_types_and_values(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def test_weights_can_be_any_number():
    expected = apply(make(weight=0.5))
    for weight in (np.float32(0.5), np.float64(0.5), jnp.float32(0.5)):
        assert apply(make(weight=weight)) == expected
    assert apply(make(weight=1)) == apply(make(weight=True)) == 2 * expected
    assert apply(make(weight=0)) == 0


def test_other_parameters_can_be_anything():
    """What no belief is made of is left alone."""
    others = {
        "none": None,
        "key": jax.random.key(0),
        "text": "text",
        "function": jnp.tanh,
        "int4": jnp.ones(3, jnp.int4),
        "float8": jnp.ones(3, jnp.float8_e5m2),
        "complex": jnp.ones(3, jnp.complex64),
        "bool": True,
        "empty": jnp.ones((0, 3)),
    }
    assert apply(make(), {**PARAMS, **others}) == apply(make())
    arguments = {"weight": jnp.float32(1e-3), **others}
    assert apply(make(weight="weight"), arguments=arguments) == apply(make())


def test_random_policies_are_refused_or_print_again():
    """Whatever is written, the answer is an exception or a policy."""
    rng = random.Random(0)
    alphabet = list("ab.*?()[]{}\\\"'<>#@%!,: \n\0\x7f") + ["é", "\U0001f41f", "{0}", "loc(", "//"]
    counts = {True: 0, False: 0}
    for _ in range(300):
        glob, name, argument = ("".join(rng.choices(alphabet, k=rng.randrange(6))) for _ in "123")
        name = name or "default"
        try:
            policy = fisher.Policy(name).regularize(
                glob,
                as_=fisher.Poisson("rate"),
                toward=rng.choice([fisher.prior(1), fisher.argument(argument), fisher.frozen]),
                weight=argument,
            )
        except fisher.PolicyError:
            counts[False] += 1
        else:
            counts[True] += 1
            assert fisher.rewrite(reread(policy), "") == reread(policy)
    assert min(counts.values()) > 30, counts
