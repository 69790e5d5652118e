"""The .pyi is the header file of `patterns`: it and the module say the same."""

import ast
import contextlib
import importlib.util
import inspect
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import patterns

PACKAGE = pathlib.Path(patterns.__file__).parent
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"
MADE_BY_THE_PACKAGE = (
    "ExecutionEvent", "ExecutionResult", "LazyPattern", "Listener", "PatternAnalytics")
HERE = pathlib.Path(__file__).resolve().parent
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
STUB = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
SOURCES = {
    node.name: node
    for path in PACKAGE.glob("*.py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
}


def decorators(node):
    return [ast.unparse(each) for each in getattr(node, "decorator_list", ())]


def members(node):
    """What a class of the stub declares: name -> its nodes."""
    found = {}
    for each in node.body:
        if isinstance(each, FUNCTIONS):
            found.setdefault(each.name, []).append(each)
        elif isinstance(each, ast.AnnAssign):
            found.setdefault(each.target.id, []).append(each)
        elif isinstance(each, ast.Assign):
            found.setdefault(each.targets[0].id, []).append(each)
    return found


def set_on_self(cls):
    """Attributes that methods of the class give an object."""
    return {
        node.attr for node in ast.walk(SOURCES.get(cls.__name__, ast.Module([], [])))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def public_names(cls):
    names = set(vars(cls)) | set(getattr(cls, "__slots__", ()))
    inherited = {n for base in cls.__mro__[1:-1] for n in vars(base)}
    names |= set_on_self(cls) - inherited
    return {name for name in names if not name.startswith("_")}


def plain(function):
    """The function below a classmethod, staticmethod or property."""
    if isinstance(function, property):
        return function.fget
    return getattr(function, "__func__", function)


NO_DEFAULT = object()
ANY_DEFAULT = object()


def stub_parameters(node):
    """[(name, kind, default)] of a function of the stub."""
    def default_of(given):
        if given is None:
            return NO_DEFAULT
        if isinstance(given, ast.Constant) and given.value is ...:
            return ANY_DEFAULT
        return ast.literal_eval(given)

    args = node.args
    positional = args.posonlyargs + args.args
    given = [None] * (len(positional) - len(args.defaults)) + args.defaults
    kinds = inspect.Parameter
    found = [
        (a.arg, kinds.POSITIONAL_ONLY if a in args.posonlyargs
         else kinds.POSITIONAL_OR_KEYWORD, default_of(d))
        for a, d in zip(positional, given)
    ]
    if args.vararg:
        found.append((args.vararg.arg, kinds.VAR_POSITIONAL, NO_DEFAULT))
    found += [(a.arg, kinds.KEYWORD_ONLY, default_of(d))
              for a, d in zip(args.kwonlyargs, args.kw_defaults)]
    if args.kwarg:
        found.append((args.kwarg.arg, kinds.VAR_KEYWORD, NO_DEFAULT))
    return found


def real_parameters(function):
    return [
        (p.name, p.kind, NO_DEFAULT if p.default is p.empty else p.default)
        for p in inspect.signature(function).parameters.values()
    ]


def same_default(stub, real):
    if stub is ANY_DEFAULT:
        return real is not NO_DEFAULT
    if stub is NO_DEFAULT or real is NO_DEFAULT:
        return stub is real
    return stub == real and type(stub) is type(real)


class TheStubAndTheModule(unittest.TestCase):
    def test_have_the_same_names(self):
        listed = next(
            ast.literal_eval(node.value) for node in STUB.body
            if isinstance(node, ast.Assign) and node.targets[0].id == "__all__")
        self.assertEqual(listed, patterns.__all__)
        self.assertEqual(listed, sorted(listed))
        self.assertEqual(set(CLASSES), set(listed))

    def test_star_imports_exactly_these(self):
        names = {}
        exec("from patterns import *", names)
        names.pop("__builtins__")
        self.assertEqual(set(names), set(patterns.__all__))

    def test_classes_have_the_same_bases(self):
        for name, node in CLASSES.items():
            bases = [ast.unparse(base) for base in node.bases]
            if bases == ["NamedTuple"]:
                self.assertTrue(hasattr(getattr(patterns, name), "_fields"), name)
                continue
            bases = [b.rpartition(".")[2] for b in bases if not b.startswith("Generic")]
            real = [b.__name__ for b in getattr(patterns, name).__bases__]
            self.assertEqual(bases or ["object"], real, name)

    def test_classes_have_the_same_public_members(self):
        for name, node in CLASSES.items():
            with self.subTest(name):
                declared = {m for m in members(node) if not m.startswith("_")}
                self.assertEqual(declared, public_names(getattr(patterns, name)))

    def test_private_members_of_the_stub_are_there(self):
        for name, node in CLASSES.items():
            for member in members(node):
                self.assertTrue(
                    hasattr(getattr(patterns, name), member) or member[0] != "_",
                    f"{name}.{member}")

    def methods(self):
        """(name, node, function) of all that are no overloads."""
        for name, node in CLASSES.items():
            for member, nodes in members(node).items():
                for each in nodes:
                    if not isinstance(each, FUNCTIONS) or "overload" in decorators(each):
                        continue
                    if any(d.endswith(".setter") for d in decorators(each)):
                        continue
                    real = vars(getattr(patterns, name)).get(member)
                    yield f"{name}.{member}", each, real

    def test_methods_have_the_same_parameters(self):
        for name, node, function in self.methods():
            with self.subTest(name):
                self.assertIsNotNone(function)
                stub = stub_parameters(node)
                real = real_parameters(plain(function))
                self.assertEqual([p[:2] for p in stub], [p[:2] for p in real])
                for (parameter, _, want), (_, _, have) in zip(stub, real):
                    self.assertTrue(same_default(want, have), f"{parameter}={have!r}")

    def test_overloads_name_the_same_parameters(self):
        for name, node in CLASSES.items():
            for member, nodes in members(node).items():
                for each in nodes:
                    if "overload" not in decorators(each):
                        continue
                    function = plain(vars(getattr(patterns, name))[member])
                    real = {n: d for n, _, d in real_parameters(function)}
                    for parameter, _, default in stub_parameters(each):
                        self.assertIn(parameter, real, f"{name}.{member}")
                        if default is not NO_DEFAULT:
                            self.assertEqual(default, real[parameter], f"{name}.{member}")
                    self.assertEqual(
                        [p[0] for p in stub_parameters(each)], list(real))

    def test_methods_are_of_the_same_sort(self):
        for name, node, function in self.methods():
            with self.subTest(name):
                marks = decorators(node)
                self.assertEqual("property" in marks, isinstance(function, property))
                self.assertEqual("classmethod" in marks, isinstance(function, classmethod))
                self.assertEqual("staticmethod" in marks, isinstance(function, staticmethod))
                self.assertEqual(isinstance(node, ast.AsyncFunctionDef),
                                 inspect.iscoroutinefunction(plain(function)))

    def test_properties_are_set_where_the_stub_says_so(self):
        for name, node in CLASSES.items():
            for member, nodes in members(node).items():
                real = vars(getattr(patterns, name)).get(member)
                if isinstance(real, property):
                    setters = [n for n in nodes if f"{member}.setter" in decorators(n)]
                    self.assertEqual(bool(setters), real.fset is not None, member)

    def test_the_stub_types_everything(self):
        for node in ast.walk(STUB):
            if isinstance(node, FUNCTIONS):
                self.assertIsNotNone(node.returns, node.name)
                args = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                for arg in args:
                    if arg.arg not in ("self", "cls"):
                        self.assertIsNotNone(arg.annotation, f"{node.name}({arg.arg})")

    def test_every_class_explains_itself(self):
        """The stub has no texts: help() must."""
        for name in patterns.__all__:
            cls = getattr(patterns, name)
            self.assertTrue(cls.__doc__, name)

    def test_the_package_says_that_it_is_typed(self):
        self.assertTrue((PACKAGE / "py.typed").exists())


@unittest.skipUnless(importlib.util.find_spec("mypy"), "the package mypy is not there")
class Mypy(unittest.TestCase):
    """With stubs alone, as an editor sees the package."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        stubs = pathlib.Path(self.folder.name, "patterns")
        stubs.mkdir()
        for name in ("__init__.pyi", "_ndf.pyi", "py.typed"):
            shutil.copy(PACKAGE / name, stubs / name)
        self.env = dict(os.environ, MYPYPATH=self.folder.name, PYTHONUTF8="1")

    def run_tool(self, *args):
        done = subprocess.run(
            [sys.executable, "-m", *args], env=self.env, cwd=self.folder.name,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_agrees_that_stub_and_module_are_the_same(self):
        # Submodules have no stubs, and some objects only the package makes.
        allowed = pathlib.Path(self.folder.name, "allowed")
        allowed.write_text("".join(
            f"patterns.{name}.__init__\n" for name in MADE_BY_THE_PACKAGE))
        self.run_tool("mypy.stubtest", "patterns", "--concise",
                      "--ignore-missing-stub", "--allowlist", str(allowed))

    def test_finds_a_typed_program_right(self):
        self.run_tool("mypy", "--strict", "--cache-dir", self.folder.name + "/cache",
                      str(HERE / "typed_use.py"))

    def test_finds_the_examples_right(self):
        self.run_tool("mypy", "--check-untyped-defs", "--scripts-are-modules",
                      "--cache-dir", self.folder.name + "/cache",
                      *map(str, sorted(EXAMPLES.glob("*.py"))))


class TypedUse(unittest.TestCase):
    def test_runs_as_it_is_typed(self):
        spec = importlib.util.spec_from_file_location("typed_use", HERE / "typed_use.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            module.main()
        self.assertIn("succeeded", said.getvalue())


if __name__ == "__main__":
    unittest.main()
