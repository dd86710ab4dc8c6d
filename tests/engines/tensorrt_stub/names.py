"""What source files use of a compiled module, followed through their syntax trees.

    python names.py MODULE FOLDER FILE...

imports MODULE, with FOLDER first on the path, and prints as JSON what the files use of it and what
is wrong: names that it does not have, and calls with a number of arguments that it does not take.

Types are followed from the annotations of the files and from the signatures in the module's
docstrings: `config = builder.create_builder_config()` makes `config` an IBuilderConfig. The root of
everything is any name or attribute called `trt`, or, in files that have no such name, what
`bindings()` gives.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

Scope = dict[str, Any]


class Report(NamedTuple):
    """What was found."""

    used: list[str]
    wrong: list[str]


class _Local(NamedTuple):
    """An object of a class that the files define."""

    definition: ast.ClassDef


class Checker:
    """Follows types through files.

    Args:
        module: what they use.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.is_rtx = "rtx" in module.__name__
        self.used: set[str] = set()
        self.wrong: set[str] = set()
        self.classes: dict[str, ast.ClassDef] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.fields: dict[tuple[str, str], Any] = {}

    def check(self, *sources: str) -> Report:
        """Check the text of files that belong together."""
        trees = [ast.parse(source) for source in sources]
        for tree in trees:
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self.classes[node.name] = node
                elif isinstance(node, ast.FunctionDef):
                    self.functions[node.name] = node
        for definition in self.classes.values():
            self._learn_fields(definition)
        for tree in trees:
            self._walk(tree.body, {}, None)
        return Report(sorted(self.used), sorted(self.wrong))

    def _learn_fields(self, definition: ast.ClassDef) -> None:
        for node in definition.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.fields[definition.name, node.target.id] = self._annotated(node.annotation)
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                scope = self._arguments(node)
                for inner in ast.walk(node):
                    if not isinstance(inner, ast.Assign | ast.AnnAssign) or inner.value is None:
                        continue
                    targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                    value = inner.value
                    found = scope.get(value.id) if isinstance(value, ast.Name) else None
                    if isinstance(inner, ast.AnnAssign):
                        found = found or self._annotated(inner.annotation)
                    for target in targets:
                        if isinstance(target, ast.Attribute):
                            known = self.fields.get((definition.name, target.attr))
                            self.fields[definition.name, target.attr] = known or found

    def _arguments(self, function: ast.FunctionDef) -> Scope:
        every = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        return {item.arg: self._annotated(item.annotation) for item in every if item.annotation}

    def _annotated(self, annotation: ast.expr | None) -> Any:
        """The class that an annotation names; of a union, the first."""
        match annotation:
            case ast.Attribute(value=ast.Name(id="trt"), attr=name):
                return self._attribute(self.module, name, annotation)
            case ast.Name(id=name) if name in self.classes:
                return _Local(self.classes[name])
            case ast.BinOp(left=left):
                return self._annotated(left)
        return None

    def _walk(self, body: list[ast.stmt], scope: Scope, owner: ast.ClassDef | None) -> None:
        for node in body:
            self._statement(node, scope, owner)

    def _statement(self, node: ast.stmt, scope: Scope, owner: ast.ClassDef | None) -> None:
        if isinstance(node, ast.FunctionDef):
            if node.name.endswith("_rtx") and not self.is_rtx:
                return
            inner = scope | self._arguments(node)
            if owner is not None and node.args.args:
                inner[node.args.args[0].arg] = _Local(owner)
            self._annotated(node.returns)
            self._walk(node.body, inner, None)
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                self._resolve(base, scope)
            self._walk(node.body, dict(scope), node)
        else:
            self._plain_statement(node, scope, owner)

    def _plain_statement(self, node: ast.stmt, scope: Scope, owner: ast.ClassDef | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._resolve(child, scope)
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                scope[name] = self._resolve(value, scope)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                scope[name] = self._annotated(annotation) or scope.get(name)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child, scope, owner)
            elif isinstance(child, ast.withitem):
                self._resolve(child.context_expr, scope)
            elif isinstance(child, ast.ExceptHandler):
                self._walk(child.body, scope, owner)

    def _resolve(self, node: ast.expr, scope: Scope) -> Any:  # noqa: PLR0911
        """The class or function that an expression stands for; None if it is not the module's."""
        match node:
            case ast.Name(id="trt") | ast.Attribute(attr="trt"):
                return self.module
            case ast.Call(func=ast.Name(id="bindings")):
                return self.module
            case ast.Name(id=name):
                return scope.get(name)
            case ast.Attribute(value=value, attr=name):
                return self._attribute(self._resolve(value, scope), name, node)
            case ast.Call():
                return self._call(node, scope)
            case ast.IfExp():
                self._resolve(node.test, scope)
                found = self._resolve(node.body, scope)
                return found or self._resolve(node.orelse, scope)
        for child in ast.walk(node):
            if child is not node and isinstance(child, ast.Attribute | ast.Call):
                self._resolve(child, scope)
        return None

    def _attribute(self, base: Any, name: str, node: ast.expr) -> Any:
        if base is None:
            return None
        if isinstance(base, _Local):
            field = self.fields.get((base.definition.name, name))
            methods = (item for item in base.definition.body if isinstance(item, ast.FunctionDef))
            return field or next((item for item in methods if item.name == name), None)
        if isinstance(base, ast.FunctionDef) or (not isinstance(base, type | ModuleType)):
            return None
        full = f"{base.__name__.rpartition('.')[2]}.{name}"
        self.used.add(full)
        if not hasattr(base, name):
            self.wrong.add(f"line {node.lineno}: there is no {full}")
            return None
        found = getattr(base, name)
        if isinstance(found, property):
            return self._returned(found.fget.__doc__)
        is_plain = isinstance(found, type) or callable(found)
        return found if is_plain else type(found)

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._resolve(argument, scope)
        called = self._resolve(node.func, scope)
        if isinstance(node.func, ast.Name) and called is None:
            name = node.func.id
            called = self.functions.get(name)
            if name in self.classes:
                return _Local(self.classes[name])
        if isinstance(called, ast.FunctionDef):
            return self._annotated(called.returns)
        if called is None or isinstance(called, _Local | ModuleType):
            return None
        described = vars(called).get("__init__") if isinstance(called, type) else called
        doc = described.__doc__
        self._count(node, called, doc or "")
        return called if isinstance(called, type) else self._returned(doc)

    def _count(self, node: ast.Call, called: Any, doc: str) -> None:
        """Compare the number of arguments with those of the signatures in a docstring."""
        name = "__init__" if isinstance(called, type) else called.__name__
        signatures = re.findall(rf"^\s*(?:\d+\. )?{name}\((.*?)\)(?: ->.*)?$", doc, re.MULTILINE)
        signatures = [text for text in signatures if text != "*args, **kwargs"]
        is_unbound = name == "__init__" and not isinstance(called, type)  # self is given, too
        given = len(node.args) + len(node.keywords) - is_unbound
        if not signatures or any(isinstance(item, ast.Starred) for item in node.args):
            return
        for text in signatures:
            parameters = [item for item in _split(text) if not item.startswith("self")]
            needed = sum("=" not in item for item in parameters)
            if needed <= given <= len(parameters):
                return
        self.wrong.add(f"line {node.lineno}: {called.__name__} takes no {given} arguments")

    def _returned(self, doc: str | None) -> Any:
        found = re.search(r"-> (?:[\w.:]*[.:])?(\w+)\s*$", doc or "", re.MULTILINE)
        name = found[1] if found else ""
        # Of the parser's errors the docstring gives the name in C++, which begins with an I.
        cls = getattr(self.module, name, None) or getattr(self.module, name[1:] or " ", None)
        return cls if isinstance(cls, type) else None


def _split(parameters: str) -> list[str]:
    """Parameters of a signature, at commas outside brackets."""
    parts, depth = [""], 0
    for letter in parameters:
        depth += (letter in "[(<{") - (letter in "])>}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    checker = Checker(importlib.import_module(sys.argv[1]))
    print(json.dumps(checker.check(*(Path(file).read_text() for file in sys.argv[3:]))))
