"""What plans include and gates ask for, and what counts its use."""

import strawberry

from api.types.computed import computed
from api.types.node import Node
from domain import catalog as domain


@strawberry.type(description="Turns usage events into one figure for a period.")
class Meter(Node):
    key: str = strawberry.field(description="Its name in this deployment.")
    aggregation: domain.Aggregation = strawberry.field(description="How events become one figure.")
    unit: str = strawberry.field(description="What it counts in; `unit` where nobody said.")
    event_type: str = strawberry.field(description="The type of the events that it reads.")
    property: str | None = strawberry.field(
        description="The property that holds the figure; null: the event's own value."
    )

    @classmethod
    def of(cls, meter: domain.Meter) -> "Meter":
        """As the catalog has it."""
        return cls(
            id=strawberry.ID(meter.id),
            key=meter.key,
            aggregation=meter.aggregation,
            unit=meter.unit or "unit",
            event_type=meter.event_type,
            property=meter.property,
        )


@strawberry.type(description="Something that a plan can include and a gate can ask for.")
class Feature(Node):
    key: str = strawberry.field(description="What the product asks by, such as storage.")
    name: str = strawberry.field(description="For people.")
    kind: domain.FeatureKind = strawberry.field(description="On or off, a limit on a meter, or a setting.")
    unit: str | None = strawberry.field(description="What it is counted in, such as GB.")
    meter: Meter | None = strawberry.field(description="METERED: what counts its use.")

    def __init__(self, catalog: domain.Catalog, feature: domain.Feature) -> None:
        self._catalog = catalog
        self._meter_key = feature.meter_key
        self.id = strawberry.ID(feature.id)
        self.key = feature.key
        self.name = feature.name
        self.kind = feature.kind
        self.unit = feature.unit

    @classmethod
    def of(cls, catalog: domain.Catalog, feature: domain.Feature) -> "Feature":
        """The feature with its meter, which the catalog keeps for ever."""
        return cls(catalog, feature)


def meter_of(catalog: domain.Catalog, key: str | None) -> Meter | None:
    """The meter with this key."""
    meter = None if key is None else catalog.meter(key)
    return None if meter is None else Meter.of(meter)


def feature_of_meter(catalog: domain.Catalog, meter_key: str | None) -> Feature | None:
    """The first feature that was created on this meter."""
    found = next(
        (feature for feature in catalog.features if meter_key is not None and feature.meter_key == meter_key), None
    )
    return None if found is None else Feature.of(catalog, found)


computed(Feature, meter=lambda self: meter_of(self._catalog, self._meter_key))
