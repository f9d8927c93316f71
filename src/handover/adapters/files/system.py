"""What files are called: in keys and provenance, and by people."""

from handover.adapters.kit.contract import System

FILES = System("files", "the file", in_record=True)
