"""Documents, parsed and validated once: text in, operations ready to be executed out.

The order matters. The parser stops at a number of tokens; our own pass (`measure`) stops at every other limit in linear
time; only then do the standard rules run, some of which compare pairs. Valid and refused documents are kept in bounded
maps by their text, so the hot path is one dictionary look-up.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from graphql_edge import cost, errors
from graphql_edge.contract import Batch, Batches
from graphql_edge.limits import Limits
from graphql_edge.measure import DocumentMeasurer, Measure, default_sizes


class Refused(Exception):
    """A request that is not executed: the errors of its document, or the choice of its operation."""

    def __init__(self, code: str, *refusals: GraphQLError) -> None:
        super().__init__(code)
        self.code = code
        self.errors = refusals


@dataclass(eq=False, slots=True)
class Operation:
    """One operation of a valid document, with all that can be known before its variables.

    `static`: which fields are selected depends on no variable, so the executor may keep what it collected in `plan`.
    `constant`: its answer depends on nothing but the schema; `answer` keeps it.
    """

    document: "Document"
    definition: OperationDefinitionNode
    measure: Measure
    defaults: Mapping[str, int]
    static: bool
    constant: bool
    batch: Batch | None
    fixed_cost: int | None
    plan: Any = None
    answer: dict[str, Any] | None = None

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.definition.operation

    def cost(self, variables: Mapping[str, Any]) -> int:
        """The static worst-case cost with these raw variables."""
        if self.fixed_cost is not None:
            return self.fixed_cost
        return cost.evaluate(self.measure.cost, variables, self.defaults)


@dataclass(eq=False, slots=True)
class Document:
    """A valid document and its operations by name; `only` is set when there is exactly one."""

    text: str
    fragments: dict[str, FragmentDefinitionNode]
    operations: dict[str | None, Operation] = field(default_factory=dict)
    only: Operation | None = None

    def operation(self, name: str | None) -> Operation:
        """The operation to execute; Refused if the name does not say which."""
        if name is None:
            if self.only is None:
                raise Refused(
                    errors.BAD_REQUEST, GraphQLError("The document has several operations: give operationName.")
                )
            return self.only
        operation = self.operations.get(name)
        if operation is None:
            raise Refused(errors.BAD_REQUEST, GraphQLError(f"The document has no operation named '{name}'."))
        return operation


class _Refusal(NamedTuple):
    text: str
    code: str
    errors: tuple[GraphQLError, ...]


def _size(count: int, chars: int) -> Callable[[Document | _Refusal], int]:
    """What a text takes of a map of so many characters, so that the map holds no more than `count` of them either."""
    least = chars // (count + 1) + 1
    return lambda kept: max(len(kept.text), least)


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, batches: Batches | None = None) -> None:
        self._schema = schema
        self._limits = limits.document
        self._batches = batches
        count, chars = limits.cached_documents_max, limits.cached_document_chars_max
        self._valid: LRUCache[str, Document] = LRUCache(chars, _size(count, chars))
        # Far fewer of the refused, in a map of their own: nonsense must not push out what is used.
        self._refused: LRUCache[str, _Refusal] = LRUCache(chars // 10, _size(100, chars // 10))

    def known(self, text: str) -> Document | None:
        """The valid document of this text, if it has been read; Refused, if it was refused."""
        try:
            return self._valid[text]
        except KeyError:
            refusal = self._refused.get(text)
            if refusal is None:
                return None
        raise Refused(refusal.code, *refusal.errors)

    def get(self, text: str) -> Document:
        """The valid document of this text, or Refused."""
        document = self.known(text)
        if document is not None:
            return document
        try:
            document = self._read(text)
        except Refused as refused:
            with suppress(ValueError):  # one that is too long alone is not kept
                self._refused[text] = _Refusal(text, refused.code, refused.errors)
            raise
        with suppress(ValueError):
            self._valid[text] = document
        return document

    def _read(self, text: str) -> Document:
        limits = self._limits
        if len(text) > limits.chars_max:
            raise _too_complex(f"The document is longer than {limits.chars_max} characters.")
        try:
            ast = parse(text, max_tokens=limits.tokens_max)
        except GraphQLError as error:
            raise Refused(
                errors.PARSE_FAILED, GraphQLError(error.message, source=error.source, positions=error.positions)
            ) from None
        definitions = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        if len(definitions) > limits.operations_max:
            raise _too_complex(f"The document has more than {limits.operations_max} operations.")
        try:
            measurer = DocumentMeasurer(self._schema, ast, limits)
            measures = [measurer.operation(definition) for definition in definitions]
            measurer.whole()
        except errors.TooComplex as refusal:
            raise _too_complex(refusal.message) from None
        problems = validate(self._schema, ast, specified_rules, max_errors=limits.errors_max)
        if problems:
            raise Refused(errors.VALIDATION_FAILED, *problems)
        return self._document(text, ast, measurer, definitions, measures)

    def _document(
        self,
        text: str,
        ast: DocumentNode,
        measurer: DocumentMeasurer,
        definitions: list[OperationDefinitionNode],
        measures: list[Measure],
    ) -> Document:
        document = Document(text, measurer.fragments)
        for definition, measure in zip(definitions, measures, strict=True):
            fixed = all(monomial == () for monomial in measure.cost)
            static = not measure.dynamic
            document.operations[definition.name.value if definition.name else None] = Operation(
                document=document,
                definition=definition,
                measure=measure,
                defaults=default_sizes(definition),
                static=static,
                constant=static and not definition.variable_definitions and measurer.introspects(definition),
                batch=None if self._batches is None else self._batches.find(definition),
                fixed_cost=measure.cost.get((), 0) if fixed else None,
            )
        if len(document.operations) == 1:
            (document.only,) = document.operations.values()
        if not document.operations:
            raise Refused(errors.VALIDATION_FAILED, GraphQLError("The document has no operation."))
        return document


def _too_complex(message: str) -> Refused:
    return Refused(errors.TOO_COMPLEX, GraphQLError(message))
