"""One pass over a parsed document: everything the limits and the executor need to know about it, in linear time.

A fragment is measured once, however often it is spread, so a chain of fragments that would expand to millions of
fields is seen for what it is after as many steps as it has characters. The pass runs before the standard validation
rules, which compare pairs of fields and would not survive such a document. It does not care whether the document is
valid: what it cannot find in the schema counts as a leaf and is refused by validation afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
)

from graphql_edge import cost
from graphql_edge.cost import Polynomial
from graphql_edge.errors import TooComplex
from graphql_edge.limits import DocumentLimits

_INTROSPECTION_LISTS = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection amounts to with its fragments expanded. `dynamic`: a @skip or @include reads a variable."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspection_lists: int = 0
    cost: Polynomial = field(default_factory=dict)
    dynamic: bool = False


_EMPTY = Measure()


def _sum(parts: list[Measure]) -> Measure:
    """Selections side by side."""
    if len(parts) == 1:
        return parts[0]
    total = cost.ZERO
    for part in parts:
        total = cost.add(total, part.cost)
    return Measure(
        depth=max((part.depth for part in parts), default=0),
        fields=sum(part.fields for part in parts),
        aliases=sum(part.aliases for part in parts),
        directives=sum(part.directives for part in parts),
        introspection_lists=max((part.introspection_lists for part in parts), default=0),
        cost=total,
        dynamic=any(part.dynamic for part in parts),
    )


class DocumentMeasurer:
    """Measures the operations of one document; raises TooComplex at the first limit passed."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, limits: DocumentLimits) -> None:
        self._schema = schema
        self._limits = limits
        self._definitions = [
            definition
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
        ]
        self.fragments = {
            definition.name.value: definition
            for definition in self._definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure | None] = {}  # None while a fragment is being measured: a cycle
        self._fields = 0
        self.visited = 0  # selections looked at; tests hold it against the length of the document
        if len(self.fragments) > limits.fragments_max:
            raise TooComplex(f"More than {limits.fragments_max} fragments.")

    def operation(self, operation: OperationDefinitionNode) -> Measure:
        """The measure of one operation, within the limits of one."""
        root = self._schema.get_root_type(operation.operation)
        measure = self._selection(operation.selection_set, root, 1)
        limits = self._limits
        for value, most, what in (
            (measure.aliases, limits.aliases_max, "aliases"),
            (measure.directives, limits.directives_max, "directives"),
            (self._root_fields(operation.selection_set), limits.root_fields_max, "root fields"),
        ):
            if value > most:
                raise TooComplex(f"The operation has more than {most} {what}, fragments expanded.")
        if measure.introspection_lists > limits.introspection_lists_max:
            raise TooComplex("Lists within lists of the introspection fields are not answered.")
        self._count(measure.fields)
        return measure

    def whole(self) -> None:
        """The limits that hold for all definitions together, also for fragments that no operation spreads:
        validation walks these too. Call after the operations."""
        for fragment in self.fragments.values():
            self._count(self._fragment(fragment, 1).fields)
        self._merges()

    def introspects(self, operation: OperationDefinitionNode) -> bool:
        """Whether the operation asks for nothing but the schema itself."""
        return operation.operation is OperationType.QUERY and all(
            node.name.value in ("__schema", "__type", "__typename")
            for node in self._flat(operation.selection_set, set())
        )

    def _count(self, fields: int) -> None:
        self._fields += fields
        if self._fields > self._limits.fields_max:
            raise TooComplex(f"The document has more than {self._limits.fields_max} fields, fragments expanded.")

    def _root_fields(self, selection_set: SelectionSetNode) -> int:
        # A fragment spread twice at the root merges with itself, so each counts once.
        return sum(1 for _ in self._flat(selection_set, set()))

    def _merges(self) -> None:
        # Pairs of fields that share a response name where they end up side by side: these are what the standard
        # rule OverlappingFieldsCanBeMerged compares. The walk is as long as the fields counted above.
        pairs = 0
        pending = [[definition.selection_set] for definition in self._definitions]
        while pending:
            pairs += self._merge(pending.pop(), pending)
            if pairs > self._limits.merges_max:
                raise TooComplex(f"More than {self._limits.merges_max} pairs of fields share a response name.")

    def _merge(self, sets: list[SelectionSetNode], pending: list[list[SelectionSetNode]]) -> int:
        groups: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in sets:
            for node in self._flat(selection_set, spread):
                groups.setdefault((node.alias or node.name).value, []).append(node)
        pairs = 0
        for nodes in groups.values():
            pairs += len(nodes) * (len(nodes) - 1) // 2
            inner = [node.selection_set for node in nodes if node.selection_set]
            if inner:
                pending.append(inner)
        return pairs

    def _flat(self, selection_set: SelectionSetNode, spread: set[str]) -> Iterator[FieldNode]:
        stack: list[SelectionNode] = [*selection_set.selections]
        while stack:
            node = stack.pop()
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                stack.extend(node.selection_set.selections)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.fragments.get(node.name.value)
                if fragment is not None:
                    stack.extend(fragment.selection_set.selections)

    def _selection(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        if level > self._limits.depth_max:
            raise TooComplex(f"The document is nested deeper than {self._limits.depth_max} levels.")
        return _sum([self._one(node, parent, level) for node in selection_set.selections])

    def _one(self, node: SelectionNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        self.visited += 1
        if isinstance(node, FieldNode):
            inner = self._field(node, parent, level)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            on = self._schema.get_type(condition.name.value) if condition else parent
            inner = self._selection(node.selection_set, on, level + 1)
        else:
            assert isinstance(node, FragmentSpreadNode)
            fragment = self.fragments.get(node.name.value)
            inner = self._fragment(fragment, level + 1) if fragment else _EMPTY
        if not node.directives:
            return inner
        return replace(inner, directives=inner.directives + len(node.directives), dynamic=True)

    def _fragment(self, fragment: FragmentDefinitionNode, level: int) -> Measure:
        name = fragment.name.value
        if name in self._measured:
            measure = self._measured[name]
            if measure is None:
                raise TooComplex(f"Fragment '{name}' spreads itself.")
        else:
            self._measured[name] = None
            on = self._schema.get_type(fragment.type_condition.name.value)
            measure = self._measured[name] = self._selection(fragment.selection_set, on, level)
        if level + measure.depth > self._limits.depth_max + 1:
            raise TooComplex(f"The document is nested deeper than {self._limits.depth_max} levels.")
        return measure

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        name = node.name.value
        definition = self._schema.get_field(parent, name) if is_composite_type(parent) else None
        type_ = get_named_type(definition.type) if definition else None
        inner = self._selection(node.selection_set, type_, level + 1) if node.selection_set else _EMPTY
        lists = inner.introspection_lists
        if type_ is not None and type_.name.startswith("__") and name in _INTROSPECTION_LISTS:
            lists += 1
        return Measure(
            depth=inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            introspection_lists=lists,
            cost=_cost(node, definition, type_, parent, inner.cost),
            dynamic=inner.dynamic,
        )


def _cost(
    node: FieldNode,
    definition: GraphQLField | None,
    type_: GraphQLNamedType | None,
    parent: GraphQLNamedType | None,
    inner: Polynomial,
) -> Polynomial:
    if definition is None or type_ is None or not is_composite_type(type_):
        return cost.ZERO
    if type_.name.startswith("__"):
        return cost.ZERO if parent and parent.name.startswith("__") else cost.constant(cost.INTROSPECTION)
    own = 0 if type_.name.endswith("Edge") or type_.name == "PageInfo" else 1
    if "first" in definition.args or "last" in definition.args:
        return cost.add(cost.constant(own), cost.times(inner, _page_size(node)))
    each = cost.add(cost.constant(own), inner)
    if not isinstance(get_nullable_type(definition.type), GraphQLList):
        return each
    if parent is not None and parent.name.endswith("Connection"):
        return each  # the connection's own size has been applied to all of it
    return cost.times(each, _list_size(node, definition))


def _page_size(node: FieldNode) -> int | str:
    given = [argument.value for argument in node.arguments or () if argument.name.value in ("first", "last")]
    if len(given) != 1:
        return cost.PAGE_MAX  # none, or both, of which resolvers refuse the second
    return _size(given[0])


def _list_size(node: FieldNode, definition: GraphQLField) -> int | str:
    for argument in node.arguments or ():
        declared = definition.args.get(argument.name.value)
        if (
            declared is not None
            and is_required_argument(declared)
            and isinstance(get_nullable_type(declared.type), GraphQLList)
        ):
            return _size(argument.value)
    return cost.LIST_DEFAULT


def _size(value: ValueNode) -> int | str:
    if isinstance(value, VariableNode):
        return value.name.value
    if isinstance(value, IntValueNode):
        return cost.size_of(int(value.value)) if len(value.value) < 10 else cost.PAGE_MAX
    if isinstance(value, ListValueNode):
        return len(value.values)
    return cost.PAGE_MAX


def default_sizes(operation: OperationDefinitionNode) -> Mapping[str, int]:
    """The sizes that variables of an operation have when a request leaves them out."""
    sizes: dict[str, int] = {}
    for definition in operation.variable_definitions or ():
        if definition.default_value is not None:
            size = _size(definition.default_value)
            sizes[definition.variable.name.value] = size if isinstance(size, int) else cost.PAGE_MAX
    return sizes
