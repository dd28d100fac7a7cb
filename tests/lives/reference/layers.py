"""What was charged for one key, layer upon layer: one for each invoice that charged more. What goes back comes off the
newest first, less what was forgiven of the key, or given of the layer."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .price import rounded
from .spread import Spread, charged, total
from .taxes import Taxed

ZERO = Fraction(0)


@dataclass
class Layer:
    """`amount` stands of what `invoice` charged; of that `lowered` is what coupons and `credit` what promotional credit
    took off, `forgiven` what nobody pays, `given` what was a gift."""

    invoice: str
    taxed: Taxed
    charged: Fraction
    amount: Fraction
    spread: Spread
    lowered: Fraction = ZERO
    credit: Fraction = ZERO
    forgiven: Fraction = ZERO
    given: Fraction = ZERO

    @property
    def borne(self) -> Fraction:
        return self.amount - self.lowered - self.credit - self.forgiven - self.given


@dataclass
class Layers:
    """`clear`: whether it is known which of them stand. `set_aside`: whether anything was forgiven or given of them."""

    currency: str
    layers: list[Layer] = field(default_factory=list)
    clear: bool = True

    @property
    def amount(self) -> Fraction:
        return sum((layer.amount for layer in self.layers), ZERO)

    @property
    def borne(self) -> Fraction:
        return sum((layer.borne for layer in self.layers), ZERO)

    @property
    def doubtful(self) -> bool:
        """Whether the cents of a layer matter."""
        lowered = any(layer.lowered or layer.credit for layer in self.layers)
        return lowered or (len(self.layers) > 1 and any(layer.forgiven or layer.given for layer in self.layers))

    def copy(self) -> "Layers":
        return Layers(self.currency, [replace(layer) for layer in self.layers], self.clear)

    def bill(self, wanted: Fraction, spread: Spread, invoice: str, taxed: Taxed | None) -> Fraction:
        """Charge what is missing, or take back what is too much. Returns the difference."""
        more = wanted - self.amount
        kept, rest = charged([layer.spread for layer in self.layers], spread)
        if more > 0:
            assert taxed is not None
            self.clear = self.clear and all(now == layer.spread for now, layer in zip(kept, self.layers, strict=True))
            self.layers.append(Layer(invoice, taxed, more, more, rest))
        elif more < 0:
            self.clear = self.clear and not rest
            self._take(-more, [total(layer.spread) - total(now) for layer, now in zip(self.layers, kept, strict=True)])
            for layer, now in zip(self.layers, kept, strict=True):
                layer.spread = now
        return more

    def _take(self, amount: Fraction, exact: list[Fraction]) -> None:
        """Each its part of the time that goes back, then what rounding leaves, the newest first."""
        takes = [ZERO] * len(self.layers)
        newest = list(reversed(range(len(self.layers))))
        for n in newest:
            takes[n] = min(amount, rounded(exact[n], self.currency), max(self.layers[n].amount, ZERO))
            amount -= takes[n]
        for n in newest:
            more = min(amount, max(self.layers[n].amount, ZERO) - takes[n])
            takes[n] += more
            amount -= more
        for n in sorted(newest, key=lambda n: not self.layers[n].forgiven):
            if takes[n]:
                self._give_back(self.layers[n], takes[n])

    def _give_back(self, layer: Layer, amount: Fraction) -> None:
        """With its share of what lowered it. What nobody paid of the key at this tax is set off first, and never more
        goes back than is left."""
        share = amount / layer.amount
        lowered, credit = rounded(layer.lowered * share, self.currency), rounded(layer.credit * share, self.currency)
        alike = [other for other in self.layers if other.taxed == layer.taxed]
        charged = amount - lowered - credit
        set_off = min(charged, sum((other.forgiven for other in alike), ZERO))
        left = min(layer.borne, sum((other.borne for other in alike), ZERO))
        back = min(charged - set_off, max(left, ZERO))
        layer.amount -= amount
        layer.lowered -= lowered
        layer.credit -= credit
        layer.given -= charged - set_off - back
        for other in [layer, *(other for other in alike if other is not layer)]:
            part = min(set_off, other.forgiven)
            other.forgiven -= part
            set_off -= part

    def of(self, invoice: str) -> Iterable[Layer]:
        return (layer for layer in self.layers if layer.invoice == invoice)
