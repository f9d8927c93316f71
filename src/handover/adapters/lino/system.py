"""What Lino is called: in keys and provenance, and by people."""

from handover.adapters.kit.contract import System

LINO = System("lino", "Lino")
