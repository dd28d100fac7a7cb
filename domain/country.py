"""Countries: their codes, and which of them are one territory for value added tax."""

from types import MappingProxyType

# ISO 3166-1, alpha-2, as of 2024; and XK, which ISO leaves to its users and the European Commission uses for Kosovo.
_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK"
)
_COUNTRIES = frozenset(_CODES.split())

# The member states of the European Union since 1 February 2020 and the prefix of their VAT numbers (Article 215 of
# Directive 2006/112/EC: the ISO code, but EL for Greece). XI, Northern Ireland, is not here: it is in the Union for
# goods only (Protocol on Ireland/Northern Ireland, Article 8), and what is sold here are services.
_SAME_PREFIX = "AT BE BG CY CZ DE DK EE ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
VAT_PREFIXES = MappingProxyType({code: code for code in _SAME_PREFIX.split()} | {"GR": "EL"})

# Article 7 of Directive 2006/112/EC: what is sold to Monaco or the Isle of Man is treated as sold to France or the
# United Kingdom.
_TAXED_AS = MappingProxyType({"MC": "FR", "IM": "GB"})


def is_country(code: str) -> bool:
    """Whether `code` is a country's two capitals."""
    return code in _COUNTRIES


def in_union(code: str) -> bool:
    """Whether services supplied there are supplied in the European Union."""
    return taxed_as(code) in VAT_PREFIXES


def taxed_as(code: str) -> str:
    """The country whose rules of value added tax hold in `code`: mostly its own."""
    return _TAXED_AS.get(code, code)
