"""Mutants of the built-in VMM that the probes catch: see ci/mutants."""
import importlib.machinery
import importlib.util
import os

from figure.common import AtLeast


def driver():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        os.pardir, "mutants")
    loader = importlib.machinery.SourceFileLoader("mutants", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("mutants", loader))
    loader.exec_module(module)
    return module


def caught(name):
    """Percent of those that the manual forbids; survivors are named."""
    count = driver().measure(property_=name.split("/")[0])
    for defect, why in count["survivors"]:
        print(f"# {name}: {defect} survived: {why}")
    print(f"# {name}: {count['caught']} of {count['of']} caught; beside them "
          f"{count['allowed']} that the manual allows, {count['absent']} that "
          "this KVM prevents")
    if not count["of"]:
        raise RuntimeError("no defect could be planted here")
    return 100 * count["caught"] / count["of"]


# name, how, unit, goal.
FIGURES = [
    ("fidelity/mutants_caught", caught, "percent", AtLeast(95)),
    ("containment/mutants_caught", caught, "percent", AtLeast(95)),
]
